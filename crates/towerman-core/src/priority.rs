//! How urgent a request is.

use std::{error::Error, fmt, str::FromStr, time::Duration};

/// The class of a request. Ordered: `Batch < Low < Normal < High < Critical`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// May wait for hours; never competes with anything.
    Batch,
    /// Background work that somebody will look at later.
    Low,
    /// What a request is when nobody said otherwise.
    #[default]
    Normal,
    /// A person is waiting.
    High,
    /// Failing this one is an incident.
    Critical,
}

/// A priority name that is not one of [`Priority::ALL`].
#[derive(Debug, PartialEq, Eq)]
pub struct UnknownPriority(());

impl Priority {
    /// Every class, lowest first.
    pub const ALL: [Self; 5] = [
        Self::Batch,
        Self::Low,
        Self::Normal,
        Self::High,
        Self::Critical,
    ];

    /// The name that headers, policies and metrics use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Batch => "batch",
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// A position from 0 (batch) to 4 (critical), for tables indexed by class.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// How long a request of this class waits for its first content before another endpoint is
    /// tried, when the policy says nothing.
    pub const fn default_first_content(self) -> Duration {
        Duration::from_secs(match self {
            Self::Critical | Self::High => 10,
            Self::Normal => 20,
            Self::Low => 60,
            Self::Batch => 120,
        })
    }

    /// How long a request of this class may take in all, when the policy says nothing.
    pub const fn default_deadline(self) -> Duration {
        Duration::from_secs(600)
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Priority {
    type Err = UnknownPriority;

    fn from_str(name: &str) -> Result<Self, UnknownPriority> {
        Self::ALL
            .into_iter()
            .find(|class| class.as_str().eq_ignore_ascii_case(name))
            .ok_or(UnknownPriority(()))
    }
}

impl fmt::Display for UnknownPriority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("expected critical, high, normal, low or batch")
    }
}

impl Error for UnknownPriority {}
