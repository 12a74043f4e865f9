//! Cohere's v2.

use serde_json::Value;

use super::{Called, Counts, Heard, arguments, id, list, number, text};

pub(super) fn whole(body: &Value) -> Option<Heard> {
    let message = &body["message"];
    if !message.is_object() {
        return None;
    }
    let mut heard = Heard {
        complete: true,
        ..Heard::default()
    };
    // What it means to do with the tools is thought.
    heard.thought += &text(&message["tool_plan"]);
    for part in list(&message["content"]) {
        heard.thought += &text(&part["thinking"]);
        heard.text += &text(&part["text"]);
    }
    for call in list(&message["tool_calls"]) {
        heard.calls.push(Called {
            id: id(&call["id"]),
            name: text(&call["function"]["name"]),
            input: arguments(call["function"]["arguments"].as_str().unwrap_or_default()),
        });
    }
    heard.finish = finish(&body["finish_reason"]);
    count(&body["usage"], &mut heard);
    Some(heard)
}

pub(super) fn stream(events: &[Value]) -> Option<Heard> {
    let (mut heard, mut known) = (Heard::default(), false);
    let mut spelt: Vec<String> = Vec::new();
    for event in events {
        let message = &event["delta"]["message"];
        match event["type"].as_str().unwrap_or_default() {
            "message-start" => known = true,
            "tool-plan-delta" => heard.thought += &text(&message["tool_plan"]),
            "content-start" | "content-delta" => {
                heard.text += &text(&message["content"]["text"]);
                heard.thought += &text(&message["content"]["thinking"]);
            }
            "tool-call-start" => {
                let call = &message["tool_calls"];
                heard.calls.push(Called {
                    id: id(&call["id"]),
                    name: text(&call["function"]["name"]),
                    input: Value::Null,
                });
                spelt.push(text(&call["function"]["arguments"]));
            }
            "tool-call-delta" => {
                let more = text(&message["tool_calls"]["function"]["arguments"]);
                spelt.last_mut().unwrap().push_str(&more);
            }
            "message-end" => {
                heard.finish = finish(&event["delta"]["finish_reason"]);
                count(&event["delta"]["usage"], &mut heard);
                heard.failed = event["delta"]["error"].is_string();
                heard.complete = true;
            }
            _ => {}
        }
    }
    for (call, spelt) in heard.calls.iter_mut().zip(spelt) {
        call.input = arguments(&spelt);
    }
    known.then_some(heard)
}

fn finish(reason: &Value) -> String {
    match reason.as_str().unwrap_or_default() {
        "COMPLETE" | "STOP_SEQUENCE" => "stop",
        "MAX_TOKENS" => "length",
        "TOOL_CALL" => "tool_calls",
        other => other,
    }
    .to_owned()
}

fn count(usage: &Value, heard: &mut Heard) {
    if usage.is_object() {
        heard.usage = Some(Counts {
            prompt: number(&usage["tokens"]["input_tokens"]),
            cached: usage["cached_tokens"].as_u64(),
            output: number(&usage["tokens"]["output_tokens"]),
            reasoning: usage["tokens"]["reasoning_tokens"].as_u64(),
        });
    }
}
