//! Writes parts.

use std::borrow::Cow;

use serde_json::value::RawValue;
use towerman_core::Fault;

use super::{OTHER, Way, media};
use crate::{
    dialect::{
        gemini::read::SEAL,
        node::{Node, Object},
    },
    neutral::{
        Alphabet, Call, Input, Kind, Maker, Part, Rest, Seal, Source, Text, Thought, ToolResult,
        fit, json,
    },
};

/// What Gemini takes for the signature of a call that it did not make.
const SENTINEL: &str = "skip_thought_signature_validator";

/// The parts of one content.
#[derive(Default)]
struct Parts<'a> {
    done: Vec<Node<'a>>,
    /// The last part, which may still be sealed.
    last: Option<Object<'a>>,
    called: bool,
}

pub(super) fn system<'a>(
    parts: Vec<Part<'a>>,
    way: &mut Way<'a, '_>,
) -> Result<Option<Object<'a>>, Fault> {
    let (mut object, rest) = way.begin("/systemInstruction");
    let parts = self::parts(parts, way)?;
    if parts.is_empty() && object.is_empty() && rest.0.is_empty() {
        return Ok(None);
    }
    object.put("parts", parts);
    object.rest(rest);
    Ok(Some(object))
}

pub(super) fn parts<'a>(
    parts: Vec<Part<'a>>,
    way: &mut Way<'a, '_>,
) -> Result<Vec<Node<'a>>, Fault> {
    let mut written = Parts::default();
    for part in parts {
        written.take(part, way)?;
    }
    written.done.extend(written.last.map(Node::Object));
    Ok(written.done)
}

impl<'a> Parts<'a> {
    fn take(&mut self, part: Part<'a>, way: &mut Way<'a, '_>) -> Result<(), Fault> {
        let Part {
            kind,
            mark,
            at,
            rest,
        } = part;
        if mark.is_some() && !way.own {
            way.notes
                .mapped(at.clone(), "left out: Gemini caches by itself");
        }
        let object = match kind {
            Kind::Foreign { raw, .. } if way.own => {
                self.done.extend(self.last.take().map(Node::Object));
                self.done.push(raw.into());
                return Ok(());
            }
            Kind::Foreign { .. } => {
                let why = "is no kind of content that this model's API can take";
                return Err(way.notes.refused(at, why));
            }
            Kind::Text { text, .. } if text.is_empty() && !way.own => return Ok(()),
            Kind::Text { text, cites } => {
                if !cites.is_empty() && !way.own {
                    way.notes.dropped(at.clone(), OTHER)?;
                }
                Object::default().with("text", text)
            }
            Kind::Refusal(text) => {
                way.notes.mapped(at.clone(), "told as text");
                Object::default().with("text", text)
            }
            Kind::Media(said) => media::media(said, &at, way)?,
            Kind::Call(call) => self.call(call, &at, way)?,
            Kind::Result(result) => self::result(result, &at, way)?,
            Kind::Thought(thought) => return self.thought(thought, &at, rest, way),
        };
        self.push(object, rest, &at, way)
    }

    fn push(
        &mut self,
        mut object: Object<'a>,
        rest: Rest<'a>,
        at: &str,
        way: &mut Way<'a, '_>,
    ) -> Result<(), Fault> {
        object.rest(way.lose(rest, at)?);
        self.done
            .extend(self.last.replace(object).map(Node::Object));
        Ok(())
    }

    fn thought(
        &mut self,
        thought: Thought<'a>,
        at: &str,
        rest: Rest<'a>,
        way: &mut Way<'a, '_>,
    ) -> Result<(), Fault> {
        let sealed = thought.seal.is_some();
        let seal = gemini(thought.seal);
        if sealed && seal.is_none() {
            let what = "dropped: another model's seal, which Gemini cannot read";
            way.notes.dropped(at, what)?;
        } else if !sealed && !way.own {
            way.notes
                .dropped(at, "dropped: a thought that nothing proves")?;
        }
        // Others say an empty thought where Gemini says none.
        let text = thought.text.filter(|text| way.own || !text.is_empty());
        let object = match (text, seal) {
            (Some(text), seal) if way.own || seal.is_some() => {
                let mut object = Object::default().with("text", text).with("thought", true);
                object.maybe("thoughtSignature", seal);
                object
            }
            // It proves what stands before it.
            (None, Some(seal)) if at.ends_with(SEAL) || !way.own => match &mut self.last {
                Some(last) => {
                    last.put("thoughtSignature", seal);
                    return Ok(());
                }
                None => lone(seal),
            },
            (None, Some(seal)) => lone(seal),
            _ => return Ok(()),
        };
        self.push(object, rest, at, way)
    }

    fn call(
        &mut self,
        call: Call<'a>,
        at: &str,
        way: &mut Way<'a, '_>,
    ) -> Result<Object<'a>, Fault> {
        if call.custom {
            let why = "calls a tool whose input is free text, which Gemini has none of";
            return Err(way.notes.refused(at, why));
        }
        let (mut said, around) = way.begin(&format!("{at}/functionCall"));
        if !way.own {
            said.put("id", fit(call.id, Alphabet::Any));
        }
        said.put("name", call.name);
        let input: Cow<'a, RawValue> = match call.input {
            Input::Object(raw) => raw,
            Input::Spelt(text) => match json::object(text) {
                Some(raw) => Cow::Owned(raw),
                None => return Err(way.notes.refused(at, "has an input that is no JSON object")),
            },
        };
        said.put("args", input);
        said.rest(around);
        let mut object = Object::default().with("functionCall", said);
        let sealed = call.seal.is_some();
        let first = !std::mem::replace(&mut self.called, true);
        match gemini(call.seal) {
            Some(seal) => object.put("thoughtSignature", seal),
            // Whoever speaks Gemini's own dialect knows which model wants what.
            None if first && (sealed || !way.own) => {
                let what = "signed as a call of another model's: Gemini wants a signature";
                way.notes.mapped(at, what);
                object.put("thoughtSignature", SENTINEL);
            }
            None => {}
        }
        Ok(object)
    }
}

fn result<'a>(
    result: ToolResult<'a>,
    at: &str,
    way: &mut Way<'a, '_>,
) -> Result<Object<'a>, Fault> {
    let (mut said, around) = way.begin(&format!("{at}/functionResponse"));
    if !way.own {
        said.put("id", fit(result.id, Alphabet::Any));
    }
    said.put("name", result.name.unwrap_or(Text::Said("".into())));
    let mut texts = Vec::new();
    let mut media = Vec::new();
    for part in result.content {
        match part.kind {
            Kind::Text { text, .. } | Kind::Refusal(text) => texts.push(text),
            Kind::Media(said) => match said.source {
                Source::Text(text) => texts.push(text),
                _ => {
                    let mut object = media::media(said, &part.at, way)?;
                    object.rest(way.lose(part.rest, &part.at)?);
                    media.push(Node::Object(object));
                }
            },
            _ => {
                let why = "is nothing that Gemini takes in a result";
                return Err(way.notes.refused(part.at, why));
            }
        }
    }
    match result.object {
        Some(raw) => said.put("response", raw),
        None => said.put("response", response(texts, result.error)),
    }
    if !media.is_empty() {
        said.put("parts", media);
    }
    said.rest(around);
    Ok(Object::default().with("functionResponse", said))
}

/// A result is an object. One whose text is an object already is left as it is.
fn response<'a>(mut texts: Vec<Text<'a>>, error: bool) -> Node<'a> {
    let text = match (texts.pop(), texts.is_empty()) {
        (None, _) => Text::Said("".into()),
        (Some(text), true) => text,
        (Some(text), false) => {
            texts.push(text);
            let said: Vec<Cow<'a, str>> = texts.into_iter().map(Text::say).collect();
            Text::Said(said.join("\n").into())
        }
    };
    if error {
        return Object::default().with("error", text).into();
    }
    let said = text.clone().say();
    if said.trim_start().starts_with('{')
        && let Some(raw) = json::object(said)
    {
        return Node::Made(Cow::Owned(raw));
    }
    Object::default().with("output", text).into()
}

/// The seal, if Gemini can read it.
fn gemini(seal: Option<Seal<'_>>) -> Option<Cow<'_, str>> {
    let seal = seal.filter(|seal| seal.maker == Maker::Gemini);
    seal.map(|seal| seal.data)
}

/// A seal with nothing to prove but what came before.
fn lone(seal: Cow<'_, str>) -> Object<'_> {
    Object::default()
        .with("text", "")
        .with("thoughtSignature", seal)
}
