//! Affinity in the whole stack: what it saves, and that the route's strategy keeps its say.
#![allow(clippy::unwrap_used)]

use std::convert::Infallible;

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use serde_json::{Value, json};
use tower::{Service, ServiceBuilder, ServiceExt, service_fn, util::BoxCloneSyncService};
use towerman::{
    core::{
        BoxError, Dialect,
        policy::{Draft, EndpointDraft, ProviderDraft, RouteDraft},
    },
    prelude::*,
};
use towerman_sim::{Fault, Model, Price, Sim};

type Stack =
    BoxCloneSyncService<Request<Full<Bytes>>, Response<UnsyncBoxBody<Bytes, BoxError>>, Infallible>;

/// A stack over simulated providers, one endpoint each.
struct World {
    sims: Vec<Sim>,
    stack: Stack,
    dialect: Dialect,
    requests: u32,
}

impl World {
    /// One endpoint of each weight, by this strategy.
    fn new(dialect: Dialect, strategy: &str, weights: &[u32], affinity: bool) -> Self {
        let price = Price {
            input: 1_000_000,
            cache_read: 100_000,
            cache_write: 1_250_000,
            output: 4_000_000,
        };
        let model = Model::new("m").price(price);
        let sim = |number| match dialect {
            Dialect::Anthropic => Sim::anthropic(format!("p{number}")),
            _ => Sim::openai(format!("p{number}")),
        };
        let sims: Vec<_> = (0..weights.len())
            .map(|number| sim(number).model(model.clone()).build())
            .collect();
        let mut draft = Draft::new();
        let mut route = RouteDraft::new("chat", [] as [&str; 0])
            .strategy(strategy)
            .affinity(affinity);
        for (sim, weight) in sims.iter().zip(weights) {
            let endpoint = format!("{}/m", sim.name());
            route.endpoints.push((endpoint.clone(), *weight));
            draft = draft
                .provider(ProviderDraft::inner(sim.name(), dialect))
                .endpoint(EndpointDraft::new(endpoint));
        }
        let policy = PolicyHandle::new(draft.route(route)).unwrap();
        let providers = sims.clone();
        let network = service_fn(move |mut request: Request<Body>| {
            // A provider that is called over a network gets it from Upstream.
            let version = HeaderValue::from_static("2023-06-01");
            request.headers_mut().insert("anthropic-version", version);
            let attempt = RouteContext::of(&request).attempt().unwrap();
            let provider = &attempt.endpoint().provider.name;
            let of_it = |sim: &&Sim| *sim.name() == **provider;
            let mut service = providers.iter().find(of_it).unwrap().service();
            service.call(request)
        });
        let stack = ServiceBuilder::new()
            .map_response(|response: Response<_>| {
                response.map(|body| BodyExt::map_err(body, BoxError::from).boxed_unsync())
            })
            .layer(EdgeLayer::new())
            .layer(ClassifyLayer::new(&policy))
            .layer(RouteLayer::new(&policy))
            .layer(AffinityLayer::new().secret([7; 32]))
            .layer(FailoverLayer::new())
            .layer(BreakerLayer::new())
            .layer(CostLayer::new(()))
            .layer(NormalizeLayer::new())
            .layer(UpstreamLayer::new())
            .service(network);
        Self {
            sims,
            stack: BoxCloneSyncService::new(stack),
            dialect,
            requests: 0,
        }
    }

    /// Asks; the number of the provider that answered, and what it said.
    async fn ask(&mut self, body: &Value, session: Option<&str>) -> (usize, String) {
        self.requests += 1;
        let mut request = Request::post(self.dialect.path())
            .header("x-request-id", format!("r{}", self.requests));
        if let Some(session) = session {
            request = request.header("x-session-id", session);
        }
        let request = request.body(Full::from(body.to_string())).unwrap();
        let response = self.stack.clone().oneshot(request).await.unwrap();
        let report: RouteReport = response.extensions().get().cloned().unwrap();
        let answer = response.into_body().collect().await.unwrap().to_bytes();
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        let text = match self.dialect {
            Dialect::Anthropic => &answer["content"][0]["text"],
            _ => &answer["choices"][0]["message"]["content"],
        };
        assert!(text.is_string(), "{answer}");
        let provider = report.endpoint().unwrap().provider.name.to_string();
        let number = provider.trim_start_matches('p').parse().unwrap();
        (number, text.as_str().unwrap().to_owned())
    }

    /// What all providers would charge, in millionths of a dollar.
    fn bill(&self) -> u128 {
        let costs = self
            .sims
            .iter()
            .map(|sim| sim.book().totals().cost_pico_usd);
        costs.sum::<u128>() / 1_000_000
    }
}

/// The system prompt that all sessions share: 8 KB.
fn system() -> String {
    "You are a towerman. ".repeat(400)
}

/// A conversation with a client that keeps no session id.
struct Chat {
    name: String,
    messages: Vec<Value>,
}

impl Chat {
    fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            messages: Vec::new(),
        }
    }

    /// Says something of some 1.5 KB; who answered?
    async fn turn(&mut self, world: &mut World) -> usize {
        let said = format!("{}, turn {}. ", self.name, self.messages.len());
        let said = said + &"And then? ".repeat(150);
        self.messages.push(json!({"role": "user", "content": said}));
        let body = match world.dialect {
            Dialect::Anthropic => json!({
                "model": "chat", "max_tokens": 100, "messages": marked(&self.messages),
                "system": [{"type": "text", "text": system(), "cache_control": {"type": "ephemeral"}}],
            }),
            _ => {
                let system = json!({"role": "system", "content": system()});
                let messages: Vec<_> = [&system].into_iter().chain(&self.messages).collect();
                json!({"model": "chat", "messages": messages})
            }
        };
        let (number, text) = world.ask(&body, None).await;
        self.messages
            .push(json!({"role": "assistant", "content": text}));
        number
    }
}

/// As agents send them: the last two messages of the user say that they are to be cached.
fn marked(messages: &[Value]) -> Vec<Value> {
    let last = messages.len() - 1;
    let mark = |(number, message): (usize, &Value)| {
        let mut block = json!({"type": "text", "text": message["content"]});
        if number == last || number + 2 == last {
            block["cache_control"] = json!({"type": "ephemeral"});
        }
        json!({"role": message["role"], "content": [block]})
    };
    messages.iter().enumerate().map(mark).collect()
}

/// The first turns of so many new sessions, each with an id: how many went where?
async fn opened(world: &mut World, sessions: usize) -> Vec<usize> {
    let mut counts = vec![0; world.sims.len()];
    for number in 0..sessions {
        let body = json!({"model": "chat", "messages": [
            {"role": "system", "content": system()},
            {"role": "user", "content": format!("This is session {number}.")},
        ]});
        let session = format!("session-{number}");
        let (at, _) = world.ask(&body, Some(&session)).await;
        counts[at] += 1;
    }
    counts
}

#[tokio::test]
async fn new_sessions_with_one_system_prompt_keep_the_weights() {
    for weights in [&[1, 1][..], &[3, 1], &[1, 1, 2]] {
        let sessions = 400;
        let mut world = World::new(Dialect::OpenAiChat, "weighted", weights, true);
        let counts = opened(&mut world, sessions).await;
        let all: u32 = weights.iter().sum();
        for (count, weight) in counts.iter().zip(weights) {
            // Within three standard deviations of a binomial draw.
            let share = f64::from(*weight) / f64::from(all);
            let mean = sessions as f64 * share;
            let tolerance = 3.0 * (mean * (1.0 - share)).sqrt();
            let off = (*count as f64 - mean).abs();
            assert!(off <= tolerance, "{counts:?} by {weights:?}");
        }
        let mut without = World::new(Dialect::OpenAiChat, "weighted", weights, false);
        assert_eq!(counts, opened(&mut without, sessions).await);
    }
}

#[tokio::test]
async fn examples_that_all_sessions_share_are_no_conversation() {
    let mut world = World::new(Dialect::OpenAiChat, "priority", &[1, 1], true);
    world.sims[0].faults().once(Fault::Refuse);
    let mut at = Vec::new();
    for number in 0..10 {
        let body = json!({"model": "chat", "messages": [
            {"role": "system", "content": system()},
            {"role": "user", "content": "Which signal is it, if the arm is up?"},
            {"role": "assistant", "content": "Clear."},
            {"role": "user", "content": format!("And if it is at {number} degrees?")},
        ]});
        at.push(world.ask(&body, None).await.0);
    }
    assert_eq!(at, [1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
}

#[tokio::test]
async fn new_sessions_return_to_the_primary_and_old_ones_stay_where_they_are_cached() {
    let mut world = World::new(Dialect::OpenAiChat, "priority", &[1, 1], true);
    world.sims[0].faults().once(Fault::Refuse);
    let mut fallen = Chat::new("fallen");
    assert_eq!(fallen.turn(&mut world).await, 1, "the primary is down");
    for number in 0..11 {
        let mut new = Chat::new(format!("new {number}"));
        assert_eq!(new.turn(&mut world).await, 0, "session {number}");
        assert_eq!(new.turn(&mut world).await, 0, "session {number}");
        assert_eq!(fallen.turn(&mut world).await, 1, "turn {number}");
    }
    let line = world.sims[1].book().lines().pop().unwrap();
    assert!(line.cache_read > 9 * line.uncached_input, "{line:?}");
    // Its home fails in its turn: it moves, and stays there.
    world.sims[1].faults().once(Fault::Refuse);
    assert_eq!(fallen.turn(&mut world).await, 0);
    assert_eq!(fallen.turn(&mut world).await, 0);
}

#[tokio::test(start_paused = true)]
async fn breakpoints_that_move_do_not_hide_a_conversation() {
    let mut world = World::new(Dialect::Anthropic, "priority", &[1, 1], true);
    world.sims[0].faults().once(Fault::Refuse);
    let mut fallen = Chat::new("fallen");
    assert_eq!(fallen.turn(&mut world).await, 1, "the primary is down");
    for number in 0..6 {
        let mut new = Chat::new(format!("new {number}"));
        assert_eq!(new.turn(&mut world).await, 0, "session {number}");
        assert_eq!(fallen.turn(&mut world).await, 1, "turn {number}");
    }
    let line = world.sims[1].book().lines().pop().unwrap();
    assert!(line.cache_read > 4 * line.cache_write, "{line:?}");
}

/// What so many sessions of six turns cost.
async fn billed(dialect: Dialect, strategy: &str, affinity: bool) -> u128 {
    let mut world = World::new(dialect, strategy, &[1; 4], affinity);
    let mut chats: Vec<_> = (0..20)
        .map(|number| Chat::new(format!("session {number}")))
        .collect();
    let mut homes = vec![Vec::new(); chats.len()];
    for _ in 0..6 {
        for (chat, at) in chats.iter_mut().zip(&mut homes) {
            at.push(chat.turn(&mut world).await);
        }
    }
    if affinity {
        let stayed = |at: &Vec<usize>| at.iter().all(|number| *number == at[0]);
        assert!(homes.iter().all(stayed), "{homes:?}");
        let mut used: Vec<_> = homes.iter().map(|at| at[0]).collect();
        used.sort_unstable();
        used.dedup();
        assert_eq!(used.len(), 4, "all providers have their share");
    }
    world.bill()
}

#[tokio::test(start_paused = true)]
async fn conversations_without_an_id_stay_and_cost_less() {
    for dialect in towerman_tests::CLASSIC {
        let with = billed(dialect, "weighted", true).await;
        let without = billed(dialect, "weighted", false).await;
        println!("{dialect}: {with} millionths of a dollar, {without} without affinity");
        assert!(with * 3 < without * 2, "{with}, {without} without");
    }
}
