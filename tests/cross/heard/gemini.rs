//! Gemini's `generateContent`: a stream is answers one after the other.

use serde_json::{Value, json};

use super::{Called, Counts, Heard, id, list, number, text};

pub(super) fn events(events: &[Value]) -> Option<Heard> {
    let (mut heard, mut known) = (Heard::default(), false);
    for event in events {
        if event["error"].is_object() {
            heard.failed = true;
            return Some(heard);
        }
        if heard.model.is_empty() {
            heard.model = text(&event["modelVersion"]);
        }
        for candidate in list(&event["candidates"]) {
            known = true;
            if number(&candidate["index"]) == 0 {
                take(candidate, &mut heard);
            }
        }
        if event["promptFeedback"]["blockReason"].is_string() {
            known = true;
            heard.finish = "content_filter".into();
            heard.refusal += &text(&event["promptFeedback"]["blockReasonMessage"]);
        }
        count(&event["usageMetadata"], &mut heard);
    }
    heard.complete = !heard.finish.is_empty();
    known.then_some(heard)
}

fn take(candidate: &Value, heard: &mut Heard) {
    for part in list(&candidate["content"]["parts"]) {
        let said = text(&part["text"]);
        if part["thought"] == true {
            heard.thought += &said;
        } else {
            heard.text += &said;
        }
        let call = &part["functionCall"];
        if !call.is_object() {
            continue;
        }
        if call["name"].is_string() {
            heard.calls.push(Called {
                id: id(&call["id"]),
                name: text(&call["name"]),
                input: match &call["args"] {
                    Value::Null => json!({}),
                    args => args.clone(),
                },
            });
        }
        for piece in list(&call["partialArgs"]) {
            let input = &mut heard.calls.last_mut().unwrap().input;
            put(input, piece["jsonPath"].as_str().unwrap(), piece);
        }
    }
    heard.finish = match candidate["finishReason"].as_str() {
        None => return,
        Some("STOP") => "stop",
        Some("MAX_TOKENS") => "length",
        Some(
            "SAFETY"
            | "RECITATION"
            | "LANGUAGE"
            | "BLOCKLIST"
            | "PROHIBITED_CONTENT"
            | "SPII"
            | "IMAGE_SAFETY"
            | "MODEL_ARMOR"
            | "IMAGE_PROHIBITED_CONTENT"
            | "IMAGE_RECITATION",
        ) => "content_filter",
        Some(other) => other,
    }
    .to_owned();
    if heard.finish == "content_filter" {
        heard.refusal += &text(&candidate["finishMessage"]);
    }
}

/// A piece of an argument, at `$.a[0].b`.
fn put(input: &mut Value, path: &str, piece: &Value) {
    let steps = path
        .trim_start_matches('$')
        .replace('[', ".")
        .replace(']', "");
    let mut at = input;
    for step in steps.split('.').filter(|step| !step.is_empty()) {
        at = match step.parse::<usize>() {
            Ok(index) => {
                if !at.is_array() {
                    *at = json!([]);
                }
                let list = at.as_array_mut().unwrap();
                while list.len() <= index {
                    list.push(Value::Null);
                }
                &mut list[index]
            }
            Err(_) => &mut at[step],
        };
    }
    if let Some(more) = piece["stringValue"].as_str() {
        *at = (text(at) + more).into();
    } else if !piece["numberValue"].is_null() {
        *at = piece["numberValue"].clone();
    } else if !piece["boolValue"].is_null() {
        *at = piece["boolValue"].clone();
    }
}

/// What tools put into the prompt, and what was thought, is counted beside the rest.
fn count(usage: &Value, heard: &mut Heard) {
    if !usage["promptTokenCount"].is_u64() {
        return;
    }
    let before = heard.usage.unwrap_or_default();
    let prompt = number(&usage["promptTokenCount"]) + number(&usage["toolUsePromptTokenCount"]);
    // Reports repeat and complete each other: of each, the largest counts.
    let said = before.output - before.reasoning.unwrap_or(0);
    let said = number(&usage["candidatesTokenCount"]).max(said);
    let reasoning = Some(number(&usage["thoughtsTokenCount"])).max(before.reasoning);
    heard.usage = Some(Counts {
        prompt: prompt.max(before.prompt),
        cached: Some(number(&usage["cachedContentTokenCount"])).max(before.cached),
        output: said + reasoning.unwrap_or(0),
        reasoning,
    });
}
