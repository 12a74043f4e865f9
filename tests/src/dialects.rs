//! What dialects are measured on: streams of words, and requests of a given size.

use serde_json::json;
use towerman::{
    core::Dialect,
    wire::translate::{self, Job, Options, Stream},
};

/// What a stream consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    /// What the client reads.
    Text,
    /// Reasoning.
    Thought,
    /// The input of one call.
    Input,
}

/// A stream of `count` words in a dialect, one event each, as a provider sends it.
///
/// A dialect that tells something whole, or not at all, has fewer events.
pub fn stream(dialect: Dialect, words: Words, count: usize) -> Vec<Vec<u8>> {
    let chunk = |delta: serde_json::Value, finish: Option<&str>| {
        let chunk = json!({
            "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m",
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], "usage": null,
        });
        format!("data: {chunk}\n\n").into_bytes()
    };
    let input = |text: &str| json!({"tool_calls": [{"index": 0, "function": {"arguments": text}}]});
    let (begin, word, last) = match words {
        Words::Text => (
            json!({"content": ""}),
            json!({"content": "word "}),
            json!({}),
        ),
        Words::Thought => {
            let word = json!({"reasoning_content": "word "});
            (json!({}), word, json!({"content": "word"}))
        }
        Words::Input => {
            let function = json!({"name": "read", "arguments": "{\"a\":\""});
            let call =
                json!({"index": 0, "id": "call_1", "type": "function", "function": function});
            (json!({"tool_calls": [call]}), input("word "), input("\"}"))
        }
    };
    let finish = match words {
        Words::Input => "tool_calls",
        Words::Text | Words::Thought => "stop",
    };
    let mut events = vec![chunk(begin, None)];
    events.extend(std::iter::repeat_n(chunk(word, None), count));
    events.extend([chunk(last, None), chunk(json!({}), Some(finish))]);
    events.push(b"data: [DONE]\n\n".to_vec());
    if dialect == Dialect::OpenAiChat {
        return events;
    }
    let options = Options {
        id: "msg_1".to_owned(),
        ..Options::default()
    };
    let mut stream = Stream::new(Dialect::OpenAiChat, dialect, &options);
    let told = events.iter().map(|event| {
        let mut out = Vec::new();
        stream.push(event, &mut out);
        out
    });
    told.filter(|event| !event.is_empty()).collect()
}

/// A conversation of about `size` bytes in a dialect: turns of prose, a tool and its results.
///
/// # Panics
///
/// If the dialect cannot be told of it; legacy completions take no conversation, and get one long
/// prompt.
pub fn request(dialect: Dialect, size: usize) -> Vec<u8> {
    const TURN: &str = "The quick brown fox \"jumps\" over the lazy dog.\nAnd then it sits down. ";
    let prose = TURN.repeat(20);
    if dialect == Dialect::OpenAiCompletions {
        let prompt = TURN.repeat(size / TURN.len());
        return json!({"model": "m", "prompt": prompt, "max_tokens": 100})
            .to_string()
            .into_bytes();
    }
    let mut messages = vec![json!({"role": "system", "content": "Be brief."})];
    let mut bytes = 0;
    for turn in 0.. {
        if bytes >= size {
            break;
        }
        let id = format!("call_{turn}");
        let arguments = json!({"path": "src/main.rs", "line": turn}).to_string();
        messages.extend([
            json!({"role": "user", "content": prose}),
            json!({"role": "assistant", "content": "I look.", "tool_calls": [
                {"id": id, "type": "function", "function": {"name": "read", "arguments": arguments}}]}),
            json!({"role": "tool", "tool_call_id": id, "content": prose}),
            json!({"role": "assistant", "content": prose}),
        ]);
        bytes += 3 * prose.len() + 300;
    }
    messages.push(json!({"role": "user", "content": "And now?"}));
    let schema = json!({"type": "object", "properties": {"path": {"type": "string"}, "line": {"type": "integer"}}});
    let tool = json!({"type": "function", "function": {"name": "read", "description": "Reads a file", "parameters": schema}});
    let body =
        json!({"model": "m", "messages": messages, "tools": [tool], "max_completion_tokens": 100});
    let job = Job::new(Dialect::OpenAiChat, dialect, "m");
    let told = translate::translate(&job, body.to_string().as_bytes());
    told.expect("every dialect that converses knows tools")
        .body
        .to_vec()
}
