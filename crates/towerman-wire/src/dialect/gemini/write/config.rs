//! Writes how the model shall answer.

use towerman_core::Fault;

use super::{OTHER, Way};
use crate::{
    dialect::node::{Node, Object},
    neutral::{Effort, Format, Reasoning, Sampling, Set, Shown, Text, schema_alone},
};

const AT: &str = "/generationConfig";
const THINKING: &str = "/generationConfig/thinkingConfig";

/// The most stop sequences that the provider takes.
const STOPS: usize = 5;

/// `generationConfig`, and the stop sequences that do not fit into it.
pub(super) fn config<'a>(
    sampling: Sampling<'a>,
    format: Option<Set<Format<'a>>>,
    reasoning: Option<Set<Reasoning>>,
    way: &mut Way<'a, '_>,
) -> Result<(Object<'a>, Vec<String>), Fault> {
    let (mut config, rest) = way.begin(AT);
    let cut = self::sampling(sampling, &mut config, way)?;
    self::format(format, &mut config, way)?;
    let thinking = self::reasoning(reasoning, way);
    if !thinking.is_empty() {
        config.put("thinkingConfig", thinking);
    }
    config.rest(rest);
    Ok((config, cut))
}

fn sampling<'a>(
    sampling: Sampling<'a>,
    config: &mut Object<'a>,
    way: &mut Way<'a, '_>,
) -> Result<Vec<String>, Fault> {
    if let Some(bias) = sampling.logit_bias.filter(|bias| bias.value.get() != "{}") {
        return Err(way
            .notes
            .refused(bias.at, "is nothing that this model's API knows"));
    }
    if let Some(min_p) = sampling.min_p {
        way.notes.dropped(min_p.at, OTHER)?;
    }
    config.maybe("maxOutputTokens", sampling.max_output.map(|set| set.value));
    config.maybe("temperature", sampling.temperature.map(|set| set.value));
    config.maybe("topP", sampling.top_p.map(|set| set.value));
    config.maybe("topK", sampling.top_k.map(|set| set.value));
    if let Some(n) = sampling.n.filter(|n| way.own || n.value != 1) {
        config.put("candidateCount", n.value);
    }
    config.maybe("seed", sampling.seed.map(|set| Node::Signed(set.value)));
    config.maybe("presencePenalty", sampling.presence.map(|set| set.value));
    config.maybe("frequencyPenalty", sampling.frequency.map(|set| set.value));
    if let Some(logprobs) = sampling.logprobs {
        if !way.own {
            let why = "cannot be told in the other API's form";
            return Err(way.notes.refused(logprobs.at, why));
        }
        config.put("responseLogprobs", true);
        if logprobs.value > 0 {
            config.put("logprobs", logprobs.value);
        }
    }
    Ok(stop(sampling.stop, config, way))
}

fn stop<'a>(
    stop: Option<Set<Vec<Text<'a>>>>,
    config: &mut Object<'a>,
    way: &mut Way<'a, '_>,
) -> Vec<String> {
    let mut stop = stop.map(|set| set.value).unwrap_or_default();
    let mut cut = Vec::new();
    if !way.own {
        stop.retain(|text| !text.is_empty());
        let more = stop.split_off(stop.len().min(STOPS));
        cut.extend(more.into_iter().map(|text| text.say().into_owned()));
    }
    if !stop.is_empty() {
        let stop: Vec<Node<'a>> = stop.into_iter().map(Text::into).collect();
        config.put("stopSequences", stop);
    }
    cut
}

fn format<'a>(
    format: Option<Set<Format<'a>>>,
    config: &mut Object<'a>,
    way: &mut Way<'a, '_>,
) -> Result<(), Fault> {
    const JSON: &str = "application/json";
    let Some(Set { value, at }) = format else {
        return Ok(());
    };
    schema_alone(&value, at, way.notes)?;
    match value {
        Format::Text if way.own => config.put("responseMimeType", "text/plain"),
        Format::Text => {}
        Format::Json => config.put("responseMimeType", JSON),
        Format::Schema { schema, .. } => {
            config.put("responseMimeType", JSON);
            // One in OpenAPI's manner is there as it was spelt.
            if !at.ends_with("/responseSchema") || !way.own {
                config.put("responseJsonSchema", schema);
            }
        }
    }
    Ok(())
}

fn reasoning<'a>(reasoning: Option<Set<Reasoning>>, way: &mut Way<'a, '_>) -> Object<'a> {
    let (mut thinking, rest) = way.begin(THINKING);
    if let Some(Set { value, at }) = reasoning {
        let off = value.on == Some(false) || value.effort == Some(Effort::None);
        match (value.effort, value.budget) {
            _ if off && !way.own => {
                thinking.put("thinkingBudget", Node::Signed(0));
            }
            // Gemini refuses both at once; the budget says more.
            (_, Some(budget)) => thinking.put("thinkingBudget", Node::Signed(budget)),
            (Some(effort), None) => {
                let told = level(effort);
                if !told.eq_ignore_ascii_case(effort.as_str()) && !way.own {
                    way.notes.mapped(at, "told as the most that Gemini knows");
                }
                thinking.put("thinkingLevel", told);
            }
            (None, None) if value.on == Some(true) && !way.own => {
                way.notes
                    .mapped(at, "told as a budget of the model's choice");
                thinking.put("thinkingBudget", Node::Signed(-1));
            }
            (None, None) => {}
        }
        match value.shown {
            Some(Shown::Summary) => thinking.put("includeThoughts", true),
            Some(Shown::Omitted) => thinking.put("includeThoughts", false),
            None => {}
        }
    }
    thinking.rest(rest);
    thinking
}

const fn level(effort: Effort) -> &'static str {
    match effort {
        Effort::None | Effort::Minimal => "MINIMAL",
        Effort::Low => "LOW",
        Effort::Medium => "MEDIUM",
        Effort::High => "HIGH",
        Effort::XHigh | Effort::Max => "XHIGH",
    }
}
