//! What the client is told when nothing is left to try. Pure.

use std::time::Duration;

use towerman_core::{Candidates, FailureKind, Fault, FaultKind, Outcome, Veto};

/// The fault after attempts that ended with `outcomes`, in order. `earliest` is when a refused
/// endpoint may be asked again.
///
/// What the client can wait for goes before what it can not.
pub(crate) fn fault(outcomes: impl Iterator<Item = Outcome>, earliest: Option<Duration>) -> Fault {
    let (mut throttled, mut overloaded, mut last) = (false, false, None);
    let mut delay = earliest;
    for outcome in outcomes {
        match outcome {
            Outcome::Throttled { retry_after } => {
                throttled = true;
                delay = delay.into_iter().chain(retry_after).min();
            }
            Outcome::Failure(FailureKind::Overloaded) => overloaded = true,
            _ => {}
        }
        last = Some(outcome);
    }
    let (kind, message) = match last {
        _ if throttled => (
            FaultKind::RateLimited,
            "this model gets too many requests at the moment",
        ),
        _ if overloaded => failure(FailureKind::Overloaded),
        None => (
            FaultKind::Unavailable,
            "this model cannot take the request now",
        ),
        Some(Outcome::Failure(kind)) => failure(kind),
        Some(_) => (
            FaultKind::BadGateway,
            "the provider gave no answer that could be used",
        ),
    };
    let fault = Fault::new(kind, message);
    let worth_waiting = matches!(kind, FaultKind::Unavailable | FaultKind::RateLimited);
    match delay {
        Some(delay) if worth_waiting => fault.retry_after(delay.max(Duration::from_secs(1))),
        _ => fault,
    }
}

/// The fault if there are candidates and every one is forbidden: what the client can wait for
/// goes before what it must change, and that before what it can do nothing about.
pub(crate) fn vetoed(candidates: &Candidates) -> Fault {
    // An endpoint is as far away as the worst that was said of it, and the nearest one counts.
    let rank = |veto: &Veto| match veto {
        Veto::Limit(_) => 0,
        Veto::Health => 1,
        Veto::ContextLength => 2,
        Veto::Capability(_) | Veto::Portability(_) => 3,
        _ => 4,
    };
    let worst = candidates.iter().filter_map(|candidate| {
        let vetoes = candidate.vetoes().iter().map(|(_, veto)| veto);
        vetoes.max_by_key(|veto| rank(veto))
    });
    match worst.min_by_key(|veto| rank(veto)) {
        Some(veto @ Veto::Limit(_)) => Fault::new(FaultKind::RateLimited, veto.to_string()),
        Some(Veto::ContextLength) => Fault::new(
            FaultKind::ContextLength,
            "the prompt is longer than this model can take",
        ),
        Some(Veto::Capability(what)) => Fault::new(
            FaultKind::InvalidRequest,
            format!("this model takes no {what}"),
        ),
        Some(Veto::Portability(_)) => Fault::new(
            FaultKind::InvalidRequest,
            "the conversation carries what this model cannot take",
        ),
        _ => Fault::new(
            FaultKind::Unavailable,
            "this model cannot take the request now",
        ),
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
        FailureKind::Overloaded => (FaultKind::Unavailable, "this model is overloaded"),
        FailureKind::Quota => (
            FaultKind::Unavailable,
            "the quota for this model is used up",
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
    use std::{sync::Arc, time::Instant};

    use towerman_core::{
        Dialect, PolicyHandle,
        policy::{Draft, ProviderDraft, RouteDraft},
    };

    use super::*;

    const AUTH: Outcome = Outcome::Failure(FailureKind::Auth);
    const CONNECT: Outcome = Outcome::Failure(FailureKind::Connect);

    const fn throttled(seconds: u64) -> Outcome {
        Outcome::Throttled {
            retry_after: Some(Duration::from_secs(seconds)),
        }
    }

    fn told(outcomes: &[Outcome], earliest: Option<u64>) -> (FaultKind, Option<u64>) {
        let earliest = earliest.map(Duration::from_secs);
        let fault = fault(outcomes.iter().copied(), earliest);
        (fault.kind(), fault.delay().map(|delay| delay.as_secs()))
    }

    #[test]
    fn a_refused_key_of_ours_is_never_the_clients_401() {
        assert_eq!(told(&[AUTH], None), (FaultKind::BadGateway, None));
    }

    /// A client knows of models; endpoints and routes are the operator's.
    #[test]
    fn a_client_hears_of_models_only() {
        let throttled = Outcome::Throttled { retry_after: None };
        let failures = [
            FailureKind::Connect,
            FailureKind::Overloaded,
            FailureKind::Quota,
            FailureKind::FirstContentTimeout,
            FailureKind::Server,
        ];
        let outcomes = failures.map(|kind| Some(Outcome::Failure(kind)));
        for outcome in outcomes.into_iter().chain([None, Some(throttled)]) {
            let message = fault(outcome.into_iter(), None).message().to_owned();
            for word in ["endpoint", "route", "circuit"] {
                assert!(!message.contains(word), "{message}");
            }
        }
    }

    #[test]
    fn throttling_is_429_with_the_shortest_wait_whatever_else_failed() {
        let limited = |seconds| (FaultKind::RateLimited, Some(seconds));
        assert_eq!(told(&[throttled(30)], Some(7)), limited(7));
        assert_eq!(told(&[throttled(30), CONNECT], None), limited(30));
        assert_eq!(
            told(&[CONNECT, throttled(30), throttled(9)], None),
            limited(9)
        );
    }

    #[test]
    fn an_open_circuit_is_503_with_the_time_of_its_next_probe() {
        assert_eq!(told(&[], Some(9)), (FaultKind::Unavailable, Some(9)));
    }

    #[test]
    fn the_nearest_veto_says_what_the_client_hears() {
        let draft = Draft::new()
            .provider(ProviderDraft::inner("p", Dialect::OpenAiChat))
            .route(RouteDraft::new("r", ["p/a", "p/b"]));
        let policy = PolicyHandle::new(draft).unwrap().load();
        let told = |vetoes: [&[Veto]; 2]| {
            let endpoints = policy.endpoints().iter().map(Arc::clone);
            let mut candidates = Candidates::new(endpoints, Instant::now());
            for (candidate, vetoes) in candidates.iter_mut().zip(vetoes) {
                vetoes
                    .iter()
                    .for_each(|veto| candidate.veto("test", veto.clone()));
            }
            vetoed(&candidates).kind()
        };
        let budget = || Veto::Limit("the tenant's budget".into());
        let tools = || Veto::Capability("tools");
        assert_eq!(told([&[budget()], &[tools()]]), FaultKind::RateLimited);
        assert_eq!(
            told([&[budget(), tools()], &[tools()]]),
            FaultKind::InvalidRequest
        );
        assert_eq!(
            told([&[Veto::Quality], &[Veto::Health]]),
            FaultKind::Unavailable
        );
        assert_eq!(
            told([&[Veto::ContextLength], &[tools()]]),
            FaultKind::ContextLength
        );
    }
}
