//! Reads how the model shall answer.

use std::borrow::Cow;

use serde::Deserialize;
use towerman_core::Fault;

use super::{super::schema, Reader};
use crate::neutral::{
    Effort, Fields, Format, Raw, Reasoning, Request, Sampling, Set, Shown, Text, fields, refuse,
};

const AT: &str = "/generationConfig";
const THINKING: &str = "/generationConfig/thinkingConfig";

impl<'a> Reader<'a> {
    /// `generationConfig`.
    pub(super) fn config(
        &mut self,
        raw: Option<Raw<'a>>,
        request: &mut Request<'a>,
    ) -> Result<(), Fault> {
        let Some(raw) = raw else {
            return Ok(());
        };
        let mut config = Fields::read(raw, AT)?;
        request.sampling = sampling(&mut config)?;
        if let Some(logprobs) = request.sampling.logprobs {
            // They are told in a form that other dialects do not have.
            self.only_here(logprobs.at, "asks for log probabilities in Gemini's form");
        }
        request.format = self.format(&mut config)?;
        let thinking = config.take_any(&["thinkingConfig", "thinking_config"]);
        request.reasoning = self.reasoning(thinking)?;
        self.modalities(&mut config)?;
        self.leave(AT, config);
        Ok(())
    }

    fn format(&mut self, config: &mut Fields<'a>) -> Result<Option<Set<Format<'a>>>, Fault> {
        const MIME: &str = "/generationConfig/responseMimeType";
        let spelt = config.take_any(&["responseMimeType", "response_mime_type"]);
        let mime = super::text(spelt, MIME)?.map(Text::say);
        let plain = config.take_any(&["responseJsonSchema", "response_json_schema"]);
        let open = config.take_any(&["responseSchema", "response_schema"]);
        let (at, schema) = match (plain, open) {
            (Some(plain), _) => (
                "/generationConfig/responseJsonSchema",
                Some(Cow::Borrowed(plain)),
            ),
            (None, Some(open)) => {
                self.spelt(AT, "responseSchema", open);
                (
                    "/generationConfig/responseSchema",
                    Some(schema::plain(open)),
                )
            }
            (None, None) => (MIME, None),
        };
        if let Some(raw) = plain.or(open) {
            Fields::read(raw, at)?;
        }
        let format = match (mime.as_deref(), schema) {
            (Some("application/json") | None, Some(schema)) => Format::Schema {
                name: None,
                description: None,
                schema,
                // There is no other way.
                strict: Some(true),
            },
            (Some("application/json"), None) => Format::Json,
            (Some("text/plain"), None) => Format::Text,
            (None | Some(""), None) => return Ok(None),
            _ => {
                let whys = "asks for a format that no other API knows";
                self.only_here(MIME, whys);
                for (name, raw) in [("responseMimeType", spelt), ("responseJsonSchema", plain)] {
                    if let Some(raw) = raw {
                        self.spelt(AT, name, raw);
                    }
                }
                return Ok(None);
            }
        };
        Ok(Some(Set::new(format, at)))
    }

    fn reasoning(&mut self, raw: Option<Raw<'a>>) -> Result<Option<Set<Reasoning>>, Fault> {
        let Some(raw) = raw else {
            return Ok(None);
        };
        let mut thinking = Fields::read(raw, THINKING)?;
        let level = thinking.take_any(&["thinkingLevel", "thinking_level"]);
        let budget = thinking.take_any(&["thinkingBudget", "thinking_budget"]);
        let shown = thinking.take_any(&["includeThoughts", "include_thoughts"]);
        let mut reasoning = Reasoning::default();
        let mut at = THINKING;
        if let Some(raw) = level {
            at = "/generationConfig/thinkingConfig/thinkingLevel";
            let said = Text::read(raw, at)?.say().to_ascii_lowercase();
            reasoning.effort = Effort::named(&said);
            if reasoning.effort.is_none() && said != "thinking_level_unspecified" {
                return Err(refuse(at, "is no level that this API knows"));
            }
            self.spelt(THINKING, "thinkingLevel", raw);
        }
        if let Some(raw) = budget {
            at = "/generationConfig/thinkingConfig/thinkingBudget";
            reasoning.budget = Some(fields::read(raw, at, "an integer")?);
        }
        if let Some(raw) = shown {
            let there = "/generationConfig/thinkingConfig/includeThoughts";
            let shown: bool = fields::read(raw, there, "a boolean")?;
            reasoning.shown = Some(if shown {
                Shown::Summary
            } else {
                Shown::Omitted
            });
        }
        self.leave(THINKING, thinking);
        Ok((reasoning != Reasoning::default()).then(|| Set::new(reasoning, at)))
    }

    /// What the answer may be made of. Text is what everybody answers with.
    fn modalities(&mut self, config: &mut Fields<'a>) -> Result<(), Fault> {
        const THERE: &str = "/generationConfig/responseModalities";
        let Some(raw) = config.take_any(&["responseModalities", "response_modalities"]) else {
            return Ok(());
        };
        let asked: Vec<fields::Said<'a>> = fields::read(raw, THERE, "an array of strings")?;
        let text = |said: &fields::Said<'_>| {
            said.0.eq_ignore_ascii_case("text") || said.0 == "MODALITY_UNSPECIFIED"
        };
        if !asked.iter().all(text) {
            let why = "asks for more than text, which other APIs do not answer with";
            self.only_here(THERE, why);
        }
        self.spelt(AT, "responseModalities", raw);
        Ok(())
    }
}

fn sampling<'a>(config: &mut Fields<'a>) -> Result<Sampling<'a>, Fault> {
    let sampling = Sampling {
        max_output: count(
            config,
            ["maxOutputTokens", "max_output_tokens"],
            "/generationConfig/maxOutputTokens",
        )?,
        temperature: value(
            config,
            ["temperature", "temperature"],
            "/generationConfig/temperature",
            "a number",
        )?,
        top_p: value(
            config,
            ["topP", "top_p"],
            "/generationConfig/topP",
            "a number",
        )?,
        top_k: count(config, ["topK", "top_k"], "/generationConfig/topK")?,
        min_p: None,
        n: count(
            config,
            ["candidateCount", "candidate_count"],
            "/generationConfig/candidateCount",
        )?,
        seed: value(
            config,
            ["seed", "seed"],
            "/generationConfig/seed",
            "an integer",
        )?,
        stop: stop(config)?,
        presence: value(
            config,
            ["presencePenalty", "presence_penalty"],
            "/generationConfig/presencePenalty",
            "a number",
        )?,
        frequency: value(
            config,
            ["frequencyPenalty", "frequency_penalty"],
            "/generationConfig/frequencyPenalty",
            "a number",
        )?,
        logprobs: logprobs(config)?,
        logit_bias: None,
    };
    Ok(sampling)
}

fn value<'a, T: Deserialize<'a>>(
    config: &mut Fields<'a>,
    names: [&str; 2],
    at: &'static str,
    what: &str,
) -> Result<Option<Set<T>>, Fault> {
    let raw = config.take_any(&names);
    let value = raw.map(|raw| fields::read(raw, at, what)).transpose()?;
    Ok(value.map(|value| Set::new(value, at)))
}

/// A count, which may be spelt as a fraction.
fn count(
    config: &mut Fields<'_>,
    names: [&str; 2],
    at: &'static str,
) -> Result<Option<Set<u64>>, Fault> {
    let Some(raw) = config.take_any(&names) else {
        return Ok(None);
    };
    let text = raw.get();
    let whole = text
        .split_once('.')
        .filter(|(_, rest)| rest.bytes().all(|b| b == b'0'));
    let whole = whole.map_or(text, |(whole, _)| whole);
    match whole.parse() {
        Ok(value) => Ok(Some(Set::new(value, at))),
        Err(_) => Err(refuse(at, "must be an integer")),
    }
}

fn stop<'a>(config: &mut Fields<'a>) -> Result<Option<Set<Vec<Text<'a>>>>, Fault> {
    const STOP: &str = "/generationConfig/stopSequences";
    let Some(raw) = config.take_any(&["stopSequences", "stop_sequences"]) else {
        return Ok(None);
    };
    let list: Vec<Raw<'a>> = fields::read(raw, STOP, "an array of strings")?;
    let texts = list.into_iter().enumerate().map(|(i, raw)| {
        let at = format!("{STOP}/{i}");
        Text::read(raw, &at)
    });
    Ok(Some(Set::new(texts.collect::<Result<_, _>>()?, STOP)))
}

/// The number of alternatives means nothing where log probabilities are not asked for.
fn logprobs(config: &mut Fields<'_>) -> Result<Option<Set<u64>>, Fault> {
    const ASKED: &str = "/generationConfig/responseLogprobs";
    let names = ["responseLogprobs", "response_logprobs"];
    if super::peek(config, &names).is_none_or(|raw| raw.get() == "false") {
        return Ok(None);
    }
    let asked = config.take_any(&names);
    let asked = asked.map(|raw| fields::read(raw, ASKED, "a boolean"));
    if asked.transpose()? != Some(true) {
        return Ok(None);
    }
    let most = count(
        config,
        ["logprobs", "logprobs"],
        "/generationConfig/logprobs",
    )?;
    Ok(most.or(Some(Set::new(0, ASKED))))
}
