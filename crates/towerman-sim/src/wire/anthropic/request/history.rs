//! Reads the messages: their tokens, what the user said last, what tools returned.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{content, required};
use crate::{prompt::Prompt, trouble::Problem};

#[derive(Deserialize)]
pub(super) struct Message<'a> {
    role: Option<String>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
}

/// What the answer depends on.
#[derive(Default)]
pub(super) struct History {
    pub(super) said: String,
    pub(super) results: Vec<String>,
}

pub(super) fn read(messages: &[Message<'_>], prompt: &mut Prompt) -> Result<History, Problem> {
    let mut history = History::default();
    // Calls of the last assistant turn: all of them, and those without a result so far.
    let (mut called, mut awaited) = (Vec::<String>::new(), Vec::<String>::new());
    let mut previous = "";
    for (at, message) in messages.iter().enumerate() {
        let place = format!("messages.{at}");
        let role = message
            .role
            .as_deref()
            .ok_or_else(|| required(&format!("{place}.role")))?;
        if !["user", "assistant", "system"].contains(&role) {
            return Err(Problem::invalid(format!(
                "{place}.role: Input should be 'user' or 'assistant'"
            )));
        }
        let raw = message
            .content
            .ok_or_else(|| required(&format!("{place}.content")))?;
        prompt.message(role);
        let content = content::read(raw, &format!("{place}.content"), prompt)?;

        if role == "assistant" {
            // Messages of one role in a row are one turn.
            if previous != "assistant" {
                unanswered(&awaited, at)?;
                called.clear();
            }
            called.extend(content.calls.iter().cloned());
            awaited.extend(content.calls);
            history.results.clear();
        } else if role == "user" {
            if previous == "assistant" {
                history = History::default();
            }
            for (id, result) in content.results {
                if !called.contains(&id) {
                    return Err(Problem::invalid(format!(
                        "{place}.content: unexpected `tool_use_id` found in `tool_result` blocks: {id}. Each \
                         `tool_result` block must have a corresponding `tool_use` block in the previous message."
                    )));
                }
                awaited.retain(|awaited| *awaited != id);
                history.results.push(result);
            }
            history.said = content.text;
        }
        previous = role;
    }
    unanswered(&awaited, messages.len())?;
    Ok(history)
}

/// Refuses calls that the turn after them, which ends before message `at`, does not answer.
fn unanswered(awaited: &[String], at: usize) -> Result<(), Problem> {
    if awaited.is_empty() {
        return Ok(());
    }
    Err(Problem::invalid(format!(
        "messages.{}: `tool_use` ids were found without `tool_result` blocks immediately after: {}. Each `tool_use` \
         block must have a corresponding `tool_result` block in the next message.",
        at.saturating_sub(1),
        awaited.join(", ")
    )))
}
