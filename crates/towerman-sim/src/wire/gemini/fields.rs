//! Reads JSON as Google's servers do: by field names in either case, unknown ones refused.

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::error::invalid;
use crate::{json::Members, trouble::Problem};

/// The members of one message.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    place: String,
    members: Vec<(String, &'a RawValue)>,
}

impl<'a> Fields<'a> {
    /// The message at this place, which has no fields but the known ones; with none, it has any.
    pub(super) fn read(raw: &'a RawValue, place: &str, known: &[&str]) -> Result<Self, Problem> {
        let members: Members<'a> =
            serde_json::from_str(raw.get()).map_err(|_| wrong(place, "an object"))?;
        let unknown = members
            .0
            .iter()
            .find(|(name, _)| !known.is_empty() && !known.contains(&camel(name).as_str()));
        if let Some((name, _)) = unknown {
            let at = match place {
                "" => String::new(),
                place => format!(" at '{place}'"),
            };
            return Err(invalid(format!(
                "Invalid JSON payload received. Unknown name \"{name}\"{at}: Cannot find field."
            )));
        }
        let members = members
            .0
            .into_iter()
            .filter(|(_, value)| value.get() != "null")
            .map(|(name, value)| (camel(&name), value))
            .collect();
        Ok(Self {
            place: place.to_owned(),
            members,
        })
    }

    pub(super) fn raw(&self, name: &str) -> Option<&'a RawValue> {
        let mut members = self.members.iter();
        members.find(|(own, _)| own == name).map(|(_, raw)| *raw)
    }

    /// A field that holds a plain value.
    pub(super) fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Problem> {
        let value = self.raw(name).map(|raw| serde_json::from_str(raw.get()));
        value
            .transpose()
            .map_err(|_| wrong(&self.at(name), "another type"))
    }

    /// A field that holds a message.
    pub(super) fn message(&self, name: &str, known: &[&str]) -> Result<Option<Self>, Problem> {
        let raw = self.raw(name);
        raw.map(|raw| Self::read(raw, &self.at(name), known))
            .transpose()
    }

    /// The values of a repeated field; one alone may stand for a list of one.
    pub(super) fn list(&self, name: &str) -> Vec<&'a RawValue> {
        self.raw(name).map_or_else(Vec::new, |raw| {
            serde_json::from_str(raw.get()).unwrap_or_else(|_| vec![raw])
        })
    }

    /// The place of a field of this message.
    pub(super) fn at(&self, name: &str) -> String {
        let name = snake(name);
        match self.place.as_str() {
            "" => name,
            place => format!("{place}.{name}"),
        }
    }
}

/// A value of the wrong type.
pub(super) fn wrong(place: &str, expected: &str) -> Problem {
    invalid(format!("Invalid value at '{place}', expected {expected}."))
}

/// The JSON name of a field.
fn camel(name: &str) -> String {
    // A leading underscore is part of the name.
    let mut upper = false;
    let mut out = String::with_capacity(name.len());
    for (at, c) in name.char_indices() {
        match c {
            '_' if at > 0 => upper = true,
            c if std::mem::take(&mut upper) => out.push(c.to_ascii_uppercase()),
            c => out.push(c),
        }
    }
    out
}

/// The name of a field as error messages have it.
fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_either_case() {
        assert_eq!(camel("max_output_tokens"), "maxOutputTokens");
        assert_eq!(camel("maxOutputTokens"), "maxOutputTokens");
        assert_eq!(camel("_responseJsonSchema"), "_responseJsonSchema");
        assert_eq!(snake("maxOutputTokens"), "max_output_tokens");
    }

    #[test]
    fn unknown_names_are_refused_where_they_stand() {
        let raw: &RawValue =
            serde_json::from_str(r#"{"top_k": 1, "foo": 2, "none": null}"#).unwrap();
        let problem = Fields::read(raw, "generation_config", &["topK"]).unwrap_err();
        assert_eq!(
            problem.message,
            "Invalid JSON payload received. Unknown name \"foo\" at 'generation_config': Cannot find field."
        );
        let fields = Fields::read(raw, "x", &[]).unwrap();
        assert_eq!(fields.get::<u64>("topK").unwrap(), Some(1));
        assert!(fields.get::<String>("topK").is_err());
        assert!(fields.raw("none").is_none());
    }
}
