//! Writes a request.

mod config;
mod media;
mod parts;
mod tools;
mod turns;

use std::collections::HashMap;

use towerman_core::Fault;

use crate::{
    dialect::{
        To, Written,
        node::{Node, Object},
        write,
    },
    neutral::{Around, Caching, Notes, Request, Rest, Set, Text},
};

const OTHER: &str = "dropped: Gemini knows nothing like it";

/// What every part of the writing needs to know.
struct Way<'a, 'n> {
    /// The client speaks this dialect, too: nothing is bent, nothing is lost.
    own: bool,
    notes: &'n mut Notes,
    /// What stood around parts and in objects that were taken apart, by pointer.
    around: HashMap<Box<str>, Around<'a>>,
}

impl<'a> Way<'a, '_> {
    /// What another dialect said beside what is written.
    fn lose(&mut self, rest: Rest<'a>, at: &str) -> Result<Rest<'a>, Fault> {
        if self.own {
            return Ok(rest);
        }
        rest.lose(at, OTHER, self.notes)?;
        Ok(Rest::default())
    }

    /// An object that begins with what the client spelt in its own way: the first value stays.
    fn begin(&mut self, at: &str) -> (Object<'a>, Rest<'a>) {
        let mut object = Object::default();
        let around = self.around.remove(at).unwrap_or_default();
        object.rest(around.own);
        (object, around.rest)
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
        all.own.0.retain(|(key, _)| match &**key {
            "responseMimeType" | "responseSchema" | "responseJsonSchema" => !to.unshaped,
            "mode" => !to.forced,
            _ => true,
        });
        all.rest.0.extend(one.rest.0);
    }
    let own = to.own;
    let way = &mut Way { own, notes, around };
    let mut body = Object::default();
    let (system, turns) = turns::leading(request.system, request.turns, way)?;
    if let Some(system) = parts::system(system, way)? {
        body.put("systemInstruction", system);
    }
    let last = turns.last().map(|turn| turn.at.clone()).unwrap_or_default();
    let contents = turns::contents(turns, way)?;
    if contents.is_empty() {
        return Err(way
            .notes
            .refused(last, "says nothing: Gemini takes no blank text"));
    }
    body.put("contents", Node::List(contents));
    let tools = tools::tools(request.tools, way)?;
    if !tools.is_empty() {
        body.put("tools", tools);
    }
    body.maybe("toolConfig", tools::choice(request.choice, way)?);
    if let Some(Set { value: false, at }) = request.parallel {
        way.notes.dropped(at, OTHER)?;
    }
    let (config, cut) = config::config(request.sampling, request.format, request.reasoning, way)?;
    if !config.is_empty() {
        body.put("generationConfig", config);
    }
    if let Some(Set { value, at }) = request.metadata {
        if own {
            body.put("labels", value);
        } else {
            // Vertex alone would take it.
            way.notes.dropped(at, OTHER)?;
        }
    }
    if let Some(Set { at, .. }) = request.who {
        way.notes.dropped(at, OTHER)?;
    }
    caching(request.caching, way);
    tier(request.tier, &mut body, way)?;
    let rest = way.lose(request.rest, "")?;
    body.rest(rest);
    let body = write(&body)?;
    Ok(Written { body, cut })
}

fn caching(caching: Caching<'_>, way: &mut Way<'_, '_>) {
    let places = [
        caching.auto.map(|set| set.at),
        caching.key.map(|set| set.at),
    ];
    for at in places.into_iter().flatten() {
        way.notes.mapped(at, "left out: Gemini caches by itself");
    }
}

fn tier<'a>(
    tier: Option<Set<Text<'a>>>,
    body: &mut Object<'a>,
    way: &mut Way<'a, '_>,
) -> Result<(), Fault> {
    let Some(Set { value, at }) = tier else {
        return Ok(());
    };
    if way.own {
        body.put("serviceTier", value);
        return Ok(());
    }
    match &*value.say() {
        known @ ("flex" | "standard" | "priority") => body.put("serviceTier", known.to_owned()),
        "auto" => way.notes.mapped(at, "left out: it goes without saying"),
        "default" | "standard_only" => {
            way.notes.mapped(at, "told as Gemini names it");
            body.put("serviceTier", "standard");
        }
        _ => way.notes.dropped(at, OTHER)?,
    }
    Ok(())
}
