//! Requests of Cohere's clients.

use serde_json::json;

use super::{ANTHROPIC, CHAT, D, pointers, refused, request};

#[test]
fn what_their_own_provider_gets_is_what_they_said() {
    let body = json!({
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "system", "content": [{"type": "text", "text": "Be kind."}], "x": 1},
            {"role": "user", "content": [
                {"type": "text", "text": "Look", "y": 2},
                {"type": "image_url", "image_url": {"url": "data:image/jpg;base64,AA==", "detail": "auto"}},
                {"type": "document", "document": {"data": "d", "n": 1}}]},
            {"role": "assistant", "tool_plan": "I will look.", "content": [
                {"type": "thinking", "thinking": "Hm."}], "citations": [{"start": 0}],
                "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{ \"b\":1,\"a\":2}"}, "z": 3},
                {"id": "c2", "type": "function", "function": {"name": "g", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "c2", "content": [
                {"type": "document", "document": {"id": "d", "data": {"url": "u", "text": "T"}}}], "w": 4},
            {"role": "tool", "tool_call_id": "c1", "content": "21"},
            {"role": "assistant", "content": [{"type": "text", "text": ""}]},
            {"role": "system", "content": "Be quick."},
            {"role": "user", "content": "?"}],
        "documents": ["plain", {"id": "1", "data": {"text": "of it"}}],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}, "v": 5}},
            {"type": "function", "function": {"name": "g", "description": "G"}}],
        "strict_tools": false, "tool_choice": "REQUIRED", "citation_options": {"mode": "FAST"},
        "response_format": {"type": "text"}, "thinking": {"type": "enabled", "token_budget": 5, "u": 6},
        "max_tokens": 9, "temperature": 1.5, "p": 1.0, "k": 501, "seed": 7, "stop_sequences": ["a"],
        "frequency_penalty": 0.5, "presence_penalty": 2.0, "logprobs": true, "safety_mode": "STRICT",
        "priority": 3, "stream": true,
    });
    let (told, translated) = request(D, D, &body);
    assert_eq!(told, body);
    assert_eq!(pointers(&translated.losses), [""; 0]);
}

#[test]
fn documents_are_part_of_what_the_user_asks() {
    let body = json!({
        "model": "m",
        "messages": [{"role": "user", "content": "Who?"}, {"role": "assistant", "content": "Me."},
            {"role": "user", "content": "And what?"}],
        "documents": ["plain", {"id": "1", "data": {"title": "T", "text": "of it"}},
            {"data": {"snippet": "s", "text": "t"}}],
        "citation_options": {"mode": "FAST"},
    });
    let (chat, translated) = request(D, CHAT, &body);
    let said = |text: &str| json!({"type": "text", "text": text});
    assert_eq!(
        chat["messages"][2]["content"],
        json!([
            said("plain"),
            said("of it"),
            said(r#"{"snippet":"s","text":"t"}"#),
            said("And what?")
        ])
    );
    let lost = pointers(&translated.losses);
    assert!(lost.contains(&"/citation_options"), "{lost:?}");
    let (anthropic, _) = request(D, ANTHROPIC, &body);
    let blocks = &anthropic["messages"][2]["content"];
    assert_eq!(blocks[1]["source"]["data"], "of it");
    assert_eq!(blocks[1]["title"], "T");

    // Where the user has said nothing, they stand by themselves.
    let body = json!({"model": "m", "documents": ["d"], "messages": [
        {"role": "assistant", "content": "Hi."}]});
    let (chat, _) = request(D, CHAT, &body);
    assert_eq!(chat["messages"][0], json!({"role": "user", "content": "d"}));
    assert_eq!(request(D, D, &body).0["documents"], json!(["d"]));
    assert_eq!(request(D, D, &body).0["messages"], body["messages"]);
}

#[test]
fn other_providers_are_told_in_their_words() {
    let body = json!({
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "image_url", "image_url":
                {"url": "https://x/y.png", "detail": "low"}}]},
            {"role": "assistant", "tool_plan": "I will.", "tool_calls": [
                {"id": "c", "type": "function", "function": {"name": "f", "arguments": ""}}]},
            {"role": "tool", "tool_call_id": "c", "content": [{"type": "text", "text": "21"},
                {"type": "document", "document": {"data": "cold"}}]}],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
        "strict_tools": true, "tool_choice": "NONE",
        "response_format": {"type": "json_object", "json_schema": {"type": "object"}},
        "thinking": {"type": "disabled"}, "p": 0.5, "k": 3, "max_tokens": 9, "stop_sequences": ["a"],
    });
    let (chat, _) = request(D, CHAT, &body);
    assert_eq!(chat["messages"][0]["content"], "Be brief.");
    let image = &chat["messages"][1]["content"][0]["image_url"];
    assert_eq!(*image, json!({"url": "https://x/y.png", "detail": "low"}));
    assert_eq!(chat["messages"][3]["tool_call_id"], "c");
    assert_eq!(chat["tools"][0]["function"]["strict"], true);
    assert_eq!(chat["tool_choice"], "none");
    let schema = &chat["response_format"]["json_schema"]["schema"];
    assert_eq!(*schema, json!({"type": "object"}));
    assert_eq!(chat["reasoning_effort"], "none");
    assert_eq!(chat["top_p"], 0.5);
    assert_eq!(chat["max_completion_tokens"], 9);
    assert_eq!(chat["stop"], json!(["a"]));

    let (anthropic, translated) = request(D, ANTHROPIC, &body);
    let call = &anthropic["messages"][1]["content"][0];
    assert_eq!((&call["id"], &call["input"]), (&json!("c"), &json!({})));
    assert_eq!(anthropic["thinking"]["type"], "disabled");
    let lost = pointers(&translated.losses);
    assert!(lost.contains(&"/messages/2/tool_plan"), "{lost:?}");
}

#[test]
fn what_makes_no_sense_is_refused_where_it_stands() {
    let messages = |message: serde_json::Value| json!({"model": "m", "messages": [message]});
    let user = |piece: serde_json::Value| messages(json!({"role": "user", "content": [piece]}));
    let with = |key: &str, value: serde_json::Value| {
        let mut body = messages(json!({"role": "user", "content": "Hi"}));
        body[key] = value;
        body
    };
    for (body, at) in [
        (json!({"model": "m"}), "/messages"),
        (
            messages(json!({"role": "developer", "content": "a"})),
            "/messages/0/role",
        ),
        (
            messages(json!({"role": "user", "content": 1})),
            "/messages/0/content",
        ),
        (
            messages(json!({"role": "tool", "content": "a"})),
            "/messages/0/tool_call_id",
        ),
        (
            messages(json!({"role": "tool", "tool_call_id": "c", "content": "a"})),
            "/messages/0",
        ),
        (user(json!({"text": "a"})), "/messages/0/content/0/type"),
        (user(json!({"type": "text"})), "/messages/0/content/0/text"),
        (
            user(json!({"type": "hologram"})),
            "/messages/0/content/0/type",
        ),
        (
            user(json!({"type": "image_url"})),
            "/messages/0/content/0/image_url",
        ),
        (
            user(json!({"type": "image_url", "image_url": {"url": "y.png"}})),
            "/messages/0/content/0/image_url/url",
        ),
        (
            user(json!({"type": "image_url", "image_url": {}})),
            "/messages/0/content/0/image_url/url",
        ),
        (
            user(json!({"type": "image_url", "image_url": {"url": "data:,x"}})),
            "/messages/0/content/0/image_url/url",
        ),
        (
            user(json!({"type": "document", "document": {"id": "x"}})),
            "/messages/0/content/0/document/data",
        ),
        (with("tools", json!([{"type": "hosted"}])), "/tools/0/type"),
        (
            with("tools", json!([{"type": "function"}])),
            "/tools/0/function",
        ),
        (with("tool_choice", json!("AUTO")), "/tool_choice"),
        (
            with("response_format", json!({"type": "xml"})),
            "/response_format/type",
        ),
        (
            with(
                "response_format",
                json!({"type": "text", "json_schema": {}}),
            ),
            "/response_format/json_schema",
        ),
        (with("thinking", json!({"type": "maybe"})), "/thinking/type"),
        (
            with("thinking", json!({"type": "enabled", "token_budget": -1})),
            "/thinking/token_budget",
        ),
        (with("stop_sequences", json!("a")), "/stop_sequences"),
        (with("stop_sequences", json!([1])), "/stop_sequences/0"),
        (with("documents", json!([1])), "/documents/0"),
        (with("p", json!("much")), "/p"),
        (with("stream", json!("yes")), "/stream"),
    ] {
        assert_eq!(refused(D, D, &body), at, "{body}");
        assert_eq!(refused(D, CHAT, &body), at, "{body}");
    }
    // Only their own provider can do this.
    assert_eq!(
        refused(D, CHAT, &with("logprobs", json!(true))),
        "/logprobs"
    );
    assert_eq!(
        request(D, CHAT, &with("logprobs", json!(false))).0["logprobs"],
        json!(null)
    );
}
