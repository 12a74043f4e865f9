//! Whether an SDK heard what the recording says.

use towerman::core::Dialect;

use crate::{
    heard::{Called, Counts, Heard, numbers},
    judge::Verdict,
    trial::{Kind, Outcome, Trial},
};

pub(crate) fn outcome(trial: &Trial<'_>, verdict: &Verdict) -> Outcome {
    let failed = |why: String| Outcome::Failed(why);
    if let Some(first) = verdict.problems.first() {
        let more = verdict.problems.len() - 1;
        return failed(format!("{first} (and {more} more)"));
    }
    match trial.kind {
        Kind::Request => return Outcome::Accepted,
        Kind::Error => return error(trial, verdict),
        Kind::Whole | Kind::Stream => {}
    }
    let expected = &trial.expected;
    if expected.failed {
        return match &verdict.raised {
            Some(_) => Outcome::Accepted,
            None => failed("a stream that failed was taken for an answer".into()),
        };
    }
    if let Some(raised) = &verdict.raised {
        return failed(raised.clone());
    }
    let Some(heard) = &verdict.heard else {
        return failed("nothing was heard".into());
    };
    let differences = differences(trial.to, expected, heard);
    if !differences.is_empty() {
        return failed(differences.join("; "));
    }
    if trial.to == Dialect::OpenAiCompletions && !expected.calls.is_empty() {
        let why = "calls a tool, which this dialect's clients cannot have offered";
        return Outcome::Refused(why.into());
    }
    Outcome::Accepted
}

fn error(trial: &Trial<'_>, verdict: &Verdict) -> Outcome {
    let status = trial.exhibit.as_ref().map(|exhibit| exhibit.status);
    if verdict.raised.is_some() && verdict.status == status {
        return Outcome::Accepted;
    }
    Outcome::Failed(format!(
        "{status:?} was heard as {:?}, {:?}",
        verdict.status, verdict.raised
    ))
}

fn differences(to: Dialect, expected: &Heard, heard: &Heard) -> Vec<String> {
    let mut all = Vec::new();
    let mut differ = |what: &str, here: String, there: String| {
        if here != there {
            let at = here
                .bytes()
                .zip(there.bytes())
                .take_while(|(a, b)| a == b)
                .count();
            let from = |text: &str| -> String {
                let tail =
                    String::from_utf8_lossy(&text.as_bytes()[at.saturating_sub(20)..]).into_owned();
                tail.chars().take(90).collect()
            };
            all.push(format!(
                "{what} is {:?}, and was {:?}",
                from(&here),
                from(&there)
            ));
        }
    };
    differ("text", words(heard), words_of(to, expected, heard));
    if to != Dialect::OpenAiCompletions {
        differ("thought", bare(&heard.thought), bare(&expected.thought));
        let [here, there] = [heard, expected].map(|side| calls(to, &side.calls, expected));
        differ("calls", here, there);
    }
    if expected.complete {
        differ("finish", finish(to, heard), finish(to, expected));
        let here = heard.usage.filter(|usage| counted(expected, usage));
        let [here, there] = [here, expected.usage].map(|side| side.map(|side| usage(to, side)));
        differ("usage", format!("{here:?}"), format!("{there:?}"));
    }
    if names_models(to) && !expected.model.is_empty() {
        differ("model", heard.model.clone(), expected.model.clone());
    }
    differ(
        "completeness",
        heard.complete.to_string(),
        expected.complete.to_string(),
    );
    all
}

fn words(heard: &Heard) -> String {
    [&*heard.text, &*heard.refusal].concat()
}

/// The words to hear: what was said, and why the model or a filter stopped, where there is a place
/// for that. Where the provider has no words for it, ours may stand there.
fn words_of(to: Dialect, expected: &Heard, heard: &Heard) -> String {
    let wordless = to == Dialect::OpenAiCompletions && heard.text == expected.text;
    let filtered = expected.finish == "content_filter" && expected.refusal.is_empty();
    if wordless || filtered && words(heard).starts_with(&expected.text) {
        return words(heard);
    }
    words(expected)
}

/// Thoughts come in parts, and dialects put other spaces between them.
fn bare(thought: &str) -> String {
    thought.split_whitespace().collect()
}

/// Names and inputs, and ids where the recording has some and the dialect tells them.
fn calls(to: Dialect, calls: &[Called], expected: &Heard) -> String {
    let ids = to != Dialect::Ollama
        && expected
            .calls
            .iter()
            .all(|call| call.id.as_deref().is_some_and(|id| fits(to, id)));
    let one = |call: &Called| {
        let id = call.id.as_deref().filter(|_| ids).unwrap_or_default();
        format!("{id} {}({})", call.name, numbers(&call.input))
    };
    calls.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// Ids that a dialect does not take are told otherwise.
fn fits(to: Dialect, id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    match to {
        Dialect::Anthropic | Dialect::BedrockConverse => id.len() <= 64 && id.bytes().all(plain),
        _ => true,
    }
}

/// The reason to stop, as far as the dialect has one for it.
fn finish(to: Dialect, heard: &Heard) -> String {
    match (to, &*heard.finish) {
        // A call shows itself.
        (
            Dialect::OpenAiResponses
            | Dialect::OpenAiCompletions
            | Dialect::Gemini
            | Dialect::Ollama,
            "tool_calls",
        ) => "stop",
        // What it has no word for is the end of it.
        (Dialect::Ollama, "content_filter") => "stop",
        (Dialect::Cohere, "content_filter" | "ERROR") => "ERROR",
        (_, said @ ("stop" | "length" | "tool_calls" | "content_filter")) => said,
        // A reason that only its provider has; a call shows itself here, too.
        (Dialect::Anthropic, _) if !heard.calls.is_empty() => "tool_calls",
        _ => "stop",
    }
    .to_owned()
}

/// A provider that counts nothing has used nothing, for clients who count on a number.
fn counted(expected: &Heard, heard: &Counts) -> bool {
    expected.usage.is_some() || heard.prompt > 0 || heard.output > 0
}

/// The counts that the dialect has a place for.
fn usage(to: Dialect, counts: Counts) -> Counts {
    let cached = !matches!(to, Dialect::Ollama);
    let reasoning = !matches!(
        to,
        Dialect::Ollama | Dialect::Cohere | Dialect::BedrockConverse
    );
    Counts {
        cached: Some(counts.cached.unwrap_or(0)).filter(|_| cached),
        reasoning: Some(counts.reasoning.unwrap_or(0).min(counts.output)).filter(|_| reasoning),
        ..counts
    }
}

const fn names_models(to: Dialect) -> bool {
    !matches!(to, Dialect::Cohere | Dialect::BedrockConverse)
}
