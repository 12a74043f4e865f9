//! Configuration of affinity.

use std::{
    hash::{BuildHasher, RandomState},
    sync::Arc,
    time::Duration,
};

use tokio::time::Instant;
use tower_layer::Layer;
use xxhash_rust::xxh3::xxh3_64;

use crate::{Affinity, state::State};

/// Keeps conversations where they are cached. See the [crate docs](crate).
///
/// All services made by one layer, and by its clones, share one table.
#[derive(Clone, Debug)]
pub struct AffinityLayer {
    capacity: usize,
    ttl: Duration,
    state: Arc<State>,
}

impl AffinityLayer {
    /// A table of 1 MiB, which holds some hundred thousand prefixes for five minutes, and a secret
    /// of its own.
    pub fn new() -> Self {
        // Every `RandomState` has keys of its own: what it makes of nothing is a random number.
        Self::with(
            1 << 20,
            RandomState::new().hash_one(0_u8),
            Duration::from_secs(300),
        )
    }

    /// The most memory that the table may use, in bytes; it takes the next lower power of two.
    #[must_use]
    pub fn capacity(self, bytes: usize) -> Self {
        Self::with(bytes, self.state.secret(), self.ttl)
    }

    /// What fingerprints are keyed with. Replicas that share it agree on them.
    #[must_use]
    pub fn secret(self, secret: [u8; 32]) -> Self {
        Self::with(self.capacity, xxh3_64(&secret), self.ttl)
    }

    /// How long a prefix is remembered: as long as providers keep it.
    #[must_use]
    pub fn ttl(self, ttl: Duration) -> Self {
        Self::with(self.capacity, self.state.secret(), ttl)
    }

    fn with(capacity: usize, secret: u64, ttl: Duration) -> Self {
        let state = Arc::new(State::new(capacity, secret, ttl, Instant::now().into_std()));
        Self {
            capacity,
            ttl,
            state,
        }
    }
}

impl Default for AffinityLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for AffinityLayer {
    type Service = Affinity<S>;

    fn layer(&self, inner: S) -> Affinity<S> {
        Affinity::new(inner, Arc::clone(&self.state))
    }
}
