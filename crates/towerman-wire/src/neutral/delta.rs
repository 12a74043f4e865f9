//! What a stream says, piece by piece.

use std::borrow::Cow;

use towerman_core::{Fault, Finish, Usage};

use super::{Cite, Media, Raw, Seal};

/// Which part of which choice. Parts count up per choice, in the order in which they open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) choice: u32,
    pub(crate) part: u32,
}

/// What kind of part opens.
#[derive(Debug)]
pub(crate) enum Opening<'a> {
    Text,
    Refusal,
    Thought {
        summary: bool,
        id: Option<Cow<'a, str>>,
    },
    Call {
        /// Never empty.
        id: Cow<'a, str>,
        name: Cow<'a, str>,
        custom: bool,
        /// What proves it, where that is known from the beginning.
        seal: Option<Seal<'a>>,
    },
    Media(Media<'a>),
}

/// One step of a stream.
///
/// Laws, which decoders keep and encoders rely on: `Begin` comes once and first. `More`, `Seal`
/// and `Cite` come only between the `Open` and the `Close` of their place; every part is closed
/// before `Finish`. One `Finish` per choice, nothing of that choice after it. `Usage` may come at
/// any time after `Begin`, and replaces what was said before. `End` or `Fail` is last and comes
/// once; `End` only with the dialect's proof that the answer is complete.
///
/// Parts may interleave as decoders emit them; encoders whose dialect says one part after the
/// other are told them [in sequence](crate::translate).
#[derive(Debug)]
pub(crate) enum Delta<'a> {
    Begin {
        id: Cow<'a, str>,
        model: Cow<'a, str>,
        created: Option<u64>,
    },
    Open {
        at: Place,
        what: Opening<'a>,
    },
    /// Text, or a fragment of a call's JSON; never empty.
    More {
        at: Place,
        text: Cow<'a, str>,
    },
    Seal {
        at: Place,
        seal: Seal<'a>,
    },
    Cite {
        at: Place,
        cite: Cite<'a>,
    },
    Close {
        at: Place,
    },
    Logprobs {
        choice: u32,
        raw: Raw<'a>,
    },
    Finish {
        choice: u32,
        finish: Finish,
        sequence: Option<Cow<'a, str>>,
        explanation: Option<Cow<'a, str>>,
    },
    Usage(Usage),
    /// Nothing but a sign of life; no content.
    Ping,
    Fail(Fault),
    End,
}

// === impl Delta ===

impl Delta<'_> {
    /// The same, kept. Only what belongs to a part is ever kept.
    pub(crate) fn into_owned(self) -> Delta<'static> {
        match self {
            Self::Open { at, what } => Delta::Open {
                at,
                what: what.into_owned(),
            },
            Self::More { at, text } => Delta::More {
                at,
                text: text.into_owned().into(),
            },
            Self::Seal { at, seal } => Delta::Seal {
                at,
                seal: seal.into_owned(),
            },
            Self::Cite { at, cite } => Delta::Cite {
                at,
                cite: cite.into_owned(),
            },
            Self::Close { at } => Delta::Close { at },
            _ => Delta::Ping,
        }
    }
}

impl Opening<'_> {
    pub(crate) fn into_owned(self) -> Opening<'static> {
        match self {
            Self::Text => Opening::Text,
            Self::Refusal => Opening::Refusal,
            Self::Thought { summary, id } => Opening::Thought {
                summary,
                id: id.map(|id| id.into_owned().into()),
            },
            Self::Call {
                id,
                name,
                custom,
                seal,
            } => Opening::Call {
                id: id.into_owned().into(),
                name: name.into_owned().into(),
                custom,
                seal: seal.map(Seal::into_owned),
            },
            Self::Media(media) => Opening::Media(media.into_owned()),
        }
    }
}
