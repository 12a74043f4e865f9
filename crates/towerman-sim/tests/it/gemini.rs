//! The Gemini dialect, field by field.

use crate::{
    common::{ask, send, terminated, text},
    native::{crlf, events, raw},
};
use serde_json::{Value, json};
use towerman_sim::{Dialect, PER_ATTACHMENT, PER_MESSAGE, Sim, count_tokens};

fn sim() -> Sim {
    Sim::gemini("alpha").build()
}

fn user(text: &str) -> Value {
    json!([{"role": "user", "parts": [{"text": text}]}])
}

#[tokio::test]
async fn whole_answer_has_every_field() {
    let reply = send(&sim(), &ask("hi", false)).await;
    assert_eq!(
        reply.header("content-type"),
        "application/json; charset=UTF-8"
    );
    let body = reply.json();
    let candidate = &body["candidates"][0];
    assert_eq!(candidate["content"]["role"], "model");
    assert_eq!(
        (&candidate["finishReason"], &candidate["index"]),
        (&json!("STOP"), &json!(0))
    );
    let said = candidate["content"]["parts"][0]["text"].as_str().unwrap();
    assert!(said.starts_with("[alpha] ") && count_tokens(said) == 24);
    assert_eq!(
        body["usageMetadata"],
        json!({
            "promptTokenCount": PER_MESSAGE + 1, "candidatesTokenCount": 24, "totalTokenCount": 29,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 5}],
        })
    );
    assert_eq!(body["modelVersion"], "m");
    assert!(body["responseId"].is_string());
}

#[tokio::test]
async fn sse_says_what_the_whole_says() {
    let said = "héllo 🌍 漢字";
    let reply = send(&sim(), &ask(&format!("say:\"{said}\""), true)).await;
    assert_eq!(reply.header("content-type"), "text/event-stream");
    let events = events(Dialect::Gemini, &reply.bytes);
    assert_eq!(text(&events), said);
    // A response per token, and one that finishes.
    assert_eq!(events.len() as u64, count_tokens(said) + 1);
    assert!(terminated(Dialect::Gemini, &events));
    for (at, event) in events.iter().enumerate() {
        let usage = &event.data["usageMetadata"];
        let output = (at as u64 + 1).min(count_tokens(said));
        assert_eq!(usage["candidatesTokenCount"], output);
        assert_eq!(event.data["responseId"], events[0].data["responseId"]);
        let last = at + 1 == events.len();
        assert_eq!(
            event.data["candidates"][0]["finishReason"].is_string(),
            last
        );
    }
}

#[tokio::test]
async fn without_sse_a_stream_is_an_array() {
    let sim = sim();
    let body = json!({"contents": user("say:\"one two three\"")});
    for version in ["v1beta", "v1"] {
        let path = format!("/{version}/models/m:streamGenerateContent");
        let reply = raw(&sim, &path, &body).await;
        assert_eq!(
            reply.header("content-type"),
            "application/json; charset=UTF-8"
        );
        let list = reply.json();
        let said: String = list
            .as_array()
            .unwrap()
            .iter()
            .map(|item| {
                item["candidates"][0]["content"]["parts"][0]["text"]
                    .as_str()
                    .unwrap()
            })
            .collect();
        assert_eq!(said, "one two three");
        assert_eq!(list[4]["candidates"][0]["finishReason"], "STOP");
        assert!(sim.book().lines()[0].stream);
        let sse = raw(&sim, &format!("{path}?alt=sse"), &body).await;
        assert_eq!(text(&crlf(&sse.bytes)), said);
    }
}

#[tokio::test]
async fn an_array_can_fail_too() {
    use towerman_sim::Fault;
    let (sim, body) = (sim(), json!({"contents": user("hi")}));
    let path = "/v1beta/models/m:streamGenerateContent";
    for (n, count) in [(0, 1), (3, 4)] {
        sim.faults().once(Fault::ErrorInStream { after_chunks: n });
        let list = raw(&sim, path, &body).await.json();
        assert_eq!(list.as_array().unwrap().len(), count);
        assert_eq!(list[n]["error"]["status"], "UNAVAILABLE");
    }
    sim.faults().once(Fault::Overloaded);
    let list = raw(&sim, path, &body).await.json();
    assert_eq!(list[0]["error"]["code"], 503);
    for fault in [
        Fault::MalformedEvents {
            after_chunks: 2,
            count: 1,
        },
        Fault::CloseAfterChunks(3),
    ] {
        sim.faults().once(fault);
        let reply = raw(&sim, path, &body).await;
        assert!(serde_json::from_slice::<Value>(&reply.bytes).is_err());
    }
    // Of a stream as SSE, an error that comes instead has the stream's type.
    sim.faults().once(Fault::Overloaded);
    let reply = raw(&sim, &format!("{path}?alt=sse"), &body).await;
    assert_eq!(reply.header("content-type"), "text/event-stream");
    assert_eq!(reply.json()["error"]["code"], 503);
}

#[tokio::test]
async fn stops_limits_and_candidates() {
    let mut body = json!({"contents": user(r#"say:"one two three four""#),
        "generationConfig": {"stop_sequences": [" three"], "candidateCount": 2}});
    let reply = send(&sim(), &body).await.json();
    for candidate in [0, 1] {
        let candidate = &reply["candidates"][candidate];
        assert_eq!(candidate["content"]["parts"][0]["text"], "one two");
        assert_eq!(candidate["finishReason"], "STOP");
    }
    assert_eq!(reply["usageMetadata"]["candidatesTokenCount"], 4);
    body["generationConfig"] = json!({"maxOutputTokens": 2});
    let reply = send(&sim(), &body).await.json();
    let candidate = &reply["candidates"][0];
    assert_eq!(candidate["content"]["parts"][0]["text"], "one two ");
    assert_eq!(candidate["finishReason"], "MAX_TOKENS");
}

#[tokio::test]
async fn structured_output_meets_its_schema() {
    let own = json!({"type": "OBJECT", "properties": {"city": {"type": "STRING"}, "n": {"type": "INTEGER"}},
        "required": ["city", "n"]});
    let common = json!({"type": "object", "properties": {"city": {"type": "string"}, "n": {"type": "integer"}},
        "required": ["city", "n"], "additionalProperties": false});
    for (name, schema) in [("responseSchema", own), ("responseJsonSchema", common)] {
        let body = json!({"contents": user("hi"),
            "generationConfig": {"responseMimeType": "application/json", name: schema}});
        let reply = send(&sim(), &body).await.json();
        let said = &reply["candidates"][0]["content"]["parts"][0]["text"];
        assert_eq!(said, r#"{"city":"","n":0}"#);
    }
}

#[tokio::test]
async fn images_and_counts() {
    let sim = sim();
    let contents = json!([{"role": "user", "parts": [{"text": "look"},
        {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}}]}]);
    let size = PER_MESSAGE + 1 + PER_ATTACHMENT;
    let body = json!({"contents": contents});
    let usage = send(&sim, &body).await.json()["usageMetadata"].clone();
    assert_eq!(usage["promptTokenCount"], size);
    let lines = sim.book().lines().len();
    let inner = json!({"generateContentRequest": {"model": "models/m", "contents": contents,
        "systemInstruction": {"parts": [{"text": "terse"}]}}});
    for (body, tokens) in [(body, size), (inner, size + 2)] {
        let counted = raw(&sim, "/v1/models/m:countTokens", &body).await.json();
        assert_eq!(counted["totalTokens"], tokens);
    }
    assert_eq!(sim.book().lines().len(), lines);
}

#[tokio::test]
async fn embeddings_one_and_many() {
    let sim = sim();
    let request = |text: &str| json!({"model": "models/e", "content": {"parts": [{"text": text}]}, "outputDimensionality": 4});
    let one = raw(&sim, "/v1beta/models/e:embedContent", &request("a"))
        .await
        .json();
    let many = json!({"requests": [request("a"), request("b")]});
    let many = raw(&sim, "/v1beta/models/e:batchEmbedContents", &many)
        .await
        .json();
    assert_eq!(one["embedding"]["values"].as_array().unwrap().len(), 4);
    assert_eq!(many["embeddings"][0], one["embedding"]);
    assert_ne!(many["embeddings"][1], one["embedding"]);
    let billed: Vec<_> = sim
        .book()
        .lines()
        .iter()
        .map(|line| line.uncached_input)
        .collect();
    assert_eq!(billed, [1, 2]);
    let stranger =
        json!({"requests": [{"model": "models/other", "content": {"parts": [{"text": "a"}]}}]});
    let refused = raw(&sim, "/v1beta/models/e:batchEmbedContents", &stranger).await;
    assert_eq!(refused.status, 400);
}

#[tokio::test]
async fn long_prefixes_are_cached_by_themselves() {
    let sim = sim();
    let body = |tail: &str| json!({"systemInstruction": {"parts": [{"text": "s".repeat(4 * 1500)}]}, "contents": user(tail)});
    let first = send(&sim, &body("a")).await.json()["usageMetadata"].clone();
    assert!(first.get("cachedContentTokenCount").is_none());
    let usage = send(&sim, &body("b")).await.json()["usageMetadata"].clone();
    assert_eq!(usage["cachedContentTokenCount"], 1408);
    // What was cached is a part of the prompt, not added to it.
    assert_eq!(usage["promptTokenCount"], 1505);
    assert_eq!(usage["totalTokenCount"], 1505 + 24);
}
