//! A conversation that carries what only some providers can take goes to those, or nowhere.
#![allow(clippy::unwrap_used)]

use http::{HeaderName, HeaderValue};
use serde_json::{Value, json};
use towerman::core::{
    Dialect,
    policy::{Draft, ProviderDraft, RouteDraft},
};
use towerman_sim::{Fault, Model, Sim, SimServer};
use towerman_tests::{Answer, Gateway, post};

/// Two providers, of which the first is preferred, and a route to each alone.
struct Both {
    gateway: Gateway,
    open: Sim,
    own: Sim,
    _servers: [SimServer; 2],
}

async fn both() -> Both {
    let open = Sim::openai("open").model(Model::new("m")).build();
    let own = Sim::anthropic("own").model(Model::new("m")).build();
    let servers = [open.serve().await.unwrap(), own.serve().await.unwrap()];
    let draft = Draft::new()
        .provider(ProviderDraft::url(
            "open",
            Dialect::OpenAiChat,
            servers[0].base_url(),
        ))
        .provider(ProviderDraft::url(
            "own",
            Dialect::Anthropic,
            servers[1].base_url(),
        ))
        .route(RouteDraft::new("both", ["open/m", "own/m"]))
        .route(RouteDraft::new("open", ["open/m"]))
        .route(RouteDraft::new("strict", ["open/m"]).strict(true));
    Both {
        gateway: Gateway::start(draft).await,
        open,
        own,
        _servers: servers,
    }
}

impl Both {
    async fn ask(&self, model: &str, mut body: Value) -> Answer {
        body["model"] = model.into();
        body["max_tokens"] = 99.into();
        post(&format!("{}/v1/messages", self.gateway.url()), &body).await
    }

    /// How many requests each of the two has had.
    fn had(&self) -> (usize, usize) {
        (self.open.received().len(), self.own.received().len())
    }
}

/// What ties a conversation to Anthropic's own, where it stands, and what the record calls it.
fn tied() -> [(&'static str, &'static str, Value); 5] {
    let user = |content: Value| json!([{"role": "user", "content": content}]);
    let image = json!({"type": "image", "source": {"type": "file", "file_id": "file_1"}});
    let call = json!({"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}});
    let found = json!({"type": "web_search_tool_result", "tool_use_id": "s", "content": []});
    let search = json!({"type": "web_search_20250305", "name": "web_search"});
    [
        (
            "file",
            "/messages/0/content/0",
            json!({"messages": user(json!([image]))}),
        ),
        (
            "prefill",
            "/messages/1",
            json!({"messages": [
                {"role": "user", "content": "a haiku"},
                {"role": "assistant", "content": "An old"}]}),
        ),
        (
            "tool",
            "/messages/1/content/0",
            json!({"messages": [
                {"role": "user", "content": "news?"},
                {"role": "assistant", "content": [call, found]},
                {"role": "user", "content": "more"}]}),
        ),
        (
            "tool",
            "/tools/0",
            json!({"messages": user("news?".into()), "tools": [search]}),
        ),
        (
            "state",
            "/container",
            json!({"messages": user("go on".into()), "container": "c_1"}),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ties_a_conversation_to_a_provider_is_heeded_before_ranking() {
    let both = both().await;
    let plain = json!({"messages": [{"role": "user", "content": "hi"}]});
    assert_eq!(both.ask("both", plain.clone()).await.status, 200);
    assert_eq!(both.had(), (1, 0), "the first is preferred");
    for (nth, (kind, at, body)) in tied().into_iter().enumerate() {
        let answer = both.ask("both", body.clone()).await;
        assert_eq!(both.had(), (1, nth + 1), "{kind} at {at}");
        let vetoes = {
            let decisions = both.gateway.decisions.lock().unwrap();
            format!("{:?}", decisions.last().unwrap().candidates)
        };
        let why = format!("cannot take the {kind}");
        assert!(vetoes.contains(&why), "{vetoes}\n{}", answer.text());

        // Where nobody can take it, the client is told what it is.
        let refused = both.ask("open", body).await;
        let (status, told) = (refused.status.as_u16(), refused.json());
        let message = told["error"]["message"].as_str().unwrap();
        assert_eq!(status, 400, "{message}");
        assert!(message.starts_with(at), "{message}");
    }
    assert_eq!(both.had(), (1, 5), "what is refused is not tried");
    both.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_fails_over_to_where_it_would_mean_something_else() {
    let both = both().await;
    both.own.faults().always(Fault::Status(500));
    let (.., body) = &tied()[0];
    let answer = both.ask("both", body.clone()).await;
    assert!(answer.status.is_server_error(), "{}", answer.text());
    assert_eq!(both.had().0, 0);
    both.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reasoning_of_another_provider_is_taken_out_on_the_way() {
    let both = both().await;
    let asked = |signature: &str| {
        json!({"model": "both", "messages": [
            {"role": "user", "content": "2+2?"},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "easy", "signature": signature},
                {"type": "text", "text": "4"}]},
            {"role": "user", "content": "and 3?"}]})
    };
    both.open.faults().always(Fault::Refuse);
    for (signature, kept) in [("tm1.gemini.s.AAAA", false), ("EqQBCg", true)] {
        let answer = both.ask("both", asked(signature)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let received = both.own.received().pop().unwrap();
        let body = String::from_utf8_lossy(&received.body).into_owned();
        assert_eq!(body.contains(signature), kept, "{body}");
        assert!(body.contains("and 3?") && body.contains("\"4\""), "{body}");
        assert_eq!(body.contains("easy"), kept, "{body}");
    }
    both.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_strict_route_refuses_what_another_drops() {
    let both = both().await;
    let asked = json!({"messages": [{"role": "user", "content": "hi"}], "top_k": 5});
    assert_eq!(both.ask("open", asked.clone()).await.status, 200);
    let refused = both.ask("strict", asked).await;
    let (status, told) = (refused.status.as_u16(), refused.json());
    assert_eq!(status, 400);
    let message = told["error"]["message"].as_str().unwrap();
    assert!(message.starts_with("/top_k"), "{message}");
    assert_eq!(both.had(), (1, 0), "what is refused is not tried");
    both.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_api_that_takes_no_temperature_is_told_none() {
    let sim = Sim::anthropic("own").model(Model::new("m")).build();
    let server = sim.serve().await.unwrap();
    let version = HeaderValue::from_static("2026-10-21");
    let provider = ProviderDraft::url("own", Dialect::Anthropic, server.base_url());
    let draft = Draft::new()
        .provider(provider.header(HeaderName::from_static("anthropic-version"), version))
        .route(RouteDraft::new("own", ["own/m"]))
        .route(RouteDraft::new("strict", ["own/m"]).strict(true));
    let gateway = Gateway::start(draft).await;
    let url = format!("{}/v1/chat/completions", gateway.url());
    let ask = |model: &str| {
        json!({"model": model, "messages": [{"role": "user", "content": "hi"}],
            "temperature": 0.5, "top_p": 0.9})
    };
    let answer = post(&url, &ask("own")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let received = sim.received().pop().unwrap();
    let body: Value = serde_json::from_slice(&received.body).unwrap();
    assert!(body.get("temperature").is_none() && body.get("top_p").is_none());
    let refused = post(&url, &ask("strict")).await;
    assert_eq!(refused.status, 400, "{}", refused.text());
    assert_eq!(refused.json()["error"]["param"], "/temperature");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_strict_route_lets_no_accent_drop_anything_either() {
    let sim = Sim::openai("groq").model(Model::new("m")).build();
    let server = sim.serve().await.unwrap();
    let provider = ProviderDraft::url("groq", Dialect::OpenAiChat, server.base_url());
    let draft = Draft::new()
        .provider(provider.profile(towerman::wire::profile::find("groq").unwrap()))
        .route(RouteDraft::new("loose", ["groq/m"]))
        .route(RouteDraft::new("strict", ["groq/m"]).strict(true));
    let gateway = Gateway::start(draft).await;
    let url = format!("{}/v1/chat/completions", gateway.url());
    let ask = |model: &str| json!({"model": model, "messages": [{"role": "user", "content": "hi"}], "metadata": {"a": "b"}});
    assert_eq!(post(&url, &ask("loose")).await.status, 200);
    let refused = post(&url, &ask("strict")).await;
    assert_eq!(refused.status, 400, "{}", refused.text());
    assert_eq!(refused.json()["error"]["param"], "/metadata");
    assert_eq!(sim.received().len(), 1);
    gateway.stop().await;
}
