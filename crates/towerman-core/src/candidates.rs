//! The endpoints that could serve a request, with everything that speaks for and against them.

use std::{borrow::Cow, fmt, sync::Arc, time::Instant};

use crate::{
    Endpoint, NeedKind,
    strategy::{AsWritten, Facts, Strategy},
};

/// A fact about a candidate that a strategy may weigh.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Term {
    /// Its share of the route's traffic, relative to the others'.
    Weight(u32),
    /// This many tokens of the prompt are probably in its cache.
    CachedTokens(u64),
    /// A layer's own preference, added to the score: negative moves forward.
    Bias(f64),
}

/// Why a candidate must not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Veto {
    /// It lacks a capability that the request needs.
    Capability(&'static str),
    /// It cannot take what the conversation carries.
    Portability(NeedKind),
    /// The prompt does not fit.
    ContextLength,
    /// It is not good enough for this route.
    Quality,
    /// Its circuit is open, or it cools down.
    Health,
    /// A limit or budget is used up.
    Limit(Cow<'static, str>),
}

/// One endpoint, and what layers said of it.
#[derive(Clone, Debug)]
pub struct Candidate {
    endpoint: Arc<Endpoint>,
    position: u32,
    score: Option<f64>,
    terms: Vec<(&'static str, Term)>,
    vetoes: Vec<(&'static str, Veto)>,
}

/// The endpoints that could serve one request.
///
/// Layers add terms and vetoes; the route's strategy turns them into an order when somebody asks
/// with [`order`](Self::order).
#[derive(Clone)]
pub struct Candidates {
    list: Vec<Candidate>,
    /// `None` is the order as written.
    strategy: Option<Arc<dyn Strategy>>,
    facts: Facts,
}

// === impl Candidate ===

impl Candidate {
    /// The endpoint.
    pub const fn endpoint(&self) -> &Arc<Endpoint> {
        &self.endpoint
    }

    /// Where the policy's author put it, from 0.
    pub const fn position(&self) -> u32 {
        self.position
    }

    /// What the strategy made of it when the order was settled with [`Candidates::rank`]; the
    /// smallest goes first.
    pub const fn score(&self) -> Option<f64> {
        self.score
    }

    /// What speaks for it: who said it, and what.
    pub fn terms(&self) -> &[(&'static str, Term)] {
        &self.terms
    }

    /// What forbids it: who said it, and why.
    pub fn vetoes(&self) -> &[(&'static str, Veto)] {
        &self.vetoes
    }

    /// States a fact. `by` is the name of the layer that says so.
    pub fn term(&mut self, by: &'static str, term: Term) {
        self.terms.push((by, term));
    }

    /// Forbids it. `by` is the name of the layer that says so.
    pub fn veto(&mut self, by: &'static str, veto: Veto) {
        self.vetoes.push((by, veto));
    }

    /// Tokens of the prompt that are probably cached there.
    pub fn cached_tokens(&self) -> u64 {
        self.find(|term| match term {
            Term::CachedTokens(tokens) => Some(tokens),
            _ => None,
        })
        .unwrap_or(0)
    }

    /// Its share of traffic, 1 if nobody said.
    pub fn weight(&self) -> u32 {
        self.find(|term| match term {
            Term::Weight(weight) => Some(weight),
            _ => None,
        })
        .unwrap_or(1)
    }

    /// The sum of all layers' preferences.
    pub fn bias(&self) -> f64 {
        self.terms
            .iter()
            .map(|(_, term)| match term {
                Term::Bias(bias) => *bias,
                _ => 0.0,
            })
            .sum()
    }

    /// The last statement wins: layers further in know more.
    fn find<T>(&self, pick: impl Fn(Term) -> Option<T>) -> Option<T> {
        self.terms.iter().rev().find_map(|(_, term)| pick(*term))
    }
}

// === impl Candidates ===

impl Candidates {
    /// Candidates in the order in which the policy's author wrote them.
    pub fn new(endpoints: impl IntoIterator<Item = Arc<Endpoint>>, now: Instant) -> Self {
        let list = (0..)
            .zip(endpoints)
            .map(|(position, endpoint)| Candidate {
                endpoint,
                position,
                score: None,
                terms: Vec::new(),
                vetoes: Vec::new(),
            })
            .collect();
        Self {
            list,
            strategy: None,
            facts: Facts {
                prompt_tokens: 0,
                output_tokens: 0,
                seed: 0,
                now,
            },
        }
    }

    /// Chooses how they are ordered.
    #[must_use]
    pub fn strategy(mut self, strategy: Arc<dyn Strategy>) -> Self {
        self.strategy = Some(strategy);
        self
    }

    /// Sets what is the same for all of them.
    #[must_use]
    pub const fn facts(mut self, facts: Facts) -> Self {
        self.facts = facts;
        self
    }

    /// The name of the strategy.
    pub fn strategy_name(&self) -> &str {
        self.by().name()
    }

    /// What is the same for all of them.
    pub const fn common(&self) -> &Facts {
        &self.facts
    }

    /// All of them, as the policy's author wrote them.
    pub fn iter(&self) -> std::slice::Iter<'_, Candidate> {
        self.list.iter()
    }

    /// All of them, to add terms and vetoes.
    pub fn iter_mut(&mut self) -> std::slice::IterMut<'_, Candidate> {
        self.list.iter_mut()
    }

    /// How many there are, forbidden ones included.
    pub const fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Settles the order: what strategies read that changes by the moment (calls under way, say)
    /// is read now, and written down as each candidate's [`score`](Candidate::score).
    pub fn rank(&mut self) {
        for index in 0..self.list.len() {
            let score = self.score(&self.list[index]);
            self.list[index].score = Some(score);
        }
    }

    /// Those that nothing forbids, best first.
    pub fn order(&self) -> Vec<&Candidate> {
        let mut ranked: Vec<_> = self
            .list
            .iter()
            .filter(|candidate| candidate.vetoes.is_empty())
            .map(|candidate| {
                let settled = candidate.score;
                (settled.unwrap_or_else(|| self.score(candidate)), candidate)
            })
            .collect();
        // Stable, so equal scores stay as written; total_cmp puts NaN last.
        ranked.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        ranked.into_iter().map(|(_, candidate)| candidate).collect()
    }

    /// What the strategy and all layers' preferences make of `candidate`; the smallest goes first.
    pub fn score(&self, candidate: &Candidate) -> f64 {
        let score = self.by().score(candidate, &self.facts) + candidate.bias();
        if score.is_nan() { f64::INFINITY } else { score }
    }

    fn by(&self) -> &dyn Strategy {
        match &self.strategy {
            Some(strategy) => &**strategy,
            None => &AsWritten,
        }
    }
}

impl fmt::Debug for Candidates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.list.iter().map(|candidate| &candidate.endpoint.name))
            .finish()
    }
}

impl<'a> IntoIterator for &'a Candidates {
    type Item = &'a Candidate;
    type IntoIter = std::slice::Iter<'a, Candidate>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a> IntoIterator for &'a mut Candidates {
    type Item = &'a mut Candidate;
    type IntoIter = std::slice::IterMut<'a, Candidate>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Weight(weight) => write!(f, "weight={weight}"),
            Self::CachedTokens(tokens) => write!(f, "cached_tokens={tokens}"),
            Self::Bias(bias) => write!(f, "bias={bias}"),
        }
    }
}

impl fmt::Display for Veto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Capability(what) => write!(f, "no {what}"),
            Self::Portability(kind) => write!(f, "cannot take the {kind}"),
            Self::ContextLength => f.write_str("prompt too long"),
            Self::Quality => f.write_str("quality too low"),
            Self::Health => f.write_str("unhealthy"),
            Self::Limit(what) => write!(f, "{what} is used up"),
        }
    }
}
