//! A schema that is asked for in words, of hosts that know JSON and no schemas.

use std::ops::Range;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use towerman_core::{Losses, Tier};

use super::Edit;
use crate::json::Cursor;

const JSON: &str = r#"{"type":"json_object"}"#;

#[derive(Deserialize)]
struct Format<'a> {
    #[serde(borrow, default)]
    json_schema: Option<Named<'a>>,
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    schema: &'a RawValue,
}

/// What changes where the format at `value`, the member `name`, has a schema: the format, and the
/// conversation, which begins with the words.
pub(super) fn edits(
    name: &str,
    value: Range<usize>,
    body: &Bytes,
    losses: &mut Losses,
) -> Vec<Edit> {
    let format = serde_json::from_slice::<Format<'_>>(&body[value.clone()]).ok();
    let schema = format.and_then(|format| format.json_schema);
    let Some((Named { schema }, open)) = schema.zip(conversation(body)) else {
        return Vec::new();
    };
    let words = format!(
        "Answer with one valid JSON value and nothing else. It must conform to this JSON schema: {}",
        schema.get()
    );
    // A string can always be written.
    let words = serde_json::to_string(&words).unwrap_or_default();
    let why = "asked for in words: the host takes JSON without a schema";
    losses.add(format!("/{name}/json_schema"), Tier::Mapped, why);
    vec![
        Edit {
            span: open..open,
            text: format!(r#"{{"role":"system","content":{words}}},"#).into(),
        },
        Edit {
            span: value,
            text: Bytes::from_static(JSON.as_bytes()),
        },
    ]
}

/// Where the first message stands. The list was read before, and is not empty.
fn conversation(body: &[u8]) -> Option<usize> {
    let mut found = None;
    let read = Cursor::new(body).object(|cursor, key| {
        if key.is("messages") && cursor.peek() == Some(b'[') {
            found = Some(cursor.at() + 1);
        }
        cursor.skip()
    });
    read.ok().and(found)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn edited(body: &Value) -> (Value, Losses) {
        let text = Bytes::from(body.to_string());
        let start = body.to_string().find(r#"{"json_schema"#);
        let start = start
            .or_else(|| body.to_string().find(r#"{"type":"text"#))
            .unwrap();
        let format = body["response_format"].to_string();
        let mut losses = Losses::default();
        let mut edits = edits(
            "response_format",
            start..start + format.len(),
            &text,
            &mut losses,
        );
        edits.sort_by_key(|edit| std::cmp::Reverse(edit.span.start));
        let mut out = text.to_vec();
        for edit in edits {
            out.splice(edit.span, edit.text);
        }
        (serde_json::from_slice(&out).unwrap(), losses)
    }

    #[test]
    fn a_schema_becomes_the_first_words() {
        let schema = json!({"type": "object", "properties": {"a\"b": {"type": "string"}}});
        let format = json!({"json_schema": {"name": "n", "schema": schema}, "type": "json_schema"});
        let user = json!({"role": "user", "content": "?"});
        let ask = json!({"messages": [user], "model": "m", "response_format": format});
        let (told, losses) = edited(&ask);
        assert_eq!(told["response_format"], json!({"type": "json_object"}));
        assert_eq!(told["messages"][1], user);
        assert_eq!(told["messages"][0]["role"], "system");
        let words = told["messages"][0]["content"].as_str().unwrap();
        assert!(words.ends_with(&schema.to_string()), "{words}");
        assert_eq!(&*losses.list()[0].pointer, "/response_format/json_schema");
    }

    #[test]
    fn what_has_no_schema_stays() {
        let ask = json!({"messages": [{}], "response_format": {"type": "text"}});
        let (told, losses) = edited(&ask);
        assert_eq!(told, ask);
        assert!(losses.is_empty());
    }
}
