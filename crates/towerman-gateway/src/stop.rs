//! How a gateway is told to stop.

use std::{convert::Infallible, io};

use tokio::sync::watch;

/// How far a gateway is to go in stopping. It only ever moves forward.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// It is to serve.
    #[default]
    Not,
    /// It is no longer ready, and serves on for a while all the same: load balancers want to
    /// notice.
    Drain,
    /// It takes nothing new, and lets what is under way come to its end.
    Close,
    /// It breaks off what is under way.
    Now,
}

/// What the process hears from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Signal {
    /// From a person at a terminal.
    Interrupt,
    /// From whatever runs the process.
    Terminate,
}

/// The signals of the process, none of which is missed from when this is made.
#[derive(Debug)]
pub(crate) struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

// === impl Stop ===

impl Stop {
    /// What one more signal comes to. No load balancer looks at what a person runs in a terminal,
    /// and whoever says it twice means it.
    const fn after(self, signal: Signal) -> Self {
        match (self, signal) {
            (Self::Not, Signal::Terminate) => Self::Drain,
            (Self::Not, Signal::Interrupt) => Self::Close,
            _ => Self::Now,
        }
    }
}

// === impl Signals ===

impl Signals {
    #[cfg(unix)]
    pub(crate) fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    #[cfg(not(unix))]
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {})
    }

    /// Passes on what the process is told, for as long as it is polled.
    pub(crate) async fn tell(mut self, stop: watch::Sender<Stop>) -> Infallible {
        loop {
            let signal = self.next().await;
            stop.send_modify(|stop| *stop = stop.after(signal));
        }
    }

    #[cfg(unix)]
    async fn next(&mut self) -> Signal {
        tokio::select! {
            Some(()) = self.interrupt.recv() => Signal::Interrupt,
            Some(()) = self.terminate.recv() => Signal::Terminate,
            else => std::future::pending().await,
        }
    }

    #[cfg(not(unix))]
    async fn next(&mut self) -> Signal {
        match tokio::signal::ctrl_c().await {
            Ok(()) => Signal::Interrupt,
            Err(_) => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Signal::*, *};

    #[test]
    fn a_person_does_not_wait_and_nobody_says_it_three_times() {
        let after = |signals: &[Signal]| {
            let told = |stop: Stop, signal: &Signal| stop.after(*signal);
            signals.iter().fold(Stop::Not, told)
        };
        assert_eq!(after(&[]), Stop::Not);
        assert_eq!(after(&[Terminate]), Stop::Drain);
        assert_eq!(after(&[Interrupt]), Stop::Close);
        for first in [Interrupt, Terminate] {
            for second in [Interrupt, Terminate] {
                assert_eq!(after(&[first, second]), Stop::Now);
                assert_eq!(after(&[first, second, Terminate]), Stop::Now);
            }
        }
    }
}
