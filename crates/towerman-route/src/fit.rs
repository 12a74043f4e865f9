//! Which endpoints a request fits, and what the client hears if it fits none. Pure.

use towerman_core::{
    Ask, Candidate, Candidates, Dialect, Fault, FaultKind, Keeps, Need, Operation, PathStyle,
    Provider, Veto, policy::Route,
};
use towerman_wire::{counts, portability, vectors};

/// How far beyond a context window an estimate must be to forbid an endpoint.
///
/// A prompt's size is known only as bytes divided by four. English is near that, but source code,
/// white space and repetition take up to three times as many bytes a token, and media are counted
/// by the part. What is sent and does not fit costs a round trip, and the provider says so; what
/// is refused here and would have fitted costs the answer.
const MARGIN: u64 = 4;

const TOOLS: Veto = Veto::Capability("tools");
const MEDIA: Veto = Veto::Capability("media");

/// Everything that forbids sending `ask` to the endpoint of `candidate`.
pub(crate) fn vetoes(
    candidate: &Candidate,
    ask: &Ask,
    route: &Route,
    needs: &[Need],
) -> impl Iterator<Item = Veto> + use<> {
    let endpoint = candidate.endpoint();
    let can = endpoint.capabilities;
    // How long a prompt is can be asked of any that counts.
    let long = ask.operation != Operation::Count
        && endpoint
            .context_window
            .is_some_and(|window| ask.prompt_tokens / MARGIN > window);
    // An endpoint that nobody has judged is taken to be good enough.
    let poor = endpoint
        .quality
        .zip(route.min_quality)
        .is_some_and(|(quality, minimum)| quality < minimum);
    [
        foreign(ask, &endpoint.provider),
        unmet(needs, ask, &endpoint.provider).map(|need| Veto::Portability(need.kind)),
        (ask.tools && !can.tools).then_some(TOOLS),
        (ask.media && !can.media).then_some(MEDIA),
        long.then_some(Veto::ContextLength),
        poor.then_some(Veto::Quality),
    ]
    .into_iter()
    .flatten()
}

/// Not every dialect has everything that another one asks for.
fn foreign(ask: &Ask, provider: &Provider) -> Option<Veto> {
    let (spoken, own) = (provider.dialect, provider.dialect == ask.dialect);
    let told = match (ask.operation, provider.profile.path) {
        (Operation::Generate, _) => true,
        (_, PathStyle::BedrockInvoke) | (Operation::Embed, PathStyle::Vertex(_)) => false,
        // Vertex counts what stands in a body of another shape, and Gemini's only.
        (Operation::Count, PathStyle::Vertex(_)) => own && spoken == Dialect::Gemini,
        (Operation::Embed, _) => own || vectors::translates(ask.dialect, spoken),
        (Operation::Count, _) => own || counts::translates(ask.dialect, spoken),
        _ => own,
    };
    (!told).then_some(Veto::Capability(ask.operation.as_str()))
}

/// The first need that `provider` does not meet.
fn unmet<'n>(needs: &'n [Need], ask: &Ask, provider: &Provider) -> Option<&'n Need> {
    let met = |need: &&Need| need.kind.met_by(ask.dialect, provider, ask.strict);
    needs.iter().find(|need| !met(need))
}

/// Whether any of these providers may not take what the request may carry.
pub(crate) fn matters<'p>(ask: &Ask, mut providers: impl Iterator<Item = &'p Provider>) -> bool {
    let differs = |provider: &Provider| {
        provider.dialect != ask.dialect || provider.profile.keeps != Keeps::ALL
    };
    ask.carries && providers.any(differs)
}

/// What the client is told if every candidate is forbidden.
pub(crate) fn refusal(candidates: &Candidates, ask: &Ask, needs: &[Need]) -> Option<Fault> {
    if candidates.iter().any(|c| c.vetoes().is_empty()) {
        return None;
    }
    // Nothing that the client changes makes a poor endpoint better, so the others say what to change.
    let good: Vec<_> = candidates
        .iter()
        .filter(|c| !has(c, &Veto::Quality))
        .collect();
    if good.is_empty() {
        let message = "this model cannot be served";
        return Some(Fault::new(FaultKind::Unavailable, message));
    }
    let operation = Veto::Capability(ask.operation.as_str());
    if good.iter().all(|c| has(c, &operation)) {
        return Some(ask.operation.missing());
    }
    if good.iter().all(|c| has(c, &Veto::ContextLength)) {
        let windows = good.iter().filter_map(|c| c.endpoint().context_window);
        let message = format!(
            "the prompt is longer than the {} tokens that this model can take",
            windows.max().unwrap_or(0)
        );
        return Some(Fault::new(FaultKind::ContextLength, message).param("messages"));
    }
    let carried = good.iter().find_map(|candidate| {
        let provider = &candidate.endpoint().provider;
        unmet(needs, ask, provider)
    });
    if let Some(need) = carried {
        return Some(portability::refusal(need));
    }
    let lacking = |veto: &Veto| good.iter().any(|c| has(c, veto));
    let mut needs = Vec::new();
    if lacking(&TOOLS) {
        needs.push("tools".to_owned());
    }
    if lacking(&MEDIA) {
        needs.push("images or other media".to_owned());
    }
    if lacking(&Veto::ContextLength) {
        needs.push(format!("a prompt of some {} tokens", ask.prompt_tokens));
    }
    let message = format!("this model does not take {}", needs.join(" with "));
    let param = if lacking(&TOOLS) { "tools" } else { "messages" };
    Some(Fault::new(FaultKind::InvalidRequest, message).param(param))
}

fn has(candidate: &Candidate, veto: &Veto) -> bool {
    candidate.vetoes().iter().any(|(_, said)| said == veto)
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Instant};

    use towerman_core::{
        Capabilities, Dialect, PolicyHandle,
        policy::{Draft, EndpointDraft, ProviderDraft, RouteDraft},
    };

    use super::*;

    /// `small` takes 1,000 tokens, `plain` no tools, `text` no media, `poor` is not good enough.
    fn refused(models: &[&str], change: fn(&mut Ask)) -> Option<(FaultKind, String)> {
        let mut draft = Draft::new().provider(ProviderDraft::inner("p", Dialect::OpenAiChat));
        for model in models {
            let endpoint = EndpointDraft::new(format!("p/{model}"));
            draft = draft.endpoint(EndpointDraft {
                context_window: (*model == "small").then_some(1_000),
                quality: (*model == "poor").then_some(40),
                capabilities: Capabilities {
                    tools: *model != "plain",
                    media: *model != "text",
                    ..Capabilities::default()
                },
                ..endpoint
            });
        }
        let names = models.iter().map(|model| format!("p/{model}"));
        let draft = draft.route(RouteDraft {
            min_quality: Some(50),
            ..RouteDraft::new("r", names)
        });
        let policy = PolicyHandle::new(draft).unwrap().load();
        let route = policy.route("r").unwrap();
        let mut ask = Ask::new(Dialect::OpenAiChat, "r", 0..0);
        change(&mut ask);
        let endpoints = route.choices.iter().map(|choice| choice.endpoint.clone());
        let mut candidates = Candidates::new(endpoints, Instant::now());
        for candidate in candidates.iter_mut() {
            for veto in vetoes(candidate, &ask, route, &[]) {
                candidate.veto("route", veto);
            }
        }
        let refused = refusal(&candidates, &ask, &[])?;
        // A client knows of models; endpoints and routes are the operator's.
        let message = refused.to_string();
        assert!(!message.contains("endpoint") && !message.contains("route"));
        Some((refused.kind(), message))
    }

    fn needy(ask: &mut Ask) {
        ask.tools = true;
        ask.media = true;
        ask.prompt_tokens = 4_004;
    }

    #[test]
    fn one_endpoint_that_takes_it_is_enough() {
        assert_eq!(refused(&["small", "plain", "text", "large"], needy), None);
        assert_eq!(
            refused(&["small"], |ask| ask.prompt_tokens = 4_003),
            None,
            "an estimate may be wrong"
        );
    }

    #[test]
    fn too_long_is_said_only_if_it_is_so_everywhere() {
        let (kind, message) = refused(&["small"], needy).unwrap();
        assert_eq!(kind, FaultKind::ContextLength);
        assert!(message.contains("1000 tokens"), "{message}");
        let (kind, message) = refused(&["small", "plain"], needy).unwrap();
        assert_eq!(kind, FaultKind::InvalidRequest);
        assert!(
            message.ends_with("take tools with a prompt of some 4004 tokens"),
            "{message}"
        );
    }

    #[test]
    fn the_capability_that_is_missing_is_named() {
        let (kind, message) = refused(&["text"], needy).unwrap();
        assert_eq!(kind, FaultKind::InvalidRequest);
        assert!(message.ends_with("take images or other media"), "{message}");
        let (_, message) = refused(&["plain", "text"], needy).unwrap();
        assert!(
            message.ends_with("take tools with images or other media"),
            "{message}"
        );
    }

    #[test]
    fn an_endpoint_that_is_not_good_enough_does_not_say_what_to_change() {
        let plain = |_: &mut Ask| {};
        assert_eq!(refused(&["poor"], plain).unwrap().0, FaultKind::Unavailable);
        let (kind, _) = refused(&["poor", "small"], needy).unwrap();
        assert_eq!(kind, FaultKind::ContextLength);
    }

    #[test]
    fn only_answers_are_translated() {
        let draft = Draft::new()
            .provider(ProviderDraft::inner("o", Dialect::OpenAiChat))
            .provider(ProviderDraft::inner("a", Dialect::Anthropic))
            .endpoint(EndpointDraft::new("a/m").context_window(1))
            .route(RouteDraft::new("both", ["o/m", "a/m"]));
        let policy = PolicyHandle::new(draft).unwrap().load();
        let route = policy.route("both").unwrap();
        let endpoints = route.choices.iter().map(|c| Arc::clone(&c.endpoint));
        let candidates = Candidates::new(endpoints, Instant::now());
        let said = |dialect, operation| {
            let mut ask = Ask::new(dialect, "both", 0..0);
            (ask.operation, ask.prompt_tokens) = (operation, 1_000);
            let all: Vec<Vec<_>> = candidates
                .iter()
                .map(|candidate| vetoes(candidate, &ask, route, &[]).collect())
                .collect();
            all
        };
        let no = |what| vec![Veto::Capability(what)];
        assert_eq!(
            said(Dialect::Anthropic, Operation::Generate),
            [vec![], vec![Veto::ContextLength]]
        );
        assert_eq!(
            said(Dialect::Anthropic, Operation::Count),
            [no("token counts"), vec![]],
            "what is too long can be counted"
        );
        let embed = said(Dialect::OpenAiChat, Operation::Embed);
        assert_eq!(embed[0], vec![]);
        assert_eq!(embed[1][0], no("embeddings")[0]);
    }
}
