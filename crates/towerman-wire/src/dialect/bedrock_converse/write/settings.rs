//! How the answer is made.

use towerman_core::Fault;

use super::Writer;
use crate::{
    dialect::node::{Node, Object},
    neutral::{Effort, Format, Request, Sampling, Set, Text},
};

pub(super) const JSON_MODE: &str = "Answer with one valid JSON object and nothing else.";

/// Claude thinks with no fewer tokens.
const LEAST_BUDGET: u64 = 1024;

impl Writer<'_> {
    /// What Claude takes beside. Says whether it shall think.
    pub(super) fn more<'a>(
        &mut self,
        request: &mut Request<'a>,
        forced: bool,
        body: &mut Object<'a>,
    ) -> Result<bool, Fault> {
        let mut more = Object::default();
        let thinking = self.thinking(request, forced);
        let thinks = thinking.as_ref().is_some_and(|(thinks, _)| *thinks);
        more.maybe("thinking", thinking.map(|(_, thinking)| thinking));
        if let Some(Set { value, at }) = request.sampling.top_k.take() {
            self.notes.mapped(at, "told as Claude takes it");
            more.put("top_k", value);
        }
        if !more.is_empty() {
            body.put("additionalModelRequestFields", more);
        }
        Ok(thinks)
    }

    /// Whether it shall think, and in what words.
    fn thinking<'a>(
        &mut self,
        request: &mut Request<'a>,
        forced: bool,
    ) -> Option<(bool, Object<'a>)> {
        let Set { value, at } = request.reasoning.take()?;
        if value.shown.is_some() {
            self.notes
                .mapped(at, "left to the model: it shows thoughts or does not");
        }
        let budget = match (value.budget, value.effort) {
            (Some(budget), _) => budget,
            (None, Some(effort)) => {
                self.notes.mapped(at, "told as a number of tokens");
                effort.tokens()
            }
            (None, None) => match value.on {
                Some(true) => {
                    self.notes.mapped(at, "told as a number of tokens");
                    Effort::Medium.tokens()
                }
                Some(false) => 0,
                None => return None,
            },
        };
        if value.on == Some(false) || budget == 0 {
            return Some((false, Object::new("disabled")));
        }
        if forced {
            self.notes
                .mapped(at, "left out: Claude does not think where a tool is forced");
            return None;
        }
        // Less than none is the model's own choice.
        let wanted = u64::try_from(budget).unwrap_or(8192);
        let mut budget = wanted.max(LEAST_BUDGET);
        if let Some(limit) = request.sampling.max_output {
            if limit.value <= LEAST_BUDGET {
                self.notes
                    .mapped(at, "left out: there is no room for it in the answer");
                return None;
            }
            budget = budget.min(limit.value - 1).max(LEAST_BUDGET);
        }
        if budget != wanted {
            self.notes.mapped(at, "set to what Claude takes");
        }
        let thinking = Object::new("enabled").with("budget_tokens", budget);
        Some((true, thinking))
    }

    pub(super) fn inference<'a>(
        &mut self,
        sampling: Sampling<'a>,
        thinks: bool,
        body: &mut Object<'a>,
    ) -> Result<(), Fault> {
        if let Some(n) = sampling.n.filter(|n| n.value != 1) {
            let why = "must be 1: this model's API gives one answer";
            return Err(self.notes.refused(n.at, why));
        }
        let never = [
            sampling.logit_bias.map(|set| set.at),
            sampling.logprobs.map(|set| set.at),
        ];
        if let Some(at) = never.into_iter().flatten().next() {
            let why = "cannot be had from this model's API";
            return Err(self.notes.refused(at, why));
        }
        let counts = |set: &Set<f64>| set.value != 0.0;
        let dropped = [
            sampling.min_p.map(|set| set.at),
            sampling.seed.map(|set| set.at),
            sampling.presence.filter(counts).map(|set| set.at),
            sampling.frequency.filter(counts).map(|set| set.at),
        ];
        for at in dropped.into_iter().flatten() {
            self.drop(at)?;
        }
        let mut config = Object::default();
        config.maybe("maxTokens", sampling.max_output.map(|set| set.value));
        config.maybe(
            "temperature",
            self.temperature(sampling.temperature, thinks),
        );
        config.maybe("topP", sampling.top_p.map(|set| set.value));
        let stop = sampling.stop.map(|set| set.value).unwrap_or_default();
        let stop = stop.into_iter().filter(|text| !text.is_empty());
        let stop: Vec<Node<'a>> = stop.map(Text::into).collect();
        if !stop.is_empty() {
            config.put("stopSequences", stop);
        }
        if !config.is_empty() {
            body.put("inferenceConfig", config);
        }
        Ok(())
    }

    fn temperature(&mut self, set: Option<Set<f64>>, thinks: bool) -> Option<f64> {
        let Set { value, at } = set?;
        if thinks && value != 1.0 {
            self.notes.mapped(at, "left out: Claude thinks at 1 alone");
            return None;
        }
        if value > 1.0 {
            self.notes
                .mapped(at, "set to 1: the most that Converse takes");
            return Some(1.0);
        }
        Some(value)
    }

    pub(super) fn metadata<'a>(
        &mut self,
        request: &mut Request<'a>,
        body: &mut Object<'a>,
    ) -> Result<(), Fault> {
        let who = request.who.take();
        match (request.metadata.take(), who) {
            (Some(metadata), who) => {
                if let Some(who) = who {
                    self.drop(who.at)?;
                }
                body.put("requestMetadata", metadata.value);
            }
            (None, Some(who)) => {
                self.notes.mapped(who.at, "told as metadata");
                let metadata = Object::default().with("user", who.value);
                body.put("requestMetadata", metadata);
            }
            (None, None) => {}
        }
        if let Some(Set { value, at }) = request.tier.take() {
            match &*value.clone().say() {
                "auto" => {}
                "default" | "priority" | "flex" => {
                    let tier = Object::default().with("type", value);
                    body.put("serviceTier", tier);
                }
                _ => self.drop(at)?,
            }
        }
        let caching = std::mem::take(&mut request.caching);
        let places = [
            caching.auto.map(|set| set.at),
            caching.key.map(|set| set.at),
        ];
        places
            .into_iter()
            .flatten()
            .try_for_each(|at| self.drop(at))
    }
}

/// The schema is spelt in a string, and has a name.
pub(super) fn format(format: Option<Set<Format<'_>>>) -> Option<Object<'_>> {
    let Format::Schema {
        name,
        description,
        schema,
        ..
    } = format?.value
    else {
        return None;
    };
    let mut said = Object::default();
    said.put("name", name.unwrap_or_else(|| Text::Said("answer".into())));
    said.maybe("description", description);
    said.put("schema", schema.get().to_owned());
    let structure = Object::default().with("jsonSchema", said);
    let format = Object::new("json_schema").with("structure", structure);
    Some(Object::default().with("textFormat", format))
}
