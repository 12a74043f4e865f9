//! The Bedrock Converse dialect, field by field.

use crate::{
    common::{Event, ask, read, send, terminated, text},
    frames,
    native::raw,
};
use http::Request;
use http_body_util::Full;
use serde_json::{Value, json};
use tower::ServiceExt;
use towerman_sim::{Dialect, PER_ATTACHMENT, PER_MESSAGE, Sim, count_tokens};

fn sim() -> Sim {
    Sim::bedrock("alpha").build()
}

fn user(text: &str) -> Value {
    json!([{"role": "user", "content": [{"text": text}]}])
}

fn names(events: &[Event]) -> Vec<&str> {
    events
        .iter()
        .map(|event| event.name.as_deref().unwrap())
        .collect()
}

#[tokio::test]
async fn whole_answer_has_every_field() {
    let sim = sim();
    let reply = send(&sim, &ask("hi", false)).await;
    let id = reply.header("x-amzn-requestid");
    assert_eq!(id.len(), 36);
    // The body has no id: the book takes the request's.
    assert_eq!(sim.book().lines()[0].id, id);
    let body = reply.json();
    assert_eq!(body["output"]["message"]["role"], "assistant");
    let said = body["output"]["message"]["content"][0]["text"]
        .as_str()
        .unwrap();
    assert!(said.starts_with("[alpha] ") && count_tokens(said) == 24);
    assert_eq!(body["stopReason"], "end_turn");
    assert!(body["metrics"]["latencyMs"].is_u64());
    let usage = &body["usage"];
    assert_eq!(
        (
            &usage["inputTokens"],
            &usage["outputTokens"],
            &usage["totalTokens"]
        ),
        (&json!(PER_MESSAGE + 1), &json!(24), &json!(29))
    );
}

#[tokio::test]
async fn model_ids_are_encoded_in_the_path() {
    let sim = sim();
    let id = "us.anthropic.claude-v1:0";
    let body = json!({"messages": user("hi")});
    for path in [
        "/model/us.anthropic.claude-v1%3A0/converse",
        "/model/us.anthropic.claude-v1:0/converse",
    ] {
        assert_eq!(raw(&sim, path, &body).await.status, 200);
    }
    assert!(sim.book().lines().iter().all(|line| line.model == id));
    assert_eq!(
        Dialect::BedrockConverse.path_for(id, true),
        "/model/us.anthropic.claude-v1%3A0/converse-stream"
    );
    for path in [
        "/model/m/invoke",
        "/model/m",
        "/model/%zz/converse",
        "/v1/converse",
    ] {
        assert_eq!(raw(&sim, path, &body).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn stream_is_made_of_frames() {
    let said = "héllo 🌍 漢字";
    let reply = send(&sim(), &ask(&format!("say:\"{said}\""), true)).await;
    assert_eq!(
        reply.header("content-type"),
        "application/vnd.amazon.eventstream"
    );
    let events = frames::read(&reply.bytes);
    let tokens = count_tokens(said) as usize;
    assert_eq!(names(&events)[0], "messageStart");
    assert_eq!(
        names(&events)[1..=tokens],
        vec!["contentBlockDelta"; tokens]
    );
    assert_eq!(
        names(&events)[tokens + 1..],
        ["contentBlockStop", "messageStop", "metadata"]
    );
    assert_eq!(text(&events), said);
    assert!(terminated(Dialect::BedrockConverse, &events));
    assert!(events.iter().all(|event| event.data["p"].is_string()));
    assert_eq!(events[tokens + 2].data["stopReason"], "end_turn");
    assert_eq!(events[tokens + 3].data["usage"]["outputTokens"], tokens);
}

#[tokio::test]
async fn stops_limits_images_and_schemas() {
    let said = |body: Value| async move {
        let reply = send(&sim(), &body).await.json();
        (
            reply["output"]["message"]["content"][0]["text"]
                .as_str()
                .unwrap()
                .to_owned(),
            reply,
        )
    };
    let ask = user(r#"say:"one two three""#);
    let (text, reply) =
        said(json!({"messages": ask, "inferenceConfig": {"stopSequences": [" three"]}})).await;
    assert_eq!(
        (text.as_str(), &reply["stopReason"]),
        ("one two", &json!("stop_sequence"))
    );
    let (text, reply) = said(json!({"messages": ask, "inferenceConfig": {"maxTokens": 2}})).await;
    assert_eq!(
        (text.as_str(), &reply["stopReason"]),
        ("one two ", &json!("max_tokens"))
    );

    let image = json!([{"role": "user", "content": [{"text": "look"}, {"image": {"format": "png", "source": {"bytes": "iVBORw0KGgo="}}}]}]);
    let (_, reply) = said(json!({"messages": image})).await;
    assert_eq!(
        reply["usage"]["inputTokens"],
        PER_MESSAGE + 1 + PER_ATTACHMENT
    );

    let schema =
        json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]})
            .to_string();
    let config = json!({"textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"name": "N", "schema": schema}}}});
    let (text, _) = said(json!({"messages": user("hi"), "outputConfig": config})).await;
    assert_eq!(text, r#"{"n":0}"#);

    let counted = raw(
        &sim(),
        "/model/m/count-tokens",
        &json!({"input": {"converse": {"messages": user("hi")}}}),
    )
    .await;
    assert_eq!(counted.json(), json!({"inputTokens": 5}));
}

#[tokio::test]
async fn keys_are_bearer_tokens_or_access_key_ids() {
    let sim = Sim::bedrock("alpha").key("AKIDEXAMPLE").build();
    let signed = |id: &str| {
        format!(
            "AWS4-HMAC-SHA256 Credential={id}/20261122/us-east-1/bedrock/aws4_request, SignedHeaders=host, Signature=00"
        )
    };
    for (header, status, kind) in [
        (Some("Bearer AKIDEXAMPLE".to_owned()), 200, ""),
        (Some(signed("AKIDEXAMPLE")), 200, ""),
        (
            Some(signed("AKIDOTHER")),
            403,
            "UnrecognizedClientException",
        ),
        (None, 403, "MissingAuthenticationTokenException"),
    ] {
        let mut request = Request::post("http://sim/model/m/converse");
        if let Some(header) = header {
            request = request.header("authorization", header);
        }
        let body = json!({"messages": user("hi")}).to_string();
        let request = request.body(Full::<bytes::Bytes>::from(body)).unwrap();
        let reply = read(sim.service().oneshot(request).await.unwrap()).await;
        assert_eq!(reply.status, status);
        if status != 200 {
            assert_eq!(crate::native::kind(Dialect::BedrockConverse, &reply), kind);
        }
    }
}
