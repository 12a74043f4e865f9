//! Writes an answer as `GenerateContentResponse`s one after another, as SSE or as a JSON array.

use std::{iter::once, sync::Arc};

use super::response::{candidate, function_call, response, text, thought};
use crate::{
    object::Raw,
    reply::{Event, Events, Reply},
    tokens::Pieces,
    wire::Form,
};

/// What one response adds to its candidate.
#[derive(Debug)]
enum Delta {
    Thought(String),
    Text(String),
    Call(usize),
    Finish,
}

/// Tokens so far.
#[derive(Debug, Default)]
struct Sent {
    chunks: usize,
    output: u64,
    thoughts: u64,
}

pub(super) fn events(reply: &Arc<Reply>) -> Events {
    let answer = &reply.answer;
    let shown = reply.shown().unwrap_or_default().to_owned();
    let thoughts = Pieces::new(shown).map(Delta::Thought);
    let text = Pieces::new(answer.text.clone().unwrap_or_default()).map(Delta::Text);
    let calls = (0..answer.calls.len()).map(Delta::Call);
    let deltas = thoughts.chain(text).chain(calls).chain(once(Delta::Finish));
    let form = reply.form;
    // What it thinks in secret takes its time before anything is said.
    let mut sent = Sent::default();
    let mut hidden = reply.hidden() * reply.choices;
    let choices = reply.choices;
    let reply = Arc::clone(reply);
    let chunks = deltas
        .flat_map(move |delta| {
            let delta = Arc::new(delta);
            (0..choices).map(move |choice| (choice, Arc::clone(&delta)))
        })
        .map(move |(choice, delta)| {
            let hidden = std::mem::take(&mut hidden);
            sent.thoughts += hidden;
            chunk(&reply, choice, &delta, hidden, &mut sent)
        });
    let end = (form == Form::Array).then(|| Event::new("\n]\n", 0));
    Box::new(chunks.chain(end))
}

fn chunk(reply: &Reply, choice: u64, delta: &Delta, hidden: u64, sent: &mut Sent) -> Event {
    let (part, tokens) = match delta {
        Delta::Thought(piece) => {
            sent.thoughts += 1;
            (Some(thought(piece)), 1)
        }
        Delta::Text(piece) => {
            sent.output += 1;
            (Some(text(piece, None)), 1)
        }
        Delta::Call(at) => {
            let call = &reply.answer.calls[*at];
            sent.output += call.tokens();
            (function_call(reply, choice, *at, call), call.tokens())
        }
        Delta::Finish => {
            let seal = reply.seal.as_deref();
            let seal = seal.filter(|_| reply.answer.calls.is_empty());
            (Some(text("", seal)), 0)
        }
    };
    let finish = matches!(delta, Delta::Finish).then_some(&reply.answer.finish);
    let parts = part.into_iter().collect();
    let candidates = vec![candidate(choice, parts, finish)];
    let Raw(json) = response(reply, candidates, sent.output, sent.thoughts);
    let bytes = framed(reply.form, sent.chunks, &json);
    sent.chunks += 1;
    Event::new(bytes, tokens + hidden)
}

/// Chunk number `at` of a stream.
pub(super) fn framed(form: Form, at: usize, json: &str) -> String {
    match (form, at) {
        (Form::Array, 0) => format!("[{json}"),
        (Form::Array, _) => format!("\n,\r\n{json}"),
        _ => format!("data: {json}\r\n\r\n"),
    }
}

/// The error that ends a stream: it is no event, but stands there by itself.
pub(super) fn error(form: Form, at: usize, json: &str) -> String {
    match form {
        Form::Array => format!("{}\n]\n", framed(form, at, json)),
        _ => format!("{json}\r\n\r\n"),
    }
}
