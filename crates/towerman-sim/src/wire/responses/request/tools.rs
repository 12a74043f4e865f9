//! Reads the tools, which are flat here, and which of them may or must be called.

use serde_json::{Value, value::RawValue};

use crate::{
    ask::{Tool, ToolChoice},
    json::compact,
    prompt::Prompt,
    trouble::Problem,
    wire::openai::request::missing,
};

pub(super) fn read(raw: &[&RawValue], prompt: &mut Prompt) -> Result<Vec<Tool>, Problem> {
    let mut tools = Vec::new();
    for (at, raw) in raw.iter().enumerate() {
        prompt.text(&compact(raw.get()));
        prompt.end_block(None);
        let tool: Value = serde_json::from_str(raw.get()).unwrap_or_default();
        match tool["type"].as_str() {
            Some("function") => {
                let name = tool["name"]
                    .as_str()
                    .ok_or_else(|| missing(format!("tools[{at}].name")))?;
                tools.push(Tool {
                    name: name.to_owned(),
                    schema: tool["parameters"].clone(),
                });
            }
            // Custom tools, whose input is no JSON, and OpenAI's own: never called here.
            Some(_) => {}
            None => return Err(missing(format!("tools[{at}].type"))),
        }
    }
    Ok(tools)
}

pub(super) fn choice(
    choice: Option<&Value>,
    mut tools: Vec<Tool>,
) -> Result<(ToolChoice, Vec<Tool>), Problem> {
    let Some(choice) = choice.filter(|choice| !choice.is_null()) else {
        return Ok((ToolChoice::Auto, tools));
    };
    let wrong = |message: String| Err(Problem::invalid(message).param("tool_choice"));
    if choice["type"] == "allowed_tools" {
        let allowed = choice["tools"].as_array().map_or(&[][..], Vec::as_slice);
        tools.retain(|tool| allowed.iter().any(|other| other["name"] == *tool.name));
    }
    let mode = choice.as_str().or_else(|| choice["mode"].as_str());
    let choice = match (mode, choice["name"].as_str()) {
        (Some("none"), _) => ToolChoice::Never,
        (Some("auto"), _) => ToolChoice::Auto,
        (Some("required"), _) if tools.is_empty() => {
            return wrong(
                "Tool choice 'required' must be specified with 'tools' parameter.".into(),
            );
        }
        (Some("required"), _) => ToolChoice::Any,
        (_, Some(name)) if tools.iter().any(|tool| tool.name == name) => {
            ToolChoice::Named(name.to_owned())
        }
        (_, Some(name)) => {
            return wrong(format!(
                "Tool choice '{name}' not found in 'tools' parameter."
            ));
        }
        // One of OpenAI's own tools.
        (None, None) if choice["type"].is_string() => ToolChoice::Auto,
        _ => return wrong("Invalid value for 'tool_choice'.".into()),
    };
    Ok((choice, tools))
}
