//! JSON to be written: members keep their order, and what was read is not copied.

use std::borrow::Cow;

use serde::{
    Serialize, Serializer,
    ser::{SerializeMap as _, SerializeSeq as _},
};
use serde_json::value::RawValue;

use crate::neutral::{Raw, Rest, Text};

/// A JSON value.
#[derive(Clone, Debug)]
pub(crate) enum Node<'a> {
    Null,
    Bool(bool),
    Int(u64),
    Signed(i64),
    Float(f64),
    Text(Text<'a>),
    Raw(Raw<'a>),
    /// JSON text that was made here.
    Made(Cow<'a, RawValue>),
    List(Vec<Self>),
    Object(Object<'a>),
}

/// A JSON object. The first value that a member gets stays.
#[derive(Clone, Debug, Default)]
pub(crate) struct Object<'a>(Vec<(Cow<'a, str>, Node<'a>)>);

// === impl Object ===

impl<'a> Object<'a> {
    pub(crate) fn new(kind: &'static str) -> Self {
        Self::default().with("type", kind)
    }

    pub(crate) fn with(mut self, key: &'static str, value: impl Into<Node<'a>>) -> Self {
        self.put(key, value);
        self
    }

    pub(crate) fn put(&mut self, key: impl Into<Cow<'a, str>>, value: impl Into<Node<'a>>) {
        let key = key.into();
        if !self.0.iter().any(|(other, _)| *other == key) {
            self.0.push((key, value.into()));
        }
    }

    pub(crate) fn maybe(&mut self, key: &'static str, value: Option<impl Into<Node<'a>>>) {
        if let Some(value) = value {
            self.put(key, value);
        }
    }

    /// Members as they were read.
    pub(crate) fn rest(&mut self, rest: Rest<'a>) {
        for (key, value) in rest.0 {
            self.put(key, Node::Raw(value));
        }
    }

    /// This one's members, and then the other's.
    pub(crate) fn joined(mut self, other: Self) -> Self {
        self.append(other);
        self
    }

    pub(crate) fn append(&mut self, other: Self) {
        for (key, value) in other.0 {
            self.put(key, value);
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

// === impl Node ===

impl Serialize for Node<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => to.serialize_unit(),
            Self::Bool(value) => to.serialize_bool(*value),
            Self::Int(value) => to.serialize_u64(*value),
            Self::Signed(value) => to.serialize_i64(*value),
            Self::Float(value) => to.serialize_f64(*value),
            Self::Text(text) => text.serialize(to),
            Self::Raw(raw) => raw.serialize(to),
            Self::Made(raw) => raw.serialize(to),
            Self::List(list) => {
                let mut seq = to.serialize_seq(Some(list.len()))?;
                for value in list {
                    seq.serialize_element(value)?;
                }
                seq.end()
            }
            Self::Object(object) => object.serialize(to),
        }
    }
}

impl<'a> From<&'a str> for Node<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Text::Said(text.into()))
    }
}

impl From<String> for Node<'_> {
    fn from(text: String) -> Self {
        Self::Text(Text::Said(text.into()))
    }
}

impl<'a> From<Cow<'a, str>> for Node<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Self::Text(Text::Said(text))
    }
}

impl<'a> From<Text<'a>> for Node<'a> {
    fn from(text: Text<'a>) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<Raw<'a>> for Node<'a> {
    fn from(raw: Raw<'a>) -> Self {
        Self::Raw(raw)
    }
}

impl<'a> From<Cow<'a, RawValue>> for Node<'a> {
    fn from(raw: Cow<'a, RawValue>) -> Self {
        Self::Made(raw)
    }
}

impl From<Vec<Self>> for Node<'_> {
    fn from(list: Vec<Self>) -> Self {
        Self::List(list)
    }
}

impl<'a> From<Object<'a>> for Node<'a> {
    fn from(object: Object<'a>) -> Self {
        Self::Object(object)
    }
}

impl From<bool> for Node<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<usize> for Node<'_> {
    fn from(value: usize) -> Self {
        // No machine's sizes are larger.
        Self::Int(u64::try_from(value).unwrap_or(u64::MAX))
    }
}

impl From<u64> for Node<'_> {
    fn from(value: u64) -> Self {
        Self::Int(value)
    }
}

impl From<f64> for Node<'_> {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}
