//! Writes an answer as one object a line, the last of which is done.

use std::{iter::once, sync::Arc};

use super::response::{last, line, message, tool_call};
use crate::{
    object::Raw,
    reply::{Event, Events, Reply},
    tokens::Pieces,
};

pub(super) fn events(reply: &Arc<Reply>) -> Events {
    let answer = &reply.answer;
    let shown = reply.shown().unwrap_or_default().to_owned();
    let thoughts = Pieces::new(shown).map(|piece| (message("", Some(&piece), Vec::new()), 1));
    let text = Pieces::new(answer.text.clone().unwrap_or_default())
        .map(|piece| (message(&piece, None, Vec::new()), 1));
    let calls: Vec<_> = answer
        .calls
        .iter()
        .enumerate()
        .map(|(at, call)| {
            let calls = tool_call(reply, at, call).into_iter().collect();
            (message("", None, calls), call.tokens())
        })
        .collect();
    let end = last(reply, message("", None, Vec::new()));
    let chunks = thoughts.chain(text).chain(calls);
    let reply = Arc::clone(reply);
    Box::new(
        chunks
            .map(move |(message, tokens)| written(&line(&reply, message), tokens))
            .chain(once(written(&end, 0))),
    )
}

fn written(Raw(json): &Raw, tokens: u64) -> Event {
    Event::new(format!("{json}\n"), tokens)
}
