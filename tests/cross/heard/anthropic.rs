//! Anthropic's Messages.

use serde_json::Value;

use super::{Called, Counts, Heard, arguments, id, list, number, text};

pub(super) fn whole(body: &Value) -> Option<Heard> {
    if body["type"] == "error" {
        return Some(Heard {
            failed: true,
            ..Heard::default()
        });
    }
    if !body["content"].is_array() {
        return None;
    }
    let mut heard = Heard {
        model: text(&body["model"]),
        complete: true,
        ..Heard::default()
    };
    for block in list(&body["content"]) {
        take(block, &mut heard);
    }
    stopped(body, &mut heard);
    count(&body["usage"], &mut heard);
    Some(heard)
}

pub(super) fn stream(events: &[Value]) -> Option<Heard> {
    let (mut heard, mut known) = (Heard::default(), false);
    let (mut open, mut spelt, mut begun) = (Value::Null, String::new(), false);
    for event in events {
        match event["type"].as_str().unwrap_or_default() {
            // It begins anew: what was said before is not true.
            "message_start" if begun => {
                heard.failed = true;
                return Some(heard);
            }
            "message_start" => {
                known = true;
                heard.model = text(&event["message"]["model"]);
                count(&event["message"]["usage"], &mut heard);
            }
            "content_block_start" => {
                begun = true;
                open = event["content_block"].clone();
                spelt.clear();
            }
            "content_block_delta" => {
                let delta = &event["delta"];
                for (member, said) in [("text", "text"), ("thinking", "thinking")] {
                    if let Some(said) = delta[said].as_str() {
                        open[member] = (text(&open[member]) + said).into();
                    }
                }
                spelt += &text(&delta["partial_json"]);
            }
            "content_block_stop" => {
                if !spelt.is_empty() {
                    open["input"] = arguments(&spelt);
                }
                take(&open.take(), &mut heard);
            }
            "message_delta" => {
                stopped(&event["delta"], &mut heard);
                count(&event["usage"], &mut heard);
            }
            "message_stop" => {
                heard.complete = true;
                // Some recordings have several answers behind each other.
                break;
            }
            "error" => {
                heard.failed = true;
                return Some(heard);
            }
            _ => {}
        }
    }
    known.then_some(heard)
}

/// What the provider's own tools do is no word of the model's.
fn take(block: &Value, heard: &mut Heard) {
    match block["type"].as_str().unwrap_or_default() {
        "text" => heard.text += &text(&block["text"]),
        "thinking" => heard.thought += &text(&block["thinking"]),
        "tool_use" => heard.calls.push(Called {
            id: id(&block["id"]),
            name: text(&block["name"]),
            input: block["input"].clone(),
        }),
        _ => {}
    }
}

fn stopped(said: &Value, heard: &mut Heard) {
    heard.finish = match said["stop_reason"].as_str().unwrap_or_default() {
        "end_turn" | "stop_sequence" => "stop",
        // A turn that paused is one that was cut, for whoever cannot go on with it.
        "max_tokens" | "model_context_window_exceeded" | "pause_turn" => "length",
        "tool_use" => "tool_calls",
        "refusal" => "content_filter",
        other => other,
    }
    .to_owned();
    heard.refusal += &text(&said["stop_details"]["explanation"]);
}

/// What a later report leaves out stands as an earlier one said it.
fn count(usage: &Value, heard: &mut Heard) {
    if !usage.is_object() {
        return;
    }
    let before = heard.usage.unwrap_or_default();
    let read = &usage["cache_read_input_tokens"];
    let written = number(&usage["cache_creation_input_tokens"]);
    let prompt = number(&usage["input_tokens"]) + number(read) + written;
    heard.usage = Some(Counts {
        prompt: prompt.max(before.prompt),
        cached: Some(number(read)).max(before.cached),
        output: number(&usage["output_tokens"]).max(before.output),
        reasoning: Some(number(&usage["output_tokens_details"]["thinking_tokens"]))
            .max(before.reasoning),
    });
}
