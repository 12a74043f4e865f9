//! What a request wants of a model.

use crate::{Fault, FaultKind};

/// What a request wants of a model, in whatever dialect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// An answer.
    #[default]
    Generate,
    /// How many tokens a prompt has. Providers answer it for nothing.
    Count,
    /// Texts as vectors.
    Embed,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 3] = [Self::Generate, Self::Count, Self::Embed];

    /// What a model does that is asked for it, as a veto names it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Generate => "answers",
            Self::Count => "token counts",
            Self::Embed => "embeddings",
        }
    }

    /// What a client is told whose model does not do this.
    pub fn missing(self) -> Fault {
        let message = format!("this model has no {}", self.as_str());
        Fault::new(FaultKind::InvalidRequest, message).param("model")
    }
}
