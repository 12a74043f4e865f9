//! Tools, and which of them must be called.

use towerman_core::Fault;

use super::content::NOTHING_LIKE_IT;
use crate::translate::{
    fields::{Fields, Raw, refuse},
    loss::Losses,
    openai::{Function, Named, Tool, ToolChoice},
};

pub(super) fn tools<'a>(list: Vec<Raw<'a>>, losses: &mut Losses) -> Result<Vec<Tool<'a>>, Fault> {
    let numbered = list.into_iter().enumerate();
    numbered
        .map(|(i, raw)| tool(raw, &format!("/tools/{i}"), losses))
        .collect()
}

fn tool<'a>(raw: Raw<'a>, at: &str, losses: &mut Losses) -> Result<Tool<'a>, Fault> {
    let mut tool = Fields::read(raw, at)?;
    if tool
        .string("type", at)?
        .is_some_and(|kind| kind != "custom")
    {
        return Err(refuse(
            format!("{at}/type"),
            "is a tool that only its own provider can run",
        ));
    }
    let parameters: Raw<'a> = tool.need("input_schema", at, "an object")?;
    Fields::read(parameters, &format!("{at}/input_schema"))?;
    let function = Function {
        name: tool.need_text("name", at)?,
        description: tool.text("description", at)?,
        parameters,
        strict: tool.get("strict", at, "a boolean")?,
    };
    tool.lose(at, NOTHING_LIKE_IT, losses);
    Ok(Tool {
        kind: "function",
        function,
    })
}

/// `tool_choice` and `parallel_tool_calls`.
pub(super) fn tool_choice<'a>(
    choice: Option<Fields<'a>>,
    any_tools: bool,
    losses: &mut Losses,
) -> Result<(Option<ToolChoice<'a>>, Option<bool>), Fault> {
    const AT: &str = "/tool_choice";
    let Some(mut choice) = choice else {
        return Ok((None, None));
    };
    let kind = choice.need_string("type", AT)?;
    let serial = choice.get("disable_parallel_tool_use", AT, "a boolean")? == Some(true);
    let choice = match &*kind {
        "none" => ToolChoice::Mode("none"),
        "auto" => ToolChoice::Mode("auto"),
        "any" => ToolChoice::Mode("required"),
        "tool" => ToolChoice::Function {
            kind: "function",
            function: Named {
                name: choice.need_text("name", AT)?,
            },
        },
        _ => {
            return Err(refuse(
                "/tool_choice/type",
                "is no mode that this API knows",
            ));
        }
    };
    match (any_tools, &*kind) {
        (true, _) => Ok((Some(choice), serial.then_some(false))),
        (false, "none" | "auto") => {
            losses.add(AT, "dropped: there are no tools");
            Ok((None, None))
        }
        (false, _) => Err(refuse(AT, "wants a tool called, and there are none")),
    }
}
