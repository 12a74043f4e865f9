//! What is known about an endpoint right now, for everybody to read.

use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

/// Live facts about one endpoint: a few atomics, written by the layers that observe attempts and
/// read by those that decide.
///
/// The board belongs to the endpoint's slot, so it survives policy reloads, and any layer may
/// stand between a writer and a reader.
#[derive(Debug, Default)]
pub struct Board {
    /// The circuit's state in the lowest two bits, the instant it changes by itself in the rest.
    circuit: AtomicU64,
    /// Until when the endpoint asked to be left alone.
    cooldown: AtomicU64,
    in_flight: AtomicU32,
    /// Moving average of the time to first content, in microseconds; 0 is unknown.
    first_content: AtomicU64,
}

/// Whether an endpoint may be called, without calling it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Availability {
    /// It may.
    Ready,
    /// It is on trial: a call may be admitted as a probe.
    Probe,
    /// Not before this instant.
    Refused {
        /// When to ask again.
        until: Instant,
    },
}

/// What a circuit breaker says of its endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CircuitState {
    /// Calls pass.
    #[default]
    Closed,
    /// Calls are refused.
    Open,
    /// A few probes pass.
    HalfOpen,
}

impl CircuitState {
    /// A short name for logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half-open",
        }
    }
}

const STATE_BITS: u32 = 2;

impl Board {
    /// Publishes the circuit's state. `until` is when an open circuit will admit a probe.
    pub fn set_circuit(&self, state: CircuitState, until: Instant) {
        let state = match state {
            CircuitState::Closed => 0,
            CircuitState::Open => 1,
            CircuitState::HalfOpen => 2,
        };
        self.circuit
            .store(micros(until) << STATE_BITS | state, Relaxed);
    }

    /// The circuit's state as last published.
    pub fn circuit(&self) -> CircuitState {
        match self.circuit.load(Relaxed) & 3 {
            1 => CircuitState::Open,
            2 => CircuitState::HalfOpen,
            _ => CircuitState::Closed,
        }
    }

    /// Leaves the endpoint alone until `until`. A cooldown never shrinks.
    pub fn cool_until(&self, until: Instant) {
        self.cooldown.fetch_max(micros(until), Relaxed);
    }

    /// Ends a cooldown early: the endpoint answered.
    pub fn warm(&self) {
        self.cooldown.store(0, Relaxed);
    }

    /// Whether the endpoint may be called at `now`.
    pub fn availability(&self, now: Instant) -> Availability {
        let at = micros(now);
        let cooldown = self.cooldown.load(Relaxed);
        if at < cooldown {
            return Availability::Refused {
                until: instant(cooldown),
            };
        }
        let circuit = self.circuit.load(Relaxed);
        match circuit & 3 {
            1 if at < circuit >> STATE_BITS => Availability::Refused {
                until: instant(circuit >> STATE_BITS),
            },
            1 | 2 => Availability::Probe,
            _ => Availability::Ready,
        }
    }

    /// Attempts that are under way.
    pub fn in_flight(&self) -> u32 {
        self.in_flight.load(Relaxed)
    }

    /// Counts an attempt as under way until the guard is dropped.
    pub fn enter(self: &Arc<Self>) -> InFlight {
        self.in_flight.fetch_add(1, Relaxed);
        InFlight(Arc::clone(self))
    }

    /// The learned time to first content, if there was any yet.
    pub fn first_content(&self) -> Option<Duration> {
        match self.first_content.load(Relaxed) {
            0 => None,
            micros => Some(Duration::from_micros(micros)),
        }
    }

    /// Learns from one more time to first content: an average over about ten calls.
    pub fn learn_first_content(&self, sample: Duration) {
        let sample = u64::try_from(sample.as_micros())
            .unwrap_or(u64::MAX / 16)
            .clamp(1, u64::MAX / 16);
        // A lost race loses one sample of an average.
        let old = self.first_content.load(Relaxed);
        let new = if old == 0 {
            sample
        } else {
            (old * 9 + sample) / 10
        };
        self.first_content.store(new.max(1), Relaxed);
    }
}

/// One attempt under way; see [`Board::enter`].
#[derive(Debug)]
pub struct InFlight(Arc<Board>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Relaxed);
    }
}

/// Where the integers above count from. An hour before the process asked, so that instants a
/// little older than the first board still have a number.
fn epoch() -> Instant {
    static EPOCH: LazyLock<Instant> = LazyLock::new(|| {
        let now = Instant::now();
        now.checked_sub(Duration::from_secs(3600)).unwrap_or(now)
    });
    *EPOCH
}

fn micros(instant: Instant) -> u64 {
    u64::try_from(instant.saturating_duration_since(epoch()).as_micros()).unwrap_or(u64::MAX)
        & (u64::MAX >> STATE_BITS)
}

fn instant(micros: u64) -> Instant {
    epoch() + Duration::from_micros(micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn an_open_circuit_refuses_until_its_time_and_then_probes() {
        let (board, now) = (Board::default(), Instant::now());
        assert_eq!(board.availability(now), Availability::Ready);
        board.set_circuit(CircuitState::Open, now + SECOND);
        assert!(matches!(
            board.availability(now),
            Availability::Refused { .. }
        ));
        assert_eq!(board.availability(now + SECOND), Availability::Probe);
    }

    #[test]
    fn a_cooldown_never_shrinks() {
        let (board, now) = (Board::default(), Instant::now());
        board.cool_until(now + 10 * SECOND);
        board.cool_until(now + SECOND);
        assert!(matches!(
            board.availability(now + 5 * SECOND),
            Availability::Refused { .. }
        ));
        board.warm();
        assert_eq!(board.availability(now), Availability::Ready);
    }

    #[test]
    fn attempts_under_way_are_counted_until_dropped() {
        let board = Arc::new(Board::default());
        let guard = board.enter();
        assert_eq!(board.in_flight(), 1);
        drop(guard);
        assert_eq!(board.in_flight(), 0);
    }
}
