//! Bedrock's Converse. An event is an object whose only member is named after its type.

use serde_json::Value;

use super::{Called, Counts, Heard, arguments, id, list, number, text};

pub(super) fn whole(body: &Value) -> Option<Heard> {
    let message = &body["output"]["message"];
    if !message.is_object() {
        return None;
    }
    let mut heard = Heard {
        complete: true,
        ..Heard::default()
    };
    for block in list(&message["content"]) {
        heard.text += &text(&block["text"]);
        for cited in list(&block["citationsContent"]["content"]) {
            heard.text += &text(&cited["text"]);
        }
        heard.thought += &text(&block["reasoningContent"]["reasoningText"]["text"]);
        let call = &block["toolUse"];
        if call.is_object() && call["type"] != "server_tool_use" {
            heard.calls.push(Called {
                id: id(&call["toolUseId"]),
                name: text(&call["name"]),
                input: call["input"].clone(),
            });
        }
    }
    heard.finish = finish(&body["stopReason"]);
    count(&body["usage"], &mut heard);
    Some(heard)
}

pub(super) fn stream(events: &[Value]) -> Option<Heard> {
    let (mut heard, mut known) = (Heard::default(), false);
    // The block that each call's fragments name, and what they amount to.
    let mut open: Vec<(u64, String)> = Vec::new();
    for event in events {
        let Some((kind, said)) = event.as_object().and_then(|event| event.iter().next()) else {
            continue;
        };
        let index = number(&said["contentBlockIndex"]);
        match kind.as_str() {
            "messageStart" => known = true,
            "contentBlockStart" => {
                let call = &said["start"]["toolUse"];
                if call.is_object() && call["type"] != "server_tool_use" {
                    open.push((index, String::new()));
                    heard.calls.push(Called {
                        id: id(&call["toolUseId"]),
                        name: text(&call["name"]),
                        input: Value::Null,
                    });
                }
            }
            "contentBlockDelta" => {
                known = true;
                let delta = &said["delta"];
                heard.text += &text(&delta["text"]);
                heard.thought += &text(&delta["reasoningContent"]["text"]);
                let call = open.iter_mut().find(|(place, _)| *place == index);
                if let Some((_, spelt)) = call {
                    spelt.push_str(&text(&delta["toolUse"]["input"]));
                }
            }
            "messageStop" => {
                heard.finish = finish(&said["stopReason"]);
                heard.complete = true;
            }
            "metadata" => count(&said["usage"], &mut heard),
            other if other.ends_with("Exception") => heard.failed = true,
            _ => {}
        }
    }
    for (call, (_, spelt)) in heard.calls.iter_mut().zip(open) {
        call.input = arguments(&spelt);
    }
    known.then_some(heard)
}

fn finish(reason: &Value) -> String {
    match reason.as_str().unwrap_or_default() {
        "end_turn" | "stop_sequence" => "stop",
        "max_tokens" | "model_context_window_exceeded" => "length",
        "tool_use" => "tool_calls",
        "guardrail_intervened" | "content_filtered" => "content_filter",
        other => other,
    }
    .to_owned()
}

fn count(usage: &Value, heard: &mut Heard) {
    if usage.is_object() {
        let read = number(&usage["cacheReadInputTokens"]);
        let written = number(&usage["cacheWriteInputTokens"]);
        heard.usage = Some(Counts {
            prompt: number(&usage["inputTokens"]) + read + written,
            cached: Some(read),
            output: number(&usage["outputTokens"]),
            reasoning: None,
        });
    }
}
