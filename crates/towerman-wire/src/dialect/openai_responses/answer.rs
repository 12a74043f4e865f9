//! Reads and writes whole answers.

use std::borrow::Cow;

use bytes::Bytes;
use serde_json::value::RawValue;
use towerman_core::{Fault, Finish};

use super::{
    encode::Encoder,
    read::parts::cite,
    said::{Item, Response, Said, object, objects, text},
};
use crate::{
    dialect::Encode as _,
    neutral::{
        Answer, Call, Choice, Hearer, Input, Kind, Maker, Part, Raw, Seal, Sealed, Text, Thought,
        json, made_up, unfold,
    },
    translate::trouble,
};

pub(super) fn read(body: &[u8]) -> Result<Answer<'_>, Fault> {
    let raw: &RawValue = serde_json::from_slice(body).map_err(|_| trouble::nonsense())?;
    let response: Response<'_> = object(Some(raw)).ok_or_else(trouble::nonsense)?;
    if let Some(error) = response.failed() {
        return Err(trouble::read(error));
    }
    if !response
        .output
        .is_some_and(|output| output.get().starts_with('['))
    {
        return Err(trouble::nonsense());
    }
    let id = text(response.id).unwrap_or_default();
    let mut parts = Vec::new();
    for item in objects(response.output) {
        take(&item, &id, &mut parts);
    }
    let called = parts.iter().any(|part| matches!(part.kind, Kind::Call(_)));
    let finish = response.finish("completed", called);
    let cut = |part: &Part<'_>| match &part.kind {
        Kind::Call(Call {
            input: Input::Spelt(text),
            custom: false,
            ..
        }) => json::object(Cow::Borrowed(text)).is_none(),
        _ => false,
    };
    if finish == Finish::Length {
        // A call that was cut is no call.
        parts.retain(|part| !cut(part));
    } else if parts.iter().any(cut) {
        return Err(trouble::nonsense());
    }
    Ok(Answer {
        model: text(response.model).unwrap_or_default(),
        created: response.created(),
        usage: response.usage(),
        choices: vec![Choice {
            parts,
            finish,
            ..Choice::default()
        }],
        id,
    })
}

/// Takes in an item. Those of hosted tools are nothing that another dialect's client could hear.
pub(super) fn take<'a>(item: &Item<'a>, answer: &str, parts: &mut Vec<Part<'a>>) {
    match text(item.kind).as_deref() {
        Some("message") => {
            for said in objects::<Said<'a>>(item.content) {
                parts.extend(content(&said).map(Part::of));
            }
        }
        Some(kind @ ("function_call" | "custom_tool_call")) => {
            let custom = kind == "custom_tool_call";
            let input = if custom { item.input } else { item.arguments };
            let name = text(item.name).unwrap_or_default();
            let nth = parts
                .iter()
                .filter(|part| matches!(part.kind, Kind::Call(_)));
            let id = text(item.call_id).filter(|id| !id.is_empty());
            let id = id.unwrap_or_else(|| made_up(answer, nth.count(), &name).into());
            parts.push(Part::of(Kind::Call(Call {
                id,
                name: Text::Said(name),
                input: Input::Spelt(text(input).unwrap_or_default()),
                custom,
                seal: None,
            })));
        }
        Some("reasoning") => reasoning(item, parts),
        _ => {}
    }
}

fn content<'a>(said: &Said<'a>) -> Option<Kind<'a>> {
    if text(said.kind).as_deref() == Some("refusal") {
        return Some(Kind::Refusal(Text::Said(text(said.refusal)?)));
    }
    let list = said
        .annotations
        .and_then(|raw| serde_json::from_str(raw.get()).ok());
    let list: Vec<Raw<'a>> = list.unwrap_or_default();
    Some(Kind::Text {
        text: Text::Said(text(said.text)?),
        cites: list.into_iter().map(cite).collect(),
    })
}

/// As in requests: its texts are parts of one id, and its seal is the last one's. One that says
/// nothing at all is none.
fn reasoning<'a>(item: &Item<'a>, parts: &mut Vec<Part<'a>>) {
    let id = text(item.id);
    let mut thoughts = Vec::new();
    for (list, summary) in [(item.summary, true), (item.content, false)] {
        let texts = objects::<Said<'a>>(list).into_iter();
        let texts = texts.filter_map(|said| text(said.text).filter(|text| !text.is_empty()));
        thoughts.extend(texts.map(|text| Thought {
            text: Some(Text::Said(text)),
            summary,
            id: id.clone(),
            seal: None,
        }));
    }
    if let Some(seal) = seal(item) {
        if thoughts.is_empty() {
            thoughts.push(Thought {
                summary: true,
                id,
                ..Thought::default()
            });
        }
        if let Some(last) = thoughts.last_mut() {
            last.seal = Some(seal);
        }
    }
    parts.extend(
        thoughts
            .into_iter()
            .map(|thought| Part::of(Kind::Thought(thought))),
    );
}

pub(super) fn seal<'a>(item: &Item<'a>) -> Option<Seal<'a>> {
    let data = text(item.encrypted_content).filter(|data| !data.is_empty())?;
    Some(Seal::read(Maker::OpenAi, Sealed::Encrypted, data))
}

/// Writes the answer as the last event of its stream would have told it.
pub(super) fn write(mut answer: Answer<'_>, hearer: &Hearer) -> Result<Bytes, Fault> {
    answer.choices.truncate(1);
    let mut encoder = Encoder::whole(hearer.clone());
    unfold(answer, &mut |delta| encoder.delta(delta, &mut Vec::new()));
    crate::dialect::write(&encoder.object())
}
