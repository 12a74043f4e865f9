//! A strict client of each dialect: what it asks, and what it accepts as an answer.

use serde_json::{Value, json};
use towerman::core::Dialect;

use crate::Answer;

/// What a client understood. Anything that it would not understand is an `Err` of [`read`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A whole answer.
    Whole {
        /// What the model said.
        text: String,
    },
    /// A stream.
    Stream {
        /// What the model said.
        text: String,
        /// The error that ended it; `None` if it ended as it should.
        error: Option<Trouble>,
        /// Events that could not be read, and were skipped as the SDKs would not.
        unreadable: usize,
    },
    /// An error instead of an answer.
    Refused(Trouble),
}

/// An error in the client's dialect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The status of the answer; 200 for an error within a stream.
    pub status: u16,
    /// The dialect's type of error.
    pub kind: String,
    /// The dialect's code, if it has one.
    pub code: Option<String>,
    /// The words.
    pub message: String,
}

/// A request for `model` that says `prompt`.
pub fn ask(dialect: Dialect, model: &str, prompt: &str, stream: bool) -> Value {
    let mut body = json!({ "model": model, "messages": [{ "role": "user", "content": prompt }] });
    if dialect == Dialect::Anthropic {
        body["max_tokens"] = 500.into();
    }
    if stream {
        body["stream"] = true.into();
    }
    body
}

/// Reads an answer as strictly as the dialect allows.
///
/// # Errors
///
/// In words, if a client of the dialect would not understand it.
pub fn read(dialect: Dialect, answer: &Answer) -> Result<Heard, String> {
    let said = |what: String| format!("{what} in {}: {}", answer.status, answer.text());
    let media = answer.headers.get("content-type");
    let media = media.and_then(|value| value.to_str().ok()).unwrap_or("");
    if answer.broke_off {
        return Err(said("the body broke off".into()));
    }
    if answer.status != 200 {
        if media != "application/json" {
            return Err(said(format!("an error of type {media}")));
        }
        let status = answer.status.as_u16();
        return error(dialect, status, &answer.json())
            .map(Heard::Refused)
            .map_err(said);
    }
    if media.starts_with("text/event-stream") {
        return stream(dialect, &answer.text()).map_err(said);
    }
    if !media.starts_with("application/json") {
        return Err(said(format!("an answer of type {media}")));
    }
    whole(dialect, &answer.json())
        .map(|text| Heard::Whole { text })
        .ok_or_else(|| said("no answer of the dialect".into()))
}

/// The type that an error of this status has.
const fn type_of(dialect: Dialect, status: u16) -> &'static str {
    match (dialect, status) {
        (Dialect::Anthropic, 401) => "authentication_error",
        (Dialect::Anthropic, 403) => "permission_error",
        (Dialect::Anthropic, 404) => "not_found_error",
        (Dialect::Anthropic, 413) => "request_too_large",
        (Dialect::Anthropic, 504) => "timeout_error",
        (Dialect::Anthropic, 529) => "overloaded_error",
        (_, 429) => "rate_limit_error",
        (Dialect::Anthropic, 500..) => "api_error",
        (_, 500..) => "server_error",
        _ => "invalid_request_error",
    }
}

fn error(dialect: Dialect, status: u16, body: &Value) -> Result<Trouble, String> {
    let error = &body["error"];
    let text = |name: &str| error[name].as_str().map(str::to_owned);
    let mut names: Vec<_> = error
        .as_object()
        .ok_or("no error object")?
        .keys()
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    let shape = match dialect {
        Dialect::Anthropic => body["type"] == "error" && names == ["message", "type"],
        _ => {
            body.as_object().is_some_and(|body| body.len() == 1)
                && names == ["code", "message", "param", "type"]
        }
    };
    if !shape {
        return Err("not the dialect's error object".into());
    }
    let (Some(kind), Some(message)) = (text("type"), text("message")) else {
        return Err("an error without type or message".into());
    };
    if message.is_empty() || message.contains('<') {
        return Err("no words for a person".into());
    }
    // Within a stream the status has been sent, and any type may follow.
    let fits = kind == type_of(dialect, status) || (status, &*kind) == (409, "conflict_error");
    if status != 200 && !fits {
        return Err(format!("a type that does not fit {status}"));
    }
    Ok(Trouble {
        status,
        kind,
        code: text("code"),
        message,
    })
}

fn whole(dialect: Dialect, body: &Value) -> Option<String> {
    let (text, fine) = match dialect {
        Dialect::Anthropic => (
            &body["content"][0]["text"],
            body["type"] == "message"
                && body["role"] == "assistant"
                && body["stop_reason"].is_string()
                && body["usage"]["output_tokens"].is_u64(),
        ),
        _ => (
            &body["choices"][0]["message"]["content"],
            body["object"] == "chat.completion"
                && body["choices"][0]["finish_reason"].is_string()
                && body["usage"]["completion_tokens"].is_u64(),
        ),
    };
    text.as_str().filter(|_| fine).map(str::to_owned)
}

/// Reads a stream to its one and only end.
fn stream(dialect: Dialect, body: &str) -> Result<Heard, String> {
    let mut events = body.strip_suffix("\n\n").unwrap_or(body).split("\n\n");
    let mut grammar = Grammar::default();
    for event in events.by_ref() {
        let (mut name, mut data) = ("", "");
        for line in event.lines().filter(|line| !line.starts_with(':')) {
            match line.split_once(": ") {
                Some(("event", value)) => name = value,
                Some(("data", value)) if data.is_empty() => data = value,
                _ => return Err(format!("a line that is no field: {line}")),
            }
        }
        if data.is_empty() && name.is_empty() {
            continue;
        }
        match dialect {
            Dialect::Anthropic => grammar.anthropic(name, data)?,
            _ => grammar.openai(name, data)?,
        }
    }
    if !grammar.over {
        return Err("a stream without an end".into());
    }
    Ok(Heard::Stream {
        text: grammar.text,
        error: grammar.error,
        unreadable: grammar.unreadable,
    })
}

/// How far a stream got.
#[derive(Debug, Default)]
struct Grammar {
    text: String,
    /// The answer's id: there is one answer.
    id: Option<String>,
    /// The block that is open.
    block: Option<u64>,
    stopped: bool,
    over: bool,
    error: Option<Trouble>,
    unreadable: usize,
}

impl Grammar {
    fn openai(&mut self, name: &str, data: &str) -> Result<(), String> {
        if self.over || !name.is_empty() {
            return Err(format!(
                "an event after the end, or with a name: {name} {data}"
            ));
        }
        if data == "[DONE]" {
            self.over = true;
            return if self.stopped {
                Ok(())
            } else {
                Err("done before it stopped".into())
            };
        }
        let Ok(chunk) = serde_json::from_str::<Value>(data) else {
            self.unreadable += 1;
            return Ok(());
        };
        if chunk["error"].is_object() {
            self.over = true;
            self.error = Some(error(Dialect::OpenAiChat, 200, &chunk)?);
            return Ok(());
        }
        let begins = self.id.is_none();
        let id = chunk["id"].as_str().ok_or("a chunk without id")?;
        if self.id.get_or_insert_with(|| id.to_owned()) != id {
            return Err("a second answer".into());
        }
        let choice = &chunk["choices"][0];
        if choice["delta"]["role"].is_string() != begins {
            return Err(format!("a role that is not at the beginning: {data}"));
        }
        if self.stopped && !choice.is_null() {
            return Err(format!("more after the reason to stop: {data}"));
        }
        self.text += choice["delta"]["content"].as_str().unwrap_or("");
        self.stopped |= choice["finish_reason"].is_string();
        Ok(())
    }

    fn anthropic(&mut self, name: &str, data: &str) -> Result<(), String> {
        if self.over {
            return Err(format!("an event after the end: {data}"));
        }
        let Ok(event) = serde_json::from_str::<Value>(data) else {
            self.unreadable += 1;
            return Ok(());
        };
        if event["type"] != name {
            return Err(format!("{name} is not what it says: {data}"));
        }
        let misplaced = || Err(format!("{name} is out of place"));
        let index = event["index"].as_u64();
        match name {
            "error" => {
                self.over = true;
                self.error = Some(error(Dialect::Anthropic, 200, &event)?);
            }
            "ping" => {}
            "message_start" if self.id.is_none() => {
                self.id = event["message"]["id"].as_str().map(str::to_owned);
            }
            _ if self.id.is_none() || self.stopped && name != "message_stop" => return misplaced(),
            "content_block_start" if self.block.is_none() => self.block = index,
            "content_block_delta" if self.block.is_some() && self.block == index => {
                self.text += event["delta"]["text"].as_str().unwrap_or("");
            }
            "content_block_stop" if self.block.is_some() && self.block == index => {
                self.block = None
            }
            "message_delta" if self.block.is_none() => {
                self.stopped = event["delta"]["stop_reason"].is_string();
            }
            "message_stop" if self.stopped => self.over = true,
            _ => return misplaced(),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHUNK: &str =
        r#"data: {"id":"1","choices":[{"delta":{"content":"a"},"finish_reason":null}]}"#;

    fn openai(events: &[&str]) -> Result<Heard, String> {
        stream(Dialect::OpenAiChat, &(events.join("\n\n") + "\n\n"))
    }

    #[test]
    fn a_stream_has_one_beginning_and_one_end() {
        let role = CHUNK.replace("\"content\"", "\"role\":\"assistant\",\"content\"");
        let stop = CHUNK.replace("null", "\"stop\"");
        let error =
            r#"data: {"error":{"message":"m","type":"server_error","param":null,"code":null}}"#;
        let done = "data: [DONE]";
        assert!(openai(&[&role, CHUNK, &stop, done]).is_ok());
        assert!(openai(&[&role, ": ping", CHUNK, error]).is_ok());
        for bad in [
            &[&role, CHUNK, &stop][..],
            &[&role, CHUNK, done],
            &[&role, &role, &stop, done],
            &[CHUNK, &stop, done],
            &[&role, &stop, done, error],
            &[&role, &stop, CHUNK, done],
            &[&role, error, done],
            &[&role, &CHUNK.replace("\"1\"", "\"2\""), &stop, done],
        ] {
            assert!(openai(bad).is_err(), "{bad:?}");
        }
    }
}
