//! What is wanted, and what comes back, in no dialect's words.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use towerman_core::Fault;

use super::{Purpose, Told};
use crate::{
    dialect::node::Node,
    neutral::{Around, Fields, Raw, Set, Text, refuse},
};

/// What a client wants vectors of.
#[derive(Debug, Default)]
pub(crate) struct Wanted<'a> {
    pub(crate) texts: Vec<Text<'a>>,
    /// It is one text, and no list of one.
    pub(crate) single: bool,
    pub(crate) dimensions: Option<Set<u64>>,
    /// Where the texts stand.
    pub(crate) list: &'static str,
    /// Whether a text that is too long may be cut, if the client said so or its dialect does.
    pub(crate) cuts: Option<bool>,
    /// What the vectors are for, and where that was said.
    pub(crate) purpose: Option<(Purpose, String)>,
    /// The client wants base64.
    pub(crate) packed: bool,
    /// What only the client's own dialect knows.
    pub(crate) around: Vec<Around<'a>>,
}

/// A count, if it is one: an answer is worth more than its receipt.
pub(crate) fn count<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    let said = serde_json::Value::deserialize(from)?;
    let whole = |number: f64| (0.0..1e15).contains(&number).then_some(number as u64);
    Ok(said.as_u64().or_else(|| said.as_f64().and_then(whole)))
}

/// What a provider answers.
#[derive(Debug, Default)]
pub(crate) struct Answer<'a> {
    /// In the order of the texts.
    pub(crate) vectors: Vec<Vector<'a>>,
    pub(crate) id: Option<Cow<'a, str>>,
    pub(crate) model: Option<Cow<'a, str>>,
    /// Tokens of the texts, where the provider says it.
    pub(crate) tokens: Option<u64>,
}

/// A vector as its provider spelt it.
#[derive(Debug)]
pub(crate) enum Vector<'a> {
    /// A list of numbers.
    Listed(Raw<'a>),
    /// Base64 of little-endian 32-bit floats.
    Packed(Cow<'a, str>),
}

// === impl Wanted ===

impl<'a> Wanted<'a> {
    /// Refuses more texts than a provider takes at once.
    pub(crate) fn at_most(&self, most: usize) -> Result<(), Fault> {
        if self.texts.len() > most {
            let why = format!("has more than the {most} texts that this model takes at once");
            return Err(refuse(self.list, &why));
        }
        Ok(())
    }

    /// Takes in what was left of an object at `at`.
    pub(crate) fn leave(&mut self, fields: Fields<'a>, at: impl Into<Box<str>>) {
        self.around.push(Around {
            at: at.into(),
            rest: fields.rest(),
            ..Around::default()
        });
    }
}

/// A text at `at`, which is not empty: there is no vector of nothing.
pub(crate) fn one_text<'a>(raw: Raw<'a>, at: &str) -> Result<Text<'a>, Fault> {
    let text = Text::read(raw, at)?;
    if text.is_empty() {
        return Err(refuse(at, "is empty, and nothing has no vector"));
    }
    Ok(text)
}

/// Strings, or one; tokens are what only their own model reads.
pub(crate) fn texts<'a>(input: Raw<'a>, at: &str) -> Result<(Vec<Text<'a>>, bool), Fault> {
    if input.get().starts_with('"') {
        return Ok((vec![one_text(input, at)?], true));
    }
    let list: Vec<Raw<'a>> = serde_json::from_str(input.get())
        .map_err(|error| refuse(at, "must be a string or an array").because(error))?;
    let one = |(index, raw): (usize, Raw<'a>)| {
        if raw
            .get()
            .starts_with(|c: char| c == '[' || c == '-' || c.is_ascii_digit())
        {
            return Err(refuse(
                at,
                "is tokens, and only the client's own model reads them",
            ));
        }
        one_text(raw, &format!("{at}/{index}"))
    };
    let texts: Vec<_> = list
        .into_iter()
        .enumerate()
        .map(one)
        .collect::<Result<_, _>>()?;
    if texts.is_empty() {
        return Err(refuse(at, "must not be empty"));
    }
    Ok((texts, false))
}

/// The same, written.
pub(crate) fn input(mut texts: Vec<Text<'_>>, single: bool) -> Node<'_> {
    match texts.pop() {
        Some(text) if single => Node::Text(text),
        last => Node::List(texts.into_iter().chain(last).map(Node::Text).collect()),
    }
}

// === impl Vector ===

impl<'a> Vector<'a> {
    /// A vector that is a list of numbers or base64, if it is one.
    pub(crate) fn read(raw: Raw<'a>) -> Option<Self> {
        if raw.get().starts_with('"') {
            let text = Text::Spelt(raw).say();
            let bytes = STANDARD.decode(text.as_bytes()).ok()?;
            return (bytes.len() % 4 == 0).then_some(Self::Packed(text));
        }
        serde_json::from_str::<Vec<f64>>(raw.get()).ok()?;
        Some(Self::Listed(raw))
    }

    /// As the client wants it.
    pub(crate) fn told(self, told: &Told) -> Node<'a> {
        if told.packed {
            self.packed()
        } else {
            self.listed()
        }
    }

    pub(crate) fn listed(self) -> Node<'a> {
        let text = match self {
            Self::Listed(raw) => return Node::Raw(raw),
            Self::Packed(text) => text,
        };
        let bytes = STANDARD.decode(text.as_bytes()).unwrap_or_default();
        let (floats, _) = bytes.as_chunks::<4>();
        let numbers = floats.iter().map(|bytes| f32::from_le_bytes(*bytes));
        let listed: Vec<f32> = numbers.collect();
        let made = serde_json::value::to_raw_value(&listed);
        Node::Made(Cow::Owned(
            made.unwrap_or_else(|_| RawValue::NULL.to_owned()),
        ))
    }

    fn packed(self) -> Node<'a> {
        let text = match self {
            Self::Packed(text) => text,
            Self::Listed(raw) => {
                let numbers: Vec<f32> = serde_json::from_str(raw.get()).unwrap_or_default();
                let bytes: Vec<u8> = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
                STANDARD.encode(bytes).into()
            }
        };
        Node::Text(Text::Said(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Raw<'_> {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn both_spellings_are_the_same_numbers() {
        let listed = "[0.5,-1e-3,0]";
        let packed = Vector::read(raw(listed)).unwrap().packed();
        let packed = serde_json::to_string(&packed).unwrap();
        assert_eq!(packed, r#""AAAAP28Sg7oAAAAA""#);
        let again = Vector::read(raw(&packed)).unwrap().listed();
        let again: Vec<f32> =
            serde_json::from_str(&serde_json::to_string(&again).unwrap()).unwrap();
        assert_eq!(again, [0.5, -0.001, 0.0]);
        let kept = Vector::read(raw(listed)).unwrap().listed();
        assert_eq!(serde_json::to_string(&kept).unwrap(), listed);
    }

    #[test]
    fn what_is_no_vector_is_none() {
        for text in [
            r#"["a"]"#,
            "{}",
            "7",
            r#""AAA""#,
            r#""not base64""#,
            r#""AAAA""#,
            "[[1]]",
        ] {
            assert!(Vector::read(raw(text)).is_none(), "{text}");
        }
    }
}
