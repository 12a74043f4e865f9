//! One dispatch to one endpoint, and what was learned from it.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU8, Ordering::Relaxed},
    },
    time::Duration,
};

use http::StatusCode;

use crate::{
    End, Endpoint, FailureKind, Finish, Losses, Operation, Outcome, Phase, Pico, RateLimits, Scope,
    Usage,
};

/// One dispatch to one endpoint.
///
/// The answer is read once, by the innermost layer that watches it, and what it learned is noted
/// here; the layers around it read the note instead of the bytes. A frame has been noted before
/// an outer layer sees it.
pub struct Attempt {
    endpoint: Arc<Endpoint>,
    number: u32,
    operation: Operation,
    phase: AtomicU8,
    observed: AtomicBool,
    facts: Mutex<AttemptFacts>,
}

/// What is known about an attempt so far. Complete once `outcome` is set.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct AttemptFacts {
    /// The provider's status.
    pub status: Option<StatusCode>,
    /// The answer is a stream of events.
    pub streams: bool,
    /// What it used, as last reported by the provider.
    pub usage: Option<Usage>,
    /// Why the model stopped.
    pub finish: Option<Finish>,
    /// The model that the provider says answered.
    pub model: Option<Arc<str>>,
    /// The answer said that it is complete.
    pub complete: bool,
    /// The provider failed in a way that its answer showed.
    pub failure: Option<FailureKind>,
    /// How far the provider's error reaches.
    pub scope: Option<Scope>,
    /// The provider asked to be left alone this long.
    pub retry_after: Option<Duration>,
    /// What the answer's head said of the provider's rate limits.
    pub limits: Option<Box<RateLimits>>,
    /// Bytes of content delivered, for estimates when no usage comes.
    pub content_bytes: u64,
    /// Events of its stream that made no sense, and were passed over.
    pub skipped: u64,
    /// Time from dispatch to the first content of a stream. Of a whole answer it would say nothing
    /// but how long that was.
    pub first_content: Option<Duration>,
    /// Time from dispatch to the end.
    pub duration: Option<Duration>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// What it cost.
    pub cost: Option<Pico>,
    /// What reading from cache saved.
    pub saved: Option<Pico>,
    /// Whether the cost rests on an estimate.
    pub estimated: bool,
    /// What translating the request changed, if it changed anything.
    pub losses: Option<Box<Losses>>,
}

impl Attempt {
    /// The `number`th attempt of a request, from 1.
    pub fn new(endpoint: Arc<Endpoint>, number: u32) -> Self {
        Self {
            endpoint,
            number,
            operation: Operation::default(),
            phase: AtomicU8::new(Phase::Unsent as u8),
            observed: AtomicBool::new(false),
            facts: Mutex::default(),
        }
    }

    /// What it wants of the endpoint; unless it says, an answer.
    #[must_use]
    pub const fn wants(mut self, operation: Operation) -> Self {
        self.operation = operation;
        self
    }

    /// What it wants of the endpoint.
    pub const fn operation(&self) -> Operation {
        self.operation
    }

    /// Where it goes.
    pub const fn endpoint(&self) -> &Arc<Endpoint> {
        &self.endpoint
    }

    /// Which attempt of its request it is, from 1.
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// How far it got.
    pub fn phase(&self) -> Phase {
        Phase::from_u8(self.phase.load(Relaxed))
    }

    /// Moves forward to `phase`; never back.
    pub fn advance(&self, phase: Phase) {
        self.phase.fetch_max(phase as u8, Relaxed);
    }

    /// Takes back [`Phase::Sent`]: the transport knows that no byte left.
    pub fn unsend(&self) {
        let (sent, unsent) = (Phase::Sent as u8, Phase::Unsent as u8);
        // Fails when the attempt is further along, and then rightly changes nothing.
        let _ = self.phase.compare_exchange(sent, unsent, Relaxed, Relaxed);
    }

    /// Asks to be the one that reads the answer. True for the first who asks: the innermost.
    pub fn claim(&self) -> bool {
        !self.observed.swap(true, Relaxed)
    }

    /// Notes what was learned.
    pub fn note<T>(&self, learn: impl FnOnce(&mut AttemptFacts) -> T) -> T {
        learn(&mut self.lock())
    }

    /// What is known so far.
    pub fn facts(&self) -> AttemptFacts {
        self.lock().clone()
    }

    /// What the noted facts say about the endpoint, now that the answer ended by itself.
    pub fn verdict(&self) -> Outcome {
        self.lock().verdict()
    }

    fn lock(&self) -> MutexGuard<'_, AttemptFacts> {
        // A panic while noting leaves facts that are merely incomplete.
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt")
            .field("endpoint", &self.endpoint.name)
            .field("number", &self.number)
            .field("phase", &self.phase())
            .field("facts", &self.facts())
            .finish()
    }
}

impl AttemptFacts {
    /// Says how the endpoint failed, unless that is known already: the first cause is the cause.
    pub fn fail(&mut self, kind: FailureKind) {
        self.failure.get_or_insert(kind);
    }

    /// Says that the attempt, which got to `phase`, is over after `took`. The first to say so
    /// decides its outcome; all others hear it.
    pub fn end(&mut self, phase: Phase, end: End, took: Duration) -> Outcome {
        let decided = self.outcome.is_some()
            || self.failure.is_some()
            || self.complete
            // An error's head says it all; its body is often not read.
            || phase == Phase::Refused;
        let outcome = match end {
            End::Broke(kind) if !decided => {
                self.fail(kind);
                Outcome::Failure(kind)
            }
            End::Unfit | End::Dropped if !decided => Outcome::Cancelled,
            End::Read | End::Broke(_) | End::Unfit | End::Dropped => self.verdict(),
        };
        self.outcome = Some(outcome);
        self.duration.get_or_insert(took);
        outcome
    }

    /// What these facts say about the endpoint, if nothing more comes.
    pub fn verdict(&self) -> Outcome {
        if let Some(outcome) = self.outcome {
            return outcome;
        }
        if let Some(kind) = self.failure {
            return Outcome::Failure(kind);
        }
        let Some(status) = self.status else {
            // Nobody answered and nobody failed: the call was dropped.
            return Outcome::Cancelled;
        };
        match status.as_u16() {
            429 => Outcome::Throttled {
                retry_after: self.retry_after,
            },
            401 | 403 => Outcome::Failure(FailureKind::Auth),
            402 => Outcome::Failure(FailureKind::Quota),
            503 | 529 => Outcome::Failure(FailureKind::Overloaded),
            408 | 500.. => Outcome::Failure(FailureKind::Server),
            300..=399 => Outcome::Failure(FailureKind::Protocol),
            _ => Outcome::Success,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt() -> Attempt {
        Attempt::new(Arc::clone(Endpoint::unrouted()), 1)
    }

    #[test]
    fn phases_only_move_forward() {
        let attempt = attempt();
        attempt.advance(Phase::Content);
        attempt.advance(Phase::Sent);
        assert_eq!(attempt.phase(), Phase::Content);
        attempt.unsend();
        assert_eq!(attempt.phase(), Phase::Content);
    }

    #[test]
    fn only_the_first_reader_is_granted() {
        let attempt = attempt();
        assert!(attempt.claim());
        assert!(!attempt.claim());
    }

    #[test]
    fn without_an_answer_there_is_no_success() {
        assert_eq!(attempt().verdict(), Outcome::Cancelled);
    }

    #[test]
    fn what_is_known_goes_before_how_it_ended() {
        let ended = |known: &AttemptFacts, phase| {
            [End::Broke(FailureKind::Reset), End::Unfit, End::Dropped]
                .map(|end| known.clone().end(phase, end, Duration::ZERO))
        };
        let mut facts = AttemptFacts::default();
        let reset = Outcome::Failure(FailureKind::Reset);
        assert_eq!(
            ended(&facts, Phase::Open),
            [reset, Outcome::Cancelled, Outcome::Cancelled]
        );
        facts.status = Some(StatusCode::INTERNAL_SERVER_ERROR);
        let server = Outcome::Failure(FailureKind::Server);
        assert_eq!(ended(&facts, Phase::Refused), [server; 3]);
        facts.status = Some(StatusCode::OK);
        facts.complete = true;
        assert_eq!(ended(&facts, Phase::Content), [Outcome::Success; 3]);
        facts.fail(FailureKind::IdleTimeout);
        let idle = Outcome::Failure(FailureKind::IdleTimeout);
        assert_eq!(ended(&facts, Phase::Content), [idle; 3]);
    }

    #[test]
    fn the_first_to_say_how_it_ended_is_believed() {
        let mut facts = AttemptFacts::default();
        let second = Duration::from_secs(1);
        facts.end(Phase::Open, End::Dropped, second);
        let later = facts.end(Phase::Open, End::Broke(FailureKind::Reset), 2 * second);
        assert_eq!(later, Outcome::Cancelled);
        assert_eq!((facts.outcome, facts.failure), (Some(later), None));
        assert_eq!(facts.duration, Some(second));
    }

    #[test]
    fn a_callers_error_is_no_failure_of_the_endpoint() {
        let attempt = attempt();
        attempt.note(|facts| facts.status = Some(StatusCode::BAD_REQUEST));
        assert_eq!(attempt.verdict(), Outcome::Success);
    }
}
