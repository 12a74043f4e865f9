//! A provider's whole answer.

use std::borrow::Cow;

use serde::Deserialize;
use towerman_core::{Dialect, Fault, Finish};

use crate::{
    neutral::{
        Answer, Call, Choice, Cite, Input, Kind, Maker, Media, Medium, Part, Raw, Seal, Sealed,
        Source, Text, Thought, fields::Said, json, media,
    },
    translate::trouble,
    usage::Tokens,
};

#[derive(Debug, Deserialize)]
struct Completion<'a> {
    #[serde(borrow, default)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    model: Option<Cow<'a, str>>,
    #[serde(default)]
    created: Option<u64>,
    #[serde(borrow, default)]
    choices: Option<Vec<Chosen<'a>>>,
    #[serde(borrow, default)]
    usage: Option<Raw<'a>>,
    #[serde(borrow, default)]
    error: Option<Raw<'a>>,
}

#[derive(Debug, Deserialize)]
struct Chosen<'a> {
    #[serde(default)]
    index: u32,
    #[serde(borrow)]
    message: Message<'a>,
    #[serde(borrow, default)]
    finish_reason: Option<Cow<'a, str>>,
    /// The sequence that was met; some clones say it.
    #[serde(borrow, default)]
    stop_reason: Option<Raw<'a>>,
    #[serde(borrow, default)]
    logprobs: Option<Raw<'a>>,
}

#[derive(Debug, Deserialize)]
struct Message<'a> {
    #[serde(borrow, default)]
    content: Option<Raw<'a>>,
    #[serde(borrow, default)]
    reasoning_content: Option<Raw<'a>>,
    #[serde(borrow, default)]
    reasoning: Option<Raw<'a>>,
    #[serde(borrow, default)]
    reasoning_details: Option<Vec<Detail<'a>>>,
    #[serde(borrow, default)]
    refusal: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    annotations: Option<Vec<Raw<'a>>>,
    #[serde(borrow, default)]
    images: Option<Vec<Image<'a>>>,
    #[serde(borrow, default)]
    tool_calls: Option<Vec<ToolCall<'a>>>,
    #[serde(borrow, default)]
    function_call: Option<Function<'a>>,
}

/// Reasoning as OpenRouter and its like tell it, whose seals it carries.
#[derive(Debug, Deserialize)]
pub(super) struct Detail<'a> {
    #[serde(rename = "type", borrow, default)]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    signature: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    data: Option<Cow<'a, str>>,
}

#[derive(Debug, Deserialize)]
struct Image<'a> {
    #[serde(borrow)]
    image_url: ImageUrl<'a>,
}

#[derive(Debug, Deserialize)]
struct ImageUrl<'a> {
    #[serde(borrow)]
    url: Cow<'a, str>,
}

#[derive(Debug, Deserialize)]
struct ToolCall<'a> {
    #[serde(borrow, default)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    function: Option<Function<'a>>,
    #[serde(borrow, default)]
    custom: Option<Function<'a>>,
    #[serde(borrow, default)]
    extra_content: Option<Extra<'a>>,
}

#[derive(Debug, Deserialize)]
struct Function<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    arguments: Option<Raw<'a>>,
    #[serde(borrow, default)]
    input: Option<Cow<'a, str>>,
}

/// Where Gemini's own door for this dialect keeps signatures.
#[derive(Debug, Deserialize)]
pub(super) struct Extra<'a> {
    #[serde(borrow, default)]
    google: Option<Google<'a>>,
}

#[derive(Debug, Deserialize)]
struct Google<'a> {
    #[serde(borrow, default)]
    thought_signature: Option<Cow<'a, str>>,
}

#[derive(Debug, Deserialize)]
struct Annotation<'a> {
    #[serde(borrow, default)]
    url_citation: Option<Citation<'a>>,
}

#[derive(Debug, Deserialize)]
struct Citation<'a> {
    #[serde(borrow, default)]
    url: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    title: Option<Cow<'a, str>>,
    #[serde(default)]
    start_index: Option<u32>,
    #[serde(default)]
    end_index: Option<u32>,
}

pub(super) fn read(body: &[u8]) -> Result<Answer<'_>, Fault> {
    let said: Completion<'_> =
        serde_json::from_slice(body).map_err(|error| trouble::nonsense().because(error))?;
    if let Some(error) = said.error {
        return Err(trouble::read(error));
    }
    let mut chosen = said.choices.unwrap_or_default();
    chosen.sort_by_key(|choice| choice.index);
    let id = said.id.unwrap_or_default();
    let choices = chosen
        .into_iter()
        .map(|choice| read_choice(choice, &id))
        .collect::<Result<Vec<_>, _>>()?;
    if choices.is_empty() {
        return Err(trouble::nonsense());
    }
    let mut tokens = Tokens::default();
    tokens.report(said.usage, Tokens::openai);
    Ok(Answer {
        id,
        model: said.model.unwrap_or_default(),
        created: said.created,
        choices,
        usage: tokens.usage(Dialect::OpenAiChat),
    })
}

fn read_choice<'a>(chosen: Chosen<'a>, id: &str) -> Result<Choice<'a>, Fault> {
    let reason = chosen.finish_reason.unwrap_or_default();
    if is_failure(&reason) {
        return Err(trouble::nonsense());
    }
    let refused = chosen
        .message
        .refusal
        .as_deref()
        .is_some_and(|text| !text.is_empty());
    let parts = parts(chosen.message, reason == "length", id)?;
    let called = parts.iter().any(|part| matches!(part.kind, Kind::Call(_)));
    let met: Option<Said<'a>> = chosen
        .stop_reason
        .and_then(|raw| serde_json::from_str(raw.get()).ok());
    Ok(Choice {
        parts,
        finish: finish(&reason, called, refused),
        sequence: met
            .map(|said| said.0)
            .filter(|_| reason == "stop" && !called && !refused),
        explanation: None,
        logprobs: chosen.logprobs.filter(|raw| raw.get() != "null"),
    })
}

/// Whether a reason to stop says that the answer failed.
pub(super) fn is_failure(reason: &str) -> bool {
    matches!(reason, "error" | "insufficient_system_resource")
}

/// Why it stopped. A forced call ends with `stop`: that there are calls decides.
pub(super) fn finish(reason: &str, called: bool, refused: bool) -> Finish {
    match reason {
        "length" | "model_length" => Finish::Length,
        "content_filter" => Finish::ContentFilter,
        _ if refused => Finish::ContentFilter,
        _ if called => Finish::ToolCalls,
        _ => Finish::Stop,
    }
}

fn parts<'a>(message: Message<'a>, cut: bool, id: &str) -> Result<Vec<Part<'a>>, Fault> {
    let mut parts = Vec::new();
    let reasoning = message.reasoning_content.or(message.reasoning);
    let reasoning = reasoning.and_then(|raw| serde_json::from_str::<Said<'a>>(raw.get()).ok());
    let details = message.reasoning_details.unwrap_or_default();
    let mut seals = details.into_iter().filter_map(Detail::seal);
    let text = reasoning.map(|said| said.0).filter(|text| !text.is_empty());
    if let Some(text) = text {
        parts.push(thought(Some(Text::Said(text)), seals.next()));
    }
    for seal in seals {
        parts.push(thought(None, Some(seal)));
    }
    if let Some(content) = message.content {
        let cites = message.annotations.unwrap_or_default();
        let cites = cites.into_iter().filter_map(cite).collect();
        said(content, cites, &mut parts)?;
    }
    let refusal = message.refusal.filter(|text| !text.is_empty());
    parts.extend(refusal.map(|text| Part::of(Kind::Refusal(Text::Said(text)))));
    for image in message.images.unwrap_or_default() {
        parts.extend(picture(image.image_url.url));
    }
    let mut calls = message.tool_calls.unwrap_or_default();
    // The older way to call: one, and without an id.
    calls.extend(message.function_call.map(|function| ToolCall {
        id: None,
        function: Some(function),
        custom: None,
        extra_content: None,
    }));
    let last = calls.len().saturating_sub(1);
    for (i, call) in calls.into_iter().enumerate() {
        match read_call(call, i, id) {
            Some(call) => parts.push(Part::of(Kind::Call(call))),
            // A call that ran into the limit is no call; the stop reason says so.
            None if cut && i == last => {}
            None => return Err(trouble::nonsense()),
        }
    }
    Ok(parts)
}

fn thought<'a>(text: Option<Text<'a>>, seal: Option<Seal<'a>>) -> Part<'a> {
    Part::of(Kind::Thought(Thought {
        text,
        seal,
        ..Thought::default()
    }))
}

/// Content is a string; some hosts send parts, thoughts among them.
fn said<'a>(
    content: Raw<'a>,
    cites: Vec<Cite<'a>>,
    parts: &mut Vec<Part<'a>>,
) -> Result<(), Fault> {
    let text = |text: Cow<'a, str>, cites| {
        Part::of(Kind::Text {
            text: Text::Said(text),
            cites,
        })
    };
    if content.get().starts_with('"') {
        let said: Said<'a> = serde_json::from_str(content.get())
            .map_err(|error| trouble::nonsense().because(error))?;
        if !said.0.is_empty() {
            parts.push(text(said.0, cites));
        }
        return Ok(());
    }
    let mut whole = String::new();
    for piece in pieces(content)? {
        match piece {
            Piece::Thought(said) if !said.is_empty() => {
                parts.push(thought(Some(Text::Said(said)), None));
            }
            Piece::Text(said) => whole.push_str(&said),
            Piece::Thought(_) => {}
        }
    }
    if !whole.is_empty() {
        parts.push(text(whole.into(), cites));
    }
    Ok(())
}

/// A part of content that is a list.
pub(super) enum Piece<'a> {
    Text(Cow<'a, str>),
    Thought(Cow<'a, str>),
}

pub(super) fn pieces(content: Raw<'_>) -> Result<Vec<Piece<'_>>, Fault> {
    #[derive(Deserialize)]
    struct Chunk<'a> {
        #[serde(borrow, default)]
        text: Option<Cow<'a, str>>,
        #[serde(borrow, default)]
        thinking: Option<Raw<'a>>,
    }
    let nonsense = |error| trouble::nonsense().because(error);
    let list: Vec<Chunk<'_>> = serde_json::from_str(content.get()).map_err(nonsense)?;
    let mut pieces = Vec::with_capacity(list.len());
    for Chunk { text, thinking } in list {
        if let Some(thinking) = thinking {
            let said: Vec<Chunk<'_>> = serde_json::from_str(thinking.get()).map_err(nonsense)?;
            let said: String = said.into_iter().filter_map(|chunk| chunk.text).collect();
            pieces.push(Piece::Thought(said.into()));
        }
        pieces.extend(text.map(Piece::Text));
    }
    Ok(pieces)
}

fn picture(url: Cow<'_, str>) -> Option<Part<'_>> {
    let source = if media::is_data(&url) {
        let (media_type, data) = media::base64(&url)?;
        Source::Base64 {
            media_type: media_type.into_owned().into(),
            data: data.to_owned().into(),
        }
    } else {
        Source::Url(url)
    };
    Some(Part::of(Kind::Media(Media {
        what: Medium::Image,
        source,
        name: None,
        detail: None,
    })))
}

pub(super) fn cite(raw: Raw<'_>) -> Option<Cite<'_>> {
    let said: Annotation<'_> = serde_json::from_str(raw.get()).ok()?;
    let Citation {
        url,
        title,
        start_index,
        end_index,
    } = said.url_citation?;
    Some(Cite {
        url,
        title,
        quote: None,
        span: start_index.zip(end_index),
        raw: Cow::Borrowed(raw),
    })
}

fn read_call<'a>(call: ToolCall<'a>, i: usize, answer: &str) -> Option<Call<'a>> {
    let custom = call.function.is_none();
    let function = call.function.or(call.custom)?;
    let input = if custom {
        Input::Spelt(function.input.unwrap_or_default())
    } else {
        let spelt = match function.arguments {
            None => Cow::Borrowed(""),
            Some(raw) => fragment(raw)?,
        };
        json::object(Cow::Borrowed(&spelt))?;
        Input::Spelt(spelt)
    };
    let id = call.id.filter(|id| !id.is_empty());
    Some(Call {
        id: id.unwrap_or_else(|| {
            let nth = if answer.is_empty() {
                format!("call_{i}")
            } else {
                crate::neutral::made_up(answer, i, &function.name)
            };
            nth.into()
        }),
        name: Text::Said(function.name),
        input,
        custom,
        seal: call.extra_content.and_then(Extra::seal),
    })
}

/// Arguments, or a piece of them: a string. Some clones send the object itself.
pub(super) fn fragment(raw: Raw<'_>) -> Option<Cow<'_, str>> {
    match raw.get().as_bytes().first() {
        Some(b'"') => Some(serde_json::from_str::<Said<'_>>(raw.get()).ok()?.0),
        _ if raw.get() == "null" => Some(Cow::Borrowed("")),
        _ => Some(Cow::Borrowed(raw.get())),
    }
}

// === impl Detail ===

impl<'a> Detail<'a> {
    pub(super) fn seal(self) -> Option<Seal<'a>> {
        let (kind, data) = match &*self.kind {
            "reasoning.encrypted" => (Sealed::Encrypted, self.data?),
            _ => (Sealed::Signature, self.signature?),
        };
        (!data.is_empty()).then(|| Seal::read(Maker::Chat, kind, data))
    }
}

// === impl Extra ===

impl<'a> Extra<'a> {
    pub(super) fn seal(self) -> Option<Seal<'a>> {
        let data = self.google?.thought_signature?;
        Some(Seal::read(Maker::Gemini, Sealed::Signature, data))
    }
}
