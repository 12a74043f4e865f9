//! Reads the tools, and which of them may or must be called.

use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::{super::error::invalid, cache_point};
use crate::{
    ask::{Tool, ToolChoice},
    json::compact,
    prompt::Prompt,
    trouble::Problem,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Config<'a> {
    #[serde(borrow, default)]
    tools: Vec<&'a RawValue>,
    tool_choice: Option<Value>,
}

pub(super) fn read(
    config: Option<Config<'_>>,
    prompt: &mut Prompt,
) -> Result<(Vec<Tool>, ToolChoice), Problem> {
    let Some(config) = config else {
        return Ok((Vec::new(), ToolChoice::Auto));
    };
    if config.tools.is_empty() {
        return Err(invalid(
            "1 validation error detected: Value '[]' at 'toolConfig.tools' failed to satisfy constraint: Member must \
             have length greater than or equal to 1",
        ));
    }
    let mut tools = Vec::new();
    for (at, raw) in config.tools.iter().enumerate() {
        let tool: Value = serde_json::from_str(raw.get()).unwrap_or_default();
        if let Some(point) = tool.get("cachePoint") {
            cache_point(point, prompt)?;
            continue;
        }
        prompt.text(&compact(raw.get()));
        prompt.end_block(None);
        let Some(spec) = tool.get("toolSpec") else {
            // A tool of AWS's own: never called here.
            if tool.get("systemTool").is_some() {
                continue;
            }
            return Err(invalid(format!(
                "The toolSpec field in the Tool object at toolConfig.tools.{at} is missing."
            )));
        };
        let schema = &spec["inputSchema"]["json"];
        match spec["name"].as_str() {
            Some(name) if schema.is_object() => tools.push(Tool {
                name: name.to_owned(),
                schema: schema.clone(),
            }),
            _ => {
                return Err(invalid(format!(
                    "The value at toolConfig.tools.{at}.toolSpec.inputSchema.json.type must be one of the following: \
                     object."
                )));
            }
        }
    }
    let choice = choice(config.tool_choice.as_ref(), &tools)?;
    Ok((tools, choice))
}

fn choice(choice: Option<&Value>, tools: &[Tool]) -> Result<ToolChoice, Problem> {
    let Some(choice) = choice.filter(|choice| !choice.is_null()) else {
        return Ok(ToolChoice::Auto);
    };
    // One member, which is an object even where that says nothing.
    let has = |name: &str| choice[name].is_object();
    match choice["tool"]["name"].as_str() {
        Some(name) if tools.iter().any(|tool| tool.name == name) => {
            Ok(ToolChoice::Named(name.to_owned()))
        }
        Some(name) => Err(invalid(format!(
            "The model returned the following errors: Tool '{name}' not found in provided tools"
        ))),
        None if has("auto") => Ok(ToolChoice::Auto),
        None if has("any") => Ok(ToolChoice::Any),
        None => Err(invalid(
            "The toolChoice field must have exactly one of the following members: auto, any, tool.",
        )),
    }
}
