//! A client of this dialect is written back as it spelt itself.

use std::collections::{HashMap, HashSet};

use towerman_core::Fault;

use crate::{
    dialect::{
        To, Written,
        node::{Node, Object},
        written,
    },
    neutral::{Fields, Kind, Maker, Notes, Raw, Request, Rest, Set, Tool, ToolChoice},
};

const MORE: &str = "/additionalModelRequestFields";

/// All that was said, but for reasoning that another provider made: it would be refused. The last
/// tool is not the client's if it must be called for the answer, and takes the place of a format.
pub(super) fn request(
    mut request: Request<'_>,
    to: &To<'_>,
    notes: &mut Notes,
) -> Result<Written, Fault> {
    let tool = request.tools.pop().filter(|_| to.forced);
    let choice = request.choice.take();
    let mut spelt: HashMap<Box<str>, Rest<'_>> = HashMap::new();
    for around in request.around {
        spelt.entry(around.at).or_insert(around.own);
    }
    let foreign: HashSet<Box<str>> = request
        .turns
        .iter()
        .flat_map(|turn| &turn.parts)
        .filter(|part| is_foreign(&part.kind))
        .map(|part| part.at.clone())
        .collect();
    let mut messages = Vec::with_capacity(request.turns.len());
    for turn in request.turns {
        let mut message = Object::default();
        for (key, raw) in spelt.remove(&turn.at).unwrap_or_default().0 {
            if key != "content" {
                message.put(key, raw);
                continue;
            }
            let list: Vec<Raw<'_>> = serde_json::from_str(raw.get()).unwrap_or_default();
            let mut content: Vec<Node<'_>> = Vec::with_capacity(list.len());
            for (i, raw) in list.into_iter().enumerate() {
                let at = format!("{}/content/{i}", turn.at);
                if foreign.contains(&*at) {
                    notes.dropped(at, "dropped: thinking is signed for its provider")?;
                } else {
                    content.push(raw.into());
                }
            }
            message.put("content", content);
        }
        messages.push(Node::Object(message));
    }
    let (mut body, mut offered) = (Object::default(), None);
    for (key, raw) in spelt.remove("").unwrap_or_default().0 {
        match &*key {
            "messages" => body.put(key, std::mem::take(&mut messages)),
            "toolConfig" if to.forced => offered = Some(raw),
            "outputConfig" if to.unshaped => {
                body.maybe(
                    "outputConfig",
                    without(raw, "/outputConfig", "textFormat")?.1,
                );
            }
            "additionalModelRequestFields" if to.forced => {
                let (thinking, rest) = without(raw, MORE, "thinking")?;
                if thinking {
                    let what = "left out: Claude does not think where a tool is forced";
                    notes.mapped(format!("{MORE}/thinking"), what);
                }
                body.maybe("additionalModelRequestFields", rest);
            }
            _ => body.put(key, raw),
        }
    }
    if let Some(tool) = tool {
        body.put("toolConfig", beside(offered, tool, choice)?);
    }
    written(&body)
}

/// An object without a member: whether it had it, and what is left, if anything is.
fn without<'a>(raw: Raw<'a>, at: &str, member: &str) -> Result<(bool, Option<Object<'a>>), Fault> {
    let mut fields = Fields::read(raw, at)?;
    let had = fields.take(member).is_some();
    let mut rest = Object::default();
    rest.rest(fields.rest());
    Ok((had, (!rest.is_empty()).then_some(rest)))
}

/// The client's own tools, and one more that may be the answer.
fn beside<'a>(
    offered: Option<Raw<'a>>,
    tool: Tool<'a>,
    choice: Option<Set<ToolChoice<'a>>>,
) -> Result<Object<'a>, Fault> {
    const AT: &str = "/toolConfig";
    let mut config = offered.map(|raw| Fields::read(raw, AT)).transpose()?;
    let tools = config.as_mut().map(|config| config.list("tools", AT));
    let mut tools: Vec<Node<'_>> = tools
        .transpose()?
        .unwrap_or_default()
        .into_iter()
        .map(Node::Raw)
        .collect();
    let mut spec = Object::default().with("name", tool.name);
    spec.maybe("description", tool.description);
    let schema = tool.schema.map_or(Node::Null, Node::Made);
    spec.put("inputSchema", Object::default().with("json", schema));
    tools.push(Object::default().with("toolSpec", spec).into());
    let choice = match choice.map(|set| set.value) {
        Some(ToolChoice::Named(name)) => {
            Object::default().with("tool", Object::default().with("name", name))
        }
        _ => Object::default().with("any", Object::default()),
    };
    Ok(Object::default()
        .with("tools", tools)
        .with("toolChoice", choice))
}

/// Whether it is a thought that another provider sealed.
fn is_foreign(kind: &Kind<'_>) -> bool {
    let Kind::Thought(thought) = kind else {
        return false;
    };
    let seal = thought.seal.as_ref();
    seal.is_some_and(|seal| seal.maker != Maker::Anthropic)
}
