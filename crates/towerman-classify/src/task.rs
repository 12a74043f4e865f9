//! What kind of work a request is. Pure.

use towerman_core::{Ask, Operation};

/// A task, and when a request is one.
type Rule = (&'static str, fn(&Ask) -> bool);

/// The first rule that holds names the task.
const RULES: [Rule; 7] = [
    ("embedding", |ask| ask.operation == Operation::Embed),
    ("counting", |ask| ask.operation == Operation::Count),
    ("extraction", |ask| ask.structured),
    ("vision", |ask| ask.media),
    ("agent", |ask| ask.tools),
    ("long-context", |ask| ask.prompt_tokens >= 32_000),
    ("short", |ask| {
        ask.max_output.is_some_and(|tokens| tokens <= 64)
    }),
];

/// The kind of work that `ask` looks like: `embedding` and `counting` if it wants nothing else,
/// `extraction` if the answer must be of a shape,
/// `vision` with media, `agent` with tools, `long-context` from 32,000 tokens on, `short` for
/// answers of at most 64 tokens, or else `chat`.
pub fn task(ask: &Ask) -> &'static str {
    RULES
        .iter()
        .find(|(_, holds)| holds(ask))
        .map_or("chat", |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use towerman_core::Dialect;

    use super::*;

    #[test]
    fn the_first_rule_that_holds_names_the_task() {
        let mut ask = Ask::new(Dialect::OpenAiChat, "m", 0..0);
        assert_eq!(task(&ask), "chat");
        ask.max_output = Some(64);
        assert_eq!(task(&ask), "short");
        ask.prompt_tokens = 32_000;
        assert_eq!(task(&ask), "long-context");
        ask.tools = true;
        assert_eq!(task(&ask), "agent");
        ask.media = true;
        assert_eq!(task(&ask), "vision");
        ask.structured = true;
        assert_eq!(task(&ask), "extraction");
    }
}
