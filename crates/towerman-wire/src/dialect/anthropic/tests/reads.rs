//! What a client says, read and written for Anthropic itself, and what is refused.

use serde_json::{Value, json};

use super::{own, refused, turn, with};
use crate::{
    dialect::anthropic::read,
    neutral::{Effort, Kind, Maker, Mark, Part, Reasoning, Sealed, Shown, Source, Text, ToolKind},
};

const EVERYTHING: &str = r#"{
    "model": "there", "max_tokens": 5000, "stream": true, "temperature": 1.5, "top_p": 0.9, "top_k": 5,
    "anthropic_version": "vertex-2023-10-16", "container": {"id": "c"}, "inference_geo": "eu",
    "mcp_servers": [{"type": "url", "name": "m", "url": "https://m.example"}],
    "cache_control": {"type": "ephemeral", "ttl": "1h"},
    "service_tier": "standard_only", "metadata": {"user_id": "u1", "more": "x"},
    "thinking": {"type": "enabled", "budget_tokens": 2000, "display": "omitted", "new": 1},
    "output_config": {"effort": "max", "task_budget": {"total": 9},
        "format": {"type": "json_schema", "schema": {"type": "object"}, "new": true}},
    "stop_sequences": ["END", " "],
    "system": [
        {"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral", "ttl": "5m"}},
        {"type": "text", "text": "Be kind.", "cache_control": {"type": "ephemeral", "scope": "all"}}],
    "tools": [
        {"name": "f", "description": "d", "strict": true, "defer_loading": true,
            "input_schema": {"properties": {"z": {}, "a": {}}}, "cache_control": {"type": "ephemeral"}},
        {"type": "custom", "name": "g", "input_schema": {"type": "object"}},
        {"type": "web_search_20250305", "name": "w", "max_uses": 2}],
    "tool_choice": {"type": "tool", "name": "f", "disable_parallel_tool_use": false},
    "messages": [
        {"role": "user", "new": 1, "content": "hi"},
        {"role": "user", "content": [
            {"type": "text", "text": "  "},
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA", "new": 1}},
            {"type": "image", "source": {"type": "url", "url": "gs://x/y"}},
            {"type": "image", "source": {"type": "file", "file_id": "f1"}, "cache_control": {"type": "ephemeral", "ttl": "5m"}},
            {"type": "document", "title": "t", "context": "c", "citations": {"enabled": true},
                "source": {"type": "text", "media_type": "text/plain", "data": "words"}},
            {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "x"}]}},
            {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBE"}},
            {"type": "search_result", "source": "s", "title": "t", "content": [{"type": "text", "text": "x"}]}]},
        {"role": "assistant", "content": [
            {"type": "thinking", "thinking": "hm", "signature": "sig"},
            {"type": "redacted_thinking", "data": "dark"},
            {"type": "text", "text": "so", "citations": [
                {"type": "web_search_result_location", "url": "https://a", "title": "A", "cited_text": "q", "encrypted_index": "i"}]},
            {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {}},
            {"type": "web_search_tool_result", "tool_use_id": "s1", "content": []},
            {"type": "tool_use", "id": "t1", "name": "f", "input": {"z": 1, "a": 2}, "caller": {"type": "direct"}},
            {"type": "tool_use", "id": "t2", "name": "g", "input": {},
                "caller": {"type": "code_execution_20260120", "tool_id": "x"}}]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "t1", "is_error": true, "content": [
                {"type": "text", "text": "no"}, {"type": "tool_reference", "tool_name": "g"}]},
            {"type": "tool_result", "tool_use_id": "t2", "is_error": false, "content": "",
                "cache_control": {"type": "ephemeral"}}]},
        {"role": "system", "content": [{"type": "text", "text": "Now in French."}]},
        {"role": "assistant", "content": [{"type": "text", "text": "Je"}]}]
}"#;

#[test]
fn a_client_of_the_same_dialect_loses_nothing() {
    let body: Value = serde_json::from_str(EVERYTHING).unwrap();
    assert_eq!(own(EVERYTHING), body);
    for fields in [
        json!({"stream": false, "tool_choice": {"type": "any"}, "tools": []}),
        json!({"thinking": {"type": "adaptive", "display": "summarized"}, "system": "x"}),
        json!({"thinking": {"type": "disabled"}, "output_config": {"effort": "low"}}),
        json!({"thinking": {"type": "between_tools", "more": 1}, "metadata": {"x": 1}}),
        json!({"output_format": {"type": "json_schema", "schema": {"a": 1}}}),
        json!({"messages": [{"role": "user", "content": [{"type": "text", "text": "x", "citations": []}]}]}),
        json!({"messages": [{"role": "user", "content": "x"}, {"role": "user", "content": []}]}),
    ] {
        let mut expected: Value = serde_json::from_str(&with(&fields)).unwrap();
        expected["model"] = json!("there");
        // No tools are none.
        let tools = expected.as_object_mut().unwrap();
        tools.retain(|key, value| key != "tools" || value != &json!([]));
        assert_eq!(own(&with(&fields)), expected);
    }
}

#[test]
fn schemas_and_inputs_keep_their_bytes() {
    let body = r#"{"messages":[{"role":"user","content":"caf\u00e9"},{"role":"assistant","content":[
        {"type":"tool_use","id":"t","name":"f","input":{"z": 1, "a": 2.50}}]},
        {"role":"user","content":[{"type":"tool_result","tool_use_id":"t"}]}],
        "tools":[{"name":"f","input_schema":{"type":"object", "required":["z"]}}]}"#;
    let mut request = read::request(body).unwrap();
    let (to, mut notes) = (super::to(true), crate::neutral::Notes::new(false));
    crate::neutral::check(&mut request, "/messages", false).unwrap();
    let written =
        crate::dialect::Codec::write_request(&super::Codec, request, &to, &mut notes).unwrap();
    let expected = [
        r#"{"model":"there","tools":[{"name":"f","input_schema":{"type":"object", "required":["z"]}}],"#,
        r#""messages":[{"role":"user","content":"caf\u00e9"},{"role":"assistant","content":["#,
        r#"{"type":"tool_use","id":"t","name":"f","input":{"z": 1, "a": 2.50}}]},"#,
        r#"{"role":"user","content":[{"type":"tool_result","tool_use_id":"t"}]}]}"#,
    ];
    assert_eq!(written.body, expected.concat());
}

/// The first part of the turn `n`.
fn part<'r, 'a>(request: &'r crate::neutral::Request<'a>, n: usize, i: usize) -> &'r Part<'a> {
    &request.turns[n].parts[i]
}

#[test]
fn what_is_said_is_known_in_no_dialects_words() {
    let request = read::request(EVERYTHING).unwrap();
    assert_eq!(request.system[0].mark, Some(Mark::Minutes));
    assert_eq!(request.caching.auto.unwrap().value, Mark::Hour);
    assert_eq!(&*part(&request, 1, 0).at, "/messages/1/content/0");
    let Kind::Media(file) = &part(&request, 1, 3).kind else {
        panic!()
    };
    assert!(matches!(&file.source, Source::File(id) if id == "f1"));
    assert_eq!(
        &*part(&request, 1, 3).at,
        "/messages/1/content/3/source/type"
    );
    for (n, i, at) in [
        (1, 5, "/messages/1/content/5/source/type"),
        (1, 7, "/messages/1/content/7/type"),
        (2, 3, "/messages/2/content/3/type"),
    ] {
        let part = part(&request, n, i);
        assert!(matches!(part.kind, Kind::Foreign { .. }), "{at}");
        assert_eq!(&*part.at, at);
    }
    let seals: Vec<(Maker, Sealed, &str)> = [0, 1]
        .map(|i| match &part(&request, 2, i).kind {
            Kind::Thought(thought) => {
                let seal = thought.seal.as_ref().unwrap();
                (seal.maker, seal.kind, &*seal.data)
            }
            other => panic!("{other:?}"),
        })
        .into();
    assert_eq!(
        seals,
        [
            (Maker::Anthropic, Sealed::Signature, "sig"),
            (Maker::Anthropic, Sealed::Encrypted, "dark")
        ]
    );
    let Kind::Text { cites, .. } = &part(&request, 2, 2).kind else {
        panic!()
    };
    assert_eq!(cites[0].url.as_deref(), Some("https://a"));
    // That the model itself called says nothing; that somebody else did is lost elsewhere.
    assert!(part(&request, 2, 5).rest.0.is_empty());
    assert_eq!(part(&request, 2, 6).rest.0[0].0, "caller");
    let Kind::Result(result) = &part(&request, 3, 0).kind else {
        panic!()
    };
    assert!(result.error && result.content.len() == 2);
    assert!(matches!(request.tools[2].kind, ToolKind::Hosted(_)));
    assert_eq!(&*request.tools[2].at, "/tools/2");
    assert_eq!(
        request.reasoning.unwrap().value,
        Reasoning {
            effort: Some(Effort::Max),
            budget: Some(2000),
            on: Some(true),
            shown: Some(Shown::Omitted),
        }
    );
    assert!(request.parallel.unwrap().value);
    assert_eq!(request.who.unwrap().value.say(), "u1");
    assert_eq!(request.tier.unwrap().value.say(), "standard_only");
    let bound: Vec<&str> = request.bound.iter().map(|bound| &*bound.at).collect();
    assert_eq!(
        bound,
        [
            "/mcp_servers",
            "/container",
            "/inference_geo",
            "/messages/5"
        ]
    );
    assert!(request.stream && request.include_usage);
    let lost: Vec<String> = request
        .around
        .iter()
        .flat_map(|around| {
            let names = around.rest.0.iter();
            names.map(|(name, _)| format!("{}/{name}", around.at))
        })
        .collect();
    assert_eq!(
        lost,
        [
            "/system/1/cache_control/scope",
            "/messages/1/content/1/source/new",
            "/output_config/format/new",
            "/thinking/new",
            "/output_config/task_budget",
            "/metadata/more",
        ]
    );
}

#[test]
fn a_seal_that_another_maker_wrapped_is_unwrapped() {
    let body = turn(
        "assistant",
        &json!([{"type": "thinking", "thinking": "hm", "signature": "tm1.gemini.s.abc"},
            {"type": "redacted_thinking", "data": "tm1.openai.e.xyz"},
            {"type": "thinking", "thinking": "", "signature": ""}]),
    );
    let request = read::request(&body).unwrap();
    let seals: Vec<Option<(Maker, Sealed, String)>> = request.turns[0]
        .parts
        .iter()
        .map(|part| match &part.kind {
            Kind::Thought(thought) => {
                let seal = thought.seal.as_ref()?;
                Some((seal.maker, seal.kind, seal.data.to_string()))
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        seals,
        [
            Some((Maker::Gemini, Sealed::Signature, "abc".to_owned())),
            Some((Maker::OpenAi, Sealed::Encrypted, "xyz".to_owned())),
            None
        ]
    );
}

#[test]
fn an_empty_system_prompt_is_none() {
    let body = with(&json!({"system": "", "mcp_servers": []}));
    let request = read::request(&body).unwrap();
    assert!(request.system.is_empty() && request.bound.is_empty());
    let body = turn("user", &json!(""));
    let text = &read::request(&body).unwrap().turns[0].parts;
    assert!(matches!(&text[0].kind, Kind::Text { text, .. } if Text::is_empty(text)));
}

#[test]
fn what_is_no_request_is_refused_where_it_is_wrong() {
    let block = |block: Value| turn("user", &json!([block]));
    for (at, body) in [
        ("/messages", with(&json!({"messages": []}))),
        ("/messages", with(&json!({"messages": "x"}))),
        ("/messages", turn("user", &json!([]))),
        ("/messages/0/role", turn("narrator", &json!("x"))),
        ("/messages/0/content", turn("user", &json!(7))),
        ("/messages/0/content", turn("user", &Value::Null)),
        ("/messages/0/content/0/type", block(json!({"text": "x"}))),
        ("/messages/0/content/0/text", block(json!({"type": "text"}))),
        (
            "/messages/0/content/0/type",
            block(json!({"type": "tool_use"})),
        ),
        (
            "/messages/0/content/0/type",
            block(json!({"type": "thinking"})),
        ),
        (
            "/messages/0/content/0/source",
            block(json!({"type": "image"})),
        ),
        (
            "/messages/0/content/0/source/data",
            block(
                json!({"type": "image", "source": {"type": "base64", "media_type": "image/png"}}),
            ),
        ),
        (
            "/messages/0/content/0/is_error",
            block(json!({"type": "tool_result", "tool_use_id": "t", "is_error": "no"})),
        ),
        (
            "/messages/0/content/0/content/0/type",
            block(
                json!({"type": "tool_result", "tool_use_id": "t", "content": [{"type": "tool_use"}]}),
            ),
        ),
        (
            "/messages/0/content/0/cache_control/type",
            block(json!({"type": "text", "text": "x", "cache_control": {"type": "eternal"}})),
        ),
        (
            "/messages/0/content/0/cache_control/ttl",
            block(
                json!({"type": "text", "text": "x", "cache_control": {"type": "ephemeral", "ttl": "1d"}}),
            ),
        ),
        (
            "/messages/0/content/0/type",
            turn("assistant", &json!([{"type": "image"}])),
        ),
        (
            "/messages/0/content/0/type",
            turn("system", &json!([{"type": "image"}])),
        ),
        (
            "/messages/0/content/0/id",
            turn(
                "assistant",
                &json!([{"type": "tool_use", "id": "", "name": "f", "input": {}}]),
            ),
        ),
        (
            "/messages/0/content/0/input",
            turn(
                "assistant",
                &json!([{"type": "tool_use", "id": "t", "name": "f", "input": "x"}]),
            ),
        ),
        ("/system", with(&json!({"system": 7}))),
        (
            "/tools/0/input_schema",
            with(&json!({"tools": [{"name": "f"}]})),
        ),
        (
            "/tools/0/name",
            with(&json!({"tools": [{"input_schema": {}}]})),
        ),
        (
            "/tool_choice/type",
            with(&json!({"tool_choice": {"type": "some"}})),
        ),
        (
            "/tool_choice/name",
            with(&json!({"tool_choice": {"type": "tool"}})),
        ),
        (
            "/thinking/type",
            with(&json!({"thinking": {"type": "sometimes"}})),
        ),
        ("/thinking/type", with(&json!({"thinking": {}}))),
        (
            "/thinking/budget_tokens",
            with(&json!({"thinking": {"type": "enabled"}})),
        ),
        (
            "/output_config/effort",
            with(&json!({"output_config": {"effort": "minimal"}})),
        ),
        (
            "/output_config/format/type",
            with(&json!({"output_config": {"format": {"type": "grammar"}}})),
        ),
        (
            "/output_format/schema",
            with(&json!({"output_format": {"type": "json_schema"}})),
        ),
        (
            "/stop_sequences/1",
            with(&json!({"stop_sequences": ["a", 1]})),
        ),
        ("/max_tokens", with(&json!({"max_tokens": "many"}))),
        ("/top_k", with(&json!({"top_k": 0.5}))),
        ("/stream", with(&json!({"stream": "yes"}))),
        (
            "/metadata/user_id",
            with(&json!({"metadata": {"user_id": 1}})),
        ),
        ("/service_tier", with(&json!({"service_tier": 1}))),
    ] {
        assert_eq!(refused(&body), at, "{body}");
    }
}
