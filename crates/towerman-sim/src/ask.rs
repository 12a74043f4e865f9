//! What a request asks of a model, whatever dialect it was asked in.

use serde_json::{Map, Value};

use crate::{
    json::quoted,
    object::Raw,
    prompt::Prompt,
    wire::{Form, Operation},
};

/// A request, validated and understood.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) model: String,
    pub(crate) operation: Operation,
    /// How the answer is to be sent.
    pub(crate) form: Form,
    /// Ends an OpenAI stream with a usage chunk.
    pub(crate) include_usage: bool,
    /// Pads OpenAI's stream chunks to hide their length.
    pub(crate) obfuscate: bool,
    /// How many answers to give to the one prompt.
    pub(crate) choices: u64,
    pub(crate) max_tokens: Option<u64>,
    pub(crate) stops: Vec<String>,
    pub(crate) tools: Vec<Tool>,
    pub(crate) choice: ToolChoice,
    /// More than one call in an answer is allowed.
    pub(crate) parallel: bool,
    pub(crate) prompt: Prompt,
    /// The schema that the answer's text has to meet.
    pub(crate) schema: Option<Value>,
    /// What becomes of the thoughts of a model that thinks.
    pub(crate) thoughts: Thoughts,
    /// Members of the request that the answer repeats.
    pub(crate) echo: Vec<(&'static str, Raw)>,
    /// The text of the last user message.
    pub(crate) said: String,
    /// The results of tools, if they are the last thing in the prompt.
    pub(crate) results: Vec<String>,
}

impl Ask {
    /// A question of which nothing but its prompt is known.
    pub(crate) const fn new(model: String, form: Form, prompt: Prompt) -> Self {
        Self {
            model,
            operation: Operation::Generate,
            form,
            include_usage: true,
            obfuscate: true,
            choices: 1,
            max_tokens: None,
            stops: Vec::new(),
            tools: Vec::new(),
            choice: ToolChoice::Auto,
            parallel: true,
            prompt,
            schema: None,
            thoughts: Thoughts::Shown,
            echo: Vec::new(),
            said: String::new(),
            results: Vec::new(),
        }
    }
}

/// What a request wants of a model's thoughts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Thoughts {
    /// None at all.
    Off,
    /// Billed, and not shown.
    Hidden,
    Shown,
}

/// Whether the model may, must or must not call a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ToolChoice {
    Auto,
    Never,
    Any,
    Named(String),
}

#[derive(Debug, Clone)]
pub(crate) struct Tool {
    pub(crate) name: String,
    /// The JSON schema of its arguments.
    pub(crate) schema: Value,
}

impl Tool {
    /// The least that the schema accepts: every required property, with a plain value.
    pub(crate) fn minimal_arguments(&self) -> String {
        let none = Map::new();
        let properties = self.schema["properties"].as_object().unwrap_or(&none);
        let required = self.schema["required"]
            .as_array()
            .map_or(&[][..], Vec::as_slice);
        let members: Vec<_> = required
            .iter()
            .filter_map(Value::as_str)
            .map(|name| {
                format!(
                    "{}:{}",
                    quoted(name),
                    minimal(properties.get(name).unwrap_or(&Value::Null))
                )
            })
            .collect();
        format!("{{{}}}", members.join(","))
    }
}

/// The least value that a schema accepts.
pub(crate) fn minimal(schema: &Value) -> String {
    if let Some(first) = schema["enum"].as_array().and_then(|values| values.first()) {
        return first.to_string();
    }
    // A type may be a list, as in ["string", "null"].
    let kind = schema["type"]
        .as_str()
        .or_else(|| schema["type"][0].as_str())
        // Gemini's own schemas shout.
        .map(str::to_ascii_lowercase)
        .or_else(|| {
            schema["properties"]
                .is_object()
                .then(|| "object".to_owned())
        });
    match kind.as_deref() {
        Some("integer" | "number") => "0".to_owned(),
        Some("boolean") => "false".to_owned(),
        Some("array") => "[]".to_owned(),
        Some("object") => Tool {
            name: String::new(),
            schema: schema.clone(),
        }
        .minimal_arguments(),
        Some("null") => "null".to_owned(),
        _ => "\"\"".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn minimal_arguments_fill_what_is_required_in_its_order() {
        let schema = json!({
            "type": "object",
            "properties": {
                "unit": {"enum": ["c", "f"]}, "city": {"type": "string"}, "days": {"type": ["integer", "null"]},
                "at": {"type": "object", "properties": {"x": {"type": "number"}}, "required": ["x"]}, "more": {},
            },
            "required": ["unit", "city", "days", "at"],
        });
        let tool = Tool {
            name: "t".into(),
            schema,
        };
        assert_eq!(
            tool.minimal_arguments(),
            r#"{"unit":"c","city":"","days":0,"at":{"x":0}}"#
        );
        assert_eq!(
            Tool {
                name: "t".into(),
                schema: Value::Null
            }
            .minimal_arguments(),
            "{}"
        );
    }
}
