//! How the answer is made.

use std::borrow::Cow;

use serde_json::value::RawValue;
use towerman_core::Fault;

use super::Reader;
use crate::neutral::{
    Effort, Fields, Format, Raw, Reasoning, Request, Set, Text,
    fields::{Said, read as read_as},
    json, refuse,
};

impl<'a> Reader<'a> {
    pub(super) fn inference(
        &mut self,
        config: Option<Fields<'a>>,
        request: &mut Request<'a>,
    ) -> Result<(), Fault> {
        const AT: &str = "/inferenceConfig";
        const STOP: &str = "/inferenceConfig/stopSequences";
        let Some(mut config) = config else {
            return Ok(());
        };
        let sampling = &mut request.sampling;
        sampling.max_output = config.set("/inferenceConfig/maxTokens", "a positive integer")?;
        sampling.temperature = config.set("/inferenceConfig/temperature", "a number")?;
        sampling.top_p = config.set("/inferenceConfig/topP", "a number")?;
        let stop: Option<Vec<Raw<'a>>> = config.get("stopSequences", AT, "an array of strings")?;
        if let Some(stop) = stop {
            let texts = stop.into_iter().enumerate();
            let texts = texts.map(|(i, raw)| Text::read(raw, &format!("{STOP}/{i}")));
            sampling.stop = Some(Set::new(texts.collect::<Result<_, _>>()?, STOP));
        }
        self.leave(AT, config);
        Ok(())
    }

    /// What some models take beside: Claude's thinking, and `top_k`.
    pub(super) fn more(
        &mut self,
        more: Option<Fields<'a>>,
        request: &mut Request<'a>,
    ) -> Result<(), Fault> {
        const AT: &str = "/additionalModelRequestFields";
        const THINKING: &str = "/additionalModelRequestFields/thinking";
        const NOVA: &str = "/additionalModelRequestFields/reasoningConfig";
        let Some(mut more) = more else {
            return Ok(());
        };
        request.sampling.top_k = more.set("/additionalModelRequestFields/top_k", "an integer")?;
        if let Some(mut thinking) = more.object("thinking", AT)? {
            let kind = thinking.need_string("type", THINKING)?;
            let budget: Option<u32> =
                thinking.get("budget_tokens", THINKING, "a positive integer")?;
            let reasoning = Reasoning {
                on: Some(kind != "disabled"),
                budget: budget.map(i64::from),
                ..Reasoning::default()
            };
            request.reasoning = Some(Set::new(reasoning, THINKING));
            self.leave(THINKING, thinking);
        }
        if let Some(mut nova) = more.object("reasoningConfig", AT)? {
            let kind = nova.string("type", NOVA)?;
            let effort = match nova.string("maxReasoningEffort", NOVA)?.as_deref() {
                Some("low") => Some(Effort::Low),
                Some("medium") => Some(Effort::Medium),
                Some("high") => Some(Effort::High),
                _ => None,
            };
            let reasoning = Reasoning {
                on: Some(kind.as_deref() != Some("disabled")),
                effort,
                ..Reasoning::default()
            };
            request.reasoning = Some(Set::new(reasoning, NOVA));
            self.leave(NOVA, nova);
        }
        self.leave(AT, more);
        Ok(())
    }

    /// How hard to try, which counts beside a budget to think with, and the answer's shape.
    pub(super) fn output(
        &mut self,
        output: Option<Fields<'a>>,
        request: &mut Request<'a>,
    ) -> Result<(), Fault> {
        const AT: &str = "/outputConfig";
        const EFFORT: &str = "/outputConfig/effort";
        let Some(mut output) = output else {
            return Ok(());
        };
        if let Some(name) = output.string("effort", AT)? {
            let effort = Effort::named(&name);
            let effort =
                effort.ok_or_else(|| refuse(EFFORT, "is no effort that this API knows"))?;
            let set = request.reasoning.take();
            let set = set.unwrap_or_else(|| Set::new(Reasoning::default(), EFFORT));
            let effort = set.value.effort.or(Some(effort));
            let value = Reasoning {
                effort,
                ..set.value
            };
            request.reasoning = Some(Set::new(value, set.at));
        }
        let format = output.object("textFormat", AT)?;
        self.leave(AT, output);
        if let Some(format) = format {
            request.format = Some(text_format(format)?);
        }
        Ok(())
    }
}

/// The schema is spelt in a string.
fn text_format(mut format: Fields<'_>) -> Result<Set<Format<'_>>, Fault> {
    const FORMAT: &str = "/outputConfig/textFormat";
    const SCHEMA: &str = "/outputConfig/textFormat/structure/jsonSchema";
    if format.need_string("type", FORMAT)? != "json_schema" {
        return Err(refuse(format!("{FORMAT}/type"), "must be json_schema"));
    }
    let missing = || refuse(SCHEMA, "is missing");
    let structure = format.object("structure", FORMAT)?;
    let mut structure = structure.ok_or_else(missing)?;
    let structured = structure.object("jsonSchema", &format!("{FORMAT}/structure"))?;
    let mut structured = structured.ok_or_else(missing)?;
    let at = format!("{SCHEMA}/schema");
    let spelt: Raw<'_> = structured.need("schema", SCHEMA, "a string")?;
    let said: Said<'_> = read_as(spelt, &at, "a string")?;
    let schema: Option<Box<RawValue>> = json::object(said.0);
    let missing = || refuse(&*at, "must be the text of a JSON object");
    let schema = schema.ok_or_else(missing)?;
    Fields::read(&schema, &at)?;
    Ok(Set::new(
        Format::Schema {
            name: structured.text("name", SCHEMA)?,
            description: structured.text("description", SCHEMA)?,
            schema: Cow::Owned(schema),
            // Converse knows no schema that is not kept to.
            strict: Some(true),
        },
        SCHEMA,
    ))
}
