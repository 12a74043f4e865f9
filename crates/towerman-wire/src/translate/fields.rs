//! Reads a request field by field, so that what nobody took is known.

use std::borrow::Cow;

use bytes::Bytes;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error as _, MapAccess, Visitor},
    ser::SerializeMap,
};
use serde_json::value::RawValue;
use towerman_core::{Fault, FaultKind};

use super::loss::Losses;

/// No object of any dialect has nearly as many.
const LIMIT: usize = 256;

pub(super) type Raw<'a> = &'a RawValue;

/// An object's members in order, which are taken out one by one.
#[derive(Debug)]
pub(super) struct Fields<'a>(Vec<(Cow<'a, str>, Raw<'a>)>);

/// A text: as the client spelt it, or as it reads.
#[derive(Debug, Clone)]
pub(super) enum Text<'a> {
    /// A JSON string, quotes included.
    Spelt(Raw<'a>),
    Said(Cow<'a, str>),
}

// === impl Fields ===

impl<'a> Fields<'a> {
    pub(super) fn read(raw: Raw<'a>, at: &str) -> Result<Self, Fault> {
        read(raw, at, "an object")
    }

    pub(super) fn body(text: &'a str) -> Result<Self, Fault> {
        serde_json::from_str(text).map_err(|error| {
            Fault::new(FaultKind::InvalidRequest, "the body is not a JSON object").because(error)
        })
    }

    /// The value of `name`, which is then gone. Null is absence; of doublets the last counts.
    pub(super) fn take(&mut self, name: &str) -> Option<Raw<'a>> {
        let mut found = None;
        self.0.retain(|(key, value)| {
            let taken = key == name;
            if taken {
                found = Some(*value);
            }
            !taken
        });
        found.filter(|value| value.get() != "null")
    }

    /// The value of `name`, read as `T`.
    pub(super) fn get<T: Deserialize<'a>>(
        &mut self,
        name: &str,
        at: &str,
        what: &str,
    ) -> Result<Option<T>, Fault> {
        self.take(name)
            .map(|raw| read(raw, &format!("{at}/{name}"), what))
            .transpose()
    }

    pub(super) fn need<T: Deserialize<'a>>(
        &mut self,
        name: &str,
        at: &str,
        what: &str,
    ) -> Result<T, Fault> {
        self.get(name, at, what)?
            .ok_or_else(|| refuse(format!("{at}/{name}"), "is missing"))
    }

    pub(super) fn string(&mut self, name: &str, at: &str) -> Result<Option<Cow<'a, str>>, Fault> {
        let said: Option<Said<'a>> = self.get(name, at, "a string")?;
        Ok(said.map(|said| said.0))
    }

    pub(super) fn need_string(&mut self, name: &str, at: &str) -> Result<Cow<'a, str>, Fault> {
        let said: Said<'a> = self.need(name, at, "a string")?;
        Ok(said.0)
    }

    pub(super) fn text(&mut self, name: &str, at: &str) -> Result<Option<Text<'a>>, Fault> {
        self.take(name)
            .map(|raw| Text::read(raw, &format!("{at}/{name}")))
            .transpose()
    }

    pub(super) fn need_text(&mut self, name: &str, at: &str) -> Result<Text<'a>, Fault> {
        self.text(name, at)?
            .ok_or_else(|| refuse(format!("{at}/{name}"), "is missing"))
    }

    pub(super) fn list(&mut self, name: &str, at: &str) -> Result<Vec<Raw<'a>>, Fault> {
        Ok(self.get(name, at, "an array")?.unwrap_or_default())
    }

    /// Refuses `name` if it is there.
    pub(super) fn refuse(&mut self, name: &str, at: &str, why: &'static str) -> Result<(), Fault> {
        match self.take(name) {
            Some(value) if !matches!(value.get(), "false" | "[]" | "{}") => {
                Err(refuse(format!("{at}/{name}"), why))
            }
            _ => Ok(()),
        }
    }

    /// Whatever was not taken is lost.
    pub(super) fn lose(self, at: &str, what: &'static str, losses: &mut Losses) {
        for (key, value) in self.0 {
            if value.get() != "null" {
                let key = key.replace('~', "~0").replace('/', "~1");
                losses.add(format!("{at}/{key}"), what);
            }
        }
    }
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some((Said(key), value)) = map.next_entry()? {
                    if members.len() == LIMIT {
                        return Err(A::Error::custom("too many members"));
                    }
                    members.push((key, value));
                }
                Ok(Fields(members))
            }
        }

        from.deserialize_map(Members)
    }
}

// === impl Text ===

impl<'a> Text<'a> {
    pub(super) fn read(raw: Raw<'a>, at: &str) -> Result<Self, Fault> {
        if raw.get().starts_with('"') {
            Ok(Self::Spelt(raw))
        } else {
            Err(refuse(at, "must be a string"))
        }
    }

    /// Nothing at all.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Spelt(raw) => raw.get() == "\"\"",
            Self::Said(said) => said.is_empty(),
        }
    }

    /// Nothing but white space.
    pub(super) fn is_blank(&self) -> bool {
        match self {
            // Most texts are seen not to be blank by their first letter.
            Self::Spelt(raw) if raw.get()[1..].starts_with(|c| !matches!(c, ' ' | '\\' | '"')) => {
                false
            }
            Self::Spelt(raw) => serde_json::from_str::<Said<'_>>(raw.get())
                .is_ok_and(|said| said.0.trim().is_empty()),
            Self::Said(said) => said.trim().is_empty(),
        }
    }
}

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Spelt(raw) => raw.serialize(to),
            Self::Said(said) => said.serialize(to),
        }
    }
}

/// A string that borrows if it can.
#[derive(Deserialize)]
pub(super) struct Said<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

pub(super) fn read<'a, T: Deserialize<'a>>(raw: Raw<'a>, at: &str, what: &str) -> Result<T, Fault> {
    serde_json::from_str(raw.get())
        .map_err(|error| refuse(at, &format!("must be {what}")).because(error))
}

/// Refuses the request for what stands at a JSON pointer.
pub(super) fn refuse(at: impl Into<String>, why: &str) -> Fault {
    let at = at.into();
    Fault::new(FaultKind::InvalidRequest, format!("{at} {why}")).param(at)
}

/// The object's text without white space around its tokens.
pub(super) fn compact(raw: Raw<'_>) -> String {
    let mut out = String::with_capacity(raw.get().len());
    let (mut in_string, mut escaped) = (false, false);
    for c in raw.get().chars() {
        if in_string {
            in_string = escaped || c != '"';
            escaped = !escaped && c == '\\';
        } else if matches!(c, ' ' | '\n' | '\r' | '\t') {
            continue;
        } else {
            in_string = c == '"';
        }
        out.push(c);
    }
    out
}

/// The same request for another model.
pub(super) fn retarget(text: &str, model: &str) -> Result<Bytes, Fault> {
    struct Retargeted<'a>(Fields<'a>, &'a str);

    impl Serialize for Retargeted<'_> {
        fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            let mut map = to.serialize_map(None)?;
            for (key, value) in &self.0.0 {
                if key == "model" {
                    map.serialize_entry(key, self.1)?;
                } else {
                    map.serialize_entry(key, value)?;
                }
            }
            map.end()
        }
    }

    super::write(&Retargeted(Fields::body(text)?, model))
}
