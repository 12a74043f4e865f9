//! Writes tools, and which of them may be called.

use std::collections::HashSet;

use towerman_core::Fault;

use super::Way;
use crate::{
    dialect::node::{Node, Object},
    neutral::{Set, Text, Tool, ToolChoice, ToolKind},
};

pub(super) fn tools<'a>(
    tools: Vec<Tool<'a>>,
    choice: Option<Set<ToolChoice<'a>>>,
    body: &mut Object<'a>,
    way: &mut Way<'a, '_>,
) -> Result<(), Fault> {
    let mut custom = HashSet::new();
    let mut list = Vec::with_capacity(tools.len());
    for tool in tools {
        if let ToolKind::Custom(_) = tool.kind {
            custom.insert(tool.name.clone().say());
        }
        list.push(write(tool, way)?);
    }
    if !list.is_empty() {
        body.put("tools", list);
    }
    let of = |name: Text<'a>| {
        let name = name.say();
        let kind = if custom.contains(&name) {
            "custom"
        } else {
            "function"
        };
        Object::new(kind).with("name", name)
    };
    let allowed = |mode: &'static str, names: Vec<Text<'a>>| {
        let names = names.into_iter().map(|name| of(name).into());
        let names: Vec<Node<'a>> = names.collect();
        Object::new("allowed_tools")
            .with("mode", mode)
            .with("tools", names)
            .into()
    };
    if let Some(Set { value, .. }) = choice {
        let value: Node<'a> = match value {
            ToolChoice::Auto => "auto".into(),
            ToolChoice::None => "none".into(),
            ToolChoice::Any => "required".into(),
            ToolChoice::Named(name) => of(name).into(),
            ToolChoice::AnyOf(names) => allowed("required", names),
            ToolChoice::AutoOf(names) => allowed("auto", names),
        };
        body.put("tool_choice", value);
    }
    Ok(())
}

fn write<'a>(tool: Tool<'a>, way: &mut Way<'a, '_>) -> Result<Node<'a>, Fault> {
    match tool.kind {
        ToolKind::Custom(raw) | ToolKind::Hosted(raw) if way.own => return Ok(raw.into()),
        ToolKind::Custom(_) => {
            let why = "is a tool whose input is free text, which the two APIs tell differently";
            return Err(way.notes.refused(tool.at, why));
        }
        ToolKind::Hosted(_) => {
            let why = "is a tool that only another provider can run";
            return Err(way.notes.refused(tool.at, why));
        }
        ToolKind::Function => {}
    }
    let mut object = Object::new("function").with("name", tool.name);
    object.maybe("description", tool.description);
    if let Some(schema) = tool.schema {
        object.put("parameters", schema);
    } else if !way.own {
        object.put("parameters", Node::Object(anything()));
    }
    object.maybe("strict", tool.strict);
    if !way.own {
        // Here alone, absence would mean that it is.
        object.put("strict", false);
    }
    if tool.mark.is_some() && !way.own {
        let what = "left out: this API caches by itself";
        way.notes.mapped(tool.at.clone(), what);
    }
    let rest = way.lose(tool.rest, &tool.at)?;
    object.rest(rest);
    Ok(object.into())
}

/// The schema of any object, as this API wants it spelt.
fn anything<'a>() -> Object<'a> {
    Object::new("object").with("properties", Object::default())
}
