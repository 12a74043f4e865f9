//! What the client is told when nothing is left to try. Pure.

use std::time::Duration;

use towerman_core::{FailureKind, Fault, FaultKind, Outcome};

/// The fault after the last attempt ended with `outcome`. `earliest` is when a refused endpoint
/// may be asked again.
pub(crate) fn fault(outcome: Option<Outcome>, earliest: Option<Duration>) -> Fault {
    let (kind, message) = match outcome {
        None => (
            FaultKind::Unavailable,
            "no endpoint of this route can take the request now",
        ),
        Some(Outcome::Throttled { .. }) => (
            FaultKind::RateLimited,
            "every endpoint of this route asks for fewer requests",
        ),
        Some(Outcome::Failure(kind)) => failure(kind),
        Some(Outcome::Success | Outcome::Cancelled | _) => (
            FaultKind::BadGateway,
            "the provider gave no answer that could be used",
        ),
    };
    let hint = match outcome {
        Some(Outcome::Throttled { retry_after }) => retry_after,
        _ => None,
    };
    let fault = Fault::new(kind, message);
    let worth_waiting = matches!(kind, FaultKind::Unavailable | FaultKind::RateLimited);
    match hint.into_iter().chain(earliest).min() {
        Some(delay) if worth_waiting => fault.retry_after(delay.max(Duration::from_secs(1))),
        _ => fault,
    }
}

const fn failure(kind: FailureKind) -> (FaultKind, &'static str) {
    match kind {
        FailureKind::Connect => (FaultKind::BadGateway, "the provider could not be reached"),
        FailureKind::Reset => (FaultKind::BadGateway, "the provider broke the connection"),
        FailureKind::FirstContentTimeout => (
            FaultKind::Timeout,
            "the provider brought no content in time",
        ),
        FailureKind::IdleTimeout | FailureKind::Deadline => {
            (FaultKind::Timeout, "the provider did not finish in time")
        }
        FailureKind::Overloaded => (
            FaultKind::Unavailable,
            "every endpoint of this route is overloaded",
        ),
        FailureKind::Quota => (
            FaultKind::Unavailable,
            "the provider's quota for this route is used up",
        ),
        FailureKind::Auth => (
            FaultKind::BadGateway,
            "the provider refused the gateway's credentials",
        ),
        FailureKind::Truncated => (FaultKind::BadGateway, "the provider's answer broke off"),
        FailureKind::Protocol => (
            FaultKind::BadGateway,
            "the provider's answer was not understood",
        ),
        FailureKind::Server | FailureKind::InStream | _ => {
            (FaultKind::BadGateway, "the provider failed")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_key_of_ours_is_never_the_clients_401() {
        let fault = fault(Some(Outcome::Failure(FailureKind::Auth)), None);
        assert_eq!(fault.kind(), FaultKind::BadGateway);
    }

    #[test]
    fn throttling_everywhere_is_429_with_the_shortest_wait() {
        let wait = Some(Duration::from_secs(30));
        let fault = fault(
            Some(Outcome::Throttled { retry_after: wait }),
            Some(Duration::from_secs(7)),
        );
        assert_eq!(
            (fault.kind(), fault.delay()),
            (FaultKind::RateLimited, Some(Duration::from_secs(7)))
        );
    }
}
