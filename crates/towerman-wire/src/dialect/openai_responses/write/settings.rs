//! Writes how the model shall answer.

use towerman_core::Fault;

use super::{OTHER, Way};
use crate::{
    dialect::{
        node::{Node, Object},
        openai_responses::read::LOGPROBS,
    },
    neutral::{Caching, Effort, Format, Reasoning, Sampling, Set, Shown, Text},
};

/// The least that the provider lets an answer have.
const LEAST: u64 = 16;

pub(super) fn text<'a>(
    format: Option<Set<Format<'a>>>,
    way: &mut Way<'a, '_>,
) -> Option<Object<'a>> {
    let mut text = Object::default();
    if let Some(Set { value, at }) = format {
        let mut format = match value {
            Format::Text => Object::new("text"),
            Format::Json => Object::new("json_object"),
            Format::Schema {
                name,
                description,
                schema,
                strict,
            } => {
                if name.is_none() && !way.own {
                    way.notes.mapped(at, "named answer: this API wants a name");
                }
                let mut format = Object::new("json_schema");
                format.put("name", name.unwrap_or(Text::Said("answer".into())));
                format.maybe("description", description);
                format.put("schema", schema);
                format.maybe("strict", strict);
                format
            }
        };
        way.around("/text/format", &mut format);
        text.put("format", format);
    }
    way.around("/text", &mut text);
    (!text.is_empty()).then_some(text)
}

/// Says whether the model shall think at all.
pub(super) fn reasoning<'a>(
    reasoning: Option<Set<Reasoning>>,
    body: &mut Object<'a>,
    way: &mut Way<'a, '_>,
) -> bool {
    let mut object = Object::default();
    let mut reasons = false;
    if let Some(Set { value, at }) = reasoning {
        let effort = value.effort.or_else(|| match (value.budget, value.on) {
            (_, Some(false)) => Some(Effort::None),
            (Some(budget), _) => {
                way.notes.mapped(at, "told as a reasoning effort");
                Some(Effort::of_budget(budget))
            }
            _ => None,
        });
        reasons = effort.map_or(value.on == Some(true), |effort| effort != Effort::None);
        object.maybe("effort", effort.map(Effort::as_str));
    }
    way.around("/reasoning", &mut object);
    let shown = reasoning.and_then(|set| set.value.shown);
    if !way.own && matches!(shown, Some(Shown::Summary)) {
        object.put("summary", "auto");
    }
    if !object.is_empty() {
        body.put("reasoning", object);
    }
    reasons
}

pub(super) fn sampling<'a>(
    sampling: Sampling<'a>,
    reasons: bool,
    body: &mut Object<'a>,
    way: &mut Way<'a, '_>,
) -> Result<Vec<String>, Fault> {
    if let Some(Set { value, at }) = sampling.max_output {
        if value < LEAST && !way.own {
            way.notes.mapped(at, "set to 16: this API takes no less");
        }
        body.put(
            "max_output_tokens",
            if way.own { value } else { value.max(LEAST) },
        );
    }
    body.maybe("temperature", sampling.temperature.map(|set| set.value));
    body.maybe("top_p", sampling.top_p.map(|set| set.value));
    match sampling.logprobs {
        Some(Set { value, at }) if way.own => {
            if at == "/top_logprobs" {
                body.put("top_logprobs", value);
            }
            let has_include = way
                .around
                .get("")
                .is_some_and(|around| around.own.0.iter().any(|(key, _)| key == "include"));
            if !has_include && at != "/top_logprobs" {
                body.put("include", vec![Node::from(LOGPROBS)]);
            }
        }
        Some(Set { at, .. }) => {
            return Err(way
                .notes
                .refused(at, "cannot be told in the other API's form"));
        }
        None => {}
    }
    // Without it, a thought could not be given back to a provider that keeps nothing.
    if reasons && !way.own {
        body.put("include", vec![Node::from("reasoning.encrypted_content")]);
    }
    if let Some(Set { value, at }) = sampling.n
        && value != 1
    {
        return Err(way
            .notes
            .refused(at, "must be 1: this API gives one answer"));
    }
    if let Some(Set { at, .. }) = sampling.logit_bias {
        return Err(way.notes.refused(at, "is nothing that this API knows"));
    }
    let dropped = [
        sampling.top_k.map(|set| set.at),
        sampling.min_p.map(|set| set.at),
        sampling.seed.map(|set| set.at),
        sampling.presence.map(|set| set.at),
        sampling.frequency.map(|set| set.at),
    ];
    for at in dropped.into_iter().flatten() {
        way.notes.dropped(at, OTHER)?;
    }
    let stop = sampling.stop.map(|set| set.value).unwrap_or_default();
    let texts = stop.into_iter().map(|text| text.say().into_owned());
    Ok(texts.filter(|text| !text.is_empty()).collect())
}

pub(super) fn caching<'a>(
    caching: Caching<'a>,
    body: &mut Object<'a>,
    way: &mut Way<'a, '_>,
) -> Result<(), Fault> {
    body.maybe("prompt_cache_key", caching.key.map(|set| set.value));
    if let Some(auto) = caching.auto {
        way.notes
            .mapped(auto.at, "left out: this API caches by itself");
    }
    Ok(())
}

pub(super) fn tier<'a>(
    tier: Option<Set<Text<'a>>>,
    body: &mut Object<'a>,
    way: &mut Way<'a, '_>,
) -> Result<(), Fault> {
    let Some(Set { value, at }) = tier else {
        return Ok(());
    };
    if way.own {
        body.put("service_tier", value);
        return Ok(());
    }
    match &*value.say() {
        known @ ("auto" | "default" | "flex" | "priority") => {
            body.put("service_tier", known.to_owned());
            Ok(())
        }
        "standard" | "standard_only" => {
            way.notes.mapped(at, "said as default");
            body.put("service_tier", "default");
            Ok(())
        }
        _ => way.notes.dropped(at, OTHER),
    }
}
