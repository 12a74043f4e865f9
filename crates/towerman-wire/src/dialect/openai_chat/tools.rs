//! Tools, and which of them must be called: read from clients.

use std::borrow::Cow;

use towerman_core::Fault;

use super::parts::{MARKS, mark, spelt};
use crate::neutral::{
    Around, Fields, Raw, Rest, Set, Text, Tool, ToolChoice, ToolKind, fields::read as read_as,
    refuse,
};

pub(super) fn read<'a>(
    list: Vec<Raw<'a>>,
    around: &mut Vec<Around<'a>>,
) -> Result<Vec<Tool<'a>>, Fault> {
    let numbered = list.into_iter().enumerate();
    numbered
        .map(|(i, raw)| tool(raw, &format!("/tools/{i}"), around))
        .collect()
}

fn tool<'a>(raw: Raw<'a>, at: &str, around: &mut Vec<Around<'a>>) -> Result<Tool<'a>, Fault> {
    let mut tool = Fields::read(raw, at)?;
    // Some hosts know only functions, and their clients do not say so.
    let kind = tool.string("type", at)?.unwrap_or("function".into());
    let other = |kind, name| Tool {
        kind,
        name,
        description: None,
        schema: None,
        strict: None,
        mark: None,
        at: at.into(),
        rest: Rest::default(),
    };
    match &*kind {
        "function" => {}
        "custom" => {
            let inside = tool.object("custom", at)?;
            let at = format!("{at}/custom");
            let mut inside = inside.ok_or_else(|| refuse(&*at, "is missing"))?;
            let name = inside.need_text("name", &at)?;
            return Ok(other(ToolKind::Custom(raw), name));
        }
        _ => return Ok(other(ToolKind::Hosted(raw), Text::Said("".into()))),
    }
    let members = tool.members().to_vec();
    let mark = mark(&mut tool, at)?;
    let inside = format!("{at}/function");
    let function = tool.object("function", at)?;
    let mut function = function.ok_or_else(|| refuse(&*inside, "is missing"))?;
    let rest = tool.rest();
    around.push(Around {
        at: at.into(),
        own: spelt(members, &rest, |key| MARKS.contains(&key)),
        rest,
    });
    let schema = function.take("parameters");
    if let Some(schema) = schema {
        Fields::read(schema, &format!("{inside}/parameters"))?;
    }
    Ok(Tool {
        kind: ToolKind::Function,
        name: function.need_text("name", &inside)?,
        description: function.text("description", &inside)?,
        schema: schema.map(Cow::Borrowed),
        strict: function.get("strict", &inside, "a boolean")?,
        mark,
        rest: function.rest(),
        at: inside.into(),
    })
}

pub(super) fn read_choice(choice: Option<Raw<'_>>) -> Result<Option<Set<ToolChoice<'_>>>, Fault> {
    const AT: &str = "/tool_choice";
    const TYPE: &str = "/tool_choice/type";
    let Some(raw) = choice else {
        return Ok(None);
    };
    let said = if raw.get().starts_with('"') {
        match read_as::<Cow<'_, str>>(raw, AT, "a mode or a function")?.as_ref() {
            "none" => ToolChoice::None,
            "auto" => ToolChoice::Auto,
            // Mistral says `any`.
            "required" | "any" => ToolChoice::Any,
            _ => return Err(refuse(AT, "is no mode that this model's API knows")),
        }
    } else {
        let mut choice = Fields::read(raw, AT)?;
        let kind = choice.string("type", AT)?.unwrap_or("function".into());
        match &*kind {
            kind @ ("function" | "custom") => {
                let inside = choice.object(kind, AT)?;
                let mut inside =
                    inside.ok_or_else(|| refuse(format!("{AT}/{kind}"), "is missing"))?;
                ToolChoice::Named(inside.need_text("name", &format!("{AT}/{kind}"))?)
            }
            "allowed_tools" => allowed(&mut choice)?,
            _ => return Err(refuse(TYPE, "must be function for this model's API")),
        }
    };
    Ok(Some(Set::new(said, AT)))
}

fn allowed<'a>(choice: &mut Fields<'a>) -> Result<ToolChoice<'a>, Fault> {
    const AT: &str = "/tool_choice/allowed_tools";
    let inside = choice.object("allowed_tools", "/tool_choice")?;
    let mut inside = inside.ok_or_else(|| refuse(AT, "is missing"))?;
    let mode = inside.need_string("mode", AT)?;
    let mut names = Vec::new();
    for (i, raw) in inside.list("tools", AT)?.into_iter().enumerate() {
        let at = format!("{AT}/tools/{i}");
        let function = Fields::read(raw, &at)?.object("function", &at)?;
        let mut function =
            function.ok_or_else(|| refuse(format!("{at}/function"), "is missing"))?;
        names.push(function.need_text("name", &format!("{at}/function"))?);
    }
    Ok(if mode == "required" {
        ToolChoice::AnyOf(names)
    } else {
        ToolChoice::AutoOf(names)
    })
}
