//! From a model name to candidates. Pure: `now` is an argument.

use std::{sync::Arc, time::Instant};

use towerman_core::{
    Ask, Candidates, Fault, FaultKind, Need, Policy, RouteContext, Term,
    policy::Route,
    strategy::{Facts, Strategy},
};

use towerman_wire::portability;

use crate::fit;

/// The name under which this layer makes statements.
const BY: &str = "route";

/// The output to expect of a request that sets no limit, in tokens.
const USUAL_OUTPUT: u64 = 512;

/// What was decided of a request.
#[derive(Debug)]
pub(crate) struct Decided {
    pub(crate) route: Arc<Route>,
    /// Forbidden ones included.
    pub(crate) candidates: Candidates,
    /// What it carries that not every candidate can take.
    pub(crate) needs: Vec<Need>,
}

/// The route and the candidates of a request.
pub(crate) fn decide(
    cx: &RouteContext,
    ask: &Ask,
    policy: &Policy,
    body: Option<&[u8]>,
    find: impl FnOnce(&str) -> Option<Arc<dyn Strategy>>,
    now: Instant,
) -> Result<Decided, Fault> {
    let Some(route) = policy.route(&ask.model) else {
        return Err(unknown(&ask.model));
    };
    let facts = Facts {
        prompt_tokens: ask.prompt_tokens,
        output_tokens: ask.max_output.unwrap_or(USUAL_OUTPUT),
        seed: seed(cx),
        now,
    };
    let endpoints = route
        .choices
        .iter()
        .map(|choice| Arc::clone(&choice.endpoint));
    let mut candidates = Candidates::new(endpoints, now).facts(facts);
    if let Some(strategy) = find(&route.strategy) {
        candidates = candidates.strategy(strategy);
    }
    let mut providers = route
        .choices
        .iter()
        .map(|choice| &*choice.endpoint.provider);
    let needs = match body {
        Some(body) if fit::matters(ask, &mut providers) => portability::needs(ask, body),
        _ => Vec::new(),
    };
    // Without a word each weighs 1, so nothing need be said of a route that has no weights.
    let weighs = route.choices.iter().any(|choice| choice.weight != 1);
    for (candidate, choice) in candidates.iter_mut().zip(&route.choices) {
        if weighs {
            candidate.term(BY, Term::Weight(choice.weight));
        }
        for veto in fit::vetoes(candidate, ask, route, &needs) {
            candidate.veto(BY, veto);
        }
    }
    Ok(Decided {
        route: Arc::clone(route),
        candidates,
        needs,
    })
}

/// What the client is told of a model that there is not.
pub(crate) fn unknown(model: &str) -> Fault {
    // Which models there are is not said: some may be for others only.
    let message = format!("there is no model \"{model}\"; GET /v1/models says which there are");
    Fault::new(FaultKind::NotFound, message).param("model")
}

/// A number that is the same for the same conversation, or else for the same request.
fn seed(cx: &RouteContext) -> u64 {
    let name = cx
        .session()
        .or_else(|| cx.request_id())
        .map_or("", |name| name);
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in name.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash
}

#[cfg(test)]
mod tests {
    use towerman_core::{
        Candidate, Capabilities, Dialect, PolicyHandle, Veto,
        policy::{Draft, EndpointDraft, ProviderDraft, RouteDraft},
    };

    use super::*;

    fn policy() -> Arc<Policy> {
        let small = EndpointDraft {
            capabilities: Capabilities {
                tools: false,
                media: true,
                ..Capabilities::default()
            },
            ..EndpointDraft::new("p/small").context_window(1_000)
        };
        let mut weighed = RouteDraft::new("weighed", ["p/small", "p/large"]);
        weighed.endpoints[0].1 = 9;
        let draft = Draft::new()
            .provider(ProviderDraft::inner("p", Dialect::OpenAiChat))
            .endpoint(small)
            .route(RouteDraft::new("chat", ["p/small", "p/large"]))
            .route(weighed);
        PolicyHandle::new(draft).unwrap().load()
    }

    fn decided(
        cx: &RouteContext,
        model: &str,
        change: impl FnOnce(&mut Ask),
    ) -> Result<Candidates, Fault> {
        let mut ask = Ask::new(Dialect::OpenAiChat, model, 0..0);
        change(&mut ask);
        decide(cx, &ask, &policy(), None, |_| None, Instant::now())
            .map(|decided| decided.candidates)
    }

    fn plain(model: &str, change: impl FnOnce(&mut Ask)) -> Result<Candidates, Fault> {
        decided(&RouteContext::default(), model, change)
    }

    #[test]
    fn every_reason_against_an_endpoint_is_stated() {
        let all = plain("chat", |ask| {
            ask.tools = true;
            ask.media = true;
            ask.prompt_tokens = 4_004;
        });
        let all = all.unwrap();
        let said: Vec<_> = all.iter().map(Candidate::vetoes).collect();
        let expected = [
            ("route", Veto::Capability("tools")),
            ("route", Veto::ContextLength),
        ];
        assert_eq!(said[0], expected);
        assert!(said[1].is_empty());
    }

    #[test]
    fn weights_are_stated_of_all_or_none() {
        let weights = |model| {
            let all = plain(model, |_| {}).unwrap();
            all.iter()
                .map(|candidate| candidate.terms().to_vec())
                .collect::<Vec<_>>()
        };
        assert_eq!(weights("chat"), [vec![], vec![]]);
        let of = |weight| vec![("route", Term::Weight(weight))];
        assert_eq!(weights("weighed"), [of(9), of(1)]);
    }

    #[test]
    fn an_unknown_model_is_named_in_the_clients_words_and_no_other() {
        let fault = plain("x", |_| {}).unwrap_err();
        assert_eq!(
            (fault.kind(), fault.named_param()),
            (FaultKind::NotFound, Some("model"))
        );
        assert!(fault.message().contains("\"x\""), "{fault}");
        for word in ["weighed", "route", "policy"] {
            assert!(!fault.message().contains(word), "{fault}");
        }
    }

    #[test]
    fn what_a_strategy_is_told_follows_the_request() {
        let common = |cx: &RouteContext, limit| {
            let all = decided(cx, "chat", |ask| {
                ask.prompt_tokens = 700;
                ask.max_output = limit;
            });
            *all.unwrap().common()
        };
        let mut cx = RouteContext::default();
        cx.set_session("s");
        cx.set_request_id("1");
        let first = common(&cx, Some(9));
        assert_eq!((first.prompt_tokens, first.output_tokens), (700, 9));
        cx.set_request_id("2");
        let next = common(&cx, None);
        assert_eq!(next.output_tokens, USUAL_OUTPUT);
        assert_eq!(next.seed, first.seed, "the session goes before the request");
        cx.set_session("t");
        assert_ne!(common(&cx, None).seed, first.seed);
    }
}
