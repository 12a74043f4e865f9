//! Tools, the shape of the answer, and how it is made.

use std::borrow::Cow;

use towerman_core::Fault;

use super::Reader;
use crate::neutral::{Fields, Format, Raw, Reasoning, Sampling, Set, Text, Tool, ToolKind, refuse};

/// Functions; `strict` is said of all of them at once.
pub(super) fn tools(list: Vec<Raw<'_>>, strict: Option<bool>) -> Result<Vec<Tool<'_>>, Fault> {
    let numbered = list.into_iter().enumerate();
    numbered
        .map(|(i, raw)| {
            let around = format!("/tools/{i}");
            let at = format!("{around}/function");
            let mut tool = Fields::read(raw, &around)?;
            if tool
                .string("type", &around)?
                .is_some_and(|kind| kind != "function")
            {
                return Err(refuse(format!("{around}/type"), "must be function"));
            }
            let function = tool.object("function", &around)?;
            let mut function = function.ok_or_else(|| refuse(&*at, "is missing"))?;
            let schema = function.take("parameters");
            if let Some(schema) = schema {
                Fields::read(schema, &format!("{at}/parameters"))?;
            }
            Ok(Tool {
                kind: ToolKind::Function,
                name: function.need_text("name", &at)?,
                description: function.text("description", &at)?,
                schema: schema.map(Cow::Borrowed),
                strict,
                mark: None,
                rest: function.rest(),
                at: at.into(),
            })
        })
        .collect()
}

/// `response_format`.
pub(super) fn format<'a>(
    format: Option<Fields<'a>>,
    reader: &mut Reader<'a>,
) -> Result<Option<Set<Format<'a>>>, Fault> {
    const AT: &str = "/response_format";
    const SCHEMA: &str = "/response_format/json_schema";
    let Some(mut format) = format else {
        return Ok(None);
    };
    let kind = format.need_string("type", AT)?;
    let schema = format.take("json_schema");
    if let Some(schema) = schema {
        Fields::read(schema, SCHEMA)?;
    }
    let set = match (&*kind, schema) {
        ("text", None) => Set::new(Format::Text, AT),
        ("json_object", None) => Set::new(Format::Json, AT),
        ("json_object", Some(schema)) => {
            let schema = Format::Schema {
                name: None,
                description: None,
                schema: Cow::Borrowed(schema),
                strict: None,
            };
            Set::new(schema, SCHEMA)
        }
        ("text", Some(_)) => return Err(refuse(SCHEMA, "is for type json_object")),
        _ => {
            let at = "/response_format/type";
            return Err(refuse(at, "must be text or json_object"));
        }
    };
    reader.leave(AT, format.rest());
    Ok(Some(set))
}

/// `thinking`.
pub(super) fn thinking<'a>(
    thinking: Option<Fields<'a>>,
    reader: &mut Reader<'a>,
) -> Result<Option<Set<Reasoning>>, Fault> {
    const AT: &str = "/thinking";
    let Some(mut thinking) = thinking else {
        return Ok(None);
    };
    let on = match &*thinking.need_string("type", AT)? {
        "enabled" => true,
        "disabled" => false,
        _ => {
            let at = "/thinking/type";
            return Err(refuse(at, "must be enabled or disabled"));
        }
    };
    let budget: Option<u32> = thinking.get("token_budget", AT, "a positive integer")?;
    reader.leave(AT, thinking.rest());
    let reasoning = Reasoning {
        on: Some(on),
        budget: budget.map(i64::from),
        ..Reasoning::default()
    };
    Ok(Some(Set::new(reasoning, AT)))
}

pub(super) fn sampling<'a>(fields: &mut Fields<'a>) -> Result<Sampling<'a>, Fault> {
    const STOP: &str = "/stop_sequences";
    const LOGPROBS: &str = "/logprobs";
    let stop: Option<Vec<Raw<'a>>> = fields.get("stop_sequences", "", "an array of strings")?;
    let stop = stop.map(|list| {
        let texts = list.into_iter().enumerate();
        let texts = texts.map(|(i, raw)| Text::read(raw, &format!("{STOP}/{i}")));
        texts.collect::<Result<Vec<_>, _>>()
    });
    let logprobs: Option<bool> = fields.get("logprobs", "", "a boolean")?;
    Ok(Sampling {
        max_output: fields.set("/max_tokens", "a positive integer")?,
        temperature: fields.set("/temperature", "a number")?,
        top_p: fields.set("/p", "a number")?,
        top_k: fields.set("/k", "an integer")?,
        seed: fields.set("/seed", "an integer")?,
        stop: stop.transpose()?.map(|stop| Set::new(stop, STOP)),
        presence: fields.set("/presence_penalty", "a number")?,
        frequency: fields.set("/frequency_penalty", "a number")?,
        // No alternatives are told.
        logprobs: logprobs
            .filter(|wanted| *wanted)
            .map(|_| Set::new(0, LOGPROBS)),
        ..Sampling::default()
    })
}
