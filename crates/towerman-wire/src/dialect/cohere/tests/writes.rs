//! Requests of others for Cohere.

use serde_json::{Value, json};

use super::{ANTHROPIC, CHAT, D, pointers, refused, request};

fn chat(more: &[(&str, Value)]) -> Value {
    let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "Hi"}]});
    for (key, value) in more {
        body[*key] = value.clone();
    }
    body
}

fn tool(name: &str, strict: bool) -> Value {
    json!({"type": "function", "function": {"name": name, "parameters": {"type": "object"}, "strict": strict}})
}

#[test]
fn a_conversation_of_openais_is_told() {
    let body = json!({
        "model": "x",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "developer", "content": "Be kind."},
            {"role": "user", "content": [{"type": "text", "text": "Look"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA==", "detail": "high"}}]},
            {"role": "assistant", "content": "I look.", "tool_calls": [
                {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{ \"b\":1,\"a\":2}"}}]},
            {"role": "tool", "tool_call_id": "c", "content": "21"},
            {"role": "user", "content": "And?"}],
        "user": "u",
    });
    let (told, translated) = request(CHAT, D, &body);
    let expected = json!({
        "model": "m",
        "messages": [
            {"role": "system", "content": [{"type": "text", "text": "Be brief."},
                {"type": "text", "text": "Be kind."}]},
            {"role": "user", "content": [{"type": "text", "text": "Look"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA==", "detail": "high"}}]},
            {"role": "assistant", "content": "I look.", "tool_calls": [
                {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{ \"b\":1,\"a\":2}"}}]},
            {"role": "tool", "tool_call_id": "c", "content": "21"},
            {"role": "user", "content": "And?"}],
        "stream": false,
    });
    assert_eq!(told, expected);
    assert_eq!(pointers(&translated.losses), ["/user"]);
}

#[test]
fn results_of_anthropics_come_first_and_what_they_show_behind() {
    let image = json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}});
    let document = json!({"type": "document", "title": "T",
        "source": {"type": "text", "media_type": "text/plain", "data": "cold"}});
    let body = json!({
        "model": "m", "max_tokens": 9,
        "messages": [
            {"role": "user", "content": [document, {"type": "text", "text": "Hi"}]},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": "s"},
                {"type": "tool_use", "id": "a", "name": "f", "input": {"z": 1, "y": 2}},
                {"type": "tool_use", "id": "b", "name": "g", "input": {}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "a", "content": [image], "is_error": true},
                {"type": "tool_result", "tool_use_id": "b", "content": [document]},
                {"type": "text", "text": "And?"}]}],
    });
    let (told, translated) = request(ANTHROPIC, D, &body);
    let messages = told["messages"].as_array().unwrap();
    let text = |text: &str| json!({"type": "text", "text": text});
    assert_eq!(messages[0]["content"], json!([text("cold"), text("Hi")]));
    let calls = &messages[1]["tool_calls"];
    assert_eq!(calls[0]["function"]["arguments"], r#"{"y":2,"z":1}"#);
    assert_eq!(messages[1].get("content"), None);
    let roles: Vec<_> = messages.iter().map(|message| &message["role"]).collect();
    assert_eq!(roles, ["user", "assistant", "tool", "tool", "user"]);
    assert_eq!(
        (&messages[2]["tool_call_id"], &messages[2]["content"]),
        (&json!("a"), &json!(""))
    );
    let returned =
        json!([{"type": "document", "document": {"data": {"title": "T", "text": "cold"}}}]);
    assert_eq!(messages[3]["content"], returned);
    let url = json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}});
    assert_eq!(messages[4]["content"], json!([text("And?"), url]));
    let lost = pointers(&translated.losses);
    assert!(lost.contains(&"/messages/1/content/0"), "{lost:?}");
    assert!(lost.contains(&"/messages/2/content/0/is_error"), "{lost:?}");

    let pdf = json!({"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "AA=="}});
    let body =
        json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": [pdf]}]});
    assert_eq!(refused(ANTHROPIC, D, &body), "/messages/0/content/0");
}

#[test]
fn tools_are_chosen_among_by_what_is_offered() {
    let two = json!([tool("f", true), tool("g", true)]);
    let of = |choice: Value| {
        request(
            CHAT,
            D,
            &chat(&[("tools", two.clone()), ("tool_choice", choice)]),
        )
    };
    for (choice, word, offered) in [
        (json!("auto"), json!(null), 2),
        (json!("none"), json!("NONE"), 2),
        (json!("required"), json!("REQUIRED"), 2),
        (
            json!({"type": "function", "function": {"name": "g"}}),
            json!("REQUIRED"),
            1,
        ),
    ] {
        let (told, translated) = of(choice);
        assert_eq!(told["tool_choice"], word);
        assert_eq!(told["tools"].as_array().unwrap().len(), offered);
        assert_eq!(told["strict_tools"], true);
        let mapped = pointers(&translated.losses).contains(&"/tool_choice");
        assert_eq!(mapped, offered == 1);
    }
    let mixed = json!([tool("f", true), tool("g", false)]);
    let (told, translated) = request(CHAT, D, &chat(&[("tools", mixed)]));
    assert_eq!(told.get("strict_tools"), None);
    assert_eq!(pointers(&translated.losses), ["/tools/0/function/strict"]);
    // A choice among nothing is refused there.
    let (told, _) = request(CHAT, D, &chat(&[("tool_choice", json!("none"))]));
    assert_eq!(told.get("tool_choice"), None);
    // Though there is nothing to leave out, it is said otherwise.
    let one = json!({"type": "function", "function": {"name": "f"}});
    let more = [("tools", json!([tool("f", true)])), ("tool_choice", one)];
    let (_, translated) = request(CHAT, D, &chat(&more));
    assert_eq!(pointers(&translated.losses), ["/tool_choice"]);
    // What only others can run is refused, though nobody chooses it, unless none may be called.
    let hosted = json!([tool("f", true), {"type": "custom", "custom": {"name": "g"}}]);
    for (choice, at) in [
        (
            json!({"type": "function", "function": {"name": "f"}}),
            Some("/tools/1/type"),
        ),
        (json!("none"), None),
    ] {
        let body = chat(&[("tools", hosted.clone()), ("tool_choice", choice)]);
        match at {
            Some(at) => assert!(refused(CHAT, D, &body).starts_with(at.trim_end_matches("/type"))),
            None => assert_eq!(
                request(CHAT, D, &body).0["tools"].as_array().map(Vec::len),
                Some(1)
            ),
        }
    }
    let custom = json!([{"type": "custom", "custom": {"name": "f"}}]);
    assert!(refused(CHAT, D, &chat(&[("tools", custom)])).starts_with("/tools/0"));
}

#[test]
fn settings_are_told_as_far_as_its_ranges_go() {
    let stops = json!(["a", "b", "c", "d"]);
    let shape =
        json!({"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}});
    let body = chat(&[
        ("max_completion_tokens", json!(9)),
        ("temperature", json!(1.5)),
        ("top_p", json!(1)),
        ("seed", json!(-3)),
        ("stop", stops.clone()),
        ("presence_penalty", json!(0)),
        ("frequency_penalty", json!(-1.5)),
        ("response_format", shape),
        ("stream", json!(true)),
    ]);
    let (told, translated) = request(CHAT, D, &body);
    let expected = json!({
        "model": "m", "messages": [{"role": "user", "content": "Hi"}],
        "max_tokens": 9, "temperature": 1.5, "p": 0.99, "seed": -3, "stop_sequences": stops,
        "frequency_penalty": 0.0, "stream": true,
        "response_format": {"type": "json_object", "json_schema": {"type": "object"}},
    });
    assert_eq!(told, expected);
    assert_eq!(
        pointers(&translated.losses),
        [
            "/response_format/json_schema/name",
            "/top_p",
            "/frequency_penalty"
        ]
    );

    let many = json!({"model": "m", "max_tokens": 9, "top_k": 900, "stop_sequences": ["a", "b", "c", "d", "e", "f"],
        "messages": [{"role": "user", "content": "Hi"}]});
    let (told, translated) = request(ANTHROPIC, D, &many);
    assert_eq!(told["stop_sequences"].as_array().unwrap().len(), 5);
    assert_eq!(translated.cut, ["f"]);
    assert_eq!(told["k"], 500);

    for (more, at) in [
        (vec![("n", json!(2))], "/n"),
        (vec![("logprobs", json!(true))], "/logprobs"),
        (vec![("logit_bias", json!({"1": 2}))], "/logit_bias"),
        (
            vec![
                ("presence_penalty", json!(0.5)),
                ("frequency_penalty", json!(0.5)),
            ],
            "/frequency_penalty",
        ),
    ] {
        assert_eq!(refused(CHAT, D, &chat(&more)), at);
    }
}

#[test]
fn efforts_become_tokens_to_think_with() {
    for (effort, thinking) in [
        ("none", json!({"type": "disabled"})),
        ("minimal", json!({"type": "enabled", "token_budget": 512})),
        ("medium", json!({"type": "enabled", "token_budget": 8192})),
        ("max", json!({"type": "enabled", "token_budget": 65_536})),
    ] {
        let (told, translated) = request(CHAT, D, &chat(&[("reasoning_effort", json!(effort))]));
        assert_eq!(told["thinking"], thinking);
        assert_eq!(pointers(&translated.losses), ["/reasoning_effort"]);
    }
    let thinks = |thinking: Value| {
        let body = json!({"model": "m", "max_tokens": 5000, "thinking": thinking,
            "messages": [{"role": "user", "content": "Hi"}]});
        request(ANTHROPIC, D, &body).0["thinking"].clone()
    };
    let enabled = json!({"type": "enabled", "budget_tokens": 2000});
    assert_eq!(
        thinks(enabled),
        json!({"type": "enabled", "token_budget": 2000})
    );
    assert_eq!(
        thinks(json!({"type": "adaptive"})),
        json!({"type": "enabled"})
    );
    assert_eq!(
        thinks(json!({"type": "disabled"})),
        json!({"type": "disabled"})
    );
    assert_eq!(request(CHAT, D, &chat(&[])).0.get("thinking"), None);
}

#[test]
fn who_says_nothing_is_told_to_say_nothing() {
    let body = json!({"model": "m", "messages": [{"role": "user", "content": [
        {"type": "text", "text": ""}, {"type": "text", "text": "Hi"}, {"type": "text", "text": ""}]},
        {"role": "user", "content": [{"type": "text", "text": ""}]}]});
    let (told, _) = request(CHAT, D, &body);
    let said: Vec<_> = told["messages"].as_array().unwrap().iter().collect();
    assert_eq!(
        (&said[0]["content"], &said[1]["content"]),
        (&json!("Hi"), &json!(""))
    );
    let body = json!({"model": "m", "max_tokens": 9, "messages": [{"role": "assistant", "content": [
        {"type": "thinking", "thinking": "Hm.", "signature": "s"}]}]});
    assert_eq!(refused(ANTHROPIC, D, &body), "/messages/0");
}
