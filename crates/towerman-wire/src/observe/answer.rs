//! Reads a whole answer.

use std::sync::Arc;

use http::StatusCode;
use towerman_core::{Dialect, FailureKind, Finish, Operation, Usage};

use super::{anthropic, aside, openai};
use crate::{
    dialect,
    fault::{Blame, Canonical, ProviderError},
    json::Cursor,
};

/// What a whole, successful answer says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// What it used.
    pub(super) usage: Option<Usage>,
    /// Why the model stopped.
    pub(super) finish: Option<Finish>,
    /// The model that answered.
    pub(super) model: Option<Arc<str>>,
    /// Bytes of content.
    pub(super) content_bytes: u64,
    /// What is wrong with it, if it is not.
    pub(super) failure: Option<FailureKind>,
    /// The error that it tells of.
    pub(super) error: Option<Canonical>,
}

/// Reads the body of an answer with a status of success.
///
/// An error object under such a status is a failure of the class that it names.
pub(super) fn read_answer(operation: Operation, dialect: Dialect, body: &[u8]) -> Answer {
    let read = match (operation, dialect) {
        (Operation::Embed, _) => aside::embeddings(body),
        (Operation::Count, _) => aside::count(body),
        (_, Dialect::Anthropic) => anthropic::answer(body),
        (_, Dialect::OpenAiChat) => openai::read(body, &mut openai::Start::default()),
        _ => dialect::of(dialect).learn_whole(body),
    };
    let Ok(delta) = read else {
        return Answer {
            failure: Some(FailureKind::Protocol),
            ..Answer::default()
        };
    };
    let error = delta.error.then(|| ProviderError::parse(body));
    let failure = if let Some(error) = &error {
        match error.blame(StatusCode::OK) {
            Blame::Endpoint(kind) => Some(kind),
            Blame::Caller | Blame::Status => Some(FailureKind::Server),
        }
    } else if delta.answers {
        None
    } else {
        Some(FailureKind::Protocol)
    };
    Answer {
        usage: delta.tokens.usage(dialect),
        finish: delta.finish,
        model: delta.model(),
        content_bytes: delta.content_bytes,
        failure,
        error: error.map(|error| error.canonical(StatusCode::OK)),
    }
}

/// The dialect that a whole answer or the data of an event is in, if it shows.
pub(super) fn detect(data: &[u8]) -> Option<Dialect> {
    let (mut openai, mut anthropic) = (false, false);
    let read = Cursor::new(data).object(|cursor, key| {
        match key.plain() {
            b"type" => {
                let kind = cursor.text()?.map_or(&b""[..], |kind| kind.plain());
                anthropic |= matches!(kind, b"message" | b"error" | b"ping")
                    || kind.starts_with(b"message_")
                    || kind.starts_with(b"content_block_");
            }
            b"object" => {
                let object = cursor.text()?.map_or(&b""[..], |object| object.plain());
                openai |= object.starts_with(b"chat.completion");
            }
            b"choices" => {
                openai |= cursor.peek() == Some(b'[');
                cursor.skip()?;
            }
            b"error" => {
                openai |= cursor.peek() == Some(b'{');
                cursor.skip()?;
            }
            _ => cursor.skip()?,
        }
        Ok(())
    });
    match read {
        Ok(()) if anthropic => Some(Dialect::Anthropic),
        Ok(()) if openai => Some(Dialect::OpenAiChat),
        _ => None,
    }
}
