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
        contents.push(content);
    }
    order(&contents)?;
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
///
/// Contents of one side in a row are one turn.
fn order(contents: &[Content]) -> Result<(), Problem> {
    let turns: Vec<_> = contents
        .chunk_by(|a, b| is_model(a) == is_model(b))
        .map(|turn| {
            let calls: usize = turn.iter().map(|content| content.calls.len()).sum();
            let results: usize = turn.iter().map(|content| content.results.len()).sum();
            (calls, results)
        })
        .collect();
    if turns.first().is_some_and(|(calls, _)| *calls > 0) {
        return Err(invalid(
            "Please ensure that function call turn comes immediately after a user turn or after a function response \
             turn.",
        ));
    }
    if turns.first().is_some_and(|(_, results)| *results > 0) {
        return Err(invalid(UNASKED));
    }
    for pair in turns.windows(2) {
        let [(called, _), (_, returned)] = pair else {
            continue;
        };
        match (called, returned) {
            (called, returned) if called == returned => {}
            (0, _) => return Err(invalid(UNASKED)),
            _ => {
                return Err(invalid(
                    "Please ensure that the number of function response parts is equal to the number of function call \
                     parts of the function call turn.",
                ));
            }
        }
    }
    Ok(())
}

const UNASKED: &str =
    "Please ensure that function response turn comes immediately after a function call turn.";

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
