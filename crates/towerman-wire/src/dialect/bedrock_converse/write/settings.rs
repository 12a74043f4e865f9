//! How the answer is made.

use towerman_core::Fault;

use super::Writer;
use crate::{
    dialect::node::{Node, Object},
    neutral::{
        Effort, Fields, Format, Raw, Reasoning, Request, Sampling, Set, Text,
        fields::{Said, pointer},
    },
};

pub(super) const JSON_MODE: &str = "Answer with one valid JSON object and nothing else.";

/// Why something is left out where Claude thinks.
const BESIDE_THINKING: &str = "dropped: Claude refuses it beside thinking";

/// The most entries that metadata may have.
const LABELS: usize = 16;

/// Claude thinks with no fewer tokens.
const LEAST_BUDGET: u64 = 1024;

impl Writer<'_> {
    /// What Claude takes beside. Says whether it shall think.
    pub(super) fn more<'a>(
        &mut self,
        request: &mut Request<'a>,
        forced: bool,
        unproved: bool,
        body: &mut Object<'a>,
    ) -> Result<bool, Fault> {
        let mut more = Object::default();
        let thinking = self.thinking(request, forced, unproved);
        let thinks = thinking.as_ref().is_some_and(|(thinks, _)| *thinks);
        more.maybe("thinking", thinking.map(|(_, thinking)| thinking));
        if let Some(Set { value, at }) = request.sampling.top_k.take() {
            if thinks {
                self.notes.dropped(at, BESIDE_THINKING)?;
            } else {
                self.notes.mapped(at, "told as Claude takes it");
                more.put("top_k", value);
            }
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
        unproved: bool,
    ) -> Option<(bool, Object<'a>)> {
        let Set { value, at } = request.reasoning?;
        if value.shown.is_some() {
            self.notes
                .mapped(at, "left to the model: it shows thoughts or does not");
        }
        let budget = match (value.budget, value.on, value.effort) {
            (Some(budget), ..) => budget,
            (None, Some(true), _) => {
                self.notes.mapped(at, "told as a number of tokens");
                value.effort.unwrap_or(Effort::Medium).tokens()
            }
            (None, Some(false), _) | (None, None, Some(Effort::None)) => 0,
            // Effort alone is told alone: whether a model then thinks is its own affair.
            (None, None, _) => return None,
        };
        if value.on == Some(false) || budget == 0 {
            return Some((false, Object::new("disabled")));
        }
        if forced {
            self.notes
                .mapped(at, "left out: Claude does not think where a tool is forced");
            return None;
        }
        if unproved {
            self.notes.mapped(
                at,
                "left out: no thought of Claude's stands before the last calls",
            );
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

    /// How hard it shall try, in the words that Converse has for it.
    pub(super) fn effort(&mut self, reasoning: Option<Set<Reasoning>>) -> Option<&'static str> {
        let Set { value, at } = reasoning?;
        match value.effort? {
            Effort::None => None,
            Effort::Minimal => {
                self.notes
                    .mapped(at, "set to low: the least effort that Claude knows");
                Some("low")
            }
            effort => Some(effort.as_str()),
        }
    }

    pub(super) fn inference<'a>(
        &mut self,
        sampling: Sampling<'a>,
        thinks: bool,
        body: &mut Object<'a>,
    ) -> Result<Vec<String>, Fault> {
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
        let mut top_p = sampling.top_p;
        if let Some(low) = top_p.take_if(|set| thinks && set.value < 0.95) {
            self.notes.dropped(low.at, BESIDE_THINKING)?;
        }
        config.maybe("topP", top_p.map(|set| set.value));
        let (stop, cut) = self.stop(sampling.stop);
        if !stop.is_empty() {
            config.put("stopSequences", stop);
        }
        if !config.is_empty() {
            body.put("inferenceConfig", config);
        }
        Ok(cut)
    }

    /// Those that are told, and those that the answer must be watched for: of white space.
    fn stop<'a>(&mut self, stop: Option<Set<Vec<Text<'a>>>>) -> (Vec<Node<'a>>, Vec<String>) {
        let Some(Set { value, at }) = stop else {
            return (Vec::new(), Vec::new());
        };
        let told = value.into_iter().filter(|text| !text.is_empty());
        let (blank, told): (Vec<_>, Vec<_>) = told.partition(Text::is_blank);
        if !blank.is_empty() {
            self.notes.mapped(
                at,
                "the answer is cut at white space here: Claude is not told of any",
            );
        }
        let blank = blank.into_iter().map(|text| text.say().into_owned());
        (told.into_iter().map(Text::into).collect(), blank.collect())
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
                let labels = self.labels(&metadata)?;
                if !labels.is_empty() {
                    body.put("requestMetadata", labels);
                }
            }
            (None, Some(who)) if is_label(&who.value.clone().say()) => {
                self.notes.mapped(who.at, "told as metadata");
                let metadata = Object::default().with("user", who.value);
                body.put("requestMetadata", metadata);
            }
            (None, Some(who)) => self.drop(who.at)?,
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

impl Writer<'_> {
    /// Metadata as far as AWS takes it: it would refuse the request for the rest.
    fn labels<'a>(&mut self, metadata: &Set<Raw<'a>>) -> Result<Object<'a>, Fault> {
        let mut labels = Object::default();
        let mut count = 0;
        for (key, raw) in Fields::read(metadata.value, metadata.at)?.rest().0 {
            let said: Option<Said<'_>> = serde_json::from_str(raw.get()).ok();
            let fits = said.is_some_and(|said| is_label(&said.0));
            if fits && count < LABELS && !key.is_empty() && is_label(&key) {
                count += 1;
                labels.put(key, raw);
            } else {
                self.drop(pointer(metadata.at, &key))?;
            }
        }
        Ok(labels)
    }
}

/// Whether AWS takes it for a key or a value of metadata.
fn is_label(text: &str) -> bool {
    const OTHERS: &str = ":_@$#=/+,-.";
    let legal = |letter: char| {
        letter.is_ascii_alphanumeric() || letter.is_whitespace() || OTHERS.contains(letter)
    };
    text.chars().count() <= 256 && text.chars().all(legal)
}

/// The schema is spelt in a string, and has a name.
/// The shape of the answer.
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
    Some(format)
}
