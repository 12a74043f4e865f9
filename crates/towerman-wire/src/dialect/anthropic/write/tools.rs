//! The tools that a model is offered, and which of them it must call.

use std::borrow::Cow;

use serde_json::value::RawValue;
use towerman_core::Fault;

use super::blocks::Writer;
use crate::{
    dialect::anthropic::shape::{Extra, Tool as Written, ToolChoice as Chosen},
    neutral::{Set, Text, Tool, ToolChoice, ToolKind, typed},
};

pub(super) fn tools<'a>(
    tools: Vec<Tool<'a>>,
    writer: &mut Writer<'a, '_>,
) -> Result<Vec<Written<'a>>, Fault> {
    tools.into_iter().map(|tool| one(tool, writer)).collect()
}

fn one<'a>(tool: Tool<'a>, writer: &mut Writer<'a, '_>) -> Result<Written<'a>, Fault> {
    let Tool {
        kind,
        name,
        description,
        schema,
        strict,
        mark,
        at,
        rest,
    } = tool;
    match kind {
        ToolKind::Function => {}
        ToolKind::Hosted(raw) | ToolKind::Custom(raw) if writer.own => {
            return Ok(Written::Hosted(raw));
        }
        ToolKind::Hosted(_) => {
            let why = "is a tool that only its own provider can run";
            return Err(writer.notes.refused(kind.place(&at), why));
        }
        ToolKind::Custom(_) => {
            let why = "must be function for this model's API";
            return Err(writer.notes.refused(kind.place(&at), why));
        }
    }
    let mut extra = writer.rest(rest, &at)?;
    extra.0.append(&mut writer.around(&at).0);
    Ok(Written::Function {
        name,
        description,
        input_schema: self::schema(schema, &at, writer)?,
        strict,
        cache_control: writer.mark(mark, &at),
        rest: extra,
    })
}

/// The schema as it was spelt, with its type.
fn schema<'a>(
    schema: Option<Cow<'a, RawValue>>,
    at: &str,
    writer: &mut Writer<'a, '_>,
) -> Result<Cow<'a, RawValue>, Fault> {
    if writer.own
        && let Some(schema) = schema
    {
        return Ok(schema);
    }
    let why = "must have an object as its schema";
    typed(schema, at)?.ok_or_else(|| writer.notes.refused(at, why))
}

/// `tool_choice`, which also says whether calls may be parallel. A choice among several tools
/// leaves the others out.
pub(super) fn choice<'a>(
    choice: Option<Set<ToolChoice<'a>>>,
    parallel: Option<Set<bool>>,
    tools: &mut Vec<Tool<'a>>,
    writer: &mut Writer<'a, '_>,
) -> Result<Option<Chosen<'a>>, Fault> {
    let serial = parallel.map(|set| !set.value);
    let Some(Set { value, at }) = choice else {
        let auto = serial == Some(true) && !tools.is_empty();
        return Ok(auto.then(|| chosen("auto", None, serial)));
    };
    let (kind, name) = match value {
        ToolChoice::None => ("none", None),
        ToolChoice::Auto => ("auto", None),
        ToolChoice::Any => ("any", None),
        ToolChoice::Named(name) => ("tool", Some(name)),
        ToolChoice::AnyOf(names) => {
            keep(names, tools, at, writer);
            ("any", None)
        }
        ToolChoice::AutoOf(names) => {
            keep(names, tools, at, writer);
            ("auto", None)
        }
    };
    if writer.own {
        let mut chosen = chosen(kind, name, serial);
        chosen.rest = writer.around("/tool_choice");
        return Ok(Some(chosen));
    }
    match (tools.is_empty(), kind) {
        (false, "none") => Ok(Some(chosen(kind, None, None))),
        (false, _) => Ok(Some(chosen(kind, name, serial.filter(|serial| *serial)))),
        (true, "none" | "auto") => {
            writer.notes.dropped(at, "dropped: there are no tools")?;
            Ok(None)
        }
        (true, _) => {
            let why = "wants a tool called, and there are none";
            Err(writer.notes.refused(at, why))
        }
    }
}

fn keep<'a>(
    names: Vec<Text<'a>>,
    tools: &mut Vec<Tool<'a>>,
    at: &'static str,
    writer: &mut Writer<'a, '_>,
) {
    if Tool::keep(tools, names) {
        writer
            .notes
            .mapped(at, "told by leaving out the other tools");
    }
}

fn chosen<'a>(kind: &'static str, name: Option<Text<'a>>, serial: Option<bool>) -> Chosen<'a> {
    Chosen {
        r#type: kind,
        name,
        disable_parallel_tool_use: serial,
        rest: Extra::default(),
    }
}
