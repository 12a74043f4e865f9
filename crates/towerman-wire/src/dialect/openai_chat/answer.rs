//! A provider's whole answer.

use std::borrow::Cow;

use towerman_core::{Dialect, Fault, Finish};

use super::{
    completion::{Chosen, Completion, Message, ToolCall},
    said::{
        Piece, cites, details, finish, fragment, images, is_failure, pieces, seconds, signature,
        words,
    },
};
use crate::{
    neutral::{
        Answer, Call, Choice, Input, Kind, Part, Seal, Text, Thought, fields::Said, json, made_up,
    },
    translate::trouble,
    usage::Tokens,
};

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
        created: seconds(said.created),
        choices,
        usage: tokens.usage(Dialect::OpenAiChat),
    })
}

fn read_choice<'a>(chosen: Chosen<'a>, id: &str) -> Result<Choice<'a>, Fault> {
    let reason = chosen.finish_reason.unwrap_or_default();
    if is_failure(&reason) {
        return Err(trouble::nonsense());
    }
    let cut = finish(&reason, false, false) == Finish::Length;
    let parts = parts(chosen.message, cut, id)?;
    let any = |kind: fn(&Kind<'_>) -> bool| parts.iter().any(|part| kind(&part.kind));
    let called = any(|kind| matches!(kind, Kind::Call(_)));
    let refused = any(|kind| matches!(kind, Kind::Refusal(_)));
    let met: Option<Said<'a>> = chosen
        .stop_reason
        .and_then(|raw| serde_json::from_str(raw.get()).ok());
    Ok(Choice {
        finish: finish(&reason, called, refused),
        sequence: met
            .map(|said| said.0)
            .filter(|_| reason == "stop" && !called && !refused),
        explanation: None,
        logprobs: chosen.logprobs.filter(|raw| raw.get() != "null"),
        parts,
    })
}

fn parts<'a>(mut message: Message<'a>, cut: bool, id: &str) -> Result<Vec<Part<'a>>, Fault> {
    let mut parts: Vec<Part<'a>> = thoughts(&message).into_iter().map(thinks).collect();
    if let Some(content) = message.content {
        let mut whole: Option<Cow<'a, str>> = None;
        for piece in pieces(content)? {
            match (piece, &mut whole) {
                (Piece::Thought(said), _) if said.is_empty() => {}
                (Piece::Thought(said), _) => parts.push(thinks(plain(said))),
                (Piece::Text(said), Some(whole)) => whole.to_mut().push_str(&said),
                (Piece::Text(said), whole) => *whole = Some(said),
            }
        }
        if let Some(text) = whole.filter(|text| !text.is_empty()) {
            parts.push(Part::of(Kind::Text {
                text: Text::Said(text),
                cites: cites(message.annotations).collect(),
            }));
        }
    }
    let refusal = words(message.refusal);
    parts.extend(refusal.map(|text| Part::of(Kind::Refusal(Text::Said(text)))));
    parts.extend(images(message.images).map(|image| Part::of(Kind::Media(image))));
    let mut calls = message.tool_calls.take().unwrap_or_default();
    // The older way to call: one, and without an id.
    calls.extend(message.function_call.take().map(|function| ToolCall {
        id: None,
        function: Some(function),
        custom: None,
        extra_content: None,
    }));
    // One host signs the message for its first call.
    let mut seal = signature(message.extra_content);
    let last = calls.len().saturating_sub(1);
    for (i, call) in calls.into_iter().enumerate() {
        match read_call(call, i, id, &mut seal) {
            Some(call) => parts.push(Part::of(Kind::Call(call))),
            // A call that ran into the limit is no call; the stop reason says so.
            None if cut && i == last => {}
            None => return Err(trouble::nonsense()),
        }
    }
    if let Some(seal) = seal {
        let thought = Thought {
            seal: Some(seal),
            ..Thought::default()
        };
        parts.insert(0, thinks(thought));
    }
    Ok(parts)
}

fn plain(text: Cow<'_, str>) -> Thought<'_> {
    Thought {
        text: Some(Text::Said(text)),
        ..Thought::default()
    }
}

fn thinks(thought: Thought<'_>) -> Part<'_> {
    Part::of(Kind::Thought(thought))
}

/// Reasoning, each thought with its seal. What is told as one text may be told again in pieces,
/// and then the pieces know which seal belongs to which.
fn thoughts<'a>(message: &Message<'a>) -> Vec<Thought<'a>> {
    let details: Vec<_> = details(message.reasoning_details).collect();
    let mut all: Vec<Thought<'a>> = Vec::new();
    if !details.iter().any(|detail| detail.text.is_some()) {
        let text = words(message.reasoning_content).or_else(|| words(message.reasoning));
        all.extend(text.map(plain));
    }
    for detail in details {
        all.extend(detail.text.map(|text| Thought {
            summary: detail.summary,
            ..plain(text)
        }));
        let Some(seal) = detail.seal else { continue };
        match all.last_mut().filter(|last| last.seal.is_none()) {
            Some(last) => (last.seal, last.id) = (Some(seal), detail.id),
            None => all.push(Thought {
                id: detail.id,
                seal: Some(seal),
                ..Thought::default()
            }),
        }
    }
    all
}

fn read_call<'a>(
    call: ToolCall<'a>,
    i: usize,
    answer: &str,
    seal: &mut Option<Seal<'a>>,
) -> Option<Call<'a>> {
    let custom = call.function.is_none();
    let function = call.function.or(call.custom)?;
    let input = if custom {
        Input::Spelt(function.input.unwrap_or_default())
    } else {
        let spelt = fragment(function.arguments)?;
        json::object(Cow::Borrowed(&spelt))?;
        Input::Spelt(spelt)
    };
    let id = call.id.filter(|id| !id.is_empty());
    Some(Call {
        id: id.unwrap_or_else(|| {
            let nth = if answer.is_empty() {
                format!("call_{i}")
            } else {
                made_up(answer, i, &function.name)
            };
            nth.into()
        }),
        name: Text::Said(function.name),
        input,
        custom,
        seal: signature(call.extra_content).or_else(|| seal.take()),
    })
}
