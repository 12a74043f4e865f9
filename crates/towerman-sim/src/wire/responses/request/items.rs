//! Reads the input items: their tokens, what the user said last, what tools returned.

use serde_json::{Value, value::RawValue};

use super::content;
use crate::{json::compact, prompt::Prompt, trouble::Problem, wire::openai::request::missing};

/// What the answer depends on.
#[derive(Default)]
pub(super) struct History {
    pub(super) said: String,
    pub(super) results: Vec<String>,
}

/// The items of an input, as they are read one by one.
#[derive(Default)]
struct Reading {
    history: History,
    called: Vec<String>,
    /// Calls without an output so far.
    awaited: Vec<String>,
    /// A reasoning item that what it led to has not followed yet.
    reasoning: Option<String>,
}

pub(super) fn read(input: &RawValue, prompt: &mut Prompt) -> Result<History, Problem> {
    if let Ok(said) = serde_json::from_str::<String>(input.get()) {
        prompt.message("user");
        prompt.text(&said);
        prompt.end_block(None);
        return Ok(History {
            said,
            ..History::default()
        });
    }
    let items: Vec<&RawValue> = serde_json::from_str(input.get()).map_err(|_| {
        Problem::invalid(
            "Invalid type for 'input': expected one of an array of input items or string.",
        )
        .param("input")
        .code("invalid_type")
    })?;
    let mut reading = Reading::default();
    for (at, raw) in items.into_iter().enumerate() {
        reading.item(raw, &format!("input[{at}]"), prompt)?;
        prompt.end_block(None);
    }
    if let Some(id) = reading.reasoning {
        return Err(lonely(&id));
    }
    if let Some(id) = reading.awaited.first() {
        return Err(
            Problem::invalid(format!("No tool output found for function call {id}."))
                .param("input"),
        );
    }
    Ok(reading.history)
}

fn lonely(id: &str) -> Problem {
    Problem::invalid(format!(
        "Item '{id}' of type 'reasoning' was provided without its required following item."
    ))
    .param("input")
}

impl Reading {
    fn item(&mut self, raw: &RawValue, place: &str, prompt: &mut Prompt) -> Result<(), Problem> {
        let item: Item<'_> = Item::new(raw, place);
        let kind = item.value["type"].as_str();
        let spoken = item.value["role"].as_str();
        let follows =
            matches!(kind, Some("function_call" | "reasoning")) || spoken == Some("assistant");
        if let Some(id) = self.reasoning.take()
            && !follows
        {
            return Err(lonely(&id));
        }
        match kind {
            None | Some("message") => self.message(&item, prompt)?,
            Some("function_call") => {
                let (id, name) = (item.text("call_id")?, item.text("name")?);
                prompt.text(name);
                prompt.text(item.text("arguments")?);
                self.called.push(id.to_owned());
                self.awaited.push(id.to_owned());
                self.history.results.clear();
            }
            Some("function_call_output") => {
                let id = item.text("call_id")?;
                if !self.called.iter().any(|called| called == id) {
                    return Err(Problem::invalid(format!(
                        "No tool call found for function call output with call_id {id}."
                    ))
                    .param("input"));
                }
                self.awaited.retain(|awaited| awaited != id);
                let place = format!("{place}.output");
                let output = item.raw("output").ok_or_else(|| missing(place.clone()))?;
                let output = content::read(output, &place, false, prompt)?;
                self.history.results.push(output);
            }
            Some("reasoning") => {
                if !item.value["summary"].is_array() {
                    return Err(missing(format!("{place}.summary")));
                }
                for part in item.value["summary"].as_array().into_iter().flatten() {
                    prompt.text(part["text"].as_str().unwrap_or_default());
                }
                self.reasoning = item.value["id"].as_str().map(str::to_owned);
            }
            // What OpenAI's own tools did.
            Some(_) => prompt.text(&compact(raw.get())),
        }
        Ok(())
    }

    fn message(&mut self, item: &Item<'_>, prompt: &mut Prompt) -> Result<(), Problem> {
        let role = item.text("role")?;
        let place = item.place;
        if !["user", "assistant", "system", "developer"].contains(&role) {
            return Err(Problem::invalid(format!(
                "Invalid value: '{role}'. Supported values are: 'assistant', 'system', 'developer', and 'user'."
            ))
            .param(format!("{place}.role"))
            .code("invalid_value"));
        }
        prompt.message(role);
        let place = format!("{place}.content");
        let content = item.raw("content").ok_or_else(|| missing(place.clone()))?;
        let said = content::read(content, &place, role == "assistant", prompt)?;
        self.history.results.clear();
        if role == "user" {
            self.history.said = said;
        }
        Ok(())
    }
}

struct Item<'a> {
    place: &'a str,
    members: Vec<(String, &'a RawValue)>,
    value: Value,
}

impl<'a> Item<'a> {
    fn new(raw: &'a RawValue, place: &'a str) -> Self {
        let members = serde_json::from_str::<crate::json::Members<'a>>(raw.get());
        Self {
            place,
            members: members.map_or_else(|_| Vec::new(), |members| members.0),
            value: serde_json::from_str(raw.get()).unwrap_or_default(),
        }
    }

    fn raw(&self, name: &str) -> Option<&'a RawValue> {
        let mut members = self.members.iter();
        members.find(|(own, _)| own == name).map(|(_, raw)| *raw)
    }

    fn text(&self, name: &str) -> Result<&str, Problem> {
        self.value[name]
            .as_str()
            .ok_or_else(|| missing(format!("{}.{name}", self.place)))
    }
}
