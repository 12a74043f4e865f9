//! Tools of a client, and which of them must be called.

use std::borrow::Cow;

use towerman_core::Fault;

use super::{peek, reader::Reader};
use crate::neutral::{Fields, Raw, Rest, Set, Text, Tool, ToolChoice, ToolKind, refuse};

const AT: &str = "/tool_choice";

type Choice<'a> = (Option<Set<ToolChoice<'a>>>, Option<Set<bool>>);

pub(super) fn tools<'a>(
    list: Vec<Raw<'a>>,
    reader: &mut Reader<'a>,
) -> Result<Vec<Tool<'a>>, Fault> {
    let numbered = list.into_iter().enumerate();
    numbered
        .map(|(i, raw)| tool(raw, &format!("/tools/{i}"), reader))
        .collect()
}

fn tool<'a>(raw: Raw<'a>, at: &str, reader: &mut Reader<'a>) -> Result<Tool<'a>, Fault> {
    let mut tool = Fields::read(raw, at)?;
    let kind = peek(&tool, "type");
    if let Some(spelt) = kind
        && let Some(kind) = tool.string("type", at)?
    {
        if kind != "custom" {
            return Ok(hosted(raw, tool.text("name", at)?, at));
        }
        reader.spelt(at, "type", spelt);
    }
    let schema: Raw<'a> = tool.need("input_schema", at, "an object")?;
    Fields::read(schema, &format!("{at}/input_schema"))?;
    Ok(Tool {
        kind: ToolKind::Function,
        name: tool.need_text("name", at)?,
        description: tool.text("description", at)?,
        schema: Some(Cow::Borrowed(schema)),
        strict: tool.get("strict", at, "a boolean")?,
        mark: reader.mark(&mut tool, at)?,
        at: at.into(),
        rest: tool.rest(),
    })
}

/// Its type is what no other provider knows.
fn hosted<'a>(raw: Raw<'a>, name: Option<Text<'a>>, at: &str) -> Tool<'a> {
    Tool {
        kind: ToolKind::Hosted(raw),
        name: name.unwrap_or(Text::Said("".into())),
        description: None,
        schema: None,
        strict: None,
        mark: None,
        at: at.into(),
        rest: Rest::default(),
    }
}

/// `tool_choice`, which also says whether calls may be parallel.
pub(super) fn choice<'a>(
    choice: Option<Fields<'a>>,
    reader: &mut Reader<'a>,
) -> Result<Choice<'a>, Fault> {
    let Some(mut choice) = choice else {
        return Ok((None, None));
    };
    let serial: Option<bool> = choice.get("disable_parallel_tool_use", AT, "a boolean")?;
    let kind = match &*choice.need_string("type", AT)? {
        "none" => ToolChoice::None,
        "auto" => ToolChoice::Auto,
        "any" => ToolChoice::Any,
        "tool" => ToolChoice::Named(choice.need_text("name", AT)?),
        _ => {
            return Err(refuse(
                "/tool_choice/type",
                "is no mode that this API knows",
            ));
        }
    };
    reader.leave(AT, choice);
    let parallel = serial.map(|serial| Set::new(!serial, "/tool_choice/disable_parallel_tool_use"));
    Ok((Some(Set::new(kind, AT)), parallel))
}
