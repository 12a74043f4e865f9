//! Requests: read, written again, and written for others.

use serde_json::{Value, json};
use towerman_core::Dialect;

use super::super::OpenAiChat;
use crate::{
    dialect::Codec as _,
    neutral::{Kind, Mark, Media, Notes, Part, Request, Source, Text, Thought},
    translate,
};

const CHAT: Dialect = Dialect::OpenAiChat;

fn own(body: &Value) -> Value {
    let written = translate::request(CHAT, CHAT, body.to_string().as_bytes(), "m").unwrap();
    serde_json::from_slice(&written.body).unwrap()
}

fn read<'a>(body: &'a str) -> Request<'a> {
    OpenAiChat
        .read_request(body, &mut Notes::new(true))
        .unwrap()
}

#[test]
fn what_is_read_is_written_again() {
    let call = |id: &str| {
        json!({"id": id, "type": "function",
        "function": {"name": "f", "arguments": "{\"z\": 1, \"a\": 2.50}", "odd": 1}, "index": 0})
    };
    let messages = json!([
            {"role": "developer", "content": "Be brief."},
            {"role": "system", "content": [{"type": "text", "text": "Be",
                "prompt_cache_breakpoint": {"mode": "explicit"}}, {"type": "text", "text": "kind"}]},
            {"role": "system", "content": "x", "cache_control": {"type": "ephemeral"}},
            {"role": "user", "name": "ann", "odd": 1, "content": [
                {"type": "text", "text": "a", "odd": 1, "cache_control": {"type": "ephemeral"}},
                {"type": "image_url", "image_url": {"url": "https://a", "detail": "auto", "odd": 1},
                    "odd": 2, "cache_control": {"type": "ephemeral"}},
                {"type": "image_url", "image_url": "data:image/jpg;name=a;base64,AA"},
                {"type": "video_url", "video_url": {"url": "https://v"}},
                {"type": "document_url", "document_url": "https://d", "document_name": "d"},
                {"type": "input_audio", "input_audio": {"data": "AA", "format": "mp3"}},
                {"type": "file", "file": {"file_id": "f-1"}},
                {"type": "file", "file": {"filename": "a", "odd": 1,
                    "file_data": "data:application/pdf;base64,AA"}}]},
            {"role": "assistant", "name": "bob", "content": [{"type": "thinking", "closed": true,
                "thinking": [{"type": "text", "text": "t"}]}, {"type": "refusal", "refusal": "r"}],
                "reasoning": "hm", "reasoning_content": "hm", "refusal": "no", "prefix": true,
                "reasoning_details": [{"type": "reasoning.encrypted", "data": "E", "id": "a",
                    "format": "f", "index": 0}, {"type": "reasoning.text", "text": "hm",
                    "signature": "S", "index": 1}, {"type": "reasoning.odd", "odd": 1}],
                "annotations": [{"type": "url_citation"}]},
            {"role": "user", "content": "b"},
            {"role": "assistant", "content": null, "tool_calls": [call("a"),
                {"id": "b", "type": "custom", "custom": {"name": "k", "input": "free"},
                    "cache_control": {"type": "ephemeral"}},
                {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"},
                    "extra_content": {"google": {"thought_signature": "S"}}}]},
            {"role": "tool", "tool_call_id": "b", "name": "k", "content": "x"},
            {"role": "tool", "tool_call_id": "a", "content": [{"type": "text", "text": "y"},
                {"type": "image_url", "image_url": {"url": "https://a"}}]},
            {"role": "tool", "tool_call_id": "c", "content": "x", "cache_control": {"type": "ephemeral"}},
            {"role": "developer", "content": "Now in French."},
            {"role": "user", "content": "c"}]);
    let tools = json!([
            {"type": "function", "function": {"name": "f", "description": "d", "strict": true,
                "parameters": {"type": "object", "b": 1, "a": 2}, "odd": 1},
                "cache_control": {"type": "ephemeral", "ttl": "5m"}, "odd": 2},
            {"type": "custom", "custom": {"name": "k", "format": {"type": "text"}}},
            {"type": "openrouter:web_search", "parameters": {}}]);
    let choice = json!({"type": "custom", "custom": {"name": "k"}});
    let mut body = json!({
        "model": "m", "max_tokens": 5, "stop": ["a", "b"], "temperature": 0.5, "top_p": 0.25,
        "top_k": 5, "min_p": 0.5, "n": 2, "seed": -3, "presence_penalty": -0.5,
        "frequency_penalty": 0.5, "logprobs": true, "top_logprobs": 3, "logit_bias": {"5": -100},
        "prediction": {"type": "content", "content": "x"}, "verbosity": "low", "store": true,
        "modalities": ["text", "audio"], "audio": {"voice": "v"}, "web_search_options": {},
        "safety_identifier": "s", "user": "u", "metadata": {"a": "b"}, "service_tier": "scale",
        "prompt_cache_key": "k", "reasoning_effort": "xhigh", "parallel_tool_calls": false,
        "stream": true, "stream_options": {"include_usage": true, "include_obfuscation": false},
        "response_format": {"type": "json_schema", "json_schema": {"name": "n",
            "description": "d", "strict": false, "schema": {"z": 1, "a": 2}, "odd": 1}, "odd": 2},
    });
    for (name, value) in [
        ("tools", tools),
        ("tool_choice", choice),
        ("messages", messages),
    ] {
        body[name] = value;
    }
    let told = own(&body);
    for (i, message) in body["messages"].as_array().unwrap().iter().enumerate() {
        assert_eq!(&told["messages"][i], message);
    }
    for (name, value) in body.as_object().unwrap() {
        assert_eq!(&told[name], value, "{name}");
    }
    assert_eq!(told, body);
    let body = json!({"model": "m", "max_completion_tokens": 5, "user": "u",
        "tools": [{"type": "function", "function": {"name": "f"}}],
        "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools":
            [{"type": "function", "function": {"name": "f"}}]}},
        "response_format": {"type": "json_object"}, "messages": [{"role": "user", "content": "a"}]});
    assert_eq!(own(&body), body);
}

#[test]
fn a_thought_comes_home_with_its_own_seal() {
    let part = |message: Value| {
        let body = json!({"messages": [message]}).to_string();
        let turns = read(&body).turns;
        let thoughts = turns.into_iter().flat_map(|turn| turn.parts).map(|part| {
            let Kind::Thought(Thought { text, seal, .. }) = part.kind else {
                panic!("{part:?}");
            };
            let text = text.map(Text::say).unwrap_or_default().into_owned();
            let seal = seal.map(|seal| format!("{:?} {}", seal.maker, seal.data));
            (text, seal.unwrap_or_default(), part.at.to_string())
        });
        thoughts.collect::<Vec<_>>()
    };
    let detail = |i: usize| format!("/messages/0/reasoning_details/{i}");
    let signed = |data: &str| json!({"type": "reasoning.text", "signature": data});
    let encrypted = json!({"type": "reasoning.encrypted", "data": "tm1.openai.e.E", "id": "rs"});
    let said = |text: &str, seal: &str, at: String| (text.to_owned(), seal.to_owned(), at);
    // As our own answers tell it: the text in the clear, its seal beside it.
    let message = |details: Value| json!({"role": "assistant", "reasoning_content": "hm", "reasoning_details": details});
    let both = part(message(json!([signed("tm1.anthropic.s.S"), encrypted])));
    let expected = [
        said("hm", "Anthropic S", detail(0)),
        said("", "OpenAi E", detail(1)),
    ];
    assert_eq!(both, expected);
    let one = part(message(json!([encrypted])));
    assert_eq!(one, [said("hm", "OpenAi E", detail(0))]);
    // Nobody knows whose is whose.
    let two = part(message(json!([signed("A"), signed("B")])));
    let clear = "/messages/0/reasoning_content".to_owned();
    let expected = [
        said("hm", "", clear),
        said("", "Chat A", detail(0)),
        said("", "Chat B", detail(1)),
    ];
    assert_eq!(two, expected);
    // The details say it all again.
    let mut own = signed("A");
    own["text"] = "hm".into();
    assert_eq!(
        part(message(json!([own]))),
        [said("hm", "Chat A", detail(0))]
    );
    let older = json!({"role": "assistant", "reasoning": "hm"});
    assert_eq!(
        part(older),
        [said("hm", "", "/messages/0/reasoning".into())]
    );
}

#[test]
fn seals_of_others_are_not_told_to_a_host() {
    let call = json!({"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}});
    let mut signed = call.clone();
    signed["extra_content"] = json!({"google": {"thought_signature": "tm1.anthropic.s.S"}});
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "a"},
        {"role": "assistant", "content": "b", "reasoning_content": "hm", "tool_calls": [signed],
            "reasoning_details": [{"type": "reasoning.text", "signature": "tm1.anthropic.s.S"}]},
        {"role": "tool", "tool_call_id": "a", "content": "x"}]});
    let written = translate::request(CHAT, CHAT, body.to_string().as_bytes(), "m").unwrap();
    let told: Value = serde_json::from_slice(&written.body).unwrap();
    let expected = json!({"role": "assistant", "content": "b", "reasoning_content": "hm",
        "tool_calls": [call]});
    assert_eq!(told["messages"][1], expected);
    let losses = written.losses.list().iter();
    let lost: Vec<&str> = losses.map(|loss| &*loss.pointer).collect();
    let expected = [
        "/messages/1/reasoning_details/0",
        "/messages/1/tool_calls/0",
    ];
    assert_eq!(lost, expected);
}

#[test]
fn media_are_known_by_their_types() {
    let parts = json!([
        {"type": "input_audio", "input_audio": {"data": "AA", "format": "mp3"}},
        {"type": "input_audio", "input_audio": {"data": "AA", "format": "wav"}},
        {"type": "image_url", "image_url": {"url": "data:image/JPG;base64,AA"}},
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,AA"}}]);
    let body = json!({"messages": [{"role": "user", "content": parts}]}).to_string();
    let types: Vec<String> = read(&body).turns[0]
        .parts
        .iter()
        .map(|part| match &part.kind {
            Kind::Media(Media {
                source: Source::Base64 { media_type, .. },
                ..
            }) => media_type.to_string(),
            other => panic!("{other:?}"),
        })
        .collect();
    let expected = ["audio/mpeg", "audio/wav", "image/jpeg", "application/pdf"];
    assert_eq!(types, expected);
}

#[test]
fn what_is_marked_is_known_however_it_is_marked() {
    let minutes = json!({"type": "ephemeral"});
    let body = json!({"messages": [
        {"role": "system", "content": "a", "cache_control": minutes},
        {"role": "user", "content": [{"type": "text", "text": "b"},
            {"type": "text", "text": "c", "prompt_cache_breakpoint": {"mode": "explicit"}}]},
        {"role": "assistant", "content": "d", "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
        "tools": [{"type": "function", "function": {"name": "f"}, "cache_control": minutes}]})
    .to_string();
    let request = read(&body);
    let marks = |parts: &[Part<'_>]| parts.iter().map(|part| part.mark).collect::<Vec<_>>();
    assert_eq!(marks(&request.system), [Some(Mark::Minutes)]);
    assert_eq!(marks(&request.turns[0].parts), [None, Some(Mark::Minutes)]);
    assert_eq!(marks(&request.turns[1].parts), [Some(Mark::Hour)]);
    assert_eq!(request.tools[0].mark, Some(Mark::Minutes));
}
