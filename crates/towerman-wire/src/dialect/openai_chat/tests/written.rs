//! Requests of other dialects' clients, written for a host.

use serde_json::{Value, json};
use towerman_core::{Dialect, Fault};

use super::super::OpenAiChat;
use crate::{
    dialect::{Codec as _, To},
    neutral::{
        Call, Input, Kind, Maker, Mark, Media, Medium, Notes, Part, Request, Role, Seal, Sealed,
        Set, Source, Text, Thought, Tool, ToolKind, Turn,
    },
    translate,
};

const CHAT: Dialect = Dialect::OpenAiChat;

/// Written for a provider whose clients speak another dialect, and the pointers of what was lost.
fn told(request: Request<'_>) -> Result<(Value, Vec<String>), Fault> {
    let mut notes = Notes::new(false);
    let to = To {
        model: "m",
        own: false,
        forced: false,
        unshaped: false,
    };
    let written = OpenAiChat.write_request(request, &to, &mut notes)?;
    let losses = notes.into_losses();
    let lost = losses.list().iter().map(|loss| loss.pointer.to_string());
    Ok((
        serde_json::from_slice(&written.body).unwrap(),
        lost.collect(),
    ))
}

fn turn(role: Role, parts: Vec<Part<'_>>) -> Turn<'_> {
    Turn {
        role,
        parts,
        name: None,
        at: "/turn".into(),
        rest: crate::neutral::Rest::default(),
    }
}

fn at<'a>(at: &str, kind: Kind<'a>) -> Part<'a> {
    Part {
        at: at.into(),
        ..Part::of(kind)
    }
}

#[test]
fn what_a_client_of_another_dialect_says_is_told_as_openai_knows_it() {
    let result = Kind::Result(crate::neutral::ToolResult {
        id: "a".into(),
        name: None,
        content: vec![
            Part::said("x"),
            at(
                "/image",
                Kind::Media(Media {
                    what: Medium::Image,
                    source: Source::Base64 {
                        media_type: "image/png".into(),
                        data: "AA".into(),
                    },
                    name: None,
                    detail: None,
                }),
            ),
        ],
        object: None,
        error: true,
    });
    let call = Kind::Call(Call {
        id: "a".into(),
        name: Text::Said("f".into()),
        input: Input::Spelt("".into()),
        custom: false,
        seal: Some(Seal {
            maker: Maker::Gemini,
            kind: Sealed::Signature,
            data: "S".into(),
        }),
    });
    let thought = Kind::Thought(Thought {
        text: Some(Text::Said("hm".into())),
        ..Thought::default()
    });
    let (told, lost) = told(Request {
        system: vec![
            Part {
                mark: Some(Mark::Minutes),
                ..at("/s", Part::said("S").kind)
            },
            Part::said("T"),
        ],
        turns: vec![
            turn(Role::User, vec![Part::said("u")]),
            turn(Role::Assistant, vec![at("/t", thought), at("/c", call)]),
            turn(Role::User, vec![at("/r", result), Part::said("v")]),
            turn(Role::System, vec![Part::said("w")]),
        ],
        tier: Some(Set::new(Text::Said("standard_only".into()), "/tier")),
        stream: true,
        ..Request::default()
    })
    .unwrap();
    let expected = json!({"model": "m", "service_tier": "default", "stream": true,
        "stream_options": {"include_usage": true}, "messages": [
        {"role": "system", "content": [{"type": "text", "text": "S"}, {"type": "text", "text": "T"}]},
        {"role": "user", "content": "u"},
        {"role": "assistant", "content": null, "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "a", "content": "x"},
        {"role": "user", "content": [
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}]},
        {"role": "user", "content": "v"},
        {"role": "system", "content": "w"}]});
    assert_eq!(told, expected);
    assert_eq!(
        lost,
        [
            "/s/cache_control",
            "/t",
            "/c",
            "/r/is_error",
            "/image",
            "/tier"
        ]
    );
}

#[test]
fn what_openai_cannot_be_told_is_refused_or_cut() {
    let media = |what, source| Media {
        what,
        source,
        name: None,
        detail: None,
    };
    let base64 = |media_type: &'static str| Source::Base64 {
        media_type: media_type.into(),
        data: "AA".into(),
    };
    for (what, source, taken) in [
        (Medium::Audio, base64("audio/x-wav"), true),
        (Medium::Audio, base64("audio/mpeg"), true),
        (Medium::Audio, base64("audio/flac"), false),
        (Medium::Video, base64("video/mp4"), false),
        (Medium::Document, Source::Url("https://d".into()), false),
        (Medium::Document, base64("application/pdf"), true),
        (Medium::Image, Source::File("f".into()), false),
    ] {
        let part = at("/p", Kind::Media(media(what, source)));
        let turns = vec![turn(Role::User, vec![part])];
        let told = told(Request {
            turns,
            ..Request::default()
        });
        let refused = told
            .map_err(|fault| fault.named_param().map(str::to_owned))
            .err();
        assert_eq!(refused, (!taken).then(|| Some("/p".into())));
    }
    let raw = serde_json::from_str::<Box<serde_json::value::RawValue>>;
    let raw = raw(r#"{"type":"web_search"}"#).unwrap();
    let tool = Tool {
        kind: ToolKind::Hosted(&raw),
        name: Text::Said("".into()),
        description: None,
        schema: None,
        strict: None,
        mark: None,
        at: "/tools/0".into(),
        rest: crate::neutral::Rest::default(),
    };
    let fault = told(Request {
        tools: vec![tool],
        ..Request::default()
    })
    .unwrap_err();
    assert_eq!(fault.named_param(), Some("/tools/0/type"));

    let body = json!({"messages": [{"role": "user", "content": "a"}],
        "stop": ["1", "2", "3", "4", "5", "6"]});
    let written = translate::request(CHAT, CHAT, body.to_string().as_bytes(), "m").unwrap();
    let told: Value = serde_json::from_slice(&written.body).unwrap();
    assert_eq!(told["stop"], json!(["1", "2", "3", "4"]));
    assert_eq!(written.cut, ["5", "6"]);
}
