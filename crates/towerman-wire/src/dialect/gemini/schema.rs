//! Schemas in OpenAPI's manner, as plain JSON schema.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::neutral::Raw;

/// Types as OpenAPI's manner spells them.
const TYPES: [&str; 7] = [
    "STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL",
];

/// Keywords whose numbers are told as strings, as 64-bit integers are.
const COUNTS: [&str; 6] = [
    "minItems",
    "maxItems",
    "minLength",
    "maxLength",
    "minProperties",
    "maxProperties",
];

/// Keywords whose values are data, and no schemas.
const DATA: [&str; 5] = ["enum", "const", "default", "example", "examples"];

/// Keywords whose members have names of their own.
const NAMED: [&str; 4] = ["properties", "patternProperties", "$defs", "defs"];

/// The schema with the names of its types in lower case, and nothing else moved.
pub(super) fn plain(schema: Raw<'_>) -> Cow<'_, RawValue> {
    let text = schema.get();
    let mut out = String::with_capacity(text.len());
    let changed = Speller {
        text,
        at: 0,
        out: &mut out,
        changed: false,
    }
    .spell();
    match changed.then(|| RawValue::from_string(out)) {
        Some(Ok(spelt)) => Cow::Owned(spelt),
        _ => Cow::Borrowed(schema),
    }
}

/// Copies a text, and re-spells what stands behind some keywords. The text was read before: it is
/// JSON.
struct Speller<'a, 'o> {
    text: &'a str,
    at: usize,
    out: &'o mut String,
    changed: bool,
}

impl<'a> Speller<'a, '_> {
    fn spell(mut self) -> bool {
        // For each open object whether its members are names; lists hand on what they are in.
        let mut open: Vec<bool> = Vec::new();
        let mut key = "";
        while let Some(token) = self.next() {
            match token.as_bytes().first() {
                Some(b'{') => {
                    let named = open.last() != Some(&true) && NAMED.contains(&key);
                    open.push(named);
                    key = "";
                    self.out.push('{');
                }
                Some(b'}') => {
                    open.pop();
                    key = "";
                    self.out.push('}');
                }
                Some(b'"') if self.is_key() => {
                    self.out.push_str(token);
                    key = token.trim_matches('"');
                    let names = open.last() == Some(&true);
                    if !names && DATA.contains(&key) {
                        self.value();
                    }
                    if names {
                        key = "";
                    }
                }
                Some(b'"') => self.string(key, token),
                _ => self.out.push_str(token),
            }
        }
        self.changed
    }

    fn string(&mut self, key: &str, token: &'a str) {
        let inside = token.trim_matches('"');
        let number = !inside.is_empty() && inside.bytes().all(|byte| byte.is_ascii_digit());
        if key == "type" && TYPES.contains(&inside) {
            self.changed = true;
            self.out.push_str(&token.to_ascii_lowercase());
        } else if number && COUNTS.contains(&key) {
            self.changed = true;
            let digits = inside.trim_start_matches('0');
            self.out
                .push_str(if digits.is_empty() { "0" } else { digits });
        } else {
            self.out.push_str(token);
        }
    }

    /// A string, or a byte that is none of one. Bytes outside of strings are ASCII.
    fn next(&mut self) -> Option<&'a str> {
        let rest = self.text.get(self.at..)?;
        let first = rest.chars().next()?;
        let len = if first == '"' {
            string_len(rest)
        } else {
            first.len_utf8()
        };
        self.at += len;
        rest.get(..len)
    }

    fn is_key(&self) -> bool {
        let rest = self.text.get(self.at..).unwrap_or_default();
        rest.trim_start().starts_with(':')
    }

    /// Copies a whole value, and the colon in front of it.
    fn value(&mut self) {
        let mut depth = 0_u32;
        let mut begun = false;
        while let Some(token) = self.next() {
            match token {
                "{" | "[" => depth += 1,
                // The end of the object around a number or a word.
                "}" | "]" | "," if depth == 0 => {
                    self.at -= 1;
                    return;
                }
                "}" | "]" => depth -= 1,
                _ => {}
            }
            self.out.push_str(token);
            begun |= !matches!(token, ":" | " " | "\n" | "\r" | "\t");
            let whole = token.starts_with('"') || matches!(token, "}" | "]");
            if begun && depth == 0 && whole {
                return;
            }
        }
    }
}

/// How long the string is that `text` begins with.
fn string_len(text: &str) -> usize {
    let mut escaped = false;
    for (i, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return i + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelt(text: &str) -> String {
        plain(serde_json::from_str(text).unwrap()).get().to_owned()
    }

    #[test]
    fn types_are_lowered_where_they_are_types() {
        for (from, to) in [
            (
                r#"{ "type":"OBJECT", "properties":{"b":{"type": "STRING"},"a":{"type":"ARRAY","items":{"type":"INTEGER"},"minItems":"01"}}}"#,
                r#"{ "type":"object", "properties":{"b":{"type": "string"},"a":{"type":"array","items":{"type":"integer"},"minItems":1}}}"#,
            ),
            (
                r#"{"properties":{"type":{"type":"STRING","enum":["STRING",{"type":"STRING"}]},"default":{"type":"NULL"}}}"#,
                r#"{"properties":{"type":{"type":"string","enum":["STRING",{"type":"STRING"}]},"default":{"type":"null"}}}"#,
            ),
            (
                r#"{"default":7,"type":"NUMBER","description":"type\": \"STRING"}"#,
                r#"{"default":7,"type":"number","description":"type\": \"STRING"}"#,
            ),
            (
                r#"{"anyOf":[{"type":"STRING"},{"properties":{"properties":{"type":"OBJECT","properties":{"x":{"type":"BOOLEAN"}}}}}]}"#,
                r#"{"anyOf":[{"type":"string"},{"properties":{"properties":{"type":"object","properties":{"x":{"type":"boolean"}}}}}]}"#,
            ),
            (
                r#"{"default":"é","type":"STRING"}"#,
                r#"{"default":"é","type":"string"}"#,
            ),
        ] {
            assert_eq!(spelt(from), to);
            assert_eq!(spelt(to), to);
        }
    }

    #[test]
    fn a_plain_schema_is_not_copied() {
        let raw = serde_json::from_str(r#"{"type":"string"}"#).unwrap();
        assert!(matches!(plain(raw), Cow::Borrowed(_)));
    }
}
