//! Reads tools, and which of them may be called.

use std::borrow::Cow;

use serde_json::value::RawValue;
use towerman_core::Fault;

use super::parts::{keep, own};
use crate::neutral::{
    Around, Fields, Raw, Rest, Text, Tool, ToolChoice, ToolKind, fields,
    fields::{pointer, refuse},
};

pub(super) fn tools<'a>(fields: &mut Fields<'a>) -> Result<Vec<Tool<'a>>, Fault> {
    let list = fields.list("tools", "")?.into_iter().enumerate();
    list.map(|(i, raw)| tool(raw, &format!("/tools/{i}")))
        .collect()
}

fn tool<'a>(raw: Raw<'a>, at: &str) -> Result<Tool<'a>, Fault> {
    let mut fields = Fields::read(raw, at)?;
    let kind = fields.need_string("type", at)?;
    let mut tool = Tool {
        kind: ToolKind::Function,
        name: Text::Said("".into()),
        description: None,
        schema: None,
        strict: None,
        mark: None,
        at: at.into(),
        rest: Rest::default(),
    };
    match &*kind {
        "function" => {
            tool.name = fields.need_text("name", at)?;
            tool.description = fields.text("description", at)?;
            tool.schema = schema(&mut fields, at)?;
            tool.strict = fields.get("strict", at, "a boolean")?;
            tool.rest = fields.rest();
        }
        "custom" => {
            tool.kind = ToolKind::Custom(raw);
            tool.name = fields.need_text("name", at)?;
            tool.description = fields.text("description", at)?;
        }
        _ => {
            tool.kind = ToolKind::Hosted(raw);
            // Not all have one, and what it is called by may be no text.
            tool.name = fields.text("name", at).ok().flatten().unwrap_or(tool.name);
        }
    }
    Ok(tool)
}

fn schema<'a>(fields: &mut Fields<'a>, at: &str) -> Result<Option<Cow<'a, RawValue>>, Fault> {
    let Some(raw) = fields.take("parameters") else {
        return Ok(None);
    };
    Fields::read(raw, &format!("{at}/parameters"))?;
    Ok(Some(Cow::Borrowed(raw)))
}

/// Reads `tool_choice`. One that only this dialect knows is kept as it is: the tool that it names
/// is one that nobody else has, either.
pub(super) fn choice<'a>(
    fields: &mut Fields<'a>,
    around: &mut Vec<Around<'a>>,
) -> Result<Option<ToolChoice<'a>>, Fault> {
    const AT: &str = "/tool_choice";
    let Some(raw) = fields.take("tool_choice") else {
        return Ok(None);
    };
    if raw.get().starts_with('"') {
        return match raw.get() {
            "\"auto\"" => Ok(Some(ToolChoice::Auto)),
            "\"none\"" => Ok(Some(ToolChoice::None)),
            "\"required\"" => Ok(Some(ToolChoice::Any)),
            _ => Err(refuse(AT, "must be auto, none, required or an object")),
        };
    }
    let mut choice = Fields::read(raw, AT)?;
    let read = match &*choice.need_string("type", AT)? {
        "function" | "custom" => Some(ToolChoice::Named(choice.need_text("name", AT)?)),
        "allowed_tools" => allowed(&mut choice)?,
        _ => None,
    };
    if read.is_none() {
        let own = Rest(vec![("tool_choice".into(), raw)]);
        keep(around, "", own, Rest::default());
    }
    Ok(read)
}

fn allowed<'a>(choice: &mut Fields<'a>) -> Result<Option<ToolChoice<'a>>, Fault> {
    const AT: &str = "/tool_choice";
    let mode = choice.need_string("mode", AT)?;
    let mut names = Vec::new();
    for (i, raw) in choice.list("tools", AT)?.into_iter().enumerate() {
        let at = format!("{AT}/tools/{i}");
        let mut tool = Fields::read(raw, &at)?;
        match &*tool.need_string("type", &at)? {
            "function" | "custom" => names.push(tool.need_text("name", &at)?),
            _ => return Ok(None),
        }
    }
    match &*mode {
        "auto" => Ok(Some(ToolChoice::AutoOf(names))),
        "required" => Ok(Some(ToolChoice::AnyOf(names))),
        _ => Err(refuse(pointer(AT, "mode"), "must be auto or required")),
    }
}

/// Members of a nested object that others need not know, and those that they lose.
pub(super) fn leave<'a>(
    mut inside: Fields<'a>,
    at: &str,
    names: &[&'static str],
    around: &mut Vec<Around<'a>>,
) {
    let own = own(&mut inside, names);
    keep(around, at, own, inside.rest());
}

/// A name that must be one of a few.
pub(super) fn named<T>(
    said: Option<fields::Said<'_>>,
    at: &str,
    of: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, Fault> {
    said.map(|said| of(&said.0).ok_or_else(|| refuse(at, "is no value that this API knows")))
        .transpose()
}
