//! Reads the contents: their tokens, what the user said last, what functions returned.

use serde_json::value::RawValue;

use super::{
    super::error::invalid,
    parts::{self, Content},
};
use crate::{prompt::Prompt, seal, trouble::Problem, wire::Rules};

/// What the answer depends on.
#[derive(Default)]
pub(super) struct History {
    pub(super) said: String,
    pub(super) results: Vec<String>,
}

pub(super) fn read(
    raw: &[&RawValue],
    rules: &Rules<'_>,
    prompt: &mut Prompt,
) -> Result<History, Problem> {
    if raw.is_empty() {
        return Err(invalid(
            "* GenerateContentRequest.contents: contents is not specified\n",
        ));
    }
    let mut contents: Vec<Content> = Vec::new();
    for (at, raw) in raw.iter().enumerate() {
        prompt.message(&role(raw));
        let content = parts::read(raw, &format!("contents[{at}]"), rules.strict, prompt)?;
        if !matches!(
            content.role.as_deref(),
            None | Some("user" | "model" | "function")
        ) {
            return Err(invalid("Please use a valid role: user, model."));
        }
        order(contents.last(), &content)?;
        contents.push(content);
    }
    if rules.thinking {
        signed(&contents, rules.name)?;
    }
    let mut history = History::default();
    for content in contents {
        if is_model(&content) {
            history = History::default();
        } else {
            history.said = content.text;
            history.results.extend(content.results);
        }
    }
    Ok(history)
}

fn role(raw: &RawValue) -> String {
    #[derive(serde::Deserialize)]
    struct Role {
        role: Option<String>,
    }
    let role = serde_json::from_str::<Role>(raw.get()).ok();
    role.and_then(|role| role.role)
        .unwrap_or_else(|| "user".to_owned())
}

fn is_model(content: &Content) -> bool {
    content.role.as_deref() == Some("model")
}

/// Refuses calls and responses that do not follow on what they have to.
fn order(before: Option<&Content>, content: &Content) -> Result<(), Problem> {
    let called = before.map_or(0, |before| before.calls.len());
    if !content.calls.is_empty() && before.is_none_or(is_model) {
        return Err(invalid(
            "Please ensure that function call turn comes immediately after a user turn or after a function response \
             turn.",
        ));
    }
    if !content.results.is_empty() && called == 0 {
        return Err(invalid(
            "Please ensure that function response turn comes immediately after a function call turn.",
        ));
    }
    if content.results.len() != called {
        return Err(invalid(
            "Please ensure that the number of function response parts is equal to the number of function call parts \
             of the function call turn.",
        ));
    }
    Ok(())
}

/// Refuses calls of the current turn whose first lost its signature, or has another's.
fn signed(contents: &[Content], name: &str) -> Result<(), Problem> {
    // A turn starts with what the user says, and goes on through what functions return.
    let starts = |content: &Content| !is_model(content) && content.results.is_empty();
    let turn = contents.iter().rposition(starts).unwrap_or(0);
    for (at, content) in contents.iter().enumerate().skip(turn) {
        // Of calls side by side, only the first is signed.
        let Some(call) = content.calls.first() else {
            continue;
        };
        match &call.signature {
            None => {
                return Err(invalid(format!(
                    "Function call is missing a thought_signature in functionCall parts. This is required for tools \
                     to work correctly, and missing thought_signature may lead to degraded model performance. \
                     Additional data, function call `default_api:{}` , position {}.",
                    call.name,
                    at + 1
                )));
            }
            Some(signature) if seal::is_foreign(signature, name) => {
                return Err(invalid("Corrupted thought signature."));
            }
            Some(_) => {}
        }
    }
    Ok(())
}
