//! Reads a request field by field, so that what nobody took is known.

use std::borrow::Cow;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error as _, MapAccess, Visitor},
};
use serde_json::value::RawValue;
use towerman_core::{Fault, FaultKind};

use super::{Rest, Set};

/// No object of any dialect has nearly as many.
const LIMIT: usize = 256;

pub(crate) type Raw<'a> = &'a RawValue;

/// An object's members in order, which are taken out one by one.
#[derive(Debug)]
pub(crate) struct Fields<'a>(Vec<(Cow<'a, str>, Raw<'a>)>);

/// A text: as the client spelt it, or as it reads.
#[derive(Debug, Clone)]
pub(crate) enum Text<'a> {
    /// A JSON string, quotes included.
    Spelt(Raw<'a>),
    Said(Cow<'a, str>),
}

// === impl Fields ===

impl<'a> Fields<'a> {
    pub(crate) fn read(raw: Raw<'a>, at: &str) -> Result<Self, Fault> {
        let fields: Self = read(raw, at, "an object")?;
        fields.once(at)?;
        Ok(fields)
    }

    /// Two readers could understand an object with doublets differently.
    fn once(&self, at: &str) -> Result<(), Fault> {
        for (i, (key, _)) in self.0.iter().enumerate() {
            if self.0[..i].iter().any(|(other, _)| other == key) {
                return Err(refuse(pointer(at, key), "is given twice"));
            }
        }
        Ok(())
    }

    pub(crate) fn body(text: &'a str) -> Result<Self, Fault> {
        let fields: Self = serde_json::from_str(text).map_err(|error| {
            Fault::new(FaultKind::InvalidRequest, "the body is not a JSON object").because(error)
        })?;
        fields.once("")?;
        Ok(fields)
    }

    /// The value of `name`, which is then gone. Null is absence.
    pub(crate) fn take(&mut self, name: &str) -> Option<Raw<'a>> {
        let found = self.0.iter().position(|(key, _)| key == name)?;
        let (_, value) = self.0.remove(found);
        (value.get() != "null").then_some(value)
    }

    /// The value of the first of `names` that is there; all of them are then gone. For members
    /// with two spellings.
    pub(crate) fn take_any(&mut self, names: &[&str]) -> Option<Raw<'a>> {
        let mut found = None;
        for name in names {
            found = found.or(self.take(name));
        }
        found
    }

    /// The members that were not taken, in order.
    pub(crate) fn members(&self) -> &[(Cow<'a, str>, Raw<'a>)] {
        &self.0
    }

    /// Whatever was not taken.
    pub(crate) fn rest(self) -> Rest<'a> {
        Rest(self.0)
    }

    /// An object at `name`, its members once each.
    pub(crate) fn object(&mut self, name: &str, at: &str) -> Result<Option<Self>, Fault> {
        self.take(name)
            .map(|raw| Self::read(raw, &format!("{at}/{name}")))
            .transpose()
    }

    /// The value of `name`, read as `T`.
    pub(crate) fn get<T: Deserialize<'a>>(
        &mut self,
        name: &str,
        at: &str,
        what: &str,
    ) -> Result<Option<T>, Fault> {
        self.take(name)
            .map(|raw| read(raw, &format!("{at}/{name}"), what))
            .transpose()
    }

    pub(crate) fn need<T: Deserialize<'a>>(
        &mut self,
        name: &str,
        at: &str,
        what: &str,
    ) -> Result<T, Fault> {
        self.get(name, at, what)?
            .ok_or_else(|| refuse(format!("{at}/{name}"), "is missing"))
    }

    /// The setting at `at`, whose last segment is a member of this object.
    pub(crate) fn set<T: Deserialize<'a>>(
        &mut self,
        at: &'static str,
        what: &str,
    ) -> Result<Option<Set<T>>, Fault> {
        let (parent, name) = at.rsplit_once('/').unwrap_or(("", at));
        let value = self.get(name, parent, what)?;
        Ok(value.map(|value| Set { value, at }))
    }

    /// The same, of a text.
    pub(crate) fn set_text(&mut self, at: &'static str) -> Result<Option<Set<Text<'a>>>, Fault> {
        let (parent, name) = at.rsplit_once('/').unwrap_or(("", at));
        let value = self.text(name, parent)?;
        Ok(value.map(|value| Set { value, at }))
    }

    pub(crate) fn string(&mut self, name: &str, at: &str) -> Result<Option<Cow<'a, str>>, Fault> {
        let said: Option<Said<'a>> = self.get(name, at, "a string")?;
        Ok(said.map(|said| said.0))
    }

    pub(crate) fn need_string(&mut self, name: &str, at: &str) -> Result<Cow<'a, str>, Fault> {
        let said: Said<'a> = self.need(name, at, "a string")?;
        Ok(said.0)
    }

    pub(crate) fn text(&mut self, name: &str, at: &str) -> Result<Option<Text<'a>>, Fault> {
        self.take(name)
            .map(|raw| Text::read(raw, &format!("{at}/{name}")))
            .transpose()
    }

    pub(crate) fn need_text(&mut self, name: &str, at: &str) -> Result<Text<'a>, Fault> {
        self.text(name, at)?
            .ok_or_else(|| refuse(format!("{at}/{name}"), "is missing"))
    }

    pub(crate) fn list(&mut self, name: &str, at: &str) -> Result<Vec<Raw<'a>>, Fault> {
        Ok(self.get(name, at, "an array")?.unwrap_or_default())
    }

    /// Refuses `name` if it is there.
    pub(crate) fn refuse(&mut self, name: &str, at: &str, why: &'static str) -> Result<(), Fault> {
        match self.take(name) {
            Some(value) if !matches!(value.get(), "false" | "[]" | "{}") => {
                Err(refuse(format!("{at}/{name}"), why))
            }
            _ => Ok(()),
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
    pub(crate) fn read(raw: Raw<'a>, at: &str) -> Result<Self, Fault> {
        if raw.get().starts_with('"') {
            Ok(Self::Spelt(raw))
        } else {
            Err(refuse(at, "must be a string"))
        }
    }

    /// What it says.
    pub(crate) fn say(self) -> Cow<'a, str> {
        match self {
            // It was seen to be a string; half characters were refused with the body.
            Self::Spelt(raw) => serde_json::from_str::<Said<'a>>(raw.get())
                .map(|said| said.0)
                .unwrap_or_default(),
            Self::Said(said) => said,
        }
    }

    pub(crate) fn into_owned(self) -> Text<'static> {
        Text::Said(self.say().into_owned().into())
    }

    /// Nothing at all.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Spelt(raw) => raw.get() == "\"\"",
            Self::Said(said) => said.is_empty(),
        }
    }

    /// Nothing but white space.
    pub(crate) fn is_blank(&self) -> bool {
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
#[derive(Debug, Deserialize)]
pub(crate) struct Said<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

/// For members that may be absent: `Option<Cow<str>>` alone would be copied, escapes or not.
pub(crate) fn text<'a, 'de: 'a, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<Cow<'a, str>>, D::Error> {
    let said = Option::<Said<'a>>::deserialize(from)?;
    Ok(said.map(|said| said.0))
}

pub(crate) fn read<'a, T: Deserialize<'a>>(raw: Raw<'a>, at: &str, what: &str) -> Result<T, Fault> {
    serde_json::from_str(raw.get())
        .map_err(|error| refuse(at, &format!("must be {what}")).because(error))
}

/// Refuses the request for what stands at a JSON pointer.
pub(crate) fn refuse(at: impl Into<String>, why: &str) -> Fault {
    let at = at.into();
    Fault::new(FaultKind::InvalidRequest, format!("{at} {why}")).param(at)
}

/// The JSON pointer of a member.
pub(crate) fn pointer(at: &str, key: &str) -> String {
    let key = key.replace('~', "~0").replace('/', "~1");
    format!("{at}/{key}")
}

/// The object's text without white space around its tokens.
pub(crate) fn compact(raw: Raw<'_>) -> String {
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
