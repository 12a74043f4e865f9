//! Streams of Converse, as others hear them.

use serde_json::{Value, json};

use super::{
    ANTHROPIC, CHAT, D,
    events::{all, data, end, input, start, stop, text, through},
    frames::{event, frame, read},
};
use crate::translate::{Gather, Options, Stream};

#[test]
fn claudes_clients_hear_it_in_their_words() {
    let told = data(&through(D, ANTHROPIC, &all()));
    let block = |index: u32, block: Value| json!({"type": "content_block_start", "index": index, "content_block": block});
    let piece = |index: u32, delta: Value| json!({"type": "content_block_delta", "index": index, "delta": delta});
    let over = |index: u32| json!({"type": "content_block_stop", "index": index});
    let call = |id: &str| json!({"type": "tool_use", "id": id, "name": "w", "input": {}});
    let json = |text: &str| json!({"type": "input_json_delta", "partial_json": text});
    assert_eq!(
        told[1..told.len() - 2],
        [
            block(
                0,
                json!({"type": "thinking", "thinking": "", "signature": ""})
            ),
            piece(0, json!({"type": "thinking_delta", "thinking": "Hm"})),
            piece(0, json!({"type": "thinking_delta", "thinking": "."})),
            piece(0, json!({"type": "signature_delta", "signature": "SIG="})),
            over(0),
            block(1, json!({"type": "redacted_thinking", "data": "UkVE"})),
            over(1),
            block(2, json!({"type": "text", "text": ""})),
            piece(2, json!({"type": "text_delta", "text": "H"})),
            piece(2, json!({"type": "text_delta", "text": "é"})),
            over(2),
            block(3, call("c1")),
            piece(3, json("{\"b\"")),
            piece(3, json(":1}")),
            over(3),
            block(4, call("c2")),
            over(4),
        ]
    );
    assert_eq!(told[0]["type"], "message_start");
    assert_eq!(
        (&told[0]["message"]["id"], &told[0]["message"]["model"]),
        (&json!("i"), &json!("m"))
    );
    let last = &told[told.len() - 2];
    assert_eq!(last["delta"]["stop_reason"], "tool_use");
    assert_eq!(
        last["usage"],
        json!({"input_tokens": 7, "output_tokens": 5, "cache_read_input_tokens": 2,
            "cache_creation_input_tokens": 1})
    );
    assert_eq!(told[told.len() - 1], json!({"type": "message_stop"}));
}

#[test]
fn chats_clients_hear_it_in_their_words() {
    let told = data(&through(D, CHAT, &all()));
    let deltas: Vec<_> = told
        .iter()
        .map(|chunk| chunk["choices"][0]["delta"].clone())
        .collect();
    let call = |index: u32, id: &str| {
        json!({"tool_calls": [{"index": index, "id": id, "type": "function",
        "function": {"name": "w", "arguments": ""}}]})
    };
    let piece = |index: u32, text: &str| json!({"tool_calls": [{"index": index, "function": {"arguments": text}}]});
    let detail = |detail: Value| json!({"reasoning_details": [detail]});
    let said: Vec<_> = deltas
        .into_iter()
        .filter(|delta| delta != &json!({}) && !delta.is_null())
        .collect();
    assert_eq!(
        said,
        [
            json!({"role": "assistant", "content": ""}),
            json!({"reasoning_content": "Hm"}),
            json!({"reasoning_content": "."}),
            // As they come back in the history.
            detail(
                json!({"type": "reasoning.text", "index": 0, "signature": "tm1.anthropic.s.SIG="})
            ),
            detail(
                json!({"type": "reasoning.encrypted", "index": 1, "data": "tm1.anthropic.e.UkVE"})
            ),
            json!({"content": "H"}),
            json!({"content": "é"}),
            call(0, "c1"),
            piece(0, "{\"b\""),
            piece(0, ":1}"),
            call(1, "c2"),
            piece(1, "{}"),
        ]
    );
    let finish = told
        .iter()
        .find_map(|chunk| chunk["choices"][0]["finish_reason"].as_str());
    assert_eq!(finish, Some("tool_calls"));
    let usage = &told[told.len() - 2]["usage"];
    assert_eq!(usage["prompt_tokens"], 10);
    assert_eq!(usage["prompt_tokens_details"]["cached_tokens"], 2);
    assert_eq!(
        (&usage["completion_tokens"], &usage["total_tokens"]),
        (&json!(5), &json!(15))
    );
    assert_eq!(told[told.len() - 1], "[DONE]");
}

#[test]
fn their_own_clients_hear_it_again() {
    let told = read(&through(D, D, &all()));
    let said = read(&all())
        .into_iter()
        .filter_map(|(kind, name, mut payload)| {
            payload.as_object_mut().unwrap().remove("p");
            // Nothing is said twice, and an empty input is an object.
            (payload["delta"]["toolUse"]["input"] != "").then_some((kind, name, payload))
        });
    let mut said: Vec<_> = said.collect();
    let empty = json!({"contentBlockIndex": 4, "delta": {"toolUse": {"input": "{}"}}});
    let at = said.len() - 3;
    said.insert(at, ("event".into(), "contentBlockDelta".into(), empty));
    let last = said.len() - 1;
    // How long it took is nobody's to repeat.
    said[last].2["metrics"]["latencyMs"] = json!(0);
    assert_eq!(told, said);
}

#[test]
fn no_cut_changes_what_is_heard() {
    let bytes = all();
    let options = Options::default();
    for to in [ANTHROPIC, CHAT, D] {
        let told = |at: usize| {
            let (mut stream, mut out) = (Stream::new(D, to, &options), Vec::new());
            stream.push(&bytes[..at], &mut out);
            // Nothing at all is no event either.
            stream.push(&[], &mut out);
            stream.push(&bytes[at..], &mut out);
            stream.finish(&mut out);
            out
        };
        let whole = told(0);
        for at in 1..=bytes.len() {
            assert_eq!(told(at), whole, "{to} {at}");
        }
    }
}

#[test]
fn a_stream_is_put_together() {
    let mut gather = Gather::new(D, D, &Options::default());
    for byte in all() {
        gather.push(&[byte]).unwrap();
    }
    let told: Value = serde_json::from_slice(&gather.finish().unwrap()).unwrap();
    let call =
        |id: &str, input: Value| json!({"toolUse": {"toolUseId": id, "name": "w", "input": input}});
    assert_eq!(
        told["output"]["message"]["content"],
        json!([
            {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "SIG="}}},
            {"reasoningContent": {"redactedContent": "UkVE"}},
            {"text": "Hé"},
            call("c1", json!({"b": 1})),
            call("c2", json!({})),
        ])
    );
    assert_eq!(told["stopReason"], "tool_use");
}

#[test]
fn what_nobody_knows_is_passed_over() {
    let bytes = [
        start(),
        event("hologramStart", &json!({"contentBlockIndex": 0})),
        event(
            "contentBlockStart",
            &json!({"contentBlockIndex": 0, "start": {}}),
        ),
        text(0, "Hi"),
        event(
            "contentBlockDelta",
            &json!({"contentBlockIndex": 0, "delta": {"hologram": {"x": 1}}}),
        ),
        event(
            "contentBlockDelta",
            &json!({"contentBlockIndex": 0, "delta": null}),
        ),
        frame(
            &[
                (":message-type", "event"),
                (":event-type", "contentBlockDelta"),
            ],
            "no JSON",
        ),
        stop(0),
        // A tool that the provider runs is nobody's to answer.
        event(
            "contentBlockStart",
            &json!({"contentBlockIndex": 1, "start": {"toolUse":
            {"toolUseId": "s", "name": "nova_grounding", "type": "server_tool_use"}}}),
        ),
        input(1, "{\"q\":1}"),
        stop(1),
        event(
            "contentBlockStart",
            &json!({"contentBlockIndex": 2, "start": {"toolResult":
            {"toolUseId": "s", "type": "nova_grounding_result"}}}),
        ),
        event(
            "contentBlockDelta",
            &json!({"contentBlockIndex": 2, "delta": {"toolResult": [{"text": "r"}]}}),
        ),
        stop(2),
        text(3, " there"),
        stop(3),
        end("end_turn"),
    ]
    .concat();
    let told = data(&through(D, ANTHROPIC, &bytes));
    let words: Vec<Value> = told
        .iter()
        .map(|event| event["delta"]["text"].clone())
        .collect();
    let words: Vec<_> = words.iter().filter_map(Value::as_str).collect();
    assert_eq!(words, ["Hi", " there"]);
    assert!(
        !told
            .iter()
            .any(|event| event["content_block"]["type"] == "tool_use")
    );
    assert_eq!(told[told.len() - 1]["type"], "message_stop");
}
