//! The OpenAI dialect, field by field.

use crate::common::{Reply, ask, events, send, terminated, text};
use serde_json::{Value, json};
use towerman_sim::{Dialect, PER_MESSAGE, Sim, count_tokens};

fn sim() -> Sim {
    Sim::openai("alpha").build()
}

#[tokio::test]
async fn whole_answer_has_every_field() {
    let reply = send(&sim(), &ask("hi", false)).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), "application/json");
    assert_eq!(
        reply.header("content-length"),
        reply.bytes.len().to_string()
    );
    assert!(reply.header("x-request-id").starts_with("req_"));
    assert_eq!(reply.header("x-ratelimit-limit-requests"), "10000");
    assert_eq!(reply.header("x-ratelimit-remaining-requests"), "9999");
    assert_eq!(reply.header("x-ratelimit-reset-requests"), "6ms");
    let body = reply.json();
    assert!(body["id"].as_str().unwrap().starts_with("chatcmpl-"));
    assert_eq!(
        (&body["object"], &body["model"]),
        (&json!("chat.completion"), &json!("m"))
    );
    assert!(body["created"].as_u64().unwrap() > 1_700_000_000);
    assert!(
        body["system_fingerprint"]
            .as_str()
            .unwrap()
            .starts_with("fp_")
    );
    let choice = &body["choices"][0];
    assert_eq!(
        (&choice["index"], &choice["finish_reason"]),
        (&json!(0), &json!("stop"))
    );
    assert_eq!(
        (&choice["message"]["role"], &choice["message"]["refusal"]),
        (&json!("assistant"), &Value::Null)
    );
    let said = choice["message"]["content"].as_str().unwrap();
    assert!(said.starts_with("[alpha] "));
    assert_eq!(count_tokens(said), 24);
    let usage = &body["usage"];
    assert_eq!(usage["prompt_tokens"], PER_MESSAGE + 1);
    assert_eq!(
        (&usage["completion_tokens"], &usage["total_tokens"]),
        (&json!(24), &json!(24 + 5))
    );
    assert_eq!(usage["prompt_tokens_details"]["cached_tokens"], 0);
    assert_eq!(usage["completion_tokens_details"]["reasoning_tokens"], 0);
}

#[tokio::test]
async fn same_question_same_answer_another_id() {
    let sim = sim();
    let (a, b) = (
        send(&sim, &ask("hi", false)).await.json(),
        send(&sim, &ask("hi", false)).await.json(),
    );
    assert_eq!(a["choices"], b["choices"]);
    assert_ne!(a["id"], b["id"]);
    assert_ne!(
        a["choices"],
        send(&sim, &ask("ho", false)).await.json()["choices"]
    );
}

#[tokio::test]
async fn stream_says_what_the_whole_says() {
    let sim = sim();
    let whole = send(&sim, &ask("hi", false)).await.json();
    let reply = send(&sim, &ask("hi", true)).await;
    assert_eq!(
        reply.header("content-type"),
        "text/event-stream; charset=utf-8"
    );
    let events = events(&reply.bytes);
    assert_eq!(
        json!(text(&events)),
        whole["choices"][0]["message"]["content"]
    );
    assert_eq!(
        events[0].data["choices"][0]["delta"],
        json!({"role": "assistant", "content": "", "refusal": null})
    );
    // The role, a chunk per token, the finish, [DONE].
    assert_eq!(events.len(), 1 + 24 + 1 + 1);
    assert!(terminated(Dialect::OpenAi, &events));
    for event in &events[..26] {
        assert!(event.name.is_none());
        assert_eq!(
            (&event.data["object"], &event.data["id"]),
            (&json!("chat.completion.chunk"), &events[0].data["id"])
        );
        assert!(event.data.get("usage").is_none());
        assert!(event.data["obfuscation"].is_string());
    }
    assert_eq!(events[25].data["choices"][0]["delta"], json!({}));
    assert_eq!(events[25].data["choices"][0]["finish_reason"], "stop");
}

#[tokio::test]
async fn usage_comes_last_when_asked_for_and_is_null_before() {
    let mut body = ask("hi", true);
    body["stream_options"] = json!({"include_usage": true, "include_obfuscation": false});
    let events = events(&send(&sim(), &body).await.bytes);
    let (usage, before) = events[..events.len() - 1].split_last().unwrap();
    assert_eq!(usage.data["choices"], json!([]));
    assert_eq!(usage.data["usage"]["completion_tokens"], 24);
    for event in before {
        assert_eq!(event.data.get("usage"), Some(&Value::Null));
        assert!(event.data.get("obfuscation").is_none());
    }
}

#[tokio::test]
async fn utf8_is_cut_between_chars() {
    let said = "héllo 🌍 漢字 🌍🌍 ümlaut";
    let events = events(
        &send(&sim(), &ask(&format!("say:\"{said}\""), true))
            .await
            .bytes,
    );
    assert_eq!(text(&events), said);
    assert_eq!(events.len() as u64, 1 + count_tokens(said) + 2);
}

#[tokio::test]
async fn stops_and_limits() {
    let mut body = ask(r#"say:"one two three four""#, false);
    body["stop"] = json!([" three", "four"]);
    let reply = send(&sim(), &body).await.json();
    assert_eq!(reply["choices"][0]["message"]["content"], "one two");
    assert_eq!(reply["choices"][0]["finish_reason"], "stop");
    assert_eq!(reply["usage"]["completion_tokens"], 2);

    for field in ["max_tokens", "max_completion_tokens"] {
        let mut body = ask(r#"say:"one two three four""#, true);
        body.as_object_mut().unwrap().remove("max_tokens");
        body[field] = json!(3);
        let events = events(&send(&sim(), &body).await.bytes);
        assert_eq!(text(&events), "one two thre");
        assert_eq!(
            events[events.len() - 2].data["choices"][0]["finish_reason"],
            "length"
        );
    }
}

#[tokio::test]
async fn several_choices_take_turns() {
    let mut body = ask("hi", true);
    body["n"] = json!(2);
    body["stream_options"] = json!({"include_usage": true});
    let events = events(&send(&sim(), &body).await.bytes);
    let indexes: Vec<_> = events
        .iter()
        .filter_map(|event| event.data["choices"][0]["index"].as_u64())
        .collect();
    assert_eq!(indexes.len(), 2 * 26);
    assert!(indexes.chunks(2).all(|pair| pair == [0, 1]));
    assert_eq!(
        events[events.len() - 2].data["usage"]["completion_tokens"],
        48
    );
    body["stream"] = json!(false);
    body.as_object_mut().unwrap().remove("stream_options");
    assert_eq!(
        send(&sim(), &body).await.json()["choices"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[tokio::test]
async fn long_prefixes_are_cached_by_themselves() {
    let sim = sim();
    let ask = |tail: &str| {
        json!({"model": "m", "messages": [
            {"role": "system", "content": "s".repeat(4 * 1500)}, {"role": "user", "content": tail}]})
    };
    let cached = |reply: Reply| {
        reply.json()["usage"]["prompt_tokens_details"]["cached_tokens"]
            .as_u64()
            .unwrap()
    };
    assert_eq!(cached(send(&sim, &ask("a")).await), 0);
    assert_eq!(cached(send(&sim, &ask("b")).await), 1408);
    let mut other = ask("a");
    other["model"] = json!("n");
    assert_eq!(cached(send(&sim, &other).await), 0);
    let line = &sim.book().lines()[1];
    assert_eq!(
        (line.cache_read, line.uncached_input, line.cache_write),
        (1408, 1500 + 4 + 4 + 1 - 1408, 0)
    );
}
