//! A client of this dialect is written back as it spelt itself.

use std::collections::{HashMap, HashSet};

use towerman_core::Fault;

use crate::{
    dialect::{
        Written,
        node::{Node, Object},
        written,
    },
    neutral::{Fields, Kind, Maker, Notes, Raw, Request, Rest, Set, Tool, ToolChoice},
};

/// All that was said, but for reasoning that another provider made: it would be refused. The last
/// tool is not the client's if it must be called for the answer, and takes the place of a format.
pub(super) fn request(
    mut request: Request<'_>,
    forced: bool,
    notes: &mut Notes,
) -> Result<Written, Fault> {
    let tool = request.tools.pop().filter(|_| forced);
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
        match (&*key, &tool) {
            ("messages", _) => body.put(key, std::mem::take(&mut messages)),
            ("toolConfig", Some(_)) => offered = Some(raw),
            ("outputConfig", Some(_)) => {
                let mut output = Fields::read(raw, "/outputConfig")?;
                output.take("textFormat");
                let mut rest = Object::default();
                rest.rest(output.rest());
                if !rest.is_empty() {
                    body.put(key, rest);
                }
            }
            _ => body.put(key, raw),
        }
    }
    if let Some(tool) = tool {
        body.put("toolConfig", beside(offered, tool, choice)?);
    }
    written(&body)
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
