//! Writes a request.

mod items;
pub(super) mod parts;
mod settings;
mod thoughts;
mod tools;

use std::collections::HashMap;

use towerman_core::Fault;

use self::{
    items::{Items, system},
    settings::{caching, reasoning, sampling, text, tier},
};
use crate::{
    dialect::{To, Written, node::Object, write},
    neutral::{Around, Notes, Request, Rest, Set},
};

/// What every part of the writing needs to know.
pub(super) struct Way<'a, 'n> {
    /// The client speaks this dialect, too.
    pub(super) own: bool,
    pub(super) notes: &'n mut Notes,
    /// What stood around parts, by pointer.
    pub(super) around: HashMap<Box<str>, Around<'a>>,
}

const OTHER: &str = "dropped: this API knows nothing like it";

impl<'a> Way<'a, '_> {
    /// What another dialect said beside what is written.
    pub(super) fn lose(&mut self, rest: Rest<'a>, at: &str) -> Result<Rest<'a>, Fault> {
        if self.own {
            return Ok(rest);
        }
        rest.lose(at, OTHER, self.notes)?;
        Ok(Rest::default())
    }

    /// The members that stood in the object at `at`.
    pub(super) fn around(&mut self, at: &str, into: &mut Object<'a>) {
        if let Some(around) = self.around.remove(at) {
            into.rest(around.own);
            into.rest(around.rest);
        }
    }
}

pub(super) fn request<'a>(
    request: Request<'a>,
    to: &To<'a>,
    notes: &mut Notes,
) -> Result<Written, Fault> {
    let mut around: HashMap<Box<str>, Around<'a>> = HashMap::new();
    for one in request.around.into_iter().filter(|_| to.own) {
        let all = around.entry(one.at.clone()).or_default();
        all.own.0.extend(one.own.0);
        all.rest.0.extend(one.rest.0);
    }
    let own = to.own;
    let way = &mut Way { own, notes, around };
    let mut body = Object::default().with("model", to.model);
    let mut items = Items::default();
    body.maybe("instructions", system(request.system, &mut items, way)?);
    for turn in request.turns {
        items.turn(turn, way)?;
    }
    body.maybe("input", items.into_node());
    tools::tools(request.tools, request.choice, &mut body, way)?;
    body.maybe("parallel_tool_calls", request.parallel.map(|set| set.value));
    body.maybe("text", text(request.format, way));
    let reasons = reasoning(request.reasoning, &mut body, way);
    let cut = sampling(request.sampling, reasons, &mut body, way)?;
    caching(request.caching, &mut body, way)?;
    if let Some(Set { value, at }) = request.who {
        let name = if at == "/user" {
            "user"
        } else {
            "safety_identifier"
        };
        body.put(if own { name } else { "user" }, value);
    }
    body.maybe("metadata", request.metadata.map(|set| set.value));
    tier(request.tier, &mut body, way)?;
    if request.stream {
        body.put("stream", true);
    }
    way.around("", &mut body);
    let rest = way.lose(request.rest, "")?;
    body.rest(rest);
    if !own {
        // Whoever speaks another dialect has not asked to be remembered.
        body.put("store", false);
    }
    let body = write(&body)?;
    Ok(Written { body, cut })
}
