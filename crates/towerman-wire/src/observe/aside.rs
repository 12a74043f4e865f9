//! Reads whole answers in which no model speaks: embeddings, and a prompt's size.

use super::delta::Delta;
use crate::json::{Cursor, Invalid};

/// Reads embeddings, as any dialect sends them. The vectors are only checked.
pub(super) fn embeddings(data: &[u8]) -> Result<Delta<'_>, Invalid> {
    let mut delta = Delta::default();
    let mut cursor = Cursor::new(data);
    cursor.object(|cursor, key| match key.plain() {
        b"data" => {
            delta.answers |= cursor.peek() == Some(b'[');
            cursor.skip()
        }
        // Gemini's, one and several.
        b"embedding" => {
            delta.answers |= cursor.peek() == Some(b'{');
            cursor.skip()
        }
        // Cohere's are lists by the type of their numbers.
        b"embeddings" => {
            delta.answers |= matches!(cursor.peek(), Some(b'[' | b'{'));
            cursor.skip()
        }
        b"meta" => delta.tokens.cohere(cursor),
        b"usage" => delta.tokens.openai(cursor),
        // Gemini's and Ollama's.
        b"usageMetadata" => cursor.members(|cursor, key| match key.plain() {
            b"promptTokenCount" => {
                delta.tokens.prompt = cursor.count()?;
                Ok(())
            }
            _ => cursor.skip(),
        }),
        b"prompt_eval_count" => {
            delta.tokens.prompt = cursor.count()?;
            Ok(())
        }
        b"model" => {
            delta.model = cursor.text()?;
            Ok(())
        }
        b"error" => {
            delta.error |= cursor.value()? != b"null";
            Ok(())
        }
        _ => cursor.skip(),
    })?;
    cursor.end()?;
    Ok(delta)
}

/// Reads a count of tokens, as Anthropic or Gemini sends it.
pub(super) fn count(data: &[u8]) -> Result<Delta<'_>, Invalid> {
    let mut delta = Delta::default();
    let mut cursor = Cursor::new(data);
    cursor.object(|cursor, key| match key.plain() {
        b"input_tokens" | b"totalTokens" => {
            delta.answers |= cursor.count()?.is_some();
            Ok(())
        }
        b"error" => {
            delta.error |= cursor.value()? != b"null";
            Ok(())
        }
        _ => cursor.skip(),
    })?;
    cursor.end()?;
    Ok(delta)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::StatusCode;
    use towerman_core::{Dialect, FailureKind, Operation, Phase, Usage};

    use crate::observe::{Learned, Observer};

    fn learned(operation: Operation, dialect: Option<Dialect>, body: &'static str) -> Learned {
        let json = Some("application/json");
        let mut observer = Observer::new(dialect, StatusCode::OK, json).of(operation);
        observer.expect(body.len() as u64);
        observer.push(&Bytes::from(body));
        observer.finish();
        observer.learned().clone()
    }

    const VECTORS: &str = r#"{"object":"list","data":[{"embedding":[0.5,-1e-3]}],"model":"e-1","usage":{"prompt_tokens":8,"total_tokens":8}}"#;

    #[test]
    fn vectors_are_an_answer_that_generates_nothing() {
        for dialect in [Some(Dialect::OpenAiChat), None] {
            let told = learned(Operation::Embed, dialect, VECTORS);
            let usage = Usage {
                input: 8,
                ..Usage::default()
            };
            assert_eq!(told.usage, Some(usage));
            assert_eq!(told.model.as_deref(), Some("e-1"));
            assert_eq!((told.phase, told.complete), (Phase::Content, true));
            assert_eq!((told.content_bytes, told.failure), (0, None));
        }
    }

    #[test]
    fn a_count_is_an_answer_that_uses_nothing() {
        let body = r#"{"input_tokens":14}"#;
        let told = learned(Operation::Count, Some(Dialect::Anthropic), body);
        assert_eq!((told.phase, told.complete), (Phase::Content, true));
        assert_eq!((told.usage, told.failure), (None, None));
    }

    #[test]
    fn what_is_neither_is_a_failure_of_the_endpoints() {
        let (embed, count) = (Operation::Embed, Operation::Count);
        for (operation, body) in [
            (embed, r#"{"choices":[]}"#),
            (embed, r#"{"data":[{}"#),
            (embed, r#"{"data":{}}"#),
            (count, r#"{"input_tokens":"many"}"#),
            (count, VECTORS),
        ] {
            let told = learned(operation, Some(Dialect::OpenAiChat), body);
            assert_eq!(told.failure, Some(FailureKind::Protocol), "{body}");
        }
        let error = r#"{"error":{"message":"no","type":"server_error"}}"#;
        let told = learned(embed, Some(Dialect::OpenAiChat), error);
        assert_eq!(told.failure, Some(FailureKind::Server));
    }
}
