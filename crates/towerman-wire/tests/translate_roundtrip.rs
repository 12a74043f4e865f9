//! There and back again: what both dialects can say comes back as it went.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod translate_support;

use proptest::prelude::*;
use serde_json::{Value, json};
use towerman_core::Dialect;
use towerman_wire::translate;
use translate_support::{read_answer, read_request};

const OPENAI: Dialect = Dialect::OpenAiChat;
const ANTHROPIC: Dialect = Dialect::Anthropic;

/// A text that says something.
fn text() -> impl Strategy<Value = String> {
    "\\PC{0,12}".prop_map(|text| format!("{text}."))
}

fn input() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        text().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        Just(Value::Null)
    ];
    let value = leaf.prop_recursive(2, 8, 3, |inner| {
        prop::collection::vec(inner, 0..3).prop_map(Value::from)
    });
    prop::collection::btree_map("\\PC{1,4}", value, 0..4).prop_map(|input| json!(input))
}

#[derive(Clone, Debug)]
struct Turn {
    user: Vec<String>,
    said: Option<String>,
    calls: Vec<(Value, String)>,
}

fn turn() -> impl Strategy<Value = Turn> {
    let calls = prop::collection::vec((input(), text()), 0..3);
    let user = prop::collection::vec(text(), 1..3);
    (user, prop::option::of(text()), calls).prop_map(|(user, said, calls)| Turn {
        user,
        said,
        calls,
    })
}

/// A conversation as an OpenAI client sends it.
fn openai_request(system: &[String], turns: &[Turn], stop: &[String]) -> Value {
    let mut messages: Vec<Value> = system
        .iter()
        .map(|text| json!({"role": "system", "content": text}))
        .collect();
    for (i, turn) in turns.iter().enumerate() {
        let parts: Vec<Value> = turn
            .user
            .iter()
            .map(|text| json!({"type": "text", "text": text}))
            .collect();
        messages.push(json!({"role": "user", "content": parts}));
        if turn.said.is_none() && turn.calls.is_empty() {
            continue;
        }
        let mut assistant = json!({"role": "assistant", "content": turn.said});
        if !turn.calls.is_empty() {
            assistant["tool_calls"] = turn
                .calls
                .iter()
                .enumerate()
                .map(|(j, (input, _))| {
                    json!({"id": format!("c{i}_{j}"), "type": "function",
                    "function": {"name": "f", "arguments": input.to_string()}})
                })
                .collect();
        }
        messages.push(assistant);
        for (j, (_, result)) in turn.calls.iter().enumerate() {
            messages.push(
                json!({"role": "tool", "tool_call_id": format!("c{i}_{j}"), "content": result}),
            );
        }
    }
    // What the assistant says last is where Anthropic goes on, and nobody else.
    messages.push(json!({"role": "user", "content": "and?"}));
    json!({"model": "m", "messages": messages, "max_completion_tokens": 5, "stop": stop,
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]})
}

fn request(from: Dialect, to: Dialect, body: &Value) -> Value {
    let translated = translate::request(from, to, body.to_string().as_bytes(), "m").unwrap();
    serde_json::from_slice(&translated.body).unwrap()
}

fn response(from: Dialect, to: Dialect, body: &Value) -> Value {
    let there = translate::response(
        from,
        to,
        body.to_string().as_bytes(),
        &translate::Options {
            created: 7,
            ..Default::default()
        },
    )
    .unwrap();
    serde_json::from_slice(&there).unwrap()
}

fn openai_answer() -> impl Strategy<Value = Value> {
    let usage = (0_u64..1000, 0_u64..1000, 0_u64..1000, 0_u64..1000);
    let calls = prop::collection::vec(input(), 0..3);
    (prop::option::of(text()), calls, usage, prop::sample::select(vec!["stop", "length", "content_filter"])).prop_map(
        |(text, calls, (input, read, written, output), reason)| {
            let reason = if calls.is_empty() { reason } else { "tool_calls" };
            let calls: Vec<Value> = calls.iter().enumerate().map(|(i, input)| {
                json!({"id": format!("c{i}"), "type": "function",
                    "function": {"name": "f", "arguments": input.to_string()}})
            }).collect();
            let prompt = input + read + written;
            json!({"id": "chatcmpl-1", "object": "chat.completion", "created": 7, "model": "m",
                "choices": [{"index": 0, "finish_reason": reason,
                    "message": {"role": "assistant", "content": text, "tool_calls": calls}}],
                "usage": {"prompt_tokens": prompt, "completion_tokens": output, "total_tokens": prompt + output,
                    "prompt_tokens_details": {"cached_tokens": read, "cache_write_tokens": written},
                    "completion_tokens_details": {"reasoning_tokens": output / 2}}})
        },
    )
}

proptest! {
    #[test]
    fn a_request_says_the_same_there_and_back(
        system in prop::collection::vec(text(), 0..3),
        turns in prop::collection::vec(turn(), 1..4),
        stop in prop::collection::vec(text(), 0..4),
    ) {
        let body = openai_request(&system, &turns, &stop);
        let there = request(OPENAI, ANTHROPIC, &body);
        let back = request(ANTHROPIC, OPENAI, &there);
        let expected = read_request(OPENAI, &body);
        prop_assert_eq!(&read_request(ANTHROPIC, &there), &expected);
        prop_assert_eq!(&read_request(OPENAI, &back), &expected);
        // The second time round nothing moves: prompt caches see one prefix.
        prop_assert_eq!(request(OPENAI, ANTHROPIC, &back), there);
    }

    #[test]
    fn roles_alternate_and_results_come_first(
        turns in prop::collection::vec(turn(), 1..4),
    ) {
        let there = request(OPENAI, ANTHROPIC, &openai_request(&[], &turns, &[]));
        let turns = there["messages"].as_array().unwrap();
        for pair in turns.windows(2) {
            prop_assert_ne!(&pair[0]["role"], &pair[1]["role"]);
        }
        for turn in turns {
            let results = turn["content"].as_array().unwrap().iter().map(|block| block["type"] == "tool_result");
            let results: Vec<bool> = results.collect();
            prop_assert!(results.is_sorted_by(|a, b| a >= b));
        }
    }

    #[test]
    fn an_answer_says_the_same_there_and_back(body in openai_answer()) {
        let there = response(OPENAI, ANTHROPIC, &body);
        let back = response(ANTHROPIC, OPENAI, &there);
        let expected = read_answer(OPENAI, &body);
        prop_assert_eq!(&read_answer(ANTHROPIC, &there), &expected);
        prop_assert_eq!(&read_answer(OPENAI, &back), &expected);
        prop_assert_eq!(&back["usage"], &body["usage"]);
    }

    #[test]
    fn no_json_makes_it_panic(
        key in prop::sample::select(vec!["messages", "tools", "tool_choice", "system", "stop", "stop_sequences",
            "response_format", "thinking", "output_config", "metadata", "choices", "content", "usage"]),
        value in input(),
        text in text(),
    ) {
        for value in [value.clone(), json!([value]), json!([[value]]), json!(text), json!(-1.5)] {
            let mut body = json!({"messages": [{"role": "user", "content": "x"}]});
            body[key] = value;
            let bytes = body.to_string().into_bytes();
            for (from, to) in [(OPENAI, ANTHROPIC), (ANTHROPIC, OPENAI)] {
                if let Err(fault) = translate::request(from, to, &bytes, "m") {
                    prop_assert!(fault.named_param().is_some_and(|at| at.starts_with('/')), "{}", fault);
                }
                let _ = translate::response(from, to, &bytes, &translate::Options { created: 7, ..Default::default() });
            }
        }
    }
}
