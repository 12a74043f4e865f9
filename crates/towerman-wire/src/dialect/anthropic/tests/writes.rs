//! Conversations and tools of other dialects' clients.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::{other, refused_to_other, turn, with};
use crate::neutral::{
    Call, Input, Kind, Maker, Mark, Media, Medium, Part, Request, Role, Seal, Sealed, Set, Source,
    Text, Thought, ToolChoice, ToolResult, Turn,
};

fn say<'a>(request: &mut Request<'a>, role: Role, kind: Kind<'a>) {
    let mut part = Part::of(kind);
    part.at = format!("/part{}", request.turns.len()).into();
    request.turns.push(Turn {
        role,
        parts: vec![part],
        name: None,
        at: format!("/turn{}", request.turns.len()).into(),
        rest: Default::default(),
    });
}

fn media(what: Medium, source: Source<'static>) -> Kind<'static> {
    Kind::Media(Media {
        what,
        source,
        name: None,
        detail: None,
    })
}

/// What one part of the user's becomes.
fn shown(kind: Kind<'static>) -> (Value, Vec<String>) {
    let (there, told) = other(&with(&json!({})), |request| {
        request.turns.clear();
        say(request, Role::User, kind);
    });
    (there["messages"][0]["content"][0].clone(), told)
}

fn not_shown(kind: Kind<'static>) -> String {
    refused_to_other(&with(&json!({})), |request| {
        say(request, Role::User, kind);
    })
}

#[test]
fn roles_alternate_and_results_come_first() {
    let body = with(
        &json!({"system": [{"type": "text", "text": "s", "x": 1}], "messages": [
        {"role": "user", "content": "a"}, {"role": "user", "content": [{"type": "text", "text": " \n"}]},
        {"role": "user", "content": ""}, {"role": "assistant", "content": [
            {"type": "tool_use", "id": "t", "name": "f", "input": {}}]},
        {"role": "user", "content": [{"type": "text", "text": "b"},
            {"type": "tool_result", "tool_use_id": "t", "content": "no", "is_error": true}]},
        {"role": "system", "content": "c"}, {"role": "user", "content": "d"},
        {"role": "assistant", "content": "e"}, {"role": "system", "content": "f"}]}),
    );
    let (there, told) = other(&body, |_| {});
    let text = |text: &str| json!({"type": "text", "text": text});
    assert_eq!(there["system"], json!([text("s")]));
    assert_eq!(
        there["messages"],
        json!([
            {"role": "user", "content": [text("a")]},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "t", "content": [text("no")], "is_error": true},
                text("b"), text("d")]},
            {"role": "system", "content": [text("c")]},
            {"role": "assistant", "content": [text("e")]},
            {"role": "user", "content": [text("f")]},
        ])
    );
    assert_eq!(
        told,
        [
            "-/system/0/x",
            "-/messages/1/content/0",
            "~/messages/6",
            "~/messages/8"
        ]
    );
}

#[test]
fn media_are_written_as_far_as_anthropic_takes_them() {
    let base64 = |media_type: &'static str| Source::Base64 {
        media_type: media_type.into(),
        data: "AA".into(),
    };
    let written = json!({"type": "base64", "media_type": "image/png", "data": "AA"});
    assert_eq!(
        shown(media(Medium::Image, base64("image/png"))).0,
        json!({"type": "image", "source": written})
    );
    let source = Source::Text(Text::Said("w".into()));
    assert_eq!(
        shown(media(Medium::Document, source)).0,
        json!({"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "w"}})
    );
    let (document, told) = shown(Kind::Media(Media {
        what: Medium::Document,
        source: Source::Url("https://x".into()),
        name: Some(Text::Said("n".into())),
        detail: Some("low".into()),
    }));
    assert_eq!(
        document,
        json!({"type": "document", "source": {"type": "url", "url": "https://x"}, "title": "n"})
    );
    assert_eq!(told, ["-/part0/detail"]);
    for kind in [
        media(Medium::Audio, base64("audio/wav")),
        media(Medium::Video, base64("video/mp4")),
        media(Medium::Document, base64("text/csv")),
        media(Medium::Image, Source::File("f".into())),
        media(Medium::Image, Source::Url("gs://x".into())),
    ] {
        assert_eq!(not_shown(kind), "/part1");
    }
}

#[test]
fn what_only_one_provider_knows_is_refused() {
    let body = turn("user", &json!([{"type": "search_result", "source": "s"}]));
    assert_eq!(
        refused_to_other(&body, |_| {}),
        "/messages/0/content/0/type"
    );
    let body = with(&json!({"tools": [{"type": "bash_20250124", "name": "b"}]}));
    assert_eq!(refused_to_other(&body, |_| {}), "/tools/0/type");
}

#[test]
fn thinking_is_for_its_maker_alone() {
    let seal = |maker, kind| {
        Some(Seal {
            maker,
            kind,
            data: "s".into(),
        })
    };
    let (there, told) = other(&with(&json!({})), |request| {
        for seal in [
            seal(Maker::Anthropic, Sealed::Signature),
            seal(Maker::Gemini, Sealed::Signature),
            seal(Maker::OpenAi, Sealed::Encrypted),
            None,
            seal(Maker::Anthropic, Sealed::Encrypted),
        ] {
            let thought = Thought {
                text: Some(Text::Said("hm".into())),
                seal,
                ..Thought::default()
            };
            say(request, Role::Assistant, Kind::Thought(thought));
        }
        say(
            request,
            Role::Assistant,
            Kind::Refusal(Text::Said("no".into())),
        );
    });
    assert_eq!(
        there["messages"][1]["content"],
        json!([
            {"type": "thinking", "thinking": "hm", "signature": "s"},
            {"type": "redacted_thinking", "data": "s"},
            {"type": "text", "text": "no"},
        ])
    );
    assert_eq!(told, ["-/part2", "-/part3", "-/part4", "~/part6"]);
}

fn call(id: &'static str, input: &'static str, custom: bool) -> Kind<'static> {
    Kind::Call(Call {
        id: id.into(),
        name: Text::Said("f".into()),
        input: Input::Spelt(input.into()),
        custom,
        seal: None,
    })
}

/// A call and its result.
fn called(request: &mut Request<'_>, call: Kind<'static>) {
    let Kind::Call(Call { id, .. }) = &call else {
        panic!()
    };
    let result = ToolResult {
        id: id.clone(),
        name: None,
        content: Vec::new(),
        object: Some(serde_json::from_str(r#"{"b": 1}"#).unwrap()),
        error: false,
    };
    say(request, Role::Assistant, call);
    say(request, Role::User, Kind::Result(result));
}

#[test]
fn calls_have_ids_that_fit_and_objects_for_input() {
    let body = with(&json!({}));
    let (there, told) = other(&body, |request| {
        called(request, call("a:b", "{\"z\": 1}", false));
    });
    assert_eq!(
        there["messages"][1]["content"][0],
        json!({"type": "tool_use", "id": "a-3ab", "name": "f", "input": {"z": 1}})
    );
    assert_eq!(
        there["messages"][2]["content"][0],
        json!({"type": "tool_result", "tool_use_id": "a-3ab",
            "content": [{"type": "text", "text": "{\"b\": 1}"}]})
    );
    assert_eq!(told, ["~/part2"]);
    for (input, custom) in [("[1]", false), ("{\"a\":", false), ("x", true)] {
        let at = refused_to_other(&body, |request| called(request, call("c", input, custom)));
        assert_eq!(at, "/part1");
    }
    let (_, told) = other(&body, |request| {
        let Kind::Call(mut call) = call("c", "{}", false) else {
            panic!()
        };
        call.seal = Some(Seal {
            maker: Maker::Gemini,
            kind: Sealed::Signature,
            data: "s".into(),
        });
        called(request, Kind::Call(call));
    });
    assert_eq!(told, ["-/part1", "~/part2"]);
}

#[test]
fn a_schema_says_that_it_is_an_object() {
    for (spelt, written) in [
        (json!({}), json!({"type": "object"})),
        (
            json!({"properties": {}}),
            json!({"type": "object", "properties": {}}),
        ),
        (
            json!({"type": "object", "a": 1}),
            json!({"type": "object", "a": 1}),
        ),
    ] {
        let body = with(&json!({"tools": [{"name": "f", "input_schema": spelt}]}));
        assert_eq!(other(&body, |_| {}).0["tools"][0]["input_schema"], written);
    }
    let body = with(&json!({"tools": [{"name": "f", "input_schema": {}}]}));
    let (there, _) = other(&body, |request| request.tools[0].schema = None);
    assert_eq!(there["tools"][0]["input_schema"], json!({"type": "object"}));
    let list = |request: &mut Request<'_>| {
        let raw = serde_json::value::RawValue::from_string("[]".to_owned());
        request.tools[0].schema = Some(Cow::Owned(raw.unwrap()));
    };
    assert_eq!(refused_to_other(&body, list), "/tools/0");
}

#[test]
fn a_choice_among_tools_leaves_the_others_out() {
    let tool = |name: &str| json!({"name": name, "input_schema": {"type": "object"}});
    let body = with(&json!({"tools": [tool("f"), tool("g")]}));
    let names = || vec![Text::Said("g".into())];
    for (choice, kind) in [
        (ToolChoice::AnyOf(names()), "any"),
        (ToolChoice::AutoOf(names()), "auto"),
    ] {
        let (there, told) = other(&body, |request| {
            request.choice = Some(Set::new(choice, "/choice"));
            request.parallel = Some(Set::new(true, "/parallel"));
        });
        assert_eq!(there["tool_choice"], json!({"type": kind}));
        assert_eq!(there["tools"], json!([tool("g")]));
        assert_eq!(told, ["~/choice"]);
    }
    let choose = |choice: ToolChoice<'static>| {
        move |request: &mut Request<'_>| {
            request.tools.clear();
            request.choice = Some(Set::new(choice, "/choice"));
        }
    };
    assert_eq!(other(&body, choose(ToolChoice::Auto)).1, ["-/choice"]);
    assert_eq!(refused_to_other(&body, choose(ToolChoice::Any)), "/choice");
    let (there, _) = other(&body, |request| {
        request.parallel = Some(Set::new(false, "/parallel"));
    });
    assert_eq!(
        there["tool_choice"],
        json!({"type": "auto", "disable_parallel_tool_use": true})
    );
}

#[test]
fn the_last_four_marks_are_kept() {
    let mark = json!({"type": "ephemeral"});
    let text = json!({"type": "text", "text": "x", "cache_control": mark});
    let body = with(&json!({
        "tools": [{"name": "f", "input_schema": {"type": "object"}, "cache_control": mark}],
        "system": [text], "messages": [{"role": "user", "content": [text, text, text]}]}));
    let (there, told) = other(&body, |_| {});
    assert_eq!(told, ["-/tools/0"]);
    assert_eq!(there.to_string().matches("cache_control").count(), 4);
    let (_, told) = other(&body, |request| {
        request.caching.auto = Some(Set::new(Mark::Hour, "/auto"));
    });
    assert_eq!(told, ["-/tools/0", "-/system/0"]);
    // Anthropic's own clients hear it from Anthropic.
    let own = super::own(&body);
    assert_eq!(own.to_string().matches("cache_control").count(), 5);
}

#[test]
fn a_key_for_the_cache_becomes_a_mark() {
    let key = |request: &mut Request<'_>| {
        request.caching.key = Some(Set::new(Text::Said("k".into()), "/key"));
    };
    let body = with(&json!({"messages": [
        {"role": "user", "content": "a"}, {"role": "user", "content": [{"type": "text", "text": "b"}]},
        {"role": "user", "content": " "}]}));
    let (there, told) = other(&body, key);
    assert_eq!(
        there["messages"][0]["content"],
        json!([{"type": "text", "text": "a"},
            {"type": "text", "text": "b", "cache_control": {"type": "ephemeral"}}])
    );
    assert_eq!(told, ["~/key", "-/messages/2/content"]);
    let body = with(&json!({"system": [
        {"type": "text", "text": "x", "cache_control": {"type": "ephemeral", "ttl": "1h"}}]}));
    let (there, told) = other(&body, key);
    assert_eq!(
        there["system"][0]["cache_control"],
        json!({"type": "ephemeral", "ttl": "1h"})
    );
    assert_eq!(told, ["-/key"]);
}
