//! Where a request comes in, and where it goes out: what paths say.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::{Dialect, Operation};

/// What may stand in a path segment as it is. `:` and `@` may, but AWS signs them encoded.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What the path of a request says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Door<'p> {
    /// The dialect that is spoken there.
    pub dialect: Dialect,
    /// What is done there.
    pub operation: Operation,
    /// The model, where the path names it.
    pub model: Option<Cow<'p, str>>,
    /// Whether the answer is a stream, where the path says it.
    pub stream: Option<bool>,
    /// A stream is told as one JSON array: Gemini's, unless the query says `alt=sse`.
    pub array: bool,
}

/// How much is wanted at once, where paths say it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// One answer, whole.
    #[default]
    Whole,
    /// One answer, piece by piece.
    Stream,
    /// Several: the vectors of a list of texts.
    Many,
}

/// Fixed paths, others than [`Dialect::path_of`]'s.
const ALIASES: [(&str, Dialect, Operation); 2] = [
    // Some SDKs of hosts that have their base path in front of it add it themselves.
    (
        "/openai/v1/chat/completions",
        Dialect::OpenAiChat,
        Operation::Generate,
    ),
    (
        "/openai/v1/embeddings",
        Dialect::OpenAiChat,
        Operation::Embed,
    ),
];

impl<'p> Door<'p> {
    /// The door at `path`, if a dialect has one there.
    pub fn find(path: &'p str, query: Option<&str>) -> Option<Self> {
        let fixed = Dialect::served_at(path).or_else(|| {
            let alias = ALIASES.iter().find(|(alias, ..)| *alias == path);
            alias.map(|(_, dialect, operation)| (*dialect, *operation))
        });
        if let Some((dialect, operation)) = fixed {
            return Some(Self::plain(dialect, operation));
        }
        let door = Self::gemini(path, query)
            .or_else(|| Self::converse(path))
            .or_else(|| Self::deployment(path))?;
        Dialect::ALL.contains(&door.dialect).then_some(door)
    }

    /// The same, for as long as one likes.
    pub fn into_owned(self) -> Door<'static> {
        Door {
            dialect: self.dialect,
            operation: self.operation,
            model: self.model.map(|model| model.into_owned().into()),
            stream: self.stream,
            array: self.array,
        }
    }

    /// A door whose path says nothing more.
    pub const fn plain(dialect: Dialect, operation: Operation) -> Self {
        Self {
            dialect,
            operation,
            model: None,
            stream: None,
            array: false,
        }
    }

    /// `/v1beta/models/{model}:generateContent`; Vertex has a longer way to `models`.
    fn gemini(path: &'p str, query: Option<&str>) -> Option<Self> {
        let named = ["/v1beta/models/", "/v1/models/", "/v1beta/tunedModels/"];
        let rest = named.iter().find_map(|start| path.strip_prefix(start));
        let rest = rest.or_else(|| {
            let vertex = path
                .strip_prefix("/v1/")
                .or_else(|| path.strip_prefix("/v1beta1/"))?;
            Some(vertex.split_once("/publishers/google/models/")?.1)
        })?;
        let (model, verb) = rest.rsplit_once(':')?;
        let (operation, stream) = match verb {
            "generateContent" => (Operation::Generate, false),
            "streamGenerateContent" => (Operation::Generate, true),
            "countTokens" => (Operation::Count, false),
            "embedContent" | "batchEmbedContents" => (Operation::Embed, false),
            _ => return None,
        };
        let sse = query.is_some_and(|query| query.split('&').any(|pair| pair == "alt=sse"));
        Some(Self {
            model: Some(segment(model)?),
            stream: Some(stream),
            array: stream && !sse,
            ..Self::plain(Dialect::Gemini, operation)
        })
    }

    /// `/model/{model}/converse` and `/model/{model}/converse-stream`.
    fn converse(path: &'p str) -> Option<Self> {
        let (model, verb) = path.strip_prefix("/model/")?.rsplit_once('/')?;
        let stream = match verb {
            "converse" => false,
            "converse-stream" => true,
            _ => return None,
        };
        Some(Self {
            model: Some(segment(model)?),
            stream: Some(stream),
            ..Self::plain(Dialect::BedrockConverse, Operation::Generate)
        })
    }

    /// `/openai/deployments/{model}/chat/completions`, as Azure's clients call.
    fn deployment(path: &'p str) -> Option<Self> {
        let rest = path.strip_prefix("/openai/deployments/")?;
        let (model, verb) = rest.split_once('/')?;
        let operation = match verb {
            "chat/completions" => Operation::Generate,
            "embeddings" => Operation::Embed,
            _ => return None,
        };
        Some(Self {
            model: Some(segment(model)?),
            ..Self::plain(Dialect::OpenAiChat, operation)
        })
    }
}

/// A name out of a path: one segment, that says something.
fn segment(text: &str) -> Option<Cow<'_, str>> {
    let name = percent_decode_str(text).decode_utf8().ok()?;
    (!text.is_empty() && !text.contains('/')).then_some(name)
}

impl Dialect {
    /// The path and query, behind a provider's base URL, at which it does `operation` for `model`;
    /// nothing if this dialect has no such operation.
    pub fn target(
        self,
        operation: Operation,
        model: &str,
        form: Form,
    ) -> Option<Cow<'static, str>> {
        let path = self.path_of(operation)?;
        let Some((before, after)) = path.split_once("{model}") else {
            return Some(path.into());
        };
        let model = utf8_percent_encode(model, SEGMENT);
        let after = match (self, operation, form) {
            (Self::Gemini, Operation::Generate, Form::Stream) => ":streamGenerateContent?alt=sse",
            (Self::Gemini, Operation::Embed, Form::Many) => ":batchEmbedContents",
            (Self::BedrockConverse, _, Form::Stream) => "/converse-stream",
            _ => after,
        };
        Some(format!("{before}{model}{after}").into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_out_at_a_door_comes_in_at_it() {
        for dialect in Dialect::ALL {
            for operation in Operation::ALL {
                for form in [Form::Whole, Form::Stream, Form::Many] {
                    let Some(target) = dialect.target(operation, "a:b/c@1", form) else {
                        continue;
                    };
                    let (path, query) = target
                        .split_once('?')
                        .map_or((&*target, None), |(path, query)| (path, Some(query)));
                    let door = Door::find(path, query).unwrap();
                    assert_eq!((door.dialect, door.operation), (dialect, operation));
                    assert!(!door.array);
                    if let Some(model) = door.model {
                        assert_eq!(model, "a:b/c@1");
                    }
                    let streams = operation == Operation::Generate && form == Form::Stream;
                    assert!(door.stream.is_none_or(|said| said == streams));
                }
            }
        }
    }

    #[test]
    fn paths_that_are_nearly_one_are_none() {
        for path in [
            "/",
            "/v1",
            "/v1/chat/completions/",
            "/V1/chat/completions",
            "/v1beta/models/:generateContent",
            "/v1beta/models/a/b:generateContent",
            "/v1beta/models/gemini:deleteContent",
            "/v1beta/models/gemini",
            "/model//converse",
            "/model/a/b/converse",
            "/openai/deployments//chat/completions",
            "/openai/deployments/a/chat",
        ] {
            assert_eq!(Door::find(path, None), None, "{path}");
        }
    }

    #[test]
    fn azures_clients_name_the_model_in_the_path() {
        let door = Door::find("/openai/deployments/fast%2F1/chat/completions", None).unwrap();
        assert_eq!(door.model.as_deref(), Some("fast/1"));
        assert_eq!(door.dialect, Dialect::OpenAiChat);
    }
}
