//! Reads whole answers.

use towerman_core::{Dialect, Fault, Finish};

use super::{
    cite, finish,
    read::medium,
    said::{Candidate, Piece, Response},
};
use crate::{
    neutral::{Answer, Call, Choice, Input, Kind, Media, Part, Source, Text, Thought, made_up},
    translate::trouble,
    usage::Tokens,
};

pub(super) fn read(body: &[u8]) -> Result<Answer<'_>, Fault> {
    let response = Response::read(body).ok_or_else(trouble::nonsense)?;
    if let Some(error) = response.error() {
        return Err(trouble::read(error));
    }
    let id = response.id().unwrap_or_default();
    let mut choices = Vec::new();
    let mut calls = 0;
    for candidate in response.candidates() {
        choices.push(choice(candidate, &id, &mut calls)?);
    }
    if choices.is_empty() {
        let blocked = response.blocked().ok_or_else(trouble::nonsense)?;
        choices.push(Choice {
            finish: Finish::ContentFilter,
            explanation: Some(finish::explanation(&blocked.reason, blocked.message)),
            ..Choice::default()
        });
    }
    let mut tokens = Tokens::default();
    tokens.report(response.usage, Tokens::gemini);
    Ok(Answer {
        model: response.model().unwrap_or_default(),
        created: None,
        choices,
        usage: tokens.usage(Dialect::Gemini),
        id,
    })
}

fn choice<'a>(
    candidate: &Candidate<'a>,
    answer: &str,
    calls: &mut usize,
) -> Result<Choice<'a>, Fault> {
    let mut parts = Vec::new();
    let mut called = false;
    for piece in candidate.pieces() {
        called |= part(piece, answer, calls, &mut parts)?;
    }
    let cites = cite::all(candidate);
    let text = parts
        .iter_mut()
        .rev()
        .find_map(|part| match &mut part.kind {
            Kind::Text { cites, .. } => Some(cites),
            _ => None,
        });
    if let Some(place) = text {
        *place = cites;
    }
    let reason = candidate.reason();
    let reason = reason.as_deref().unwrap_or_default();
    let Some(finish) = finish::of(reason, called, !parts.is_empty()) else {
        return Err(trouble::nonsense());
    };
    let filtered = finish == Finish::ContentFilter;
    Ok(Choice {
        parts,
        finish,
        explanation: filtered.then(|| finish::explanation(reason, candidate.message())),
        ..Choice::default()
    })
}

/// Reads a part. Says whether it is a call.
fn part<'a>(
    piece: &Piece<'a>,
    answer: &str,
    calls: &mut usize,
    parts: &mut Vec<Part<'a>>,
) -> Result<bool, Fault> {
    let mut seal = piece.seal().map(|data| super::seal::read(data));
    let mut called = false;
    let kind = if let Some(said) = piece.call() {
        let name = said.name().ok_or_else(trouble::nonsense)?;
        let input = said.args().ok_or_else(trouble::nonsense)?;
        let nth = std::mem::replace(calls, *calls + 1);
        called = true;
        Some(Kind::Call(Call {
            id: said
                .id()
                .unwrap_or_else(|| made_up(answer, nth, &name).into()),
            name: Text::Said(name),
            input: Input::Object(input),
            custom: false,
            seal: seal.take(),
        }))
    } else if let Some((media_type, data)) = piece.image() {
        Some(Kind::Media(Media {
            what: medium(&media_type),
            source: Source::Base64 { media_type, data },
            name: None,
            detail: None,
        }))
    } else {
        match piece.text().map(Text::Said) {
            Some(text) if piece.is_thought() => Some(Kind::Thought(Thought {
                text: Some(text),
                seal: seal.take(),
                ..Thought::default()
            })),
            Some(text) => Some(Kind::Text {
                text,
                cites: Vec::new(),
            }),
            // Code that the provider ran, and what came of it.
            None => None,
        }
    };
    parts.extend(kind.map(Part::of));
    if seal.is_some() {
        parts.push(Part::of(Kind::Thought(Thought {
            seal,
            ..Thought::default()
        })));
    }
    Ok(called)
}
