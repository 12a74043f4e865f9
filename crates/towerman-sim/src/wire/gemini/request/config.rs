//! Reads the generation config.

use serde_json::{Value, json};

use super::super::{error::invalid, fields::Fields};
use crate::{ask::Thoughts, trouble::Problem};

const FIELDS: [&str; 26] = [
    "stopSequences",
    "responseMimeType",
    "responseSchema",
    "responseJsonSchema",
    "_responseJsonSchema",
    "responseFormat",
    "responseModalities",
    "candidateCount",
    "maxOutputTokens",
    "temperature",
    "topP",
    "topK",
    "seed",
    "presencePenalty",
    "frequencyPenalty",
    "responseLogprobs",
    "logprobs",
    "enableEnhancedCivicAnswers",
    "speechConfig",
    "thinkingConfig",
    "imageConfig",
    "mediaResolution",
    "audioTimestamp",
    "routingConfig",
    "modelSelectionConfig",
    "enableAffectiveDialog",
];

/// Fields of Google's own kind of schema, a part of OpenAPI's.
const SCHEMA: [&str; 24] = [
    "type",
    "format",
    "title",
    "description",
    "nullable",
    "enum",
    "items",
    "prefixItems",
    "maxItems",
    "minItems",
    "uniqueItems",
    "properties",
    "required",
    "minProperties",
    "maxProperties",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "pattern",
    "example",
    "default",
    "anyOf",
    "propertyOrdering",
];

pub(super) struct Config {
    pub(super) choices: u64,
    pub(super) max_tokens: Option<u64>,
    pub(super) stops: Vec<String>,
    pub(super) schema: Option<Value>,
    pub(super) thoughts: Thoughts,
}

pub(super) fn read(request: &Fields<'_>, strict: bool) -> Result<Config, Problem> {
    let known = if strict { &FIELDS[..] } else { &[] };
    let Some(fields) = request.message("generationConfig", known)? else {
        return Ok(Config {
            choices: 1,
            max_tokens: None,
            stops: Vec::new(),
            schema: None,
            thoughts: Thoughts::Hidden,
        });
    };
    let temperature: Option<f64> = fields.get("temperature")?;
    if let Some(value) = temperature.filter(|value| !(0.0..=2.0).contains(value)) {
        return Err(invalid(format!(
            "Unable to submit request because it has a temperature value of {value} but the supported range is from 0 \
             (inclusive) to 2.0001 (exclusive). Update the value and try again."
        )));
    }
    let stops: Vec<String> = fields.get("stopSequences")?.unwrap_or_default();
    if stops.len() > 5 {
        return Err(invalid(format!(
            "Unable to submit request because it has {} stop sequences but the supported maximum is 5.",
            stops.len()
        )));
    }
    let choices = fields.get("candidateCount")?.unwrap_or(1);
    if !(1..=8).contains(&choices) {
        return Err(invalid(format!(
            "Unable to submit request because it has a candidateCount value of {choices} but the supported range is \
             from 1 (inclusive) to 9 (exclusive)."
        )));
    }
    Ok(Config {
        choices,
        max_tokens: fields.get("maxOutputTokens")?.filter(|limit| *limit > 0),
        stops,
        schema: schema(&fields, strict)?,
        thoughts: thoughts(&fields, strict)?,
    })
}

fn schema(fields: &Fields<'_>, strict: bool) -> Result<Option<Value>, Problem> {
    let json = fields.get::<String>("responseMimeType")?.as_deref() == Some("application/json");
    let own: Option<Value> = fields.get("responseSchema")?;
    let common: Option<Value> = match fields.get("responseJsonSchema")? {
        Some(schema) => Some(schema),
        None => fields.get("_responseJsonSchema")?,
    };
    if let (Some(schema), true) = (&own, strict) {
        check(schema, "generation_config.response_schema")?;
    }
    match (own, common) {
        (Some(_), Some(_)) => Err(invalid(
            "Only one of response_schema and response_json_schema may be set.",
        )),
        (None, None) => Ok(json.then(|| json!({"type": "object"}))),
        (Some(schema), None) | (None, Some(schema)) if json => Ok(Some(schema)),
        _ => Err(invalid(
            "A response schema is only supported with the response mime type: 'application/json'.",
        )),
    }
}

/// Refuses what JSON Schema has and Google's schemas have not.
pub(super) fn check(schema: &Value, place: &str) -> Result<(), Problem> {
    let Some(members) = schema.as_object() else {
        return Err(super::super::fields::wrong(place, "an object"));
    };
    for (name, value) in members {
        if !SCHEMA.contains(&name.as_str()) {
            return Err(invalid(format!(
                "Invalid JSON payload received. Unknown name \"{name}\" at '{place}': Cannot find field."
            )));
        }
        match (name.as_str(), value) {
            ("items", value) => check(value, &format!("{place}.items"))?,
            ("properties", Value::Object(properties)) => {
                for (at, value) in properties.values().enumerate() {
                    check(value, &format!("{place}.properties[{at}].value"))?;
                }
            }
            ("anyOf", Value::Array(options)) => {
                for (at, value) in options.iter().enumerate() {
                    check(value, &format!("{place}.any_of[{at}]"))?;
                }
            }
            ("type", Value::String(_)) => {}
            // One type; a list of them is JSON Schema's.
            ("type", _) => {
                return Err(super::super::fields::wrong(
                    &format!("{place}.type"),
                    "a type",
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

fn thoughts(fields: &Fields<'_>, strict: bool) -> Result<Thoughts, Problem> {
    let known = ["includeThoughts", "thinkingBudget", "thinkingLevel"];
    let known = if strict { &known[..] } else { &[] };
    let Some(thinking) = fields.message("thinkingConfig", known)? else {
        return Ok(Thoughts::Hidden);
    };
    let budget: Option<i64> = thinking.get("thinkingBudget")?;
    let level: Option<String> = thinking.get("thinkingLevel")?;
    if budget.is_some() && level.is_some() {
        return Err(invalid(
            "You can only set only one of thinking budget and thinking level.",
        ));
    }
    let shown = thinking.get("includeThoughts")?.unwrap_or(false);
    Ok(match (budget, shown) {
        (Some(0), _) => Thoughts::Off,
        (_, true) => Thoughts::Shown,
        (_, false) => Thoughts::Hidden,
    })
}
