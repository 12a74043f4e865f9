//! Content parts of a client's request.

use std::borrow::Cow;

use towerman_core::Fault;

use super::media;
use crate::neutral::{
    Around, Fields, Kind, Mark, Part, Raw, Rest, Text, Thought, fields::read as read_as, refuse,
};

/// Which parts may stand somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Where {
    /// Instructions: text.
    System,
    /// What an assistant said: text, refusals, thoughts.
    Said,
    /// What a user or a tool shows.
    Shown,
}

/// A message's content, a string or parts. An empty string is none.
pub(super) fn read<'a>(
    content: Option<Raw<'a>>,
    at: &str,
    place: Where,
    around: &mut Vec<Around<'a>>,
) -> Result<Vec<Part<'a>>, Fault> {
    let Some(content) = content else {
        return Ok(Vec::new());
    };
    if content.get().starts_with('"') {
        let text = Text::Spelt(content);
        if text.is_empty() {
            return Ok(Vec::new());
        }
        let part = Part::of(Kind::Text {
            text,
            cites: Vec::new(),
        });
        let at = at.into();
        return Ok(vec![Part { at, ..part }]);
    }
    let list: Vec<Raw<'a>> = read_list(content, at)?;
    let numbered = list.into_iter().enumerate();
    numbered
        .map(|(i, raw)| part(raw, &format!("{at}/{i}"), place, around))
        .collect()
}

fn read_list<'a>(content: Raw<'a>, at: &str) -> Result<Vec<Raw<'a>>, Fault> {
    read_as(content, at, "a string or an array of parts")
}

fn part<'a>(
    raw: Raw<'a>,
    at: &str,
    place: Where,
    around: &mut Vec<Around<'a>>,
) -> Result<Part<'a>, Fault> {
    let mut part = Fields::read(raw, at)?;
    let members = part.members().to_vec();
    let kind = part.need_string("type", at)?;
    let shown = place == Where::Shown;
    let said = match &*kind {
        "text" => Kind::Text {
            text: part.need_text("text", at)?,
            cites: Vec::new(),
        },
        "refusal" if place == Where::Said => Kind::Refusal(part.need_text("refusal", at)?),
        "thinking" if place == Where::Said => thinking(&mut part, at)?,
        "image_url" if shown => media::image(&mut part, at, around)?,
        "video_url" if shown => media::video(&mut part, at, around)?,
        "document_url" if shown => media::document(&mut part, at, around)?,
        "input_audio" if shown => media::audio(&mut part, at, around)?,
        "file" if shown => media::file(&mut part, at, around)?,
        _ => {
            return Err(refuse(
                format!("{at}/type"),
                "is no kind of content that this model's API can take here",
            ));
        }
    };
    let mark = mark(&mut part, at)?;
    let at: Box<str> = media::place_of(&said, at);
    let rest = part.rest();
    // What is no text is written to its own dialect as it was spelt.
    let whole = matches!(said, Kind::Media(_) | Kind::Thought(_));
    around.push(Around {
        at: at.clone(),
        own: spelt(members, &rest, |key| whole || MARKS.contains(&key)),
        rest: Rest::default(),
    });
    Ok(Part {
        kind: said,
        mark,
        at,
        rest,
    })
}

/// Those of an object's members that were taken out of it.
pub(super) fn spelt<'a>(
    mut members: Vec<(Cow<'a, str>, Raw<'a>)>,
    rest: &Rest<'a>,
    which: impl Fn(&str) -> bool,
) -> Rest<'a> {
    members.retain(|(key, _)| which(key) && !rest.0.iter().any(|(left, _)| left == key));
    Rest(members)
}

/// What marks the end of a prompt that shall be cached.
pub(super) const MARKS: [&str; 2] = ["prompt_cache_breakpoint", "cache_control"];

/// OpenAI's own mark, or Anthropic's, which several hosts of this dialect take.
pub(super) fn mark(fields: &mut Fields<'_>, at: &str) -> Result<Option<Mark>, Fault> {
    let own = fields.take("prompt_cache_breakpoint").is_some();
    let Some(mut control) = fields.object("cache_control", at)? else {
        return Ok(own.then_some(Mark::Minutes));
    };
    let hour = control.string("ttl", at)?.as_deref() == Some("1h");
    Ok(Some(if hour { Mark::Hour } else { Mark::Minutes }))
}

/// Mistral's: a list of texts.
fn thinking<'a>(part: &mut Fields<'a>, at: &str) -> Result<Kind<'a>, Fault> {
    let at = format!("{at}/thinking");
    let texts = match part.take("thinking") {
        None => Vec::new(),
        Some(raw) => read_list(raw, &at)?,
    };
    let mut said = String::new();
    for (i, raw) in texts.into_iter().enumerate() {
        let at = format!("{at}/{i}");
        said.push_str(
            &Fields::read(raw, &at)?
                .string("text", &at)?
                .unwrap_or_default(),
        );
    }
    Ok(Kind::Thought(Thought {
        text: Some(Text::Said(said.into())),
        ..Thought::default()
    }))
}
