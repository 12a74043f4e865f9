//! Reads JSON without losing the order of its keys, which prompt caches can tell apart.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The text of a JSON value without the white space between its tokens.
pub(crate) fn compact(raw: &str) -> String {
    let (mut in_string, mut escaped) = (false, false);
    raw.chars()
        .filter(|&c| {
            let keep = in_string || !c.is_ascii_whitespace();
            match c {
                _ if escaped => escaped = false,
                '\\' if in_string => escaped = true,
                '"' => in_string = !in_string,
                _ => {}
            }
            keep
        })
        .collect()
}

/// The members of a JSON object, in the order they were written.
#[derive(Debug)]
pub(crate) struct Members<'a>(pub(crate) Vec<(String, &'a RawValue)>);

impl Members<'_> {
    /// The object again, compact, without this member.
    pub(crate) fn without(&self, name: &str) -> String {
        let members: Vec<_> = self
            .0
            .iter()
            .filter(|(key, _)| key != name)
            .map(|(key, value)| format!("{}:{}", quoted(key), compact(value.get())))
            .collect();
        format!("{{{}}}", members.join(","))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

/// A text as a JSON string.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn compact_leaves_strings_alone() {
        assert_eq!(
            compact("{ \"b\" : [ 1 , \"x \\\" y\" ] ,\n\"a\":\"\\\\\" }"),
            r#"{"b":[1,"x \" y"],"a":"\\"}"#
        );
    }

    #[test]
    fn members_keep_their_order() {
        let members: Members<'_> =
            serde_json::from_str(r#"{"name":"t", "cache_control":{"type":"ephemeral"}, "a": 1}"#)
                .unwrap();
        assert_eq!(members.without("cache_control"), r#"{"name":"t","a":1}"#);
    }
}
