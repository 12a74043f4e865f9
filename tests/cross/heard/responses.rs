//! OpenAI's Responses, and who speaks like it.

use serde_json::Value;

use super::{Called, Counts, Heard, arguments, id, list, number, text};

pub(super) fn whole(body: &Value) -> Option<Heard> {
    if body["error"].is_object() || body["status"] == "failed" {
        return Some(Heard {
            failed: true,
            ..Heard::default()
        });
    }
    if !body["output"].is_array() {
        return None;
    }
    let mut heard = Heard {
        model: text(&body["model"]),
        complete: true,
        ..Heard::default()
    };
    for item in list(&body["output"]) {
        take(item, &mut heard);
    }
    close(body, &mut heard);
    Some(heard)
}

pub(super) fn stream(events: &[Value]) -> Option<Heard> {
    let (mut heard, mut known) = (Heard::default(), false);
    let mut items = Vec::new();
    for event in events {
        let kind = event["type"].as_str().unwrap_or_default();
        known |= kind.starts_with("response.");
        if heard.model.is_empty() {
            heard.model = text(&event["response"]["model"]);
        }
        match kind {
            "response.output_item.done" => items.push(&event["item"]),
            "response.completed" | "response.incomplete" => {
                let response = &event["response"];
                if items.is_empty() {
                    items.extend(list(&response["output"]));
                }
                close(response, &mut heard);
                heard.complete = true;
                // Some recordings have several answers behind each other.
                break;
            }
            "response.failed" | "error" => {
                heard.failed = true;
                return Some(heard);
            }
            _ => {}
        }
    }
    items.iter().for_each(|item| take(item, &mut heard));
    known.then_some(heard)
}

fn take(item: &Value, heard: &mut Heard) {
    match item["type"].as_str().unwrap_or_default() {
        "message" => {
            for part in list(&item["content"]) {
                heard.text += &text(&part["text"]);
                heard.refusal += &text(&part["refusal"]);
            }
        }
        "reasoning" => {
            for part in list(&item["summary"]).iter().chain(list(&item["content"])) {
                heard.thought += &text(&part["text"]);
            }
        }
        "function_call" => heard.calls.push(Called {
            id: id(&item["call_id"]),
            name: text(&item["name"]),
            input: arguments(item["arguments"].as_str().unwrap_or_default()),
        }),
        "custom_tool_call" => heard.calls.push(Called {
            id: id(&item["call_id"]),
            name: text(&item["name"]),
            input: item["input"].clone(),
        }),
        _ => {}
    }
}

fn close(response: &Value, heard: &mut Heard) {
    let why = response["incomplete_details"]["reason"].as_str();
    heard.finish = match (response["status"].as_str(), why) {
        (Some("incomplete"), Some("content_filter")) => "content_filter",
        (Some("incomplete"), _) => "length",
        _ => "stop",
    }
    .to_owned();
    let usage = &response["usage"];
    if usage.is_object() {
        let (prompt, mut output) = (
            number(&usage["input_tokens"]),
            number(&usage["output_tokens"]),
        );
        let reasoning = number(&usage["output_tokens_details"]["reasoning_tokens"]);
        // Some hosts count reasoning beside the rest, as their own sum shows.
        if usage["total_tokens"] == prompt + output + reasoning {
            output += reasoning;
        }
        heard.usage = Some(Counts {
            prompt,
            cached: Some(number(&usage["input_tokens_details"]["cached_tokens"])),
            output,
            reasoning: Some(reasoning),
        });
    }
}
