use serde_json::{Value, json};
use towerman_core::{Dialect, Fault, Tier};

use super::super::{super::Codec as _, Codec};
use crate::{
    dialect::To,
    neutral::{
        Format, Kind, Maker, Medium, Notes, Part, Request, Role, Seal, Sealed, Set, Source, Text,
        Thought, ToolChoice, check,
    },
    translate,
};

const D: Dialect = Dialect::OpenAiResponses;

fn own(body: &Value) -> Result<Value, Fault> {
    let body = serde_json::to_vec(body).unwrap();
    let written = translate::request(D, D, &body, "m")?;
    assert!(written.losses.list().is_empty());
    Ok(serde_json::from_slice(&written.body).unwrap())
}

/// As if the client spoke another dialect, and what was lost.
fn other(request: Request<'_>) -> Result<(Value, Vec<String>, Vec<String>), Fault> {
    let mut notes = Notes::new(false);
    let to = To {
        model: "m",
        own: false,
        forced: false,
        unshaped: false,
    };
    let written = Codec.write_request(request, &to, &mut notes)?;
    let losses = notes.into_losses();
    let losses = losses.list().iter().map(|loss| {
        let tier = if loss.tier == Tier::Dropped { "-" } else { "~" };
        format!("{tier}{}", loss.pointer)
    });
    let body = serde_json::from_slice(&written.body).unwrap();
    Ok((body, losses.collect(), written.cut))
}

fn read(body: &str) -> Request<'_> {
    let mut request = Codec.read_request(body, &mut Notes::new(false)).unwrap();
    check(&mut request, "/input", false).unwrap();
    request
}

#[test]
fn what_is_read_is_written_again() {
    let request = json!({
        "model": "m", "stream": false, "store": true, "instructions": "Be brief.",
        "input": [
            {"role": "developer", "content": [{"type": "input_text", "text": "And kind.",
                "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "12h"}}]},
            {"type": "message", "role": "user", "content": "Hi"},
            {"role": "user", "content": [
                {"type": "input_text", "text": "See", "odd": 1},
                {"type": "input_image", "image_url": "data:image/png;base64,AA==", "detail": "auto"},
                {"type": "input_image", "file_id": "file-1", "detail": "low"},
                {"type": "input_file", "file_data": "data:application/pdf;base64,BB==",
                    "filename": "a.pdf"},
                {"type": "input_file", "file_url": "https://a/b.pdf"},
                {"type": "input_audio", "input_audio": {"data": "CC==", "format": "mp3"}},
            ]},
            {"type": "reasoning", "id": "rs_1", "status": "completed", "summary": [
                {"type": "summary_text", "text": "One"}, {"type": "summary_text", "text": "Two"},
            ], "content": [], "encrypted_content": "gAA"},
            {"type": "reasoning", "id": "rs_2", "summary": [],
                "content": [{"type": "reasoning_text", "text": "Hm"}]},
            {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
                "phase": "commentary", "content": [
                    {"type": "output_text", "text": "Let me", "annotations": [], "logprobs": []},
                    {"type": "output_text", "text": "see", "annotations": [
                        {"type": "url_citation", "url": "https://c", "title": "C",
                            "start_index": 0, "end_index": 3}]},
                    {"type": "refusal", "refusal": "No."},
                ]},
            {"type": "message", "id": "msg_2", "role": "assistant", "content": "Now"},
            {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f",
                "arguments": "{ \"b\":1, \"a\":2 }", "status": "completed", "namespace": "n"},
            {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {}},
            {"type": "custom_tool_call", "call_id": "c2", "name": "g", "input": "free"},
            {"type": "function_call_output", "call_id": "c1", "output": "1"},
            {"type": "custom_tool_call_output", "call_id": "c2", "output": [
                {"type": "input_text", "text": "2"},
                {"type": "input_image", "image_url": "https://a/i.png"}]},
            {"role": "system", "content": "Now think."},
            {"type": "mcp_approval_response", "approval_request_id": "a", "approve": true},
            {"role": "assistant", "content": [{"type": "output_text", "text": "Well"}]},
        ],
        "tools": [
            {"type": "function", "name": "f", "parameters": {"z": 1, "a": 2}, "strict": true,
                "defer_loading": true},
            {"type": "custom", "name": "g", "format": {"type": "text"}},
            {"type": "web_search", "filters": {"allowed_domains": ["a"]}},
        ],
        "tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [
            {"type": "function", "name": "f"}, {"type": "custom", "name": "g"}]},
        "parallel_tool_calls": false,
        "text": {"verbosity": "low", "format": {"type": "json_schema", "name": "n",
            "schema": {"z": 1, "a": 2}, "strict": true, "description": "d"}},
        "reasoning": {"effort": "high", "summary": "concise", "context": "all_turns"},
        "max_output_tokens": 5, "temperature": 0.5, "top_p": 0.25, "top_logprobs": 2,
        "include": ["message.output_text.logprobs", "reasoning.encrypted_content"],
        "prompt_cache_key": "k", "safety_identifier": "s", "user": "u", "metadata": {"a": "b"},
        "service_tier": "scale", "truncation": "auto", "background": false,
    });
    assert_eq!(own(&request).unwrap(), request);
    let request = json!({"model": "m", "input": "Hi", "tool_choice": {"type": "web_search"},
        "tools": [{"type": "web_search"}], "text": {"format": {"type": "text"}},
        "reasoning": {"generate_summary": "auto"}, "user": "u", "stream": true,
        "include": ["message.output_text.logprobs"]});
    assert_eq!(own(&request).unwrap(), request);
}

#[test]
fn the_bytes_of_schemas_and_inputs_stay() {
    let body = r#"{"model":"x","input":[{"role":"user","content":"a\u0062"},{"type":"function_call","call_id":"c","name":"f","arguments":"{ \"b\": 1 }"},{"type":"function_call_output","call_id":"c","output":"ok"}],"tools":[{"type":"function","name":"f","parameters":{ "z":1, "a":[ ] }}]}"#;
    let written = translate::request(D, D, body.as_bytes(), "m").unwrap().body;
    let written = std::str::from_utf8(&written).unwrap();
    for kept in [r#""a\u0062""#, r#""{ \"b\": 1 }""#, r#"{ "z":1, "a":[ ] }"#] {
        assert!(written.contains(kept), "{written}");
    }
}

#[test]
fn items_of_one_side_are_one_turn() {
    let body = r#"{"input":[
        {"role":"system","content":"S"},{"role":"user","content":"U"},
        {"type":"reasoning","id":"rs","summary":[{"type":"summary_text","text":"T"}],
            "encrypted_content":"tm1.anthropic.s.sig"},
        {"role":"assistant","content":"A"},
        {"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},
        {"type":"function_call","call_id":"c2","name":"g","arguments":"{}"},
        {"type":"function_call_output","call_id":"c2","output":"2"},
        {"type":"function_call_output","call_id":"c1","output":"1"},
        {"role":"user","content":"V"}]}"#;
    let request = read(body);
    assert_eq!(&*request.system[0].at, "/input/0/content");
    let turns: Vec<_> = request
        .turns
        .iter()
        .map(|turn| (turn.role, turn.parts.len()))
        .collect();
    let (user, assistant) = (Role::User, Role::Assistant);
    assert_eq!(turns, [(user, 1), (assistant, 4), (user, 2), (user, 1)]);
    let Kind::Thought(Thought {
        seal: Some(seal), ..
    }) = &request.turns[1].parts[0].kind
    else {
        panic!("no seal");
    };
    assert_eq!((seal.maker, &*seal.data), (Maker::Anthropic, "sig"));
    let Kind::Result(result) = &request.turns[2].parts[0].kind else {
        panic!("no result");
    };
    assert_eq!(result.name.clone().unwrap().say(), "g");
}

#[test]
fn another_dialects_request_is_written() {
    let body = r#"{"stream":true,"instructions":"S","max_output_tokens":4,"user":"u","input":[
        {"role":"developer","content":"D"},
        {"role":"user","content":[{"type":"input_text","text":"U"},
            {"type":"input_image","image_url":"https://a/b","detail":"low"}]},
        {"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"1"},
            {"type":"summary_text","text":"2"}],"encrypted_content":"gAA"},
        {"role":"assistant","content":"A"},
        {"type":"reasoning","summary":[{"type":"summary_text","text":"3"}]},
        {"type":"function_call","call_id":"c","name":"f","arguments":"{\"a\": 1}"},
        {"type":"function_call_output","call_id":"c","output":[
            {"type":"input_text","text":"r"}]}],
        "reasoning":{"effort":"low","summary":"detailed"},
        "tools":[{"type":"function","name":"f"}],"tool_choice":{"type":"function","name":"f"},
        "text":{"format":{"type":"json_schema","schema":{"a":1}}}}"#;
    let mut request = read(body);
    request.around.clear();
    request.sampling.stop = Some(Set::new(vec![Text::Said("END".into())], "/stop"));
    request.sampling.seed = Some(Set::new(1, "/seed"));
    let (written, losses, cut) = other(request).unwrap();
    assert_eq!(
        written,
        json!({
            "model": "m", "stream": true, "instructions": "S", "max_output_tokens": 16,
            "user": "u", "store": false, "include": ["reasoning.encrypted_content"],
            "input": [
                {"type": "message", "role": "system", "content": "D"},
                {"type": "message", "role": "user", "content": [
                    {"type": "input_text", "text": "U"},
                    {"type": "input_image", "image_url": "https://a/b", "detail": "low"}]},
                {"type": "reasoning", "id": "rs_1", "encrypted_content": "gAA", "summary": [
                    {"type": "summary_text", "text": "1"}, {"type": "summary_text", "text": "2"}]},
                {"type": "message", "role": "assistant", "content": "A"},
                {"type": "function_call", "call_id": "c", "name": "f",
                    "arguments": "{\"a\": 1}"},
                {"type": "function_call_output", "call_id": "c", "output": "r"},
            ],
            "reasoning": {"effort": "low", "summary": "auto"},
            "tools": [{"type": "function", "name": "f", "strict": false,
                "parameters": {"type": "object", "properties": {}}}],
            "tool_choice": {"type": "function", "name": "f"},
            "text": {"format": {"type": "json_schema", "name": "answer", "schema": {"a": 1}}},
        })
    );
    assert_eq!(cut, ["END"]);
    let expected = [
        "-/input/4/summary/0",
        "~/text/format",
        "~/max_output_tokens",
        "-/seed",
    ];
    assert_eq!(losses, expected);
}

#[test]
fn only_its_own_seals_are_given_to_a_provider() {
    for (maker, kept) in [(Maker::OpenAi, 1), (Maker::Anthropic, 0)] {
        let mut request = read(r#"{"input":"U"}"#);
        let seal = Seal {
            maker,
            kind: Sealed::Encrypted,
            data: "x".into(),
        };
        let thought = Thought {
            seal: Some(seal),
            ..Thought::default()
        };
        let parts = vec![Part::of(Kind::Thought(thought)), Part::said("A")];
        let mut turn = request.turns.remove(0);
        (turn.role, turn.parts) = (Role::Assistant, parts);
        request.turns.push(turn);
        let (written, losses, _) = other(request).unwrap();
        let items = written["input"].as_array().unwrap();
        assert_eq!((items.len(), losses.len()), (1 + kept, 1 - kept));
    }
}

#[test]
fn what_the_provider_keeps_is_for_it_alone() {
    let call = json!([{"type": "function_call_output", "call_id": "c", "output": "1"}]);
    for (name, value) in [
        ("previous_response_id", json!("resp_1")),
        ("conversation", json!({"id": "conv_1"})),
        ("background", json!(true)),
        ("prompt", json!({"id": "pmpt_1"})),
    ] {
        // The call that is answered may be kept there, too.
        let mut request = json!({"model": "m", "input": call});
        let fault = own(&request).unwrap_err();
        assert_eq!(fault.named_param(), Some("/input/0"));
        request[name] = value;
        assert_eq!(own(&request).unwrap(), request);
        let body = serde_json::to_vec(&request).unwrap();
        let to = Dialect::OpenAiCompletions;
        let fault = translate::request(D, to, &body, "m").unwrap_err();
        assert_eq!(fault.named_param(), Some(&*format!("/{name}")));
    }
    let reference =
        json!({"model": "m", "input": [{"id": "msg_1"}, {"role": "user", "content": "a"}]});
    assert_eq!(own(&reference).unwrap(), reference);
    own(&json!({"model": "m", "prompt": {"id": "pmpt_1"}})).unwrap();
}

#[test]
fn nonsense_is_refused_where_it_stands() {
    for (request, at) in [
        (json!({}), "/input"),
        (json!({"input": 7}), "/input"),
        (json!({"input": [{"content": "a"}]}), "/input/0/type"),
        (
            json!({"input": [{"role": "tool", "content": "a"}]}),
            "/input/0/role",
        ),
        (json!({"input": [{"role": "user"}]}), "/input/0/content"),
        (
            json!({"input": [{"role": "user", "content": [{"type": "x"}]}]}),
            "/input/0/content/0/type",
        ),
        (
            json!({"input": [{"role": "user", "content": [{"type": "input_image"}]}]}),
            "/input/0/content/0/image_url",
        ),
        (
            json!({"input": [{"type": "function_call", "call_id": "", "name": "f",
            "arguments": ""}]}),
            "/input/0/call_id",
        ),
        (
            json!({"input": [{"type": "function_call", "call_id": "c", "name": "f",
            "arguments": {}}]}),
            "/input/0/arguments",
        ),
        (
            json!({"input": [{"type": "function_call", "call_id": "c", "name": "f",
            "arguments": "{}"}]}),
            "/input/0",
        ),
        (
            json!({"input": "a", "tools": [{"type": "function"}]}),
            "/tools/0/name",
        ),
        (
            json!({"input": "a", "tools": [{"type": "function", "name": "f", "parameters": []}]}),
            "/tools/0/parameters",
        ),
        (json!({"input": "a", "tool_choice": "some"}), "/tool_choice"),
        (
            json!({"input": "a", "reasoning": {"effort": "much"}}),
            "/reasoning/effort",
        ),
        (
            json!({"input": "a", "text": {"format": {"type": "xml"}}}),
            "/text/format/type",
        ),
        (
            json!({"input": "a", "max_output_tokens": "5"}),
            "/max_output_tokens",
        ),
        (json!({"input": "a", "include": ["a", 1]}), "/include"),
    ] {
        let fault = own(&request).unwrap_err();
        assert_eq!(fault.named_param(), Some(at), "{request}");
    }
}

#[test]
fn what_this_api_cannot_say_is_refused() {
    type Change = fn(&mut Request<'_>);
    let cases: [(Change, &str); 6] = [
        (|request| request.sampling.n = Some(Set::new(2, "/n")), "/n"),
        (
            |request| request.sampling.logprobs = Some(Set::new(0, "/logprobs")),
            "/logprobs",
        ),
        (|request| media(request, Medium::Audio), "/input"),
        (|request| media(request, Medium::Video), "/input"),
        (
            |request| {
                let media = media_of(Medium::Document, Source::File("file-1".into()));
                request.turns[0].parts[0].kind = Kind::Media(media);
            },
            "/input",
        ),
        (
            |request| {
                let raw = serde_json::value::RawValue::NULL;
                let kind = "server_tool_use".into();
                request.turns[0].parts[0].kind = Kind::Foreign { kind, raw };
            },
            "/input",
        ),
    ];
    for (change, at) in cases {
        let mut request = read(r#"{"input":"a"}"#);
        change(&mut request);
        assert_eq!(other(request).unwrap_err().named_param(), Some(at));
    }
    for tool in ["web_search", "custom"] {
        let body = format!(r#"{{"input":"a","tools":[{{"type":"{tool}","name":"t"}}]}}"#);
        let fault = other(read(&body)).unwrap_err();
        assert_eq!(fault.named_param(), Some("/tools/0"));
    }
}

fn media_of(what: Medium, source: Source<'_>) -> crate::neutral::Media<'_> {
    crate::neutral::Media {
        what,
        source,
        name: None,
        detail: None,
    }
}

fn media(request: &mut Request<'_>, what: Medium) {
    let source = Source::Base64 {
        media_type: "a/b".into(),
        data: "AA".into(),
    };
    request.turns[0].parts[0].kind = Kind::Media(media_of(what, source));
}

#[test]
fn the_forms_of_choices_and_documents() {
    let mut request = read(r#"{"input":"a","tools":[{"type":"function","name":"f"}]}"#);
    let names = vec![Text::Said("f".into())];
    request.choice = Some(Set::new(ToolChoice::AnyOf(names), "/tool_choice"));
    request.format = Some(Set::new(Format::Json, "/response_format"));
    let source = Source::Base64 {
        media_type: "application/pdf".into(),
        data: "AA".into(),
    };
    request.turns[0].parts = vec![
        Part::of(Kind::Media(media_of(Medium::Document, source))),
        Part::of(Kind::Media(media_of(
            Medium::Document,
            Source::Text(Text::Said("T".into())),
        ))),
        Part::of(Kind::Media(media_of(
            Medium::Document,
            Source::Url("https://a".into()),
        ))),
    ];
    let (written, ..) = other(request).unwrap();
    let tools = json!([{"type": "function", "name": "f"}]);
    let choice = json!({"type": "allowed_tools", "mode": "required", "tools": tools});
    assert_eq!(written["tool_choice"], choice);
    assert_eq!(written["text"]["format"], json!({"type": "json_object"}));
    assert_eq!(
        written["input"][0]["content"],
        json!([
            {"type": "input_file", "filename": "document.pdf",
                "file_data": "data:application/pdf;base64,AA"},
            {"type": "input_text", "text": "T"},
            {"type": "input_file", "file_url": "https://a"},
        ])
    );
}
