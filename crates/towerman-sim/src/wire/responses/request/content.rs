//! Reads content that is a text or a list of parts, as messages and the outputs of tools have it.

use serde_json::{Value, value::RawValue};

use crate::{json::compact, prompt::Prompt, trouble::Problem, wire::openai::request::missing};

/// The parts that a user's message, or a tool's output, can have.
const INPUT: [&str; 4] = ["input_text", "input_image", "input_file", "input_audio"];

/// The parts that an assistant's message can have.
const OUTPUT: [&str; 2] = ["output_text", "refusal"];

/// Its texts, one a line.
pub(super) fn read(
    raw: &RawValue,
    place: &str,
    output: bool,
    prompt: &mut Prompt,
) -> Result<String, Problem> {
    if let Ok(text) = serde_json::from_str::<String>(raw.get()) {
        prompt.text(&text);
        return Ok(text);
    }
    let parts: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(|_| {
        Problem::invalid(format!(
            "Invalid type for '{place}': expected one of an array of objects or string, but got something else instead."
        ))
        .param(place.to_owned())
        .code("invalid_type")
    })?;
    let known = if output { &OUTPUT[..] } else { &INPUT };
    let mut texts = Vec::new();
    for (at, raw) in parts.into_iter().enumerate() {
        let part: Value = serde_json::from_str(raw.get()).unwrap_or_default();
        let place = format!("{place}[{at}]");
        let kind = part["type"]
            .as_str()
            .ok_or_else(|| missing(format!("{place}.type")))?;
        if !known.contains(&kind) {
            return Err(Problem::invalid(format!(
                "Invalid value: '{kind}'. Supported values are: '{}'.",
                known.join("', '")
            ))
            .param(place)
            .code("invalid_value"));
        }
        let text = match kind {
            "input_text" | "output_text" => "text",
            "refusal" => "refusal",
            _ => {
                prompt.attachment(&compact(raw.get()));
                continue;
            }
        };
        let text = part[text]
            .as_str()
            .ok_or_else(|| missing(format!("{place}.{text}")))?;
        prompt.text(text);
        texts.push(text.to_owned());
    }
    Ok(texts.join("\n"))
}
