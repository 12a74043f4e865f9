//! OpenAI's legacy completions.

use serde_json::Value;

use super::{Heard, chat, list, number, text};

pub(super) fn whole(body: &Value) -> Option<Heard> {
    let mut heard = stream(std::slice::from_ref(body))?;
    heard.complete = true;
    Some(heard)
}

pub(super) fn stream(events: &[Value]) -> Option<Heard> {
    let (mut heard, mut known) = (Heard::default(), false);
    for event in events {
        if event == "[DONE]" {
            heard.complete = true;
            break;
        }
        heard.failed |= event["error"].is_object();
        heard.model = text(&event["model"]);
        for choice in list(&event["choices"]) {
            known = true;
            if number(&choice["index"]) != 0 {
                continue;
            }
            heard.text += &text(&choice["text"]);
            if choice["finish_reason"].is_string() {
                heard.finish = chat::finish(&choice["finish_reason"]);
            }
        }
        chat::count(event, &mut heard);
    }
    known.then_some(heard)
}
