//! The decision record: why a request went where it went.

use std::{borrow::Cow, sync::Arc, time::Duration};

use serde::Serialize;
use towerman_core::{Attempt, AttemptFacts, Candidates, Losses, Pico, RouteContext, RouteReport};

use crate::asked::Asked;

/// One request, told from beginning to end.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Decision {
    /// The id that the client, the logs and the ledger share.
    pub request_id: Option<Box<str>>,
    /// The policy under which it was decided.
    pub revision: Option<u64>,
    /// The request's method; `other` if it is not one of HTTP's own.
    pub method: &'static str,
    /// The client's dialect: what its path is served in, though its body may not have been read.
    pub dialect: Option<&'static str>,
    /// The model that was asked for.
    pub model: Option<Box<str>>,
    /// Whether the answer was to be streamed.
    pub stream: bool,
    /// The size of the prompt in tokens, estimated.
    pub prompt_tokens: u64,
    /// Who asked.
    pub tenant: Arc<str>,
    /// How urgently.
    pub priority: &'static str,
    /// What kind of work it was taken for.
    pub task: Option<&'static str>,
    /// The A/B bucket.
    pub cohort: Option<u16>,
    /// The route, if there was one.
    pub route: Option<Arc<str>>,
    /// The strategy that ordered the candidates.
    pub strategy: Option<Box<str>>,
    /// Every candidate, with what spoke for and against it.
    pub candidates: Vec<CandidateRecord>,
    /// What was tried, in order: the fallback path.
    pub attempts: Vec<TryRecord>,
    /// What moved the request, in order; of a refusal also the fault's words and what it named.
    pub why: Vec<Cow<'static, str>>,
    /// Time spent in each step.
    pub steps: Vec<StepRecord>,
    /// How it ended for the client.
    pub outcome: &'static str,
    /// The status that the client saw; 0 if it left before there was one.
    pub status: u16,
    /// From the request's head to the end of its answer.
    pub duration_ms: f64,
    /// The part of that in which no attempt was under way.
    pub overhead_us: u64,
    /// What all attempts cost, in dollars, exactly.
    pub cost_usd: Box<str>,
    /// What reading from caches saved, in dollars, exactly.
    pub saved_usd: Box<str>,
}

/// One candidate.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct CandidateRecord {
    /// The endpoint.
    pub endpoint: Arc<str>,
    /// What the strategy made of it; the smallest went first. `None` if it was forbidden.
    pub score: Option<f64>,
    /// What was said for it, as `layer: term`.
    pub terms: Vec<Box<str>>,
    /// What forbade it, as `layer: veto`.
    pub vetoes: Vec<Box<str>>,
}

/// One attempt.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct TryRecord {
    /// Where it went.
    pub endpoint: Arc<str>,
    /// How it ended for the endpoint.
    pub outcome: &'static str,
    /// The provider's status, if it answered.
    pub status: Option<u16>,
    /// How far the provider's error reaches, if it told of one: the request, our key, the model or
    /// our account.
    pub scope: Option<&'static str>,
    /// Why the model stopped.
    pub finish: Option<&'static str>,
    /// Time to first content.
    pub first_content_ms: Option<f64>,
    /// Time to the end.
    pub duration_ms: Option<f64>,
    /// Prompt tokens that no cache held.
    pub input: u64,
    /// Prompt tokens read from cache.
    pub cache_read: u64,
    /// Prompt tokens written to cache.
    pub cache_write: u64,
    /// Generated tokens.
    pub output: u64,
    /// What it cost, in dollars.
    pub cost_usd: Option<Box<str>>,
    /// Whether that rests on an estimate.
    pub estimated: bool,
    /// Events of its stream that made no sense, and were passed over.
    pub skipped_events: u64,
    /// What translating the request changed: the first 64 places.
    pub losses: Vec<LossRecord>,
}

/// One place of a request that this endpoint was not told as the client said it.
#[derive(Clone, Debug, Serialize)]
pub struct LossRecord {
    /// Where it stood in the client's body, as a JSON pointer.
    pub pointer: Box<str>,
    /// `mapped`, `dropped` or `refused`.
    pub tier: &'static str,
    /// What became of it.
    pub what: &'static str,
}

/// One step.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct StepRecord {
    /// The layer.
    pub name: &'static str,
    /// Time spent in the layer itself, in microseconds.
    pub us: f64,
}

/// How a request ended, as the layer that settles it saw it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ending {
    pub(crate) asked: Asked,
    pub(crate) outcome: &'static str,
    pub(crate) status: u16,
    pub(crate) took: Duration,
    pub(crate) overhead: Duration,
}

impl Decision {
    pub(crate) fn new(
        report: &RouteReport,
        cx: &RouteContext,
        attempts: &[Arc<Attempt>],
        ending: &Ending,
    ) -> Self {
        let ask = cx.ask();
        let candidates = cx.candidates();
        let sum = |part: fn(&AttemptFacts) -> Option<Pico>| {
            let parts = attempts
                .iter()
                .filter_map(|attempt| attempt.note(|facts| part(facts)));
            parts.sum::<Pico>().to_string().into()
        };
        Self {
            request_id: cx.request_id().map(|id| (**id).into()),
            revision: cx.policy().map(|policy| policy.revision()),
            method: ending.asked.method,
            dialect: cx
                .dialect()
                .or(ending.asked.dialect)
                .map(|dialect| dialect.as_str()),
            model: ask.map(|ask| ask.model.clone()),
            stream: ask.is_some_and(|ask| ask.stream),
            prompt_tokens: ask.map_or(0, |ask| ask.prompt_tokens),
            tenant: cx.tenant().name.clone(),
            priority: cx.priority().as_str(),
            task: cx.task(),
            cohort: cx.cohort(),
            route: cx.route().map(|route| route.name.clone()),
            strategy: candidates.map(|candidates| candidates.strategy_name().into()),
            candidates: candidates
                .map(|candidates| records(candidates))
                .unwrap_or_default(),
            attempts: attempts
                .iter()
                .map(|attempt| TryRecord::new(attempt))
                .collect(),
            why: report.why(),
            steps: report
                .steps()
                .iter()
                .map(|step| StepRecord {
                    name: step.name,
                    us: step.took.as_nanos() as f64 / 1e3,
                })
                .collect(),
            outcome: ending.outcome,
            status: ending.status,
            duration_ms: millis(ending.took),
            overhead_us: u64::try_from(ending.overhead.as_micros()).unwrap_or(u64::MAX),
            cost_usd: sum(|facts| facts.cost),
            saved_usd: sum(|facts| facts.saved),
        }
    }
}

impl TryRecord {
    fn new(attempt: &Attempt) -> Self {
        let facts = attempt.facts();
        let usage = facts.usage.unwrap_or_default();
        Self {
            endpoint: attempt.endpoint().name.clone(),
            outcome: facts.verdict().as_str(),
            status: facts.status.map(|status| status.as_u16()),
            scope: facts.scope.map(|scope| scope.as_str()),
            finish: facts.finish.map(|finish| finish.as_str()),
            first_content_ms: facts.first_content.map(millis),
            duration_ms: facts.duration.map(millis),
            input: usage.input,
            cache_read: usage.cache_read,
            cache_write: usage.cache_write.saturating_add(usage.cache_write_long),
            output: usage.output,
            cost_usd: facts.cost.map(|cost| cost.to_string().into()),
            estimated: facts.estimated,
            skipped_events: facts.skipped,
            losses: facts.losses.as_deref().map_or_else(Vec::new, losses),
        }
    }
}

fn losses(losses: &Losses) -> Vec<LossRecord> {
    let list = losses.list().iter();
    list.map(|loss| LossRecord {
        pointer: loss.pointer.clone(),
        tier: loss.tier.as_str(),
        what: loss.what,
    })
    .collect()
}

fn records(candidates: &Candidates) -> Vec<CandidateRecord> {
    let say = |by: &str, what: &dyn std::fmt::Display| format!("{by}: {what}").into_boxed_str();
    candidates
        .iter()
        .map(|candidate| CandidateRecord {
            endpoint: candidate.endpoint().name.clone(),
            score: candidate
                .vetoes()
                .is_empty()
                .then(|| candidates.score(candidate)),
            terms: candidate
                .terms()
                .iter()
                .map(|(by, term)| say(by, term))
                .collect(),
            vetoes: candidate
                .vetoes()
                .iter()
                .map(|(by, veto)| say(by, veto))
                .collect(),
        })
        .collect()
}

fn millis(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1e3
}
