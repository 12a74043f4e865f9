//! What a caller hears who was refused.

use std::{
    error::Error,
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use towerman_core::{Endpoint, Fault, FaultKind, Outcome};

/// The circuit of the endpoint is open, or on trial with every probe under way. Nothing was sent.
#[derive(Debug)]
pub struct CircuitOpen {
    endpoint: Arc<str>,
    retry_at: Instant,
    retry_after: Duration,
    /// What the client hears if nobody tries another endpoint.
    fault: Fault,
}

/// The endpoint asked to be left alone, or refused our credentials. Nothing was sent.
#[derive(Debug)]
pub struct CoolingDown {
    endpoint: Arc<str>,
    why: Outcome,
    retry_at: Instant,
    retry_after: Duration,
    fault: Fault,
}

// === impl CircuitOpen ===

impl CircuitOpen {
    pub(crate) fn new(endpoint: &Endpoint, retry_at: Instant, now: Instant) -> Self {
        let retry_after = retry_at.saturating_duration_since(now);
        let message = "this model keeps failing and is left alone for now";
        Self {
            endpoint: Arc::clone(&endpoint.name),
            retry_at,
            retry_after,
            fault: Fault::new(FaultKind::Unavailable, message).retry_after(retry_after),
        }
    }

    /// The endpoint's name.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// When the next probe may be admitted.
    pub const fn retry_at(&self) -> Instant {
        self.retry_at
    }

    /// How long that is from the refusal.
    pub const fn retry_after(&self) -> Duration {
        self.retry_after
    }
}

impl fmt::Display for CircuitOpen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the circuit of {} is open", self.endpoint)
    }
}

impl Error for CircuitOpen {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.fault)
    }
}

// === impl CoolingDown ===

impl CoolingDown {
    pub(crate) fn new(endpoint: &Endpoint, why: Outcome, retry_at: Instant, now: Instant) -> Self {
        let retry_after = retry_at.saturating_duration_since(now);
        let (kind, message) = match why {
            Outcome::Throttled { .. } => (
                FaultKind::RateLimited,
                "this model gets too many requests at the moment",
            ),
            _ => (FaultKind::Unavailable, "this model is left alone for now"),
        };
        Self {
            endpoint: Arc::clone(&endpoint.name),
            why,
            retry_at,
            retry_after,
            fault: Fault::new(kind, message).retry_after(retry_after),
        }
    }

    /// The endpoint's name.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The outcome that the endpoint cools down from.
    pub const fn why(&self) -> Outcome {
        self.why
    }

    /// When it may be called again.
    pub const fn retry_at(&self) -> Instant {
        self.retry_at
    }

    /// How long that is from the refusal.
    pub const fn retry_after(&self) -> Duration {
        self.retry_after
    }
}

impl fmt::Display for CoolingDown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cools down: {}", self.endpoint, self.why.as_str())
    }
}

impl Error for CoolingDown {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.fault)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_client_hears_of_the_model_and_a_log_of_the_endpoint() {
        let (now, endpoint) = (Instant::now(), Arc::clone(Endpoint::unrouted()));
        let why = Outcome::Throttled { retry_after: None };
        let errors: [&dyn Error; 2] = [
            &CircuitOpen::new(&endpoint, now, now),
            &CoolingDown::new(&endpoint, why, now, now),
        ];
        for error in errors {
            assert!(error.to_string().contains("unrouted"), "{error}");
            let heard = error.source().unwrap().to_string();
            assert!(heard.starts_with("this model "), "{heard}");
        }
    }
}
