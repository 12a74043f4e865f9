//! Hand-written vectors.

#![allow(clippy::needless_pass_by_value)]

mod decode;
mod ends;
mod request;
mod tell;
mod written;

use serde_json::{Value, json};
use towerman_core::{Fault, Finish};

use super::OpenAiChat;
use crate::{
    dialect::Codec as _,
    framing::{Deframer, Framing},
    neutral::{Answer, Delta, Fold, Kind, Lawful},
};

/// A stream of these chunks.
fn sse(chunks: &[Value]) -> String {
    let mut sse: String = chunks
        .iter()
        .map(|chunk| format!("data: {chunk}\n\n"))
        .collect();
    sse.push_str("data: [DONE]\n\n");
    sse
}

fn delta(delta: Value) -> Value {
    json!({"id": "c1", "created": 5, "model": "m",
        "choices": [{"index": 0, "delta": delta, "finish_reason": null}]})
}

fn finish(reason: &str) -> Value {
    json!({"id": "c1", "model": "m",
        "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
}

/// What a stream says, put together; nothing if it has no end. Its deltas are lawful, and do not
/// depend on how it is cut.
fn gathered(sse: &str) -> Option<Result<Answer<'static>, Fault>> {
    let (mut said, mut fold) = (None, Fold::default());
    for size in [sse.len().max(1), 7, 1] {
        let (mut lawful, mut all) = (Lawful::default(), String::new());
        fold = Fold::default();
        let mut say = |delta: Delta<'_>| {
            lawful.see(&delta);
            all += &format!("{delta:?}\n");
            fold.take(delta);
        };
        let (mut deframer, mut decoder) = (Deframer::new(Framing::Sse), OpenAiChat.decoder());
        for chunk in sse.as_bytes().chunks(size) {
            let read = deframer.push(chunk, |event| drop(decoder.event(event, &mut say)));
            read.unwrap();
        }
        decoder.end(&mut say);
        assert_eq!(said.get_or_insert_with(|| all.clone()), &all, "{size}");
    }
    fold.finish()
}

/// What a choice says, in short: `text(a) call(id,name,input) finish`.
fn short(answer: &Answer<'_>, choice: usize) -> String {
    let choice = &answer.choices[choice];
    let mut out = String::new();
    for part in &choice.parts {
        let seal = |seal: &Option<crate::neutral::Seal<'_>>| {
            seal.as_ref()
                .map(|seal| format!("+{:?}.{:?}:{}", seal.maker, seal.kind, seal.data))
                .unwrap_or_default()
        };
        out += &match &part.kind {
            Kind::Text { text, cites } => {
                let urls: Vec<_> = cites.iter().flat_map(|cite| cite.url.as_deref()).collect();
                format!("text({}{}) ", text.clone().say(), urls.concat())
            }
            Kind::Refusal(text) => format!("refusal({}) ", text.clone().say()),
            Kind::Thought(thought) => {
                let text = thought.text.clone().map(crate::neutral::Text::say);
                let text = text.unwrap_or_default();
                format!("thought({text}{}) ", seal(&thought.seal))
            }
            Kind::Call(call) => {
                let crate::neutral::Input::Spelt(input) = &call.input else {
                    panic!("{call:?}");
                };
                let name = call.name.clone().say();
                let custom = if call.custom { "custom" } else { "call" };
                format!("{custom}({},{name},{input}{}) ", call.id, seal(&call.seal))
            }
            Kind::Media(media) => format!("{:?} ", media.what),
            other => panic!("{other:?}"),
        };
    }
    out += choice.finish.as_str();
    out
}

/// A whole answer of this message.
fn whole(message: &Value, reason: &str) -> Value {
    json!({"id": "c1", "object": "chat.completion", "created": 5, "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": reason}]})
}

fn tool_call(index: u64, id: &str, name: &str, arguments: &str) -> Value {
    json!({"index": index, "id": id, "type": "function",
        "function": {"name": name, "arguments": arguments}})
}

fn calls(calls: impl Into<Value>) -> Value {
    delta(json!({"tool_calls": calls.into()}))
}

/// What a whole answer says, in short.
fn read(body: &Value) -> Result<String, Fault> {
    let body = body.to_string();
    let answer = OpenAiChat.read_answer(body.as_bytes())?;
    Ok(short(&answer, 0))
}

/// What a stream says, in short.
fn streamed(chunks: &[Value]) -> String {
    short(&gathered(&sse(chunks)).unwrap().unwrap(), 0)
}

#[test]
fn reasons_to_stop_are_few_and_calls_and_refusals_decide() {
    for (reason, said) in [
        ("stop", Finish::Stop),
        ("eos", Finish::Stop),
        ("length", Finish::Length),
        ("model_length", Finish::Length),
        ("content_filter", Finish::ContentFilter),
    ] {
        let read = read(&whole(&json!({"content": "x"}), reason)).unwrap();
        assert_eq!(read, format!("text(x) {}", said.as_str()));
        let streamed = streamed(&[delta(json!({"content": "x"})), finish(reason)]);
        assert_eq!(streamed, read);
    }
}
