//! Writes tools, and which of them may be called.

use towerman_core::Fault;

use super::{OTHER, Way};
use crate::{
    dialect::node::{Node, Object},
    neutral::{Set, Text, Tool, ToolChoice, ToolKind},
};

const CALLING: &str = "/toolConfig/functionCallingConfig";

/// One entry for all functions, or those that the client made.
pub(super) fn tools<'a>(
    tools: Vec<Tool<'a>>,
    way: &mut Way<'a, '_>,
) -> Result<Vec<Node<'a>>, Fault> {
    let mut entries = Vec::new();
    let mut functions: Vec<Node<'a>> = Vec::new();
    let mut of: Box<str> = Box::default();
    for tool in tools {
        let there = home(&tool.at);
        if way.own && *there != *of {
            end(&mut entries, &mut functions, &of, way);
            of = there.into();
        }
        match tool.kind {
            ToolKind::Hosted(raw) if way.own => entries.push(raw.into()),
            ToolKind::Hosted(_) => {
                let why = "is a tool that only another provider can run";
                return Err(way.notes.refused(tool.at, why));
            }
            ToolKind::Custom(_) => {
                let why = "is a tool whose input is free text, which Gemini has none of";
                return Err(way.notes.refused(tool.at, why));
            }
            ToolKind::Function => functions.push(function(tool, way)?),
        }
    }
    end(&mut entries, &mut functions, &of, way);
    Ok(entries)
}

fn end<'a>(
    entries: &mut Vec<Node<'a>>,
    functions: &mut Vec<Node<'a>>,
    at: &str,
    way: &mut Way<'a, '_>,
) {
    if functions.is_empty() {
        return;
    }
    let functions = std::mem::take(functions);
    let (mut entry, rest) = way.begin(at);
    entry.put("functionDeclarations", functions);
    entry.rest(rest);
    entries.push(entry.into());
}

/// Where the entry stands that a function is of.
fn home(at: &str) -> &str {
    at.find("/functionDeclarations/")
        .map_or(at, |end| at.get(..end).unwrap_or(at))
}

fn function<'a>(tool: Tool<'a>, way: &mut Way<'a, '_>) -> Result<Node<'a>, Fault> {
    let (mut object, around) = way.begin(&tool.at);
    // Only a schema in OpenAPI's manner was kept as it was spelt.
    let spelt = !object.is_empty();
    object.put("name", tool.name);
    object.maybe("description", tool.description);
    if !spelt {
        object.maybe("parametersJsonSchema", tool.schema);
    }
    if tool.strict == Some(true) {
        way.notes.dropped(format!("{}/strict", tool.at), OTHER)?;
    }
    if tool.mark.is_some() {
        way.notes
            .mapped(tool.at.clone(), "left out: Gemini caches by itself");
    }
    object.rest(around);
    object.rest(way.lose(tool.rest, &tool.at)?);
    Ok(object.into())
}

/// `toolConfig`.
pub(super) fn choice<'a>(
    choice: Option<Set<ToolChoice<'a>>>,
    way: &mut Way<'a, '_>,
) -> Result<Option<Object<'a>>, Fault> {
    let (mut config, rest) = way.begin("/toolConfig");
    if let Some(Set { value, at }) = choice {
        let (mut calling, around) = way.begin(CALLING);
        let (mode, names) = match value {
            ToolChoice::Auto => ("AUTO", Vec::new()),
            ToolChoice::None => ("NONE", Vec::new()),
            ToolChoice::Any => ("ANY", Vec::new()),
            ToolChoice::Named(name) => ("ANY", vec![name]),
            ToolChoice::AnyOf(names) => ("ANY", names),
            ToolChoice::AutoOf(names) if way.own => ("AUTO", names),
            ToolChoice::AutoOf(names) => {
                way.notes.mapped(at, "told as Gemini names it");
                ("VALIDATED", names)
            }
        };
        calling.put("mode", mode);
        if !names.is_empty() {
            let names: Vec<Node<'a>> = names.into_iter().map(Text::into).collect();
            calling.put("allowedFunctionNames", names);
        }
        calling.rest(around);
        config.put("functionCallingConfig", calling);
    }
    config.rest(rest);
    Ok((!config.is_empty()).then_some(config))
}
