//! The conversation of a request for a provider.

use std::borrow::Cow;

use serde::Serialize;
use towerman_core::Fault;

use super::NOTHING_LIKE_IT;
use crate::{
    dialect::To,
    neutral::{
        Call, Input, Kind, Maker, Mark, Media, Medium, Notes, Part, Rest, Role, Seal, Source, Text,
        Thought, ToolResult, Turn, fields::compact,
    },
};

#[derive(Debug, Serialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub(super) enum Message<'a> {
    System {
        content: Content<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<Text<'a>>,
        #[serde(flatten)]
        rest: Rest<'a>,
    },
    User {
        content: Content<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<Text<'a>>,
        #[serde(flatten)]
        rest: Rest<'a>,
    },
    Assistant {
        /// Null beside tool calls.
        content: Option<Content<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        reasoning_content: Option<Text<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        refusal: Option<Text<'a>>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        tool_calls: Vec<ToolCall<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<Text<'a>>,
        #[serde(flatten)]
        rest: Rest<'a>,
    },
    Tool {
        tool_call_id: Cow<'a, str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<Text<'a>>,
        content: Content<'a>,
        #[serde(flatten)]
        rest: Rest<'a>,
    },
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Content<'a> {
    Text(Text<'a>),
    Parts(Vec<Said<'a>>),
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Said<'a> {
    Text {
        text: Text<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<Control>,
        #[serde(flatten)]
        rest: Rest<'a>,
    },
    ImageUrl {
        image_url: Url<'a>,
    },
    VideoUrl {
        video_url: Url<'a>,
    },
    InputAudio {
        input_audio: Audio<'a>,
    },
    File {
        file: File<'a>,
    },
    DocumentUrl {
        document_url: Cow<'a, str>,
    },
}

/// Anthropic's mark, which several hosts of this dialect take.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Control {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<&'static str>,
}

impl Control {
    /// For a client's own dialect; plain OpenAI knows no such thing.
    pub(super) fn of(mark: Option<Mark>, own: bool) -> Option<Self> {
        mark.filter(|_| own).map(|mark| Self {
            kind: "ephemeral",
            ttl: (mark == Mark::Hour).then_some("1h"),
        })
    }
}

#[derive(Debug, Serialize)]
pub(super) struct Url<'a> {
    url: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<Cow<'a, str>>,
}

#[derive(Debug, Serialize)]
pub(super) struct Audio<'a> {
    data: Cow<'a, str>,
    format: String,
}

#[derive(Debug, Serialize)]
pub(super) struct File<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    filename: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_data: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_id: Option<Cow<'a, str>>,
}

#[derive(Debug, Serialize)]
pub(super) struct ToolCall<'a> {
    id: Cow<'a, str>,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    function: Option<Called<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom: Option<Custom<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extra_content: Option<Extra>,
}

/// Where Gemini's own door for this dialect keeps the signature of a call.
#[derive(Debug, Serialize)]
pub(super) struct Extra {
    google: Google,
}

#[derive(Debug, Serialize)]
struct Google {
    thought_signature: String,
}

#[derive(Debug, Serialize)]
struct Called<'a> {
    name: Text<'a>,
    arguments: Cow<'a, str>,
}

#[derive(Debug, Serialize)]
struct Custom<'a> {
    name: Text<'a>,
    input: Cow<'a, str>,
}

const NO_CONTENT: &str = "is no kind of content that this model's API can take here";

/// What stands between two turns of the assistant. The tools' messages come first: they must
/// follow the calls that they answer.
#[derive(Debug, Default)]
struct Run<'a> {
    results: Vec<Message<'a>>,
    /// What tools returned besides text: there a tool can only return text.
    moved: Vec<Said<'a>>,
    after: Vec<Message<'a>>,
}

impl<'a> Run<'a> {
    fn end(&mut self, messages: &mut Vec<Message<'a>>) {
        let Self {
            results,
            moved,
            after,
        } = std::mem::take(self);
        messages.extend(results);
        if !moved.is_empty() {
            messages.push(Message::User {
                content: Content::of(moved),
                name: None,
                rest: Rest::default(),
            });
        }
        messages.extend(after);
    }
}

pub(super) fn messages<'a>(
    system: Vec<Part<'a>>,
    turns: Vec<Turn<'a>>,
    to: &To<'_>,
    notes: &mut Notes,
) -> Result<Vec<Message<'a>>, Fault> {
    let mut messages = Vec::with_capacity(turns.len() + 1);
    let mut run = Run::default();
    if !system.is_empty() {
        let parts = shown(system, to, notes)?;
        messages.push(Message::System {
            content: Content::of(parts),
            name: None,
            rest: Rest::default(),
        });
    }
    for turn in turns {
        let rest = turn.rest.keep(to.own, &turn.at, NOTHING_LIKE_IT, notes)?;
        let name = turn.name;
        match turn.role {
            Role::System => {
                let parts = shown(turn.parts, to, notes)?;
                if !parts.is_empty() || to.own {
                    run.after.push(Message::System {
                        content: Content::of(parts),
                        name,
                        rest,
                    });
                }
            }
            Role::User => user(turn.parts, name, rest, &mut run, to, notes)?,
            Role::Assistant => {
                run.end(&mut messages);
                messages.push(assistant(turn.parts, name, rest, to, notes)?);
            }
        }
    }
    run.end(&mut messages);
    Ok(messages)
}

fn user<'a>(
    parts: Vec<Part<'a>>,
    name: Option<Text<'a>>,
    rest: Rest<'a>,
    run: &mut Run<'a>,
    to: &To<'_>,
    notes: &mut Notes,
) -> Result<(), Fault> {
    let mut others = Vec::with_capacity(parts.len());
    let empty = parts.is_empty();
    let mut rest = rest;
    for part in parts {
        match part.kind {
            Kind::Result(answer) => {
                let own = std::mem::take(&mut rest);
                let lost = part.rest.keep(to.own, &part.at, NOTHING_LIKE_IT, notes)?;
                let rest = if own.0.is_empty() { lost } else { own };
                let name = name.clone().filter(|_| to.own);
                result(answer, name, &part.at, rest, run, to, notes)?;
            }
            _ => others.push(part),
        }
    }
    if others.is_empty() && !(empty && to.own) {
        return Ok(());
    }
    run.after.push(Message::User {
        content: Content::of(shown(others, to, notes)?),
        name,
        rest,
    });
    Ok(())
}

fn result<'a>(
    result: ToolResult<'a>,
    name: Option<Text<'a>>,
    at: &str,
    rest: Rest<'a>,
    run: &mut Run<'a>,
    to: &To<'_>,
    notes: &mut Notes,
) -> Result<(), Fault> {
    if result.error {
        notes.dropped(format!("{at}/is_error"), NOTHING_LIKE_IT)?;
    }
    let content = if let Some(object) = result.object {
        Content::Text(Text::Said(compact(object).into()))
    } else {
        let mut texts = Vec::new();
        for part in result.content {
            let at = part.at.clone();
            match piece(part, to, notes)? {
                text @ Said::Text { .. } => texts.push(text),
                // Some hosts take more, and their own clients know which.
                other if to.own => texts.push(other),
                other => {
                    notes.mapped(
                        at,
                        "moved to a message of the user behind the tools' messages",
                    );
                    run.moved.push(other);
                }
            }
        }
        Content::of(texts)
    };
    run.results.push(Message::Tool {
        tool_call_id: result.id,
        name,
        content,
        rest,
    });
    Ok(())
}

fn assistant<'a>(
    parts: Vec<Part<'a>>,
    name: Option<Text<'a>>,
    rest: Rest<'a>,
    to: &To<'_>,
    notes: &mut Notes,
) -> Result<Message<'a>, Fault> {
    let (mut said, mut tool_calls) = (Vec::new(), Vec::new());
    let (mut reasoning, mut refusal) = (None, None);
    for part in parts {
        match part.kind {
            Kind::Call(mut call) => {
                // Some host behind this dialect may be Gemini's own door.
                let theirs = |seal: &Seal<'_>| to.own && seal.maker == Maker::Gemini;
                if call.seal.as_ref().is_some_and(|seal| !theirs(seal)) {
                    call.seal = None;
                    notes.dropped(&*part.at, "dropped: a call is signed for its provider")?;
                }
                tool_calls.push(ToolCall::of(call));
            }
            Kind::Thought(thought) => {
                thinks(thought, &part.at, &mut reasoning, to, notes)?;
            }
            Kind::Refusal(text) if to.own => refusal = Some(text),
            _ => said.push(piece(part, to, notes)?),
        }
    }
    let none = said.is_empty() && (!tool_calls.is_empty() || refusal.is_some());
    Ok(Message::Assistant {
        content: (!none).then(|| Content::of(said)),
        reasoning_content: reasoning,
        refusal,
        tool_calls,
        name,
        rest,
    })
}

fn thinks<'a>(
    thought: Thought<'a>,
    at: &str,
    reasoning: &mut Option<Text<'a>>,
    to: &To<'_>,
    notes: &mut Notes,
) -> Result<(), Fault> {
    let readable = thought
        .seal
        .as_ref()
        .is_none_or(|seal| seal.maker == Maker::Chat);
    if !to.own || !readable {
        return notes.dropped(at, "dropped: thinking is signed for its provider");
    }
    *reasoning = match (reasoning.take(), thought.text) {
        (Some(before), Some(text)) => {
            Some(Text::Said(format!("{}{}", before.say(), text.say()).into()))
        }
        (before, text) => before.or(text),
    };
    Ok(())
}

// === impl ToolCall ===

impl<'a> ToolCall<'a> {
    pub(super) fn of(call: Call<'a>) -> Self {
        let Call {
            id,
            name,
            input,
            custom,
            seal,
        } = call;
        let extra_content = seal.as_ref().map(Extra::of);
        let spelt = match input {
            Input::Spelt(text) => text,
            Input::Object(Cow::Borrowed(raw)) => compact(raw).into(),
            Input::Object(Cow::Owned(raw)) => compact(&raw).into(),
        };
        if custom {
            return Self {
                id,
                kind: "custom",
                function: None,
                custom: Some(Custom { name, input: spelt }),
                extra_content,
            };
        }
        // No arguments are an empty object, which models and clients parse.
        let arguments = if spelt.trim().is_empty() {
            "{}".into()
        } else {
            spelt
        };
        Self {
            id,
            kind: "function",
            function: Some(Called { name, arguments }),
            custom: None,
            extra_content,
        }
    }
}

// === impl Extra ===

impl Extra {
    pub(super) fn of(seal: &Seal<'_>) -> Self {
        Self {
            google: Google {
                thought_signature: seal.told(Maker::Gemini).into_owned(),
            },
        }
    }
}

fn shown<'a>(parts: Vec<Part<'a>>, to: &To<'_>, notes: &mut Notes) -> Result<Vec<Said<'a>>, Fault> {
    parts
        .into_iter()
        .map(|part| piece(part, to, notes))
        .collect()
}

fn piece<'a>(part: Part<'a>, to: &To<'_>, notes: &mut Notes) -> Result<Said<'a>, Fault> {
    let at = &*part.at;
    if part.mark.is_some() && !to.own {
        notes.dropped(format!("{at}/cache_control"), NOTHING_LIKE_IT)?;
    }
    let rest = part.rest.keep(to.own, at, NOTHING_LIKE_IT, notes)?;
    let cache_control = Control::of(part.mark, to.own);
    match part.kind {
        Kind::Text { text, cites } => {
            if !cites.is_empty() {
                notes.dropped(format!("{at}/citations"), NOTHING_LIKE_IT)?;
            }
            Ok(Said::Text {
                text,
                cache_control,
                rest,
            })
        }
        Kind::Refusal(text) => {
            notes.mapped(at, "told as text");
            Ok(Said::Text {
                text,
                cache_control,
                rest,
            })
        }
        Kind::Media(media) => show(media, at, to, notes),
        // Its pointer is that of what is foreign about it.
        Kind::Foreign { .. } => Err(notes.refused(at, NO_CONTENT)),
        Kind::Call(_) | Kind::Result(_) | Kind::Thought(_) => {
            Err(notes.refused(format!("{at}/type"), NO_CONTENT))
        }
    }
}

fn show<'a>(media: Media<'a>, at: &str, to: &To<'_>, notes: &mut Notes) -> Result<Said<'a>, Fault> {
    let Media {
        what,
        source,
        name,
        detail,
    } = media;
    let url = |source| match source {
        Source::Url(url) => Some(url),
        Source::Base64 { media_type, data } => {
            Some(format!("data:{media_type};base64,{data}").into())
        }
        Source::File(_) | Source::Text(_) => None,
    };
    let elsewhere = "is a source that this model's API cannot reach";
    // Some hosts take these, and their own clients know which.
    let hosts = matches!(
        (what, &source),
        (Medium::Video, _) | (Medium::Document, Source::Url(_)) | (_, Source::File(_))
    );
    if hosts && !to.own {
        return Err(notes.refused(at, elsewhere));
    }
    Ok(match (what, source) {
        (Medium::Image, source) => {
            let url = url(source).ok_or_else(|| notes.refused(at, elsewhere))?;
            Said::ImageUrl {
                image_url: Url { url, detail },
            }
        }
        (Medium::Video, source) => {
            let url = url(source).ok_or_else(|| notes.refused(at, elsewhere))?;
            Said::VideoUrl {
                video_url: Url { url, detail: None },
            }
        }
        (Medium::Audio, Source::Base64 { media_type, data }) => {
            let format = match media_type.strip_prefix("audio/").unwrap_or(&media_type) {
                "mpeg" => "mp3",
                "x-wav" | "wave" => "wav",
                other => other,
            };
            Said::InputAudio {
                input_audio: Audio {
                    format: format.to_owned(),
                    data,
                },
            }
        }
        (Medium::Document, Source::Text(text)) => {
            notes.mapped(at, "told as text");
            Said::Text {
                text,
                cache_control: None,
                rest: Rest::default(),
            }
        }
        (Medium::Document, Source::Base64 { media_type, data }) => Said::File {
            file: File {
                filename: Some(name.unwrap_or(Text::Said("document.pdf".into()))),
                file_data: Some(format!("data:{media_type};base64,{data}")),
                file_id: None,
            },
        },
        (Medium::Document, Source::File(id)) => Said::File {
            file: File {
                filename: name,
                file_data: None,
                file_id: Some(id),
            },
        },
        (Medium::Document, Source::Url(url)) => Said::DocumentUrl { document_url: url },
        (Medium::Audio, _) => {
            return Err(notes.refused(at, elsewhere));
        }
    })
}

// === impl Content ===

impl<'a> Content<'a> {
    /// A lone text is written as a string: every clone understands that.
    pub(super) fn of(mut parts: Vec<Said<'a>>) -> Self {
        match parts.pop() {
            None => Self::Text(Text::Said("".into())),
            Some(Said::Text {
                text,
                cache_control: None,
                rest,
            }) if parts.is_empty() && rest.0.is_empty() => Self::Text(text),
            Some(last) => {
                parts.push(last);
                Self::Parts(parts)
            }
        }
    }
}
