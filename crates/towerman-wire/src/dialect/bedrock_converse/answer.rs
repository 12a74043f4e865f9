//! A provider's whole answer.

use std::borrow::Cow;

use towerman_core::{Fault, Finish};

use super::said::{Block, Reasoning, ToolUse, Whole, finish, usage};
use crate::{
    dialect::empty_object,
    neutral::{
        Answer, Call, Choice, Input, Kind, Maker, Part, Raw, Seal, Sealed, Text, Thought,
        fields::Said, json, made_up,
    },
    translate::trouble,
};

pub(super) fn read(body: &[u8]) -> Result<Answer<'_>, Fault> {
    let whole: Whole<'_> =
        serde_json::from_slice(body).map_err(|error| trouble::nonsense().because(error))?;
    let message = whole.output.and_then(|output| output.message);
    let message = message.ok_or_else(trouble::nonsense)?;
    let reason = whole.reason.map(|reason| reason.0).unwrap_or_default();
    let finish = finish(reason.as_bytes());
    let mut parts = Vec::new();
    let mut blocks = message
        .content
        .unwrap_or_default()
        .into_iter()
        .enumerate()
        .peekable();
    while let Some((nth, raw)) = blocks.next() {
        match block(raw, nth) {
            Some(read) => parts.extend(read),
            // A call that ran into the limit is no call; the stop reason says so.
            None if finish == Finish::Length && blocks.peek().is_none() => {}
            None => return Err(trouble::nonsense()),
        }
    }
    Ok(Answer {
        choices: vec![Choice {
            parts,
            finish,
            ..Choice::default()
        }],
        usage: usage(whole.usage),
        ..Answer::default()
    })
}

/// What a block says, if it says anything; nothing at all if it makes no sense.
fn block(raw: Raw<'_>, nth: usize) -> Option<Option<Part<'_>>> {
    let block: Block<'_> = serde_json::from_str(raw.get()).ok()?;
    let text = |text: Cow<'_, str>| !text.is_empty();
    Some(if let Some(said) = block.text {
        text(Cow::Borrowed(&said.0)).then(|| Part::said(said.0))
    } else if let Some(call) = block.call {
        if call.is_hosted() {
            return Some(None);
        }
        Some(Part::of(Kind::Call(self::call(call, nth)?)))
    } else if let Some(thought) = block.thought {
        self::thought(thought)
    } else if let Some(image) = block.image {
        image.media().map(|media| Part::of(Kind::Media(media)))
    } else if let Some(cited) = block.cited {
        let (text, cites) = (Text::Said(cited.text()), cited.cites());
        Some(Part::of(Kind::Text { text, cites }))
    } else {
        None
    })
}

fn call(call: ToolUse<'_>, nth: usize) -> Option<Call<'_>> {
    let name = call.name.map(|name| name.0)?;
    let input = match call.input {
        None => Cow::Owned(empty_object()),
        Some(input) if json::is_object(input.get()) => Cow::Borrowed(input),
        Some(_) => return None,
    };
    let id = call.id.map(|id| id.0).filter(|id| !id.is_empty());
    Some(Call {
        id: id.unwrap_or_else(|| made_up("", nth, &name).into()),
        name: Text::Said(name),
        input: Input::Object(input),
        custom: false,
        seal: None,
    })
}

fn thought(said: Reasoning<'_>) -> Option<Part<'_>> {
    if let Some(Said(data)) = said.redacted.filter(|data| !data.0.is_empty()) {
        return Some(Part::of(Kind::Thought(Thought {
            seal: Some(Seal::read(Maker::Anthropic, Sealed::Encrypted, data)),
            ..Thought::default()
        })));
    }
    let whole = said.whole?;
    let text = whole
        .text
        .map(|text| text.0)
        .filter(|text| !text.is_empty());
    let signature = whole.signature.map(|data| data.0);
    let signature = signature.filter(|data| !data.is_empty());
    let thought = Thought {
        text: text.map(Text::Said),
        seal: signature.map(|data| Seal::read(Maker::Anthropic, Sealed::Signature, data)),
        ..Thought::default()
    };
    let says = thought.text.is_some() || thought.seal.is_some();
    says.then(|| Part::of(Kind::Thought(thought)))
}
