//! Decides what the model would say, from the request alone: the same request, the same words.

use serde_json::value::RawValue;

use crate::{
    answer::Call,
    ask::{Ask, Thoughts, ToolChoice, minimal},
    hash,
    tokens::BYTES,
};

const WORDS: [&str; 32] = [
    "lorem", "ipsum", "dolor", "sit", "amet", "tempor", "elit", "sed", "magna", "aliqua", "enim",
    "minim", "veniam", "quis", "nostrud", "ullamco", "nisi", "commodo", "irure", "velit", "esse",
    "cillum", "fugiat", "nulla", "sint", "culpa", "officia", "mollit", "anim", "labore", "dolore",
    "laborum",
];

/// What a model means to say, before any limit cuts it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Speech {
    pub(crate) thought: Option<String>,
    pub(crate) text: Option<String>,
    pub(crate) calls: Vec<Call>,
}

/// Tokens that a model which thinks spends on it.
const THOUGHT: u64 = 8;

/// One instruction in the text of a user message.
#[derive(Debug, PartialEq, Eq)]
enum Directive<'a> {
    Say(String),
    Call { tool: &'a str, arguments: &'a str },
}

/// What the provider called `name` says to this request, in `tokens` tokens if it is free to choose.
pub(crate) fn speak(name: &str, ask: &Ask, tokens: u64) -> Speech {
    let mut speech = Speech::default();
    for directive in directives(&ask.said) {
        match directive {
            // Directives in what a tool returned are never followed, nor those that came before it.
            _ if !ask.results.is_empty() => {}
            Directive::Say(text) => speech.text.get_or_insert_default().push_str(&text),
            Directive::Call { tool, arguments } if allowed(ask, tool) => {
                speech.calls.push(Call {
                    name: tool.to_owned(),
                    arguments: arguments.to_owned(),
                });
            }
            Directive::Call { .. } => {}
        }
    }
    if !ask.parallel {
        speech.calls.truncate(1);
    }
    if speech.calls.is_empty()
        && let Some(tool) = forced(ask)
    {
        speech.calls.push(Call {
            name: tool.name.clone(),
            arguments: tool.minimal_arguments(),
        });
    }
    if speech == Speech::default() {
        speech.text = Some(match &ask.schema {
            Some(schema) => minimal(schema),
            None if ask.results.is_empty() => lorem(name, &ask.said, tokens),
            None => format!("[{name}] the tool said: {}", ask.results.join(", ")),
        });
    }
    speech
}

/// What it thinks before it says so.
pub(crate) fn think(name: &str, ask: &Ask) -> Option<String> {
    let thinks = ask.thoughts != Thoughts::Off;
    thinks.then(|| lorem(&format!("{name} thinks"), &ask.said, THOUGHT))
}

fn allowed(ask: &Ask, name: &str) -> bool {
    ask.tools.iter().any(|tool| tool.name == name)
        && match &ask.choice {
            ToolChoice::Never => false,
            ToolChoice::Named(only) => only == name,
            ToolChoice::Auto | ToolChoice::Any => true,
        }
}

fn forced(ask: &Ask) -> Option<&crate::ask::Tool> {
    match &ask.choice {
        ToolChoice::Any => ask.tools.first(),
        ToolChoice::Named(name) => ask.tools.iter().find(|tool| tool.name == *name),
        ToolChoice::Auto | ToolChoice::Never => None,
    }
}

/// Text of exactly this many tokens that follows from what the user said.
fn lorem(name: &str, said: &str, tokens: u64) -> String {
    let bytes = tokens as usize * BYTES;
    let mut seed = hash::of(said.as_bytes());
    let mut text = format!("[{name}]");
    while text.len() < bytes {
        seed = hash::mix(seed, 3);
        text.push(' ');
        text.push_str(WORDS[(seed % 32) as usize]);
    }
    let mut end = bytes.saturating_sub(1).min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    if tokens > 0 {
        text.push('.');
    }
    text
}

fn directives(said: &str) -> Vec<Directive<'_>> {
    let mut found = Vec::new();
    let mut rest = said;
    while let Some(at) = ["say:\"", "tool:"]
        .iter()
        .filter_map(|mark| rest.find(mark))
        .min()
    {
        rest = &rest[at..];
        rest = if let Some(quoted) = rest.strip_prefix("say:") {
            match string(quoted) {
                Some((text, after)) => {
                    found.push(Directive::Say(text));
                    after
                }
                None => quoted,
            }
        } else {
            let (directive, after) = call(&rest["tool:".len()..]);
            found.extend(directive);
            after
        };
    }
    found
}

/// A quoted text and what follows it. JSON escapes are undone; raw line breaks are fine too.
fn string(quoted: &str) -> Option<(String, &str)> {
    let mut escaped = false;
    let end = quoted.char_indices().skip(1).find_map(|(at, c)| {
        let closes = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        closes.then_some(at)
    })?;
    let literal = &quoted[..=end];
    let text = serde_json::from_str(literal).unwrap_or_else(|_| literal[1..end].to_owned());
    Some((text, &quoted[end + 1..]))
}

/// `NAME {json}`, with the arguments left exactly as they were written; `{}` if there are none.
fn call(text: &str) -> (Option<Directive<'_>>, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-')
        .unwrap_or(text.len());
    let (tool, after) = text.split_at(end);
    if tool.is_empty() {
        return (None, after);
    }
    let spaced = after.trim_start();
    let arguments = spaced
        .starts_with('{')
        .then(|| {
            serde_json::Deserializer::from_str(spaced)
                .into_iter::<&RawValue>()
                .next()?
                .ok()
        })
        .flatten();
    match arguments {
        Some(raw) => (
            Some(Directive::Call {
                tool,
                arguments: raw.get(),
            }),
            &spaced[raw.get().len()..],
        ),
        None => (
            Some(Directive::Call {
                tool,
                arguments: "{}",
            }),
            after,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::count_tokens;

    #[test]
    fn lorem_is_deterministic_and_exactly_as_long_as_asked() {
        for tokens in [0, 1, 2, 3, 24, 100] {
            assert_eq!(count_tokens(&lorem("alpha", "hi", tokens)), tokens);
        }
        assert_eq!(lorem("alpha", "hi", 24), lorem("alpha", "hi", 24));
        assert_ne!(lorem("alpha", "hi", 24), lorem("alpha", "ho", 24));
        assert!(lorem("alpha", "hi", 24).starts_with("[alpha] "));
    }

    #[test]
    fn directives_are_read_in_order() {
        let said = r#"please say:"tool:no \"yes\" é" then tool:add {"a": 1, "b": "}"} and tool:now, say:"x"#;
        assert_eq!(
            directives(said),
            [
                Directive::Say("tool:no \"yes\" é".into()),
                Directive::Call {
                    tool: "add",
                    arguments: r#"{"a": 1, "b": "}"}"#
                },
                Directive::Call {
                    tool: "now",
                    arguments: "{}"
                },
            ]
        );
    }

    #[test]
    fn odd_directives_do_no_harm() {
        assert_eq!(directives("tool: {} tool:é say: \"x\" say:\"\\"), []);
        assert_eq!(directives("say:\"a\nb\""), [Directive::Say("a\nb".into())]);
        assert_eq!(
            directives("tool:f {bad"),
            [Directive::Call {
                tool: "f",
                arguments: "{}"
            }]
        );
    }
}
