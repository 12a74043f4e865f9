//! Ollama's own API: a whole answer is a stream of one line.

use serde_json::Value;

use super::{Called, Counts, Heard, id, list, number, text};

pub(super) fn events(lines: &[Value]) -> Option<Heard> {
    let (mut heard, mut known) = (Heard::default(), false);
    for line in lines {
        if line["error"].is_string() {
            heard.failed = true;
            return Some(heard);
        }
        let message = &line["message"];
        known |= message.is_object();
        heard.model = text(&line["model"]);
        heard.text += &text(&message["content"]);
        heard.thought += &text(&message["thinking"]);
        for call in list(&message["tool_calls"]) {
            heard.calls.push(Called {
                id: id(&call["id"]),
                name: text(&call["function"]["name"]),
                input: call["function"]["arguments"].clone(),
            });
        }
        if line["done"] == true {
            heard.complete = true;
            heard.finish = match line["done_reason"].as_str().unwrap_or_default() {
                "length" => "length",
                // Reasons to load and unload a model are none of the answer's.
                _ => "stop",
            }
            .to_owned();
            if line["eval_count"].is_u64() || line["prompt_eval_count"].is_u64() {
                heard.usage = Some(Counts {
                    prompt: number(&line["prompt_eval_count"]),
                    cached: None,
                    output: number(&line["eval_count"]),
                    reasoning: None,
                });
            }
        }
    }
    known.then_some(heard)
}
