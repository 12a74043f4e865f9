//! OpenAI's chat dialect, accents of its many hosts included.

use serde_json::Value;

use super::{Called, Counts, Heard, arguments, id, list, number, text};

pub(super) fn whole(body: &Value) -> Option<Heard> {
    if body["error"].is_object() {
        return Some(Heard {
            failed: true,
            ..Heard::default()
        });
    }
    let choice = first(body)?;
    let mut heard = Heard {
        model: text(&body["model"]),
        complete: true,
        ..Heard::default()
    };
    let message = &choice["message"];
    said(message, &mut heard);
    for call in list(&message["tool_calls"]) {
        let custom = &call["custom"];
        heard.calls.push(if custom.is_object() {
            Called {
                id: id(&call["id"]),
                name: text(&custom["name"]),
                input: custom["input"].clone(),
            }
        } else {
            called(call, &call["function"])
        });
    }
    if message["function_call"].is_object() {
        heard
            .calls
            .push(called(&Value::Null, &message["function_call"]));
    }
    heard.finish = finish(&choice["finish_reason"]);
    count(body, &mut heard);
    Some(heard)
}

pub(super) fn stream(events: &[Value]) -> Option<Heard> {
    let mut heard = Heard::default();
    // The place that each call's fragments name, and what they amount to.
    let mut calls: Vec<(u64, Called, String)> = Vec::new();
    let mut known = false;
    for event in events {
        if event == "[DONE]" {
            heard.complete = true;
            break;
        }
        if event["error"].is_object() || event["error"].is_string() {
            heard.failed = true;
            return Some(heard);
        }
        count(event, &mut heard);
        if heard.model.is_empty() {
            heard.model = text(&event["model"]);
        }
        known |= event["choices"].is_array();
        let Some(choice) = first(event) else { continue };
        let delta = &choice["delta"];
        said(delta, &mut heard);
        let legacy = &delta["function_call"];
        if legacy.is_object() {
            fragment(&Value::Null, legacy, &mut calls);
        }
        for call in list(&delta["tool_calls"]) {
            fragment(call, &call["function"], &mut calls);
        }
        if choice["finish_reason"].is_string() && heard.finish.is_empty() {
            heard.finish = finish(&choice["finish_reason"]);
        }
    }
    // Not every recording kept the last line.
    heard.complete |= !heard.finish.is_empty();
    heard.calls = calls
        .into_iter()
        .map(|(_, mut call, spelt)| {
            call.input = arguments(&spelt);
            call
        })
        .collect();
    known.then_some(heard)
}

fn first(body: &Value) -> Option<&Value> {
    list(&body["choices"])
        .iter()
        .find(|choice| number(&choice["index"]) == 0)
}

/// Text and thoughts. Mistral says both as parts of a list.
fn said(message: &Value, heard: &mut Heard) {
    heard.text += &text(&message["content"]);
    for part in list(&message["content"]) {
        if part["type"] == "text" {
            heard.text += &text(&part["text"]);
        }
        for thought in list(&part["thinking"]) {
            heard.thought += &text(&thought["text"]);
        }
    }
    heard.refusal += &text(&message["refusal"]);
    let names = ["reasoning_content", "reasoning"];
    let thought = names.iter().find_map(|name| message[name].as_str());
    heard.thought += thought.unwrap_or_default();
}

fn called(call: &Value, function: &Value) -> Called {
    let spelt = &function["arguments"];
    Called {
        id: id(&call["id"]),
        name: text(&function["name"]),
        // Some hosts say an object, or nothing.
        input: match spelt {
            Value::String(spelt) => arguments(spelt),
            Value::Null => arguments(""),
            other => other.clone(),
        },
    }
}

fn fragment(call: &Value, function: &Value, calls: &mut Vec<(u64, Called, String)>) {
    let index = number(&call["index"]);
    let spelt = text(&function["arguments"]);
    let open = calls.iter_mut().rev().find(|(place, known, _)| {
        *place == index && (id(&call["id"]).is_none() || id(&call["id"]) == known.id)
    });
    match open {
        Some((_, known, all)) => {
            if known.name.is_empty() {
                known.name = text(&function["name"]);
            }
            all.push_str(&spelt);
        }
        None => calls.push((
            index,
            Called {
                id: id(&call["id"]),
                name: text(&function["name"]),
                input: Value::Null,
            },
            spelt,
        )),
    }
}

pub(super) fn finish(reason: &Value) -> String {
    match reason.as_str().unwrap_or_default() {
        "stop" | "eos" | "end_turn" => "stop",
        "length" | "max_tokens" | "model_length" => "length",
        "tool_calls" | "function_call" => "tool_calls",
        other => other,
    }
    .to_owned()
}

/// Reports repeat and complete each other: the largest counts.
pub(super) fn count(body: &Value, heard: &mut Heard) {
    for usage in [&body["usage"], &body["x_groq"]["usage"]] {
        if !usage.is_object() {
            continue;
        }
        let prompt = number(&usage["prompt_tokens"]);
        let mut output = number(&usage["completion_tokens"]);
        let reasoning = number(&usage["completion_tokens_details"]["reasoning_tokens"]);
        // Some hosts count reasoning beside the rest, as their own sum shows.
        if usage["total_tokens"] == prompt + output + reasoning {
            output += reasoning;
        }
        let cached = [
            &usage["prompt_tokens_details"]["cached_tokens"],
            &usage["prompt_cache_hit_tokens"],
            &usage["num_cached_tokens"],
        ];
        let cached = cached.map(number).into_iter().max();
        let before = heard.usage.unwrap_or_default();
        heard.usage = Some(Counts {
            prompt: prompt.max(before.prompt),
            cached: cached.max(before.cached),
            output: output.max(before.output),
            reasoning: Some(reasoning).max(before.reasoning),
        });
    }
}
