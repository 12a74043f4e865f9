//! Tools, and which of them must be called: read from clients, written for providers.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;
use towerman_core::Fault;

use super::{
    parts::{MARKS, mark, spelt},
    show::Writer,
};
use crate::{
    dialect::empty_object,
    neutral::{
        Around, Fields, Notes, Raw, Rest, Set, Text, Tool, ToolChoice, ToolKind,
        fields::read as read_as, refuse,
    },
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

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Offered<'a> {
    Function {
        #[serde(rename = "type")]
        kind: &'static str,
        function: Function<'a>,
        #[serde(flatten)]
        rest: Rest<'a>,
    },
    /// As the client spelt it.
    Own(Raw<'a>),
}

#[derive(Debug, Serialize)]
pub(super) struct Function<'a> {
    name: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<Cow<'a, RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
    #[serde(flatten)]
    rest: Rest<'a>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Chosen<'a> {
    Mode(&'static str),
    Function {
        #[serde(rename = "type")]
        kind: &'static str,
        function: Named<'a>,
    },
    Custom {
        #[serde(rename = "type")]
        kind: &'static str,
        custom: Named<'a>,
    },
    Allowed {
        #[serde(rename = "type")]
        kind: &'static str,
        allowed_tools: Allowed<'a>,
    },
}

#[derive(Debug, Serialize)]
pub(super) struct Allowed<'a> {
    mode: &'static str,
    tools: Vec<Reference<'a>>,
}

#[derive(Debug, Serialize)]
struct Reference<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    function: Named<'a>,
}

#[derive(Debug, Serialize)]
pub(super) struct Named<'a> {
    name: Text<'a>,
}

pub(super) fn write<'a>(
    tools: Vec<Tool<'a>>,
    writer: &mut Writer<'a, '_>,
) -> Result<Vec<Offered<'a>>, Fault> {
    let mut all = Vec::with_capacity(tools.len());
    for tool in tools {
        let at = &*tool.at;
        all.push(match tool.kind {
            ToolKind::Custom(raw) | ToolKind::Hosted(raw) if writer.own => Offered::Own(raw),
            ToolKind::Custom(_) | ToolKind::Hosted(_) => {
                return Err(writer.notes.refused(
                    format!("{at}/type"),
                    "is a tool that only its own provider can run",
                ));
            }
            ToolKind::Function => {
                writer.unmark(tool.mark.is_some(), at)?;
                // Most hosts want a schema, even one that says nothing; its own client knows.
                let none = (!writer.own).then(|| Cow::Owned(empty_object()));
                Offered::Function {
                    kind: "function",
                    rest: writer.around(at.trim_end_matches("/function")),
                    function: Function {
                        name: tool.name,
                        description: tool.description,
                        parameters: tool.schema.or(none),
                        strict: tool.strict,
                        rest: writer.keep(tool.rest, at)?,
                    },
                }
            }
        });
    }
    Ok(all)
}

/// The names of the tools whose input is free text: they are chosen in other words.
pub(super) fn custom<'a>(tools: &[Tool<'a>]) -> Vec<Cow<'a, str>> {
    let custom = |tool: &&Tool<'_>| matches!(tool.kind, ToolKind::Custom(_));
    let all = tools.iter().filter(custom);
    all.map(|tool| tool.name.clone().say()).collect()
}

/// Which tools; `any` says whether there are some.
pub(super) fn write_choice<'a>(
    choice: Option<Set<ToolChoice<'a>>>,
    any: bool,
    custom: &[Cow<'_, str>],
    notes: &mut Notes,
) -> Result<Option<Chosen<'a>>, Fault> {
    let Some(Set { value, at }) = choice else {
        return Ok(None);
    };
    if !any {
        if matches!(value, ToolChoice::None | ToolChoice::Auto) {
            notes.dropped(at, "dropped: there are no tools")?;
            return Ok(None);
        }
        return Err(notes.refused(at, "wants a tool called, and there are none"));
    }
    let allowed = |mode, names: Vec<Text<'a>>| Chosen::Allowed {
        kind: "allowed_tools",
        allowed_tools: Allowed {
            mode,
            tools: names
                .into_iter()
                .map(|name| Reference {
                    kind: "function",
                    function: Named { name },
                })
                .collect(),
        },
    };
    Ok(Some(match value {
        ToolChoice::Auto => Chosen::Mode("auto"),
        ToolChoice::None => Chosen::Mode("none"),
        ToolChoice::Any => Chosen::Mode("required"),
        ToolChoice::Named(name) if custom.contains(&name.clone().say()) => Chosen::Custom {
            kind: "custom",
            custom: Named { name },
        },
        ToolChoice::Named(name) => Chosen::Function {
            kind: "function",
            function: Named { name },
        },
        ToolChoice::AnyOf(names) => allowed("required", names),
        ToolChoice::AutoOf(names) => allowed("auto", names),
    }))
}
