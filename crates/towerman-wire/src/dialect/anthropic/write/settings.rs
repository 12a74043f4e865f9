//! How the model shall answer, as far as Anthropic can be told.

use std::borrow::Cow;

use towerman_core::Fault;

use super::blocks::Writer;
use crate::{
    dialect::anthropic::{
        NOTHING_LIKE_IT,
        shape::{Block, Format as Written, Metadata, OutputConfig},
    },
    neutral::{Format, Notes, Reasoning, Sampling, Set, Text, schema_alone},
};

/// The limit that is set when the client sets none.
const MAX_TOKENS: u64 = 4096;

/// Said in place of JSON mode, which Anthropic does not have.
const JSON_MODE: &str = "Answer with one valid JSON object and nothing else.";

/// Refuses what would change the answer, and notes what would not.
pub(super) fn check(sampling: &Sampling<'_>, notes: &mut Notes) -> Result<(), Fault> {
    if let Some(n) = sampling.n.filter(|n| n.value != 1) {
        return Err(notes.refused(n.at, "must be 1: this model's API gives one answer"));
    }
    if let Some(logprobs) = sampling.logprobs {
        return Err(notes.refused(logprobs.at, "cannot be had from this model's API"));
    }
    if let Some(bias) = sampling.logit_bias.filter(|bias| bias.value.get() != "{}") {
        return Err(notes.refused(bias.at, "cannot be told to this model's API"));
    }
    let places = [
        sampling.min_p.map(|set| set.at),
        sampling.seed.map(|set| set.at),
        sampling.presence.map(|set| set.at),
        sampling.frequency.map(|set| set.at),
    ];
    for at in places.into_iter().flatten() {
        notes.dropped(at, NOTHING_LIKE_IT)?;
    }
    Ok(())
}

/// The limit: Anthropic wants one, thinking included.
pub(super) fn limit(
    asked: Option<Set<u64>>,
    reasoning: Option<Set<Reasoning>>,
    writer: &mut Writer<'_, '_>,
) -> Option<u64> {
    if asked.is_some() || writer.own {
        return asked.map(|asked| asked.value);
    }
    let budget = reasoning.and_then(|reasoning| reasoning.value.budget);
    let budget = budget.and_then(|budget| u64::try_from(budget).ok());
    let budget = budget.unwrap_or_default();
    let what = if budget == 0 {
        "set to 4096: Anthropic wants a limit and none was given"
    } else {
        "set to 4096 beyond what is for thinking: Anthropic wants a limit and none was given"
    };
    // The name that most clients know the limit by.
    writer.notes.mapped("/max_completion_tokens", what);
    Some(MAX_TOKENS.saturating_add(budget))
}

/// Stop sequences that say something: Anthropic refuses the others.
pub(super) fn stop<'a>(
    stop: Option<Set<Vec<Text<'a>>>>,
    writer: &mut Writer<'a, '_>,
) -> Result<Option<Vec<Text<'a>>>, Fault> {
    let Some(Set { value, at }) = stop else {
        return Ok(None);
    };
    if writer.own {
        return Ok(Some(value));
    }
    let alone = value.len() == 1;
    let mut kept = Vec::with_capacity(value.len());
    for (i, text) in value.into_iter().enumerate() {
        if text.is_blank() {
            // A lone one may have been no list.
            let at = if alone {
                at.to_owned()
            } else {
                format!("{at}/{i}")
            };
            let what = "dropped: Anthropic refuses stop sequences of white space only";
            writer.notes.dropped(at, what)?;
        } else {
            kept.push(text);
        }
    }
    Ok((!kept.is_empty()).then_some(kept))
}

pub(super) fn temperature(asked: Option<Set<f64>>, writer: &mut Writer<'_, '_>) -> Option<f64> {
    let Set { value, at } = asked?;
    if writer.own || value <= 1.0 {
        return Some(value);
    }
    writer
        .notes
        .mapped(at, "set to 1: the most that Anthropic takes");
    Some(1.0)
}

/// The format, in its place or the older one. JSON without a schema is asked for in words.
pub(super) fn format<'a>(
    format: Option<Set<Format<'a>>>,
    system: &mut Vec<Block<'a>>,
    writer: &mut Writer<'a, '_>,
) -> Result<(Option<Written<'a>>, Option<Written<'a>>), Fault> {
    let Some(Set { value, at }) = format else {
        return Ok((None, None));
    };
    schema_alone(&value, at, writer.notes)?;
    match value {
        Format::Text => Ok((None, None)),
        Format::Json => {
            let what = "asked for in words: Anthropic has no JSON mode without a schema";
            writer.notes.mapped(at, what);
            system.push(Block::text(Text::Said(JSON_MODE.into())));
            Ok((None, None))
        }
        Format::Schema { schema, .. } => {
            let written = Written {
                r#type: "json_schema",
                schema,
                rest: writer.around(at),
            };
            if at == "/output_format" {
                return Ok((None, Some(written)));
            }
            Ok((Some(written), None))
        }
    }
}

pub(super) fn who<'a>(
    who: Option<Set<Text<'a>>>,
    writer: &mut Writer<'a, '_>,
) -> Option<Metadata<'a>> {
    let rest = writer.around("/metadata");
    let said = who.is_some() || !rest.is_empty();
    said.then(|| Metadata {
        user_id: who.map(|who| who.value),
        rest,
    })
}

/// Anthropic knows two: with what was bought in advance, and without.
pub(super) fn tier<'a>(
    tier: Option<Set<Text<'a>>>,
    writer: &mut Writer<'a, '_>,
) -> Result<Option<Text<'a>>, Fault> {
    let Some(Set { value, at }) = tier else {
        return Ok(None);
    };
    if writer.own {
        return Ok(Some(value));
    }
    let told = match &*value.say() {
        told @ ("auto" | "standard_only") => return Ok(Some(said(told))),
        "default" | "standard" => "standard_only",
        "priority" => "auto",
        _ => {
            writer.notes.dropped(at, NOTHING_LIKE_IT)?;
            return Ok(None);
        }
    };
    writer.notes.mapped(at, "told as Anthropic names it");
    Ok(Some(said(told)))
}

fn said<'a>(text: &str) -> Text<'a> {
    Text::Said(Cow::Owned(text.to_owned()))
}

/// What nobody took of `output_config`.
pub(super) fn config<'a>(writer: &mut Writer<'a, '_>) -> OutputConfig<'a> {
    OutputConfig {
        rest: writer.around("/output_config"),
        ..OutputConfig::default()
    }
}
