//! What a turn is made of.

use std::borrow::Cow;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::{Notes, Raw, Seal, Text, fields::pointer};

/// One piece of what is said.
#[derive(Debug)]
pub(crate) struct Part<'a> {
    pub(crate) kind: Kind<'a>,
    /// The prompt up to here, this part included, shall be cached.
    pub(crate) mark: Option<Mark>,
    /// Where it stands in the client's body, as a JSON pointer. Empty in answers.
    pub(crate) at: Box<str>,
    pub(crate) rest: Rest<'a>,
}

#[derive(Debug)]
pub(crate) enum Kind<'a> {
    Text {
        text: Text<'a>,
        cites: Vec<Cite<'a>>,
    },
    /// The model's words for why it will not.
    Refusal(Text<'a>),
    Media(Media<'a>),
    /// The assistant calls a tool.
    Call(Call<'a>),
    /// A tool answers; only in turns of the user.
    Result(ToolResult<'a>),
    Thought(Thought<'a>),
    /// What only the client's own dialect knows: server tools and their results, references to
    /// what a provider stores. No other dialect can take it.
    Foreign {
        /// Its type, as the dialect names it.
        #[expect(dead_code, reason = "for whoever prints it")]
        kind: Cow<'a, str>,
        raw: Raw<'a>,
    },
}

/// How long a cached prompt shall live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    Minutes,
    Hour,
}

#[derive(Debug)]
pub(crate) struct Media<'a> {
    pub(crate) what: Medium,
    pub(crate) source: Source<'a>,
    /// A file name or title.
    pub(crate) name: Option<Text<'a>>,
    /// How closely an image shall be looked at (`low`, `high`, `original`); `auto` is absence.
    pub(crate) detail: Option<Cow<'a, str>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Medium {
    Image,
    Audio,
    Video,
    Document,
}

#[derive(Debug)]
pub(crate) enum Source<'a> {
    Base64 {
        /// As in `image/png`, in lower case.
        media_type: Cow<'a, str>,
        data: Cow<'a, str>,
    },
    Url(Cow<'a, str>),
    /// A file that one provider keeps; `at` says where the client names it.
    File(Cow<'a, str>),
    /// A document that is plain text.
    Text(Text<'a>),
}

#[derive(Debug)]
pub(crate) struct Call<'a> {
    /// Never empty: a reader whose dialect has none makes one up ([`made_up`](super::made_up)).
    pub(crate) id: Cow<'a, str>,
    pub(crate) name: Text<'a>,
    pub(crate) input: Input<'a>,
    /// It belongs to a tool whose input is free text.
    pub(crate) custom: bool,
    /// Gemini signs calls.
    pub(crate) seal: Option<Seal<'a>>,
}

/// What a tool is called with.
#[derive(Clone, Debug)]
pub(crate) enum Input<'a> {
    /// JSON, or what the model took for it, in a string: kept byte for byte.
    Spelt(Cow<'a, str>),
    /// A JSON object.
    Object(Cow<'a, RawValue>),
}

#[derive(Debug)]
pub(crate) struct ToolResult<'a> {
    /// The call's.
    pub(crate) id: Cow<'a, str>,
    /// The tool's name, where the client says it. [`check`](super::check) fills it in.
    pub(crate) name: Option<Text<'a>>,
    pub(crate) content: Vec<Part<'a>>,
    /// Where a dialect's results are objects, the object; `content` is empty then.
    pub(crate) object: Option<Raw<'a>>,
    pub(crate) error: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Thought<'a> {
    pub(crate) text: Option<Text<'a>>,
    /// The text is a summary, not the thought itself.
    pub(crate) summary: bool,
    pub(crate) id: Option<Cow<'a, str>>,
    pub(crate) seal: Option<Seal<'a>>,
}

/// Where a statement is taken from.
#[derive(Clone, Debug)]
pub(crate) struct Cite<'a> {
    pub(crate) url: Option<Cow<'a, str>>,
    pub(crate) title: Option<Cow<'a, str>>,
    /// The words that are cited.
    pub(crate) quote: Option<Cow<'a, str>>,
    /// Characters of the part's text that it supports: first, and one past the last.
    pub(crate) span: Option<(u32, u32)>,
    /// As the provider said it, for its own dialect.
    pub(crate) raw: Cow<'a, RawValue>,
}

/// Members that a reader did not take, in order: written again in the same dialect, and reported
/// in any other.
#[derive(Debug, Default)]
pub(crate) struct Rest<'a>(pub(crate) Vec<(Cow<'a, str>, Raw<'a>)>);

// === impl Part ===

impl<'a> Part<'a> {
    /// A part that has nothing but its kind.
    pub(crate) fn of(kind: Kind<'a>) -> Self {
        Self {
            kind,
            mark: None,
            at: Box::default(),
            rest: Rest::default(),
        }
    }

    /// A text that is said, not spelt.
    pub(crate) fn said(text: impl Into<Cow<'a, str>>) -> Self {
        Self::of(Kind::Text {
            text: Text::Said(text.into()),
            cites: Vec::new(),
        })
    }
}

// === impl Media ===

fn owned(text: Cow<'_, str>) -> Cow<'static, str> {
    text.into_owned().into()
}

impl Media<'_> {
    pub(crate) fn into_owned(self) -> Media<'static> {
        Media {
            what: self.what,
            source: match self.source {
                Source::Base64 { media_type, data } => Source::Base64 {
                    media_type: owned(media_type),
                    data: owned(data),
                },
                Source::Url(url) => Source::Url(owned(url)),
                Source::File(id) => Source::File(owned(id)),
                Source::Text(text) => Source::Text(text.into_owned()),
            },
            name: self.name.map(Text::into_owned),
            detail: self.detail.map(owned),
        }
    }
}

impl Cite<'_> {
    pub(crate) fn into_owned(self) -> Cite<'static> {
        Cite {
            url: self.url.map(owned),
            title: self.title.map(owned),
            quote: self.quote.map(owned),
            span: self.span,
            raw: Cow::Owned(self.raw.into_owned()),
        }
    }
}

// === impl Rest ===

impl Serialize for Rest<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

impl Rest<'_> {
    /// Kept for the client's own dialect, and lost in any other.
    pub(crate) fn keep(
        self,
        own: bool,
        at: &str,
        what: &'static str,
        notes: &mut Notes,
    ) -> Result<Self, towerman_core::Fault> {
        if own {
            return Ok(self);
        }
        self.lose(at, what, notes)?;
        Ok(Self::default())
    }

    /// Reports each member as dropped. Nulls, and what is empty or off, were nothing to begin with.
    pub(crate) fn lose(
        self,
        at: &str,
        what: &'static str,
        notes: &mut Notes,
    ) -> Result<(), towerman_core::Fault> {
        for (key, value) in self.0 {
            if !matches!(value.get(), "null" | "[]" | "{}" | "\"\"" | "false") {
                notes.dropped(pointer(at, &key), what)?;
            }
        }
        Ok(())
    }
}
