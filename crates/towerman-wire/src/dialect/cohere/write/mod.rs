//! A request for a provider.

mod content;
mod messages;
mod settings;
mod tools;

use std::collections::HashMap;

use towerman_core::Fault;

use super::NOTHING_LIKE_IT;
use crate::{
    dialect::{To, Written, node::Object, write},
    neutral::{Around, Notes, Request, Rest, Text},
};

/// The most stop sequences that it takes.
const STOPS: usize = 5;

/// Writes, with what stood around things in the client's own dialect.
#[derive(Debug)]
struct Writer<'a, 'n> {
    own: bool,
    notes: &'n mut Notes,
    around: HashMap<Box<str>, Around<'a>>,
}

pub(super) fn request<'a>(
    mut request: Request<'a>,
    to: &To<'_>,
    notes: &mut Notes,
) -> Result<Written, Fault> {
    let around = std::mem::take(&mut request.around);
    let mut writer = Writer::new(to.own, around, notes);
    let said = writer.conversation(
        std::mem::take(&mut request.system),
        std::mem::take(&mut request.turns),
    )?;
    let mut body: Object<'_> = Object::default();
    body.put("model", to.model.to_owned());
    body.put("messages", said.messages);
    if !said.documents.is_empty() {
        body.put("documents", said.documents);
    }
    let tools = std::mem::take(&mut request.tools);
    writer.tools(tools, request.choice.take(), &mut body)?;
    body.maybe("response_format", writer.format(request.format.take())?);
    body.maybe("thinking", writer.thinking(request.reasoning)?);
    body.put("stream", request.stream);
    let mut stop = request.sampling.stop.take();
    let cut = stop
        .as_mut()
        // The rest is watched for as the answer passes.
        .map(|set| set.value.split_off(set.value.len().min(STOPS)))
        .unwrap_or_default();
    request.sampling.stop = stop;
    writer.sampling(std::mem::take(&mut request.sampling), &mut body)?;
    writer.leave(&request)?;
    let rest = request
        .rest
        .keep(to.own, "", NOTHING_LIKE_IT, writer.notes)?;
    body.rest(rest);
    Ok(Written {
        body: write(&body)?,
        cut: cut
            .into_iter()
            .map(|text| Text::say(text).into_owned())
            .collect(),
    })
}

impl<'a, 'n> Writer<'a, 'n> {
    fn new(own: bool, around: Vec<Around<'a>>, notes: &'n mut Notes) -> Self {
        let around = around.into_iter().filter(|_| own);
        Self {
            own,
            notes,
            around: around.map(|one| (one.at.clone(), one)).collect(),
        }
    }

    /// What stood around the object at `at`, or how it was spelt.
    fn around(&mut self, at: &str) -> Rest<'a> {
        let mut around = self.around.remove(at).unwrap_or_default();
        around.own.0.append(&mut around.rest.0);
        around.own
    }

    fn drop(&mut self, at: impl Into<Box<str>>) -> Result<(), Fault> {
        self.notes.dropped(at, NOTHING_LIKE_IT)
    }

    /// What it has no place for, and what changes no answer.
    fn leave(&mut self, request: &Request<'_>) -> Result<(), Fault> {
        let parallel = request.parallel.filter(|set| !set.value).map(|set| set.at);
        let others = [
            parallel,
            request.caching.auto.map(|set| set.at),
            request.caching.key.as_ref().map(|set| set.at),
            request.who.as_ref().map(|set| set.at),
            request.metadata.as_ref().map(|set| set.at),
            request.tier.as_ref().map(|set| set.at),
        ];
        others
            .into_iter()
            .flatten()
            .try_for_each(|at| self.drop(at))
    }
}
