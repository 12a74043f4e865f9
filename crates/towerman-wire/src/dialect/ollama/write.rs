//! A request for a provider.

use std::borrow::Cow;

use towerman_core::Fault;

use super::{NOTHING_LIKE_IT, say};
use crate::{
    dialect::{
        To, Written, empty_object,
        node::{Node, Object},
        written,
    },
    neutral::{
        Effort, Format, Notes, Reasoning, Request, Sampling, Set, Text, Tool, ToolChoice, ToolKind,
        schema_alone,
    },
};

pub(super) fn request(
    mut request: Request<'_>,
    to: &To<'_>,
    notes: &mut Notes,
) -> Result<Written, Fault> {
    let mut body = Object::default().with("model", to.model);
    let system = std::mem::take(&mut request.system);
    let turns = std::mem::take(&mut request.turns);
    body.put("messages", say::messages(system, turns, to, notes)?);
    let offered = chosen(request.choice.take(), request.tools.is_empty(), notes)?;
    let tools = std::mem::take(&mut request.tools);
    if offered && !tools.is_empty() {
        let tools = tools.into_iter().map(|tool| offer(tool, to, notes));
        body.put("tools", tools.collect::<Result<Vec<_>, _>>()?);
    }
    if let Some(set) = &request.format {
        schema_alone(&set.value, set.at, notes)?;
    }
    match request.format.take().map(|set| set.value) {
        Some(Format::Json) => body.put("format", "json"),
        Some(Format::Schema { schema, .. }) => body.put("format", schema),
        Some(Format::Text) | None => {}
    }
    if let Some(think) = think(request.reasoning, notes) {
        body.put("think", think);
    }
    body.put("stream", request.stream);
    let mut options = sampling(std::mem::take(&mut request.sampling), notes)?;
    if to.own {
        for around in std::mem::take(&mut request.around) {
            if &*around.at == "/options" {
                options.rest(around.rest);
            }
        }
    }
    if !options.is_empty() {
        body.put("options", options);
    }
    leave(&request, notes)?;
    body.rest(request.rest.keep(to.own, "", NOTHING_LIKE_IT, notes)?);
    written(&body)
}

/// What it has no place for, and what changes no answer.
fn leave(request: &Request<'_>, notes: &mut Notes) -> Result<(), Fault> {
    let parallel = request.parallel.filter(|set| !set.value).map(|set| set.at);
    let others = [
        parallel,
        request.caching.auto.map(|set| set.at),
        request.caching.key.as_ref().map(|set| set.at),
        request.who.as_ref().map(|set| set.at),
        request.metadata.as_ref().map(|set| set.at),
        request.tier.as_ref().map(|set| set.at),
    ];
    for at in others.into_iter().flatten() {
        notes.dropped(at, NOTHING_LIKE_IT)?;
    }
    Ok(())
}

/// Whether tools are offered at all: what must be called cannot be said.
fn chosen(
    choice: Option<Set<ToolChoice<'_>>>,
    no_tools: bool,
    notes: &mut Notes,
) -> Result<bool, Fault> {
    let Some(Set { value, at }) = choice else {
        return Ok(true);
    };
    match value {
        ToolChoice::Auto => Ok(true),
        ToolChoice::None if no_tools => Ok(false),
        ToolChoice::None => {
            notes.mapped(at, "the tools are left out");
            Ok(false)
        }
        _ => Err(notes.refused(at, "cannot be demanded of this model's API")),
    }
}

fn offer<'a>(tool: Tool<'a>, to: &To<'_>, notes: &mut Notes) -> Result<Node<'a>, Fault> {
    let at = &*tool.at;
    if !matches!(tool.kind, ToolKind::Function) {
        let why = "is a tool that only its own provider can run";
        return Err(notes.refused(tool.kind.place(at), why));
    }
    if tool.strict == Some(true) {
        notes.dropped(format!("{at}/strict"), NOTHING_LIKE_IT)?;
    }
    if tool.mark.is_some() {
        notes.dropped(format!("{at}/cache_control"), NOTHING_LIKE_IT)?;
    }
    let mut function = Object::default().with("name", tool.name);
    function.maybe("description", tool.description);
    let schema = tool.schema.unwrap_or_else(|| Cow::Owned(empty_object()));
    function.put("parameters", schema);
    function.rest(tool.rest.keep(to.own, at, NOTHING_LIKE_IT, notes)?);
    Ok(Object::new("function").with("function", function).into())
}

fn think(reasoning: Option<Set<Reasoning>>, notes: &mut Notes) -> Option<Node<'static>> {
    let Set { value, at } = reasoning?;
    if value.shown.is_some() {
        notes.mapped(at, "left out: Ollama shows what was thought");
    }
    let effort = value.effort.or_else(|| {
        let budget = value.budget?;
        notes.mapped(at, "told as an effort");
        Some(Effort::of_budget(budget))
    });
    Some(match effort {
        None => Node::Bool(value.on?),
        Some(Effort::None) => Node::Bool(false),
        Some(Effort::Minimal | Effort::Low) => "low".into(),
        Some(Effort::Medium) => "medium".into(),
        Some(Effort::High) => "high".into(),
        Some(Effort::XHigh | Effort::Max) => {
            notes.mapped(at, "told as high: the most that Ollama knows");
            "high".into()
        }
    })
}

fn sampling<'a>(sampling: Sampling<'a>, notes: &mut Notes) -> Result<Object<'a>, Fault> {
    if let Some(n) = sampling.n.filter(|n| n.value != 1) {
        return Err(notes.refused(n.at, "must be 1: this model's API gives one answer"));
    }
    if let Some(set) = sampling.logprobs {
        return Err(notes.refused(set.at, "cannot be had from this model's API"));
    }
    if let Some(set) = sampling.logit_bias {
        return Err(notes.refused(set.at, "cannot be had from this model's API"));
    }
    let mut options = Object::default();
    options.maybe("num_predict", sampling.max_output.map(|set| set.value));
    options.maybe("temperature", sampling.temperature.map(|set| set.value));
    options.maybe("top_p", sampling.top_p.map(|set| set.value));
    options.maybe("top_k", sampling.top_k.map(|set| set.value));
    options.maybe("min_p", sampling.min_p.map(|set| set.value));
    options.maybe("seed", sampling.seed.map(|set| Node::Signed(set.value)));
    let stop = sampling.stop.map(|set| set.value);
    let stop = stop.filter(|stop: &Vec<Text<'_>>| !stop.is_empty());
    options.maybe(
        "stop",
        stop.map(|stop| stop.into_iter().map(Node::from).collect::<Vec<_>>()),
    );
    options.maybe("presence_penalty", sampling.presence.map(|set| set.value));
    options.maybe("frequency_penalty", sampling.frequency.map(|set| set.value));
    Ok(options)
}
