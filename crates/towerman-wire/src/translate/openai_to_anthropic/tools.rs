//! Tools, and which of them must be called.

use std::borrow::Cow;

use serde_json::value::RawValue;
use towerman_core::Fault;

use super::content::NOTHING_LIKE_IT;
use crate::translate::{
    anthropic::{Tool, ToolChoice},
    empty_object,
    fields::{Fields, Raw, read, refuse},
    loss::Losses,
};

pub(super) fn tools<'a>(list: Vec<Raw<'a>>, losses: &mut Losses) -> Result<Vec<Tool<'a>>, Fault> {
    let numbered = list.into_iter().enumerate();
    numbered
        .map(|(i, raw)| tool(raw, &format!("/tools/{i}"), losses))
        .collect()
}

fn tool<'a>(raw: Raw<'a>, at: &str, losses: &mut Losses) -> Result<Tool<'a>, Fault> {
    let mut tool = Fields::read(raw, at)?;
    if tool.need_string("type", at)? != "function" {
        return Err(refuse(
            format!("{at}/type"),
            "must be function for this model's API",
        ));
    }
    let mut function: Fields<'a> = tool.need("function", at, "an object")?;
    tool.lose(at, NOTHING_LIKE_IT, losses);
    let at = format!("{at}/function");
    let tool = Tool {
        name: function.need_text("name", &at)?,
        description: function.text("description", &at)?,
        input_schema: schema(function.take("parameters"), &at)?,
        strict: function.get("strict", &at, "a boolean")?,
    };
    function.lose(&at, NOTHING_LIKE_IT, losses);
    Ok(tool)
}

/// The schema as it was spelt. Anthropic wants its type said, OpenAI does not.
fn schema<'a>(parameters: Option<Raw<'a>>, at: &str) -> Result<Cow<'a, RawValue>, Fault> {
    let at = format!("{at}/parameters");
    let spelt = parameters.map_or("{}", RawValue::get);
    let said_type = match parameters {
        Some(raw) => Fields::read(raw, &at)?.take("type").is_some(),
        None => false,
    };
    match parameters {
        Some(raw) if said_type => Ok(Cow::Borrowed(raw)),
        _ => {
            let rest = spelt[1..].trim_start();
            let comma = if rest.starts_with('}') { "" } else { "," };
            let typed = RawValue::from_string(format!("{{\"type\":\"object\"{comma}{rest}"));
            Ok(Cow::Owned(typed.unwrap_or_else(|_| empty_object())))
        }
    }
}

pub(super) fn tool_choice<'a>(
    choice: Option<Raw<'a>>,
    parallel: Option<bool>,
    any_tools: bool,
    losses: &mut Losses,
) -> Result<Option<ToolChoice<'a>>, Fault> {
    const AT: &str = "/tool_choice";
    let serial = parallel == Some(false);
    let (kind, name) = match choice {
        None if serial && any_tools => ("auto", None),
        None => return Ok(None),
        Some(raw) if raw.get().starts_with('"') => {
            let mode: &str = match read::<Cow<'_, str>>(raw, AT, "a mode or a function")?.as_ref() {
                "none" => "none",
                "auto" => "auto",
                "required" => "any",
                _ => return Err(refuse(AT, "is no mode that this model's API knows")),
            };
            (mode, None)
        }
        Some(raw) => {
            let mut choice = Fields::read(raw, AT)?;
            if choice.need_string("type", AT)? != "function" {
                return Err(refuse(
                    "/tool_choice/type",
                    "must be function for this model's API",
                ));
            }
            let mut function: Fields<'a> = choice.need("function", AT, "an object")?;
            (
                "tool",
                Some(function.need_text("name", "/tool_choice/function")?),
            )
        }
    };
    match (any_tools, kind) {
        (true, _) => Ok(Some(ToolChoice {
            kind,
            name,
            disable_parallel_tool_use: serial && kind != "none",
        })),
        (false, "none" | "auto") => {
            losses.add(AT, "dropped: there are no tools");
            Ok(None)
        }
        (false, _) => Err(refuse(AT, "wants a tool called, and there are none")),
    }
}
