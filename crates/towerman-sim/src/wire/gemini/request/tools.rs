//! Reads the functions that are declared, and which of them may or must be called.

use serde_json::{Value, value::RawValue};

use super::{
    super::{
        error::invalid,
        fields::{Fields, wrong},
    },
    config,
};
use crate::{
    ask::{Tool, ToolChoice},
    json::compact,
    prompt::Prompt,
    trouble::Problem,
};

const DECLARATION: [&str; 7] = [
    "name",
    "description",
    "behavior",
    "parameters",
    "parametersJsonSchema",
    "response",
    "responseJsonSchema",
];

pub(super) fn read(
    request: &Fields<'_>,
    strict: bool,
    prompt: &mut Prompt,
) -> Result<Vec<Tool>, Problem> {
    let mut tools: Vec<Tool> = Vec::new();
    for (at, raw) in request.list("tools").into_iter().enumerate() {
        let entry = Fields::read(raw, &format!("tools[{at}]"), &[])?;
        let declared = entry.list("functionDeclarations");
        if declared.is_empty() {
            // A tool of Google's own: never called here.
            prompt.text(&compact(raw.get()));
            prompt.end_block(None);
        }
        for (index, raw) in declared.into_iter().enumerate() {
            let place = format!("tools[{at}].function_declarations[{index}]");
            let tool = declaration(raw, &place, strict)?;
            if tools.iter().any(|other| other.name == tool.name) {
                let name = tool.name;
                return Err(invalid(format!(
                    "Duplicate function declaration found: {name}"
                )));
            }
            prompt.text(&compact(raw.get()));
            prompt.end_block(None);
            tools.push(tool);
        }
    }
    Ok(tools)
}

fn declaration(raw: &RawValue, place: &str, strict: bool) -> Result<Tool, Problem> {
    let known = if strict { &DECLARATION[..] } else { &[] };
    let fields = Fields::read(raw, place, known)?;
    let name: String = fields.get("name")?.unwrap_or_default();
    let valid = name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_.:-".contains(c));
    if !valid {
        return Err(invalid(format!(
            "* GenerateContentRequest.{place}.name: Invalid function name. Must start with a letter or an underscore. \
             Must be alphameric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:), or dashes (-), with a maximum \
             length of 64.\n"
        )));
    }
    let own: Option<Value> = fields.get("parameters")?;
    if let (Some(schema), true) = (&own, strict) {
        config::check(schema, &format!("{place}.parameters"))?;
    }
    let common: Option<Value> = fields.get("parametersJsonSchema")?;
    if own.is_some() && common.is_some() {
        return Err(invalid(format!(
            "* GenerateContentRequest.{place}: only one of parameters and parameters_json_schema may be set\n"
        )));
    }
    Ok(Tool {
        name,
        schema: own.or(common).unwrap_or_default(),
    })
}

/// Which tools are left to choose from, and how.
pub(super) fn choice(
    request: &Fields<'_>,
    mut tools: Vec<Tool>,
) -> Result<(ToolChoice, Vec<Tool>), Problem> {
    let config = request.message("toolConfig", &[])?;
    let config = config
        .map(|config| config.message("functionCallingConfig", &[]))
        .transpose()?
        .flatten();
    let Some(config) = config else {
        return Ok((ToolChoice::Auto, tools));
    };
    let mode: Option<String> = config.get("mode")?;
    let allowed: Vec<String> = config.get("allowedFunctionNames")?.unwrap_or_default();
    let forced = match mode.as_deref() {
        None | Some("AUTO" | "MODE_UNSPECIFIED") => false,
        Some("NONE") => return Ok((ToolChoice::Never, tools)),
        Some("ANY") => true,
        // What is called meets its schema here anyway.
        Some("VALIDATED") => false,
        Some(_) => return Err(wrong(&config.at("mode"), "a mode")),
    };
    if forced && tools.is_empty() {
        return Err(invalid(
            "Function calling config is set without function_declarations.",
        ));
    }
    if !allowed.is_empty() {
        if !matches!(mode.as_deref(), Some("ANY" | "VALIDATED")) {
            return Err(invalid(
                "Allowed function names may only be set when the function calling mode is ANY or VALIDATED.",
            ));
        }
        let known = |name: &String| tools.iter().any(|tool| tool.name == *name);
        if !allowed.iter().all(known) {
            return Err(invalid(
                "Allowed function names must be a subset of the declared function names.",
            ));
        }
        tools.retain(|tool| allowed.contains(&tool.name));
    }
    let choice = if forced {
        ToolChoice::Any
    } else {
        ToolChoice::Auto
    };
    Ok((choice, tools))
}
