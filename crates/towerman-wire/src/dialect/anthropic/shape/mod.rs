//! What is written: requests, and answers.

mod blocks;
mod request;

use std::borrow::Cow;

use serde::{Serialize, Serializer, ser::SerializeMap as _};

pub(crate) use self::{
    blocks::{Block, CacheControl, Content, Place, Said, Source},
    request::{Format, Metadata, OutputConfig, Request, Thinking, Tool, ToolChoice, Turn},
};
use super::usage::Told;
use crate::neutral::{Raw, Rest};

/// Members as they were read, at the end of their object.
#[derive(Debug, Default)]
pub(crate) struct Extra<'a>(pub(crate) Vec<(Cow<'a, str>, Raw<'a>)>);

/// A whole answer, or the empty one that begins a stream.
#[derive(Debug, Serialize)]
pub(crate) struct Message<'a> {
    pub(crate) id: &'a str,
    pub(crate) r#type: &'static str,
    pub(crate) role: &'static str,
    pub(crate) model: &'a str,
    pub(crate) content: Vec<Said<'a>>,
    #[serde(flatten)]
    pub(crate) stop: Stop<'a>,
    pub(crate) usage: Told,
}

/// Why it stopped, if it has.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Stop<'a> {
    pub(crate) stop_reason: Option<&'static str>,
    pub(crate) stop_sequence: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stop_details: Option<Details<'a>>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Details<'a> {
    r#type: &'static str,
    category: (),
    explanation: Cow<'a, str>,
}

// === impl Extra ===

impl<'a> Extra<'a> {
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn add(&mut self, rest: Rest<'a>) {
        self.0.extend(rest.0);
    }
}

impl Serialize for Extra<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

// === impl Details ===

impl<'a> Details<'a> {
    pub(crate) const fn refusal(explanation: Cow<'a, str>) -> Self {
        Self {
            r#type: "refusal",
            category: (),
            explanation,
        }
    }
}
