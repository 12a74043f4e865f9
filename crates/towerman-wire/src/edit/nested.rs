//! Names of the model inside of requests that hold requests: Gemini's counts and lists of texts.

use bytes::Bytes;

use super::{Edit, name::spelt};
use crate::json::{Cursor, Invalid};

/// The edits that name the model there. A request that names none needs none.
pub(super) fn named(body: &[u8], model: &str) -> Vec<Edit> {
    let spelt = Bytes::from(spelt(towerman_core::Dialect::Gemini, model));
    let mut edits = Vec::new();
    let mut one = |cursor: &mut Cursor<'_>| -> Result<(), Invalid> {
        cursor.members(|cursor, key| {
            let named = key.is("model") && cursor.peek() == Some(b'"');
            let start = cursor.at();
            cursor.skip()?;
            if named && body[start..cursor.at()] != spelt {
                edits.push(Edit {
                    span: start..cursor.at(),
                    text: spelt.clone(),
                });
            }
            Ok(())
        })
    };
    // The body was read before.
    let _ = Cursor::new(body).object(|cursor, key| match key.plain() {
        b"requests" => cursor.elements(&mut one),
        b"generateContentRequest" | b"generate_content_request" => one(cursor),
        _ => cursor.skip(),
    });
    edits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_inside_is_about_the_same_model() {
        for (body, told) in [
            (
                r#"{"requests":[{"model":"models/a","content":{"model":"x"}}, {"content":{}},{"model" : "models/new"}]}"#,
                &[r#""models/a""#][..],
            ),
            (
                r#"{"generateContentRequest":{"contents":[],"model":"models/a"},"model":"b"}"#,
                &[r#""models/a""#],
            ),
            (r#"{"contents":[{"model":"x"}]}"#, &[]),
        ] {
            let edits = named(body.as_bytes(), "new");
            let replaced: Vec<_> = edits.iter().map(|edit| &body[edit.span.clone()]).collect();
            assert_eq!(replaced, told, "{body}");
            assert!(edits.iter().all(|edit| edit.text == r#""models/new""#));
        }
    }
}
