//! An endpoint whose model knows tools and no schemas answers in the schema all the same.
#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};
use towerman::core::{
    Capabilities, Dialect, Schemas,
    policy::{Draft, EndpointDraft, ProviderDraft, RouteDraft},
};
use towerman_sim::{Model, Sim};
use towerman_tests::{Gateway, client, post};

fn ask(stream: bool) -> Value {
    let mut ask = client::ask(Dialect::OpenAiChat, "chat", "Where is it?", stream);
    let schema = json!({"type": "object", "required": ["city"], "additionalProperties": false,
        "properties": {"city": {"type": "string"}}});
    ask["response_format"] =
        json!({"type": "json_schema", "json_schema": {"name": "place", "schema": schema}});
    ask
}

#[tokio::test]
async fn schemas_become_tools_where_the_policy_says_so() {
    for (dialect, sim) in [
        (Dialect::OpenAiChat, Sim::openai("p")),
        (Dialect::Anthropic, Sim::anthropic("p")),
        (Dialect::BedrockConverse, Sim::bedrock("p")),
    ] {
        let sim = sim.model(Model::new("m")).build();
        let server = sim.serve().await.unwrap();
        let draft = Draft::new()
            .provider(ProviderDraft::url("p", dialect, server.base_url()))
            .endpoint(EndpointDraft::new("p/m").capabilities(Capabilities {
                schemas: Schemas::Tool,
                ..Capabilities::default()
            }))
            .route(RouteDraft::new("chat", ["p/m"]));
        let gateway = Gateway::start(draft).await;
        for stream in [false, true] {
            let url = format!("{}/v1/chat/completions", gateway.url());
            let answer = post(&url, &ask(stream)).await;
            let heard = client::read(Dialect::OpenAiChat, &answer).unwrap();
            let text = match heard {
                client::Heard::Whole { text } => text,
                client::Heard::Stream {
                    text,
                    error,
                    unreadable,
                } => {
                    assert_eq!((error, unreadable), (None, 0));
                    text
                }
                client::Heard::Refused(trouble) => panic!("{dialect:?}: {trouble:?}"),
            };
            let said: Value = serde_json::from_str(&text).expect(&text);
            assert!(said["city"].is_string(), "{said}");
            assert!(!answer.text().contains("tool_calls"), "{}", answer.text());
        }
        // The provider was told of a tool, and of nothing that it would not know.
        assert_eq!(sim.received().len(), 2);
        for received in sim.received() {
            let body = String::from_utf8_lossy(&received.body).into_owned();
            assert!(body.contains("json_answer"), "{body}");
            assert!(
                !body.contains("json_schema") && !body.contains("outputConfig"),
                "{body}"
            );
        }
    }
}
