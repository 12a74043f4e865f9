//! Whole answers.

use std::borrow::Cow;

use bytes::Bytes;
use towerman_core::{Dialect, Fault, Finish};

use super::{
    cite,
    finish::{self, Heard},
    said::{self, cites, seal, some, text},
    shape::{Details, Message, Said, Stop},
    usage,
};
use crate::{
    dialect::{empty_object, write as written},
    neutral::{
        Alphabet, Answer, Call, Choice, Hearer, Input, Kind, Maker, Part, Raw, Seal, Sealed, Text,
        Thought, fit, json, made_up,
    },
    translate::trouble,
    usage::Tokens,
};

pub(super) fn read(body: &[u8]) -> Result<Answer<'_>, Fault> {
    let message: said::Message<'_> =
        serde_json::from_slice(body).map_err(|error| trouble::nonsense().because(error))?;
    if let Some(error) = message.error {
        return Err(trouble::read(error));
    }
    let id = some(message.id).unwrap_or_default();
    let reason = some(message.stop_reason).unwrap_or_default();
    let cut = finish::read(&reason) == Finish::Length;
    let mut parts = Vec::new();
    for (nth, raw) in message
        .content
        .ok_or_else(trouble::nonsense)?
        .into_iter()
        .enumerate()
    {
        match part(raw, &id, nth) {
            Ok(part) => parts.extend(part.map(Part::of)),
            // A call that ran into the limit is no call; the reason to stop says so.
            Err(_) if cut => {}
            Err(fault) => return Err(fault),
        }
    }
    let explanation = message.stop_details.and_then(|details| details.explanation);
    let mut tokens = Tokens::default();
    usage::report(&mut tokens, message.usage);
    Ok(Answer {
        id,
        model: some(message.model).unwrap_or_default(),
        created: None,
        choices: vec![Choice {
            parts,
            finish: finish::read(&reason),
            sequence: some(message.stop_sequence),
            explanation: some(explanation).filter(|_| reason == "refusal"),
            logprobs: None,
        }],
        usage: tokens.usage(Dialect::Anthropic),
    })
}

/// What the provider did by itself is passed over: its outcome is in the text.
fn part<'a>(raw: Raw<'a>, answer: &str, nth: usize) -> Result<Option<Kind<'a>>, Fault> {
    let block: said::Block<'a> =
        serde_json::from_str(raw.get()).map_err(|error| trouble::nonsense().because(error))?;
    Ok(match &*block.kind {
        "text" => text(block.text).map(|text| Kind::Text {
            text: Text::Said(text),
            cites: cites(block.citations),
        }),
        "thinking" => Some(Kind::Thought(Thought {
            text: text(block.thinking).map(Text::Said),
            seal: seal(Sealed::Signature, text(block.signature)),
            ..Thought::default()
        })),
        "redacted_thinking" => Some(Kind::Thought(Thought {
            seal: seal(Sealed::Encrypted, text(block.data)),
            ..Thought::default()
        })),
        "tool_use" => {
            let name = text(block.name).ok_or_else(trouble::nonsense)?;
            let id = text(block.id).unwrap_or_else(|| made_up(answer, nth, &name).into());
            let input = match block.input {
                None => Cow::Owned(empty_object()),
                Some(input) if json::is_object(input.get()) => Cow::Borrowed(input),
                Some(_) => return Err(trouble::nonsense()),
            };
            Some(Kind::Call(Call {
                id,
                name: Text::Said(name),
                input: Input::Object(input),
                custom: false,
                seal: None,
            }))
        }
        _ => None,
    })
}

/// Anthropic's clients are told one answer.
pub(super) fn write(answer: Answer<'_>, hearer: &Hearer) -> Result<Bytes, Fault> {
    let choice = answer.choices.into_iter().next();
    let Choice {
        parts,
        finish,
        sequence,
        explanation,
        logprobs: _,
    } = choice.ok_or_else(trouble::nonsense)?;
    let (content, heard) = blocks(parts, finish)?;
    let model = match &*answer.model {
        "" => &*hearer.model,
        model => model,
    };
    written(&Message {
        id: &answer.id,
        r#type: "message",
        role: "assistant",
        model,
        content,
        stop: stop(finish, heard, sequence, explanation),
        usage: answer.usage.unwrap_or_default().into(),
    })
}

pub(super) fn stop<'a>(
    finish: Finish,
    heard: Heard,
    sequence: Option<Cow<'a, str>>,
    explanation: Option<Cow<'a, str>>,
) -> Stop<'a> {
    let reason = finish::write(finish, heard, sequence.is_some());
    Stop {
        stop_reason: Some(reason),
        stop_sequence: sequence.filter(|_| reason == "stop_sequence"),
        stop_details: explanation
            .filter(|_| reason == "refusal")
            .map(Details::refusal),
    }
}

fn blocks(parts: Vec<Part<'_>>, finish: Finish) -> Result<(Vec<Said<'_>>, Heard), Fault> {
    let (mut blocks, mut heard) = (Vec::with_capacity(parts.len()), Heard::default());
    for part in parts {
        match part.kind {
            Kind::Text { text, cites } if !text.is_empty() => blocks.push(Said::Text {
                text,
                citations: cites.into_iter().filter_map(cite::told).collect(),
            }),
            Kind::Refusal(text) if !text.is_empty() => {
                heard.refused = true;
                blocks.push(Said::Text {
                    text,
                    citations: Vec::new(),
                });
            }
            Kind::Thought(thought) => blocks.extend(thinking(thought)),
            Kind::Call(call) => match tool_use(call) {
                Some(block) => {
                    heard.called = true;
                    blocks.push(block);
                }
                // A call that ran into the limit is no call; the reason to stop says so.
                None if finish == Finish::Length => {}
                None => return Err(trouble::nonsense()),
            },
            // There is no block of the model's that says these.
            Kind::Text { .. }
            | Kind::Refusal(_)
            | Kind::Media(_)
            | Kind::Result(_)
            | Kind::Foreign { .. } => {}
        }
    }
    Ok((blocks, heard))
}

/// An empty thought with nothing to prove it says nothing.
fn thinking(thought: Thought<'_>) -> Option<Said<'_>> {
    let text = thought.text.filter(|text| !text.is_empty());
    let told = |seal: &Seal<'_>| Cow::Owned(seal.told(Maker::Anthropic).into_owned());
    match (text, thought.seal) {
        (text, Some(seal)) if is_redacted(&seal, text.is_some()) => {
            Some(Said::RedactedThinking { data: told(&seal) })
        }
        (None, None) => None,
        (text, seal) => Some(Said::Thinking {
            thinking: text.unwrap_or(Text::Said("".into())),
            signature: seal.as_ref().map(told).unwrap_or_default(),
        }),
    }
}

/// Whether a seal is told in a block of its own. One of another maker's says for itself what it
/// is, and can stand beside a text.
pub(super) fn is_redacted(seal: &Seal<'_>, beside_text: bool) -> bool {
    seal.kind == Sealed::Encrypted && (seal.maker == Maker::Anthropic || !beside_text)
}

fn tool_use(call: Call<'_>) -> Option<Said<'_>> {
    let input = match call.input {
        Input::Object(input) => input,
        Input::Spelt(text) => Cow::Owned(json::object(text)?),
    };
    Some(Said::ToolUse {
        id: fit(call.id, Alphabet::Names),
        name: call.name,
        input,
    })
}
