//! The shape of the answer, and how it is made.

use towerman_core::Fault;

use super::Writer;
use crate::{
    dialect::node::{Node, Object},
    neutral::{Format, Reasoning, Sampling, Set, Shown, schema_alone},
};

/// The most that `k` may be.
const MOST_K: u64 = 500;

impl<'a> Writer<'a, '_> {
    pub(super) fn format(
        &mut self,
        format: Option<Set<Format<'a>>>,
    ) -> Result<Option<Object<'a>>, Fault> {
        let Some(Set { value, at }) = format else {
            return Ok(None);
        };
        schema_alone(&value, at, self.notes)?;
        let mut said = match value {
            Format::Text if self.own => Object::new("text"),
            Format::Text => return Ok(None),
            Format::Json => Object::new("json_object"),
            Format::Schema { schema, .. } => Object::new("json_object").with("json_schema", schema),
        };
        said.rest(self.around("/response_format"));
        Ok(Some(said))
    }

    /// It counts tokens to think with, and knows no efforts.
    pub(super) fn thinking(
        &mut self,
        reasoning: Option<Set<Reasoning>>,
    ) -> Result<Option<Object<'a>>, Fault> {
        let Some(Set { value, at }) = reasoning else {
            return Ok(None);
        };
        if value.shown == Some(Shown::Omitted) {
            self.drop(at)?;
        }
        let budget = match (value.budget, value.effort) {
            (None, Some(effort)) => {
                self.notes.mapped(at, "told as a number of tokens");
                Some(effort.tokens())
            }
            (budget, _) => budget,
        };
        let on = match (value.on, budget) {
            (Some(on), _) => on && (self.own || budget != Some(0)),
            (None, Some(budget)) => budget != 0,
            (None, None) => return Ok(None),
        };
        let mut thinking = Object::new(if on { "enabled" } else { "disabled" });
        // Below none at all is the model's own choice.
        let budget = budget.and_then(|budget| u64::try_from(budget).ok());
        let budget = budget.filter(|budget| self.own || on && *budget > 0);
        thinking.maybe("token_budget", budget);
        thinking.rest(self.around("/thinking"));
        Ok(Some(thinking))
    }

    pub(super) fn sampling(
        &mut self,
        sampling: Sampling<'a>,
        body: &mut Object<'a>,
    ) -> Result<(), Fault> {
        if let Some(n) = sampling.n.filter(|n| n.value != 1) {
            let why = "must be 1: this model's API gives one answer";
            return Err(self.notes.refused(n.at, why));
        }
        if let Some(set) = sampling.logit_bias {
            let why = "cannot be had from this model's API";
            return Err(self.notes.refused(set.at, why));
        }
        match sampling.logprobs {
            Some(set) if !self.own => {
                let why = "cannot be told in the other API's form";
                return Err(self.notes.refused(set.at, why));
            }
            wanted => body.maybe("logprobs", wanted.map(|_| true)),
        }
        if let Some(set) = sampling.min_p {
            self.drop(set.at)?;
        }
        body.maybe("max_tokens", sampling.max_output.map(|set| set.value));
        body.maybe("temperature", sampling.temperature.map(|set| set.value));
        body.maybe("p", self.within(sampling.top_p, 0.01, 0.99));
        let k = sampling
            .top_k
            .map(|set| match set.value > MOST_K && !self.own {
                true => {
                    self.notes
                        .mapped(set.at, "set to 500: the most that Cohere takes");
                    MOST_K
                }
                false => set.value,
            });
        body.maybe("k", k);
        body.maybe("seed", sampling.seed.map(|set| Node::Signed(set.value)));
        let stop = sampling.stop.map(|set| set.value);
        let stop = stop.filter(|stop| self.own || !stop.is_empty());
        body.maybe(
            "stop_sequences",
            stop.map(|stop| stop.into_iter().map(Node::from).collect::<Vec<_>>()),
        );
        self.penalties(sampling.presence, sampling.frequency, body)
    }

    /// It takes one of the two.
    fn penalties(
        &mut self,
        presence: Option<Set<f64>>,
        frequency: Option<Set<f64>>,
        body: &mut Object<'a>,
    ) -> Result<(), Fault> {
        let counts = |set: &Set<f64>| self.own || set.value != 0.0;
        let (presence, frequency) = (presence.filter(counts), frequency.filter(counts));
        if let (Some(_), Some(set), false) = (presence, frequency, self.own) {
            let why = "cannot go with a presence penalty at this model's API";
            return Err(self.notes.refused(set.at, why));
        }
        body.maybe("presence_penalty", self.within(presence, 0.0, 1.0));
        body.maybe("frequency_penalty", self.within(frequency, 0.0, 1.0));
        Ok(())
    }

    /// What lies outside of Cohere's range becomes its end. A client of theirs is told by them.
    fn within(&mut self, set: Option<Set<f64>>, least: f64, most: f64) -> Option<f64> {
        let Set { value, at } = set?;
        if self.own || (least..=most).contains(&value) {
            return Some(value);
        }
        self.notes.mapped(at, "set to the end of Cohere's range");
        Some(value.clamp(least, most))
    }
}
