//! What an attempt used, when the provider did not say. Pure.

use towerman_core::{Ask, AttemptFacts, Operation, Usage};

/// About how many bytes of text make a token. Prompts are measured with the same number.
const BYTES_PER_TOKEN: u64 = 4;

/// Tokens that a provider still generates while the news that nobody listens travels to it:
/// a tenth of a second at the speed of a fast model.
const TAIL: u64 = 16;

/// The prompt, from the request's size. All of it counts as uncached: the dearer reading.
pub(crate) fn prompt(ask: Option<&Ask>) -> Usage {
    Usage {
        input: ask.map_or(0, |ask| ask.prompt_tokens),
        ..Usage::default()
    }
}

/// Completes what was reported of an answer that was not reported in full.
///
/// A reported prompt is exact and stays; it comes first in a stream. Of output the larger of what
/// was reported and what was seen counts.
pub(crate) fn completed(ask: Option<&Ask>, facts: &AttemptFacts) -> Usage {
    let mut usage = facts.usage.unwrap_or_default();
    if usage.prompt() == 0 {
        usage = usage.merge(prompt(ask));
    }
    usage.output = usage.output.max(output(ask, facts));
    usage
}

/// The output that was generated, from the bytes that were delivered.
fn output(ask: Option<&Ask>, facts: &AttemptFacts) -> u64 {
    if ask.is_some_and(|ask| ask.operation != Operation::Generate) {
        return 0;
    }
    let seen = facts.content_bytes.div_ceil(BYTES_PER_TOKEN);
    let running = facts.finish.is_none() && !facts.complete;
    let unseen = if running { TAIL } else { 0 };
    // No provider generates, or bills, more than it was asked for.
    let limit = ask.and_then(|ask| ask.max_output).unwrap_or(u64::MAX);
    seen.saturating_add(unseen).min(limit)
}

#[cfg(test)]
mod tests {
    use towerman_core::{Dialect, Finish};

    use super::*;

    fn ask(max_output: Option<u64>) -> Ask {
        let mut ask = Ask::new(Dialect::OpenAiChat, "chat", 0..0);
        ask.prompt_tokens = 100;
        ask.max_output = max_output;
        ask
    }

    fn seen(content_bytes: u64) -> AttemptFacts {
        let mut facts = AttemptFacts::default();
        facts.content_bytes = content_bytes;
        facts
    }

    #[test]
    fn an_estimate_rounds_up_and_adds_what_is_still_being_generated() {
        let usage = completed(Some(&ask(None)), &seen(401));
        assert_eq!((usage.input, usage.output), (100, 101 + TAIL));
    }

    #[test]
    fn a_model_that_had_finished_generates_nothing_unseen() {
        let mut facts = seen(400);
        facts.finish = Some(Finish::Stop);
        assert_eq!(completed(Some(&ask(None)), &facts).output, 100);
    }

    #[test]
    fn no_estimate_exceeds_what_was_asked_for() {
        assert_eq!(completed(Some(&ask(Some(5))), &seen(400)).output, 5);
    }

    #[test]
    fn a_reported_prompt_stays_even_if_the_estimate_is_larger() {
        let mut facts = seen(0);
        facts.usage = Some(Usage {
            input: 3,
            cache_read: 60,
            output: 400,
            ..Usage::default()
        });
        let usage = completed(Some(&ask(None)), &facts);
        assert_eq!((usage.prompt(), usage.output), (63, 400));
    }

    #[test]
    fn without_an_ask_only_what_was_seen_counts() {
        assert_eq!(prompt(None), Usage::default());
        assert_eq!(completed(None, &seen(4)).output, 1 + TAIL);
    }
}
