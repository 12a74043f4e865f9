//! Reads the messages: their tokens, what the user said last, what tools returned.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{super::error::invalid, content};
use crate::{prompt::Prompt, trouble::Problem};

#[derive(Deserialize)]
pub(super) struct Message<'a> {
    role: Option<String>,
    #[serde(borrow, default)]
    content: Vec<&'a RawValue>,
}

/// What the answer depends on.
#[derive(Default)]
pub(super) struct History {
    pub(super) said: String,
    pub(super) results: Vec<String>,
}

pub(super) fn read(
    messages: &[Message<'_>],
    has_tools: bool,
    prompt: &mut Prompt,
) -> Result<History, Problem> {
    let mut history = History::default();
    let mut called: Vec<String> = Vec::new();
    let mut previous = "assistant";
    for (at, message) in messages.iter().enumerate() {
        let role = message.role.as_deref().unwrap_or_default();
        turn(role, previous, at)?;
        prompt.message(role);
        let content = content::read(&message.content, at, prompt)?;
        let uses_tools = !content.calls.is_empty() || !content.results.is_empty();
        if uses_tools && !has_tools {
            return Err(invalid(
                "The toolConfig field must be defined when using toolUse and toolResult content blocks.",
            ));
        }
        answered(&called, &content.results, at)?;
        history = History::default();
        if role == "user" {
            history.said = content.text;
            history.results = content.results.into_iter().map(|(_, text)| text).collect();
        }
        called = content.calls;
        previous = role;
    }
    if messages.is_empty() {
        return Err(invalid(
            "A conversation must start with a user message. Try again with a conversation that starts with a user \
             message.",
        ));
    }
    answered(&called, &[], messages.len())?;
    Ok(history)
}

/// Refuses a message whose role is not due.
fn turn(role: &str, previous: &str, at: usize) -> Result<(), Problem> {
    let message = match (role, at) {
        ("assistant", 0) => {
            "A conversation must start with a user message. Try again with a conversation that starts with a user \
             message."
        }
        ("user" | "assistant", _) if role == previous => {
            "A conversation must alternate between user and assistant roles. Make sure the conversation alternates \
             between user and assistant roles and try again."
        }
        ("user" | "assistant", _) => return Ok(()),
        _ => {
            return Err(invalid(format!(
                "1 validation error detected: Value '{role}' at 'messages.{}.member.role' failed to satisfy \
                 constraint: Member must satisfy enum value set: [user, assistant]",
                at + 1
            )));
        }
    };
    Err(invalid(message))
}

/// Refuses results that are not those of the calls just before, all of them and no other.
fn answered(called: &[String], results: &[(String, String)], at: usize) -> Result<(), Problem> {
    let missing: Vec<_> = called
        .iter()
        .filter(|id| !results.iter().any(|(result, _)| result == *id))
        .map(String::as_str)
        .collect();
    if !missing.is_empty() {
        return Err(invalid(format!(
            "Expected toolResult blocks at messages.{at}.content for the following Ids: {}",
            missing.join(", ")
        )));
    }
    if results.len() > called.len() {
        return Err(invalid(format!(
            "The number of toolResult blocks at messages.{at}.content exceeds the number of toolUse blocks of \
             previous turn."
        )));
    }
    Ok(())
}
