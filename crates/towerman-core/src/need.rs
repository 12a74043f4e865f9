//! What a conversation carries that not every endpoint can take.

use std::fmt;

use crate::{Dialect, Keeps, Provider};

/// Something in a request that ties it to some providers.
///
/// Needs are found before endpoints are ranked, so that a request is never sent, and never fails
/// over, to where it would mean something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// What it is.
    pub kind: NeedKind,
    /// Where it stands in the client's body, as a JSON pointer.
    pub pointer: Box<str>,
    /// Why not everybody can take it, as the end of a sentence that begins with the pointer.
    pub why: &'static str,
}

/// What ties a request to some providers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NeedKind {
    /// Reasoning that only its maker can read: signatures, encrypted thoughts. Elsewhere it is left
    /// out, and the decision record says so; a request that allows no loss needs its maker.
    Reasoning,
    /// A file that was uploaded to a provider.
    File,
    /// What a provider keeps: earlier answers, conversations, containers, cached prompts.
    State,
    /// A tool that the provider runs, or what it did.
    Tool,
    /// The beginning of the answer, put into the model's mouth.
    Prefill,
    /// What only the client's own dialect can ask for.
    Native,
}

impl NeedKind {
    /// The name that decision records use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reasoning => "reasoning",
            Self::File => "file",
            Self::State => "state",
            Self::Tool => "tool",
            Self::Prefill => "prefill",
            Self::Native => "native",
        }
    }

    /// Whether `provider` can take it from a client that speaks `spoken`. With `strict`, nothing
    /// may be left out.
    pub const fn met_by(self, spoken: Dialect, provider: &Provider, strict: bool) -> bool {
        let same = matches_dialect(spoken, provider.dialect);
        let Keeps {
            files,
            state,
            tools,
        } = provider.profile.keeps;
        match self {
            Self::Reasoning => same || !strict,
            Self::File => same && files,
            Self::State => same && state,
            Self::Tool => same && tools,
            // Claude is behind both.
            Self::Prefill => same || spoken.prefills() && provider.dialect.prefills(),
            Self::Native => same,
        }
    }
}

const fn matches_dialect(one: Dialect, other: Dialect) -> bool {
    one as u8 == other as u8
}

impl fmt::Display for NeedKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
