//! Tools, and which of them must be called: written for providers.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;
use towerman_core::Fault;

use super::show::Writer;
use crate::{
    dialect::empty_object,
    neutral::{Notes, Raw, Rest, Set, Text, Tool, ToolChoice, ToolKind},
};

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
                let why = "is a tool that only its own provider can run";
                return Err(writer.notes.refused(tool.kind.place(at), why));
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
