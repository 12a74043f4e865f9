//! How long a body may take to come. Pure, but for the timer that asks.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep_until};

/// Every body may take this long.
const GRACE: Duration = Duration::from_secs(10);

/// After that, a body that comes more slowly is not meant to be read.
const BYTES_PER_SECOND: u64 = 1024;

/// How long a body may take of which `read` bytes are here, and which may take `at_most`.
fn allowance(read: usize, at_most: Duration) -> Duration {
    Duration::from_secs(read as u64 / BYTES_PER_SECOND)
        .max(GRACE)
        .min(at_most)
}

/// Looks at a body that did not come with its head.
#[derive(Debug)]
pub(crate) struct Upload {
    began: Instant,
    at_most: Duration,
    // Boxed, because few bodies are waited for.
    timer: Pin<Box<Sleep>>,
}

impl Upload {
    pub(crate) fn begin(at_most: Duration) -> Self {
        let began = Instant::now();
        Self {
            began,
            at_most,
            timer: Box::pin(sleep_until(began + allowance(0, at_most))),
        }
    }

    /// Ready when the body, of which `read` bytes are here, has taken too long.
    pub(crate) fn poll_late(&mut self, read: usize, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            ready!(self.timer.as_mut().poll(cx));
            let due = self.began + allowance(read, self.at_most);
            if due <= self.timer.deadline() {
                return Poll::Ready(());
            }
            self.timer.as_mut().reset(due);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_may_take_longer_the_more_of_it_is_here_up_to_a_limit() {
        let minute = Duration::from_secs(60);
        assert_eq!(allowance(0, minute), GRACE);
        assert_eq!(allowance(5 * 1024, minute), GRACE);
        assert_eq!(allowance(30 * 1024, minute), Duration::from_secs(30));
        assert_eq!(allowance(usize::MAX, minute), minute);
        assert_eq!(allowance(0, Duration::from_secs(1)), Duration::from_secs(1));
    }
}
