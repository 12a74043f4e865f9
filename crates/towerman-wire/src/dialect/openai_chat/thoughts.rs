//! What an assistant thought, as a client's request tells it again.

use std::borrow::Cow;

use towerman_core::Fault;

use crate::neutral::{Around, Fields, Kind, Maker, Part, Raw, Rest, Seal, Sealed, Text, Thought};

/// What the clones call reasoning. Its seals stand in a list beside it, and sometimes the text
/// does again.
pub(super) fn read<'a>(
    message: &mut Fields<'a>,
    at: &str,
    around: &mut Vec<Around<'a>>,
) -> Result<Vec<Part<'a>>, Fault> {
    let mut all = Vec::new();
    let details = message.list("reasoning_details", at)?;
    for (i, raw) in details.into_iter().enumerate() {
        let at: Box<str> = format!("{at}/reasoning_details/{i}").into();
        around.push(Around {
            at: at.clone(),
            own: Rest(vec![("detail".into(), raw)]),
            rest: Rest::default(),
        });
        let kind = detail(raw, &at)?;
        all.push(Part {
            at,
            ..Part::of(kind)
        });
    }
    let content = message.text("reasoning_content", at)?;
    // Some send it under both names.
    let older = message
        .take("reasoning")
        .filter(|raw| raw.get().starts_with('"'));
    let (text, name) = match (content.filter(|text| !text.is_empty()), older) {
        (Some(text), _) => (text, "reasoning_content"),
        (None, Some(raw)) => (Text::Spelt(raw), "reasoning"),
        (None, None) => return Ok(all),
    };
    let has_text = |part: &Part<'_>| match &part.kind {
        Kind::Thought(thought) => thought.text.as_ref().is_some_and(|text| !text.is_empty()),
        _ => false,
    };
    if text.is_empty() || all.iter().any(has_text) {
        return Ok(all);
    }
    match sealed(&mut all) {
        Some(thought) => thought.text = Some(text),
        None => all.insert(
            0,
            Part {
                at: format!("{at}/{name}").into(),
                ..Part::of(Kind::Thought(Thought {
                    text: Some(text),
                    ..Thought::default()
                }))
            },
        ),
    }
    Ok(all)
}

/// The seal that belongs to a lone text: the only signature, or else the only seal. With more of
/// them, nobody can say which of them is whose.
fn sealed<'p, 'a>(parts: &'p mut [Part<'a>]) -> Option<&'p mut Thought<'a>> {
    let is = |part: &Part<'_>, kind| matches!(&part.kind, Kind::Thought(Thought { seal: Some(seal), .. }) if seal.kind == kind);
    let count = |kind| parts.iter().filter(|part| is(part, kind)).count();
    let kind = match (count(Sealed::Signature), count(Sealed::Encrypted)) {
        (1, _) => Sealed::Signature,
        (0, 1) => Sealed::Encrypted,
        _ => return None,
    };
    let found = parts.iter_mut().find(|part| is(part, kind))?;
    match &mut found.kind {
        Kind::Thought(thought) => Some(thought),
        _ => None,
    }
}

fn detail<'a>(raw: Raw<'a>, at: &str) -> Result<Kind<'a>, Fault> {
    let mut detail = Fields::read(raw, at)?;
    let kind = detail.need_string("type", at)?;
    let seal = |kind, data: Option<Cow<'a, str>>| {
        data.filter(|data| !data.is_empty())
            .map(|data| Seal::read(Maker::Chat, kind, data))
    };
    let thought = match &*kind {
        "reasoning.text" => Thought {
            text: detail.text("text", at)?,
            seal: seal(Sealed::Signature, detail.string("signature", at)?),
            ..Thought::default()
        },
        "reasoning.summary" => Thought {
            text: detail.text("summary", at)?,
            summary: true,
            ..Thought::default()
        },
        "reasoning.encrypted" => Thought {
            id: detail.string("id", at)?,
            seal: seal(Sealed::Encrypted, detail.string("data", at)?),
            ..Thought::default()
        },
        _ => return Ok(Kind::Foreign { kind, raw }),
    };
    Ok(Kind::Thought(thought))
}
