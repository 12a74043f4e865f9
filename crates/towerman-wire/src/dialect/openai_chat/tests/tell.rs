//! What clients hear, whole or in pieces.

use serde_json::{Value, json};
use towerman_core::{Finish, Usage};

use super::{super::OpenAiChat, short};
use crate::{
    dialect::Codec as _,
    neutral::{
        Answer, Call, Choice, Cite, Delta, Hearer, Input, Kind, Maker, Media, Medium, Opening,
        Part, Place, Seal, Sealed, Source, Text, Thought, unfold,
    },
};

fn seal(maker: Maker, kind: Sealed) -> Seal<'static> {
    Seal {
        maker,
        kind,
        data: "S".into(),
    }
}

fn thought(text: &'static str, seal: Option<Seal<'static>>) -> Part<'static> {
    Part::of(Kind::Thought(Thought {
        text: (!text.is_empty()).then(|| Text::Said(text.into())),
        seal,
        ..Thought::default()
    }))
}

fn call(
    id: &'static str,
    input: &'static str,
    custom: bool,
    seal: Option<Seal<'static>>,
) -> Part<'static> {
    Part::of(Kind::Call(Call {
        id: id.into(),
        name: Text::Said("f".into()),
        input: Input::Spelt(input.into()),
        custom,
        seal,
    }))
}

fn answer(choices: Vec<Choice<'static>>) -> Answer<'static> {
    Answer {
        id: "c1".into(),
        model: "".into(),
        created: None,
        choices,
        usage: Some(Usage {
            input: 4,
            cache_read: 6,
            output: 2,
            reasoning: 1,
            ..Usage::default()
        }),
    }
}

fn full() -> Answer<'static> {
    let cite = Cite {
        url: Some("https://a".into()),
        title: None,
        quote: None,
        span: Some((0, 2)),
        raw: std::borrow::Cow::Owned(serde_json::from_str("{}").unwrap()),
    };
    let text = Kind::Text {
        text: Text::Said("Hé".into()),
        cites: vec![cite],
    };
    let image = Media {
        what: Medium::Image,
        source: Source::Base64 {
            media_type: "image/png".into(),
            data: "AA".into(),
        },
        name: None,
        detail: None,
    };
    let first = Choice {
        parts: vec![
            thought("hm", Some(seal(Maker::Anthropic, Sealed::Signature))),
            Part::of(text),
            Part::of(Kind::Media(image)),
            call("a", "", false, Some(seal(Maker::Gemini, Sealed::Signature))),
            call("b", "free", true, None),
        ],
        finish: Finish::ToolCalls,
        ..Choice::default()
    };
    let second = Choice {
        parts: vec![Part::of(Kind::Refusal(Text::Said("no".into())))],
        finish: Finish::ContentFilter,
        explanation: Some("why".into()),
        ..Choice::default()
    };
    answer(vec![first, second])
}

fn hearer() -> Hearer {
    Hearer {
        include_usage: true,
        created: 7,
        model: "m".into(),
    }
}

fn whole(answer: Answer<'_>) -> Value {
    let told = OpenAiChat.write_answer(answer, &hearer()).unwrap();
    serde_json::from_slice(&told).unwrap()
}

fn streamed(deltas: impl FnOnce(&mut dyn FnMut(Delta<'_>))) -> String {
    let (mut encoder, mut out) = (OpenAiChat.encoder(hearer()), Vec::new());
    deltas(&mut |delta| encoder.delta(delta, &mut out));
    String::from_utf8(out).unwrap()
}

#[test]
fn a_whole_answer_is_told_so() {
    let first = json!({"role": "assistant", "content": "Hé", "reasoning_content": "hm",
        "reasoning_details": [{"type": "reasoning.text", "signature": "tm1.anthropic.s.S"}],
        "refusal": null,
        "annotations": [{"type": "url_citation", "url_citation":
            {"url": "https://a", "title": "https://a", "start_index": 0, "end_index": 2}}],
        "images": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}],
        "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"},
                "extra_content": {"google": {"thought_signature": "S"}}},
            {"id": "b", "type": "custom", "custom": {"name": "f", "input": "free"}}]});
    let second = json!({"role": "assistant", "content": null, "refusal": "no"});
    let expected = json!({"id": "c1", "object": "chat.completion", "created": 7, "model": "m",
        "choices": [
            {"index": 0, "message": first, "logprobs": null, "finish_reason": "tool_calls"},
            {"index": 1, "message": second, "logprobs": null, "finish_reason": "content_filter"}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12,
            "prompt_tokens_details": {"cached_tokens": 6, "cache_write_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 1}}});
    assert_eq!(whole(full()), expected);
}

#[test]
fn several_thoughts_keep_their_seals_apart() {
    let parts = vec![
        thought("a", Some(seal(Maker::Anthropic, Sealed::Signature))),
        thought("b", None),
        thought("c", Some(seal(Maker::OpenAi, Sealed::Encrypted))),
    ];
    let told = whole(answer(vec![Choice {
        parts,
        ..Choice::default()
    }]));
    let message = &told["choices"][0]["message"];
    assert_eq!(message["reasoning_content"], "abc");
    let text = |text: &str| json!({"type": "reasoning.text", "text": text});
    let mut signed = text("a");
    signed["signature"] = "tm1.anthropic.s.S".into();
    let encrypted = json!({"type": "reasoning.encrypted", "data": "tm1.openai.e.S"});
    assert_eq!(
        message["reasoning_details"],
        json!([signed, text("b"), text("c"), encrypted])
    );
    // And so they are heard.
    let bytes = told.to_string();
    let heard = OpenAiChat.read_answer(bytes.as_bytes()).unwrap();
    let said = "thought(a+Anthropic.Signature:S) thought(b) thought(c+OpenAi.Encrypted:S) stop";
    assert_eq!(short(&heard, 0), said);
}

#[test]
fn a_stream_is_told_so() {
    let chunk = |index: u32, delta: &str, finish: &str| {
        format!(
            r#"data: {{"id":"c1","object":"chat.completion.chunk","created":7,"model":"m","choices":[{{"index":{index},"delta":{delta},"logprobs":null,"finish_reason":{finish}}}],"usage":null}}"#
        ) + "\n\n"
    };
    let expected = [
        chunk(0, r#"{"role":"assistant","content":""}"#, "null"),
        chunk(0, r#"{"reasoning_content":"hm"}"#, "null"),
        chunk(0, r#"{"reasoning_details":[{"index":0,"type":"reasoning.text","signature":"tm1.anthropic.s.S"}]}"#, "null"),
        chunk(0, r#"{"content":"Hé"}"#, "null"),
        chunk(0, r#"{"annotations":[{"index":0,"type":"url_citation","url_citation":{"url":"https://a","title":"https://a","start_index":0,"end_index":2}}]}"#, "null"),
        chunk(0, r#"{"images":[{"index":0,"type":"image_url","image_url":{"url":"data:image/png;base64,AA"}}]}"#, "null"),
        chunk(0, r#"{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""},"extra_content":{"google":{"thought_signature":"S"}}}]}"#, "null"),
        chunk(0, r#"{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}"#, "null"),
        chunk(0, r#"{"tool_calls":[{"index":1,"id":"b","type":"custom","custom":{"name":"f","input":""}}]}"#, "null"),
        chunk(0, r#"{"tool_calls":[{"index":1,"custom":{"input":"free"}}]}"#, "null"),
        chunk(0, "{}", "\"tool_calls\""),
        chunk(1, r#"{"role":"assistant","content":""}"#, "null"),
        chunk(1, r#"{"refusal":"no"}"#, "null"),
        chunk(1, "{}", "\"content_filter\""),
        r#"data: {"id":"c1","object":"chat.completion.chunk","created":7,"model":"m","choices":[],"usage":{"prompt_tokens":10,"completion_tokens":2,"total_tokens":12,"prompt_tokens_details":{"cached_tokens":6,"cache_write_tokens":0},"completion_tokens_details":{"reasoning_tokens":1}}}"#.to_owned() + "\n\n",
        "data: [DONE]\n\n".to_owned(),
    ];
    let told = streamed(|say| unfold(full(), say));
    for (told, expected) in told.split_inclusive("\n\n").zip(&expected) {
        assert_eq!(told, expected);
    }
    assert_eq!(told, expected.concat());
    // What is told is heard again.
    let heard = super::gathered(&told).unwrap().unwrap();
    let said = "thought(hm+Anthropic.Signature:S) text(Héhttps://a) Image \
                call(a,f,{}+Gemini.Signature:S) custom(b,f,free) tool_calls";
    assert_eq!(short(&heard, 0), said);
    assert_eq!(short(&heard, 1), "refusal(no) content_filter");
}

#[test]
fn why_it_was_refused_is_a_refusal_where_there_is_none() {
    let at = Place::default();
    for refused in [false, true] {
        let told = streamed(|say| {
            say(Delta::Begin {
                id: "c1".into(),
                model: "m".into(),
                created: None,
            });
            if refused {
                say(Delta::Open {
                    at,
                    what: Opening::Refusal,
                });
                say(Delta::More {
                    at,
                    text: "no".into(),
                });
                say(Delta::Close { at });
            }
            say(Delta::Finish {
                choice: 0,
                finish: Finish::ContentFilter,
                sequence: None,
                explanation: Some("why".into()),
            });
        });
        assert_eq!(told.contains(r#"{"refusal":"why"}"#), !refused);
        assert_eq!(told.contains(r#"{"refusal":"no"}"#), refused);
    }
}
