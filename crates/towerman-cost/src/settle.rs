//! What is owed for an attempt that is over. Pure.

use towerman_core::{Ask, AttemptFacts, Operation, Phase, Pico, Price, Usage};

use crate::estimate;

/// What is owed for one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bill {
    pub(crate) usage: Usage,
    /// `None` if the endpoint has no price.
    pub(crate) cost: Option<Pico>,
    pub(crate) saved: Option<Pico>,
    pub(crate) estimated: bool,
    pub(crate) maybe_billed: bool,
}

/// Settles an attempt. One that was never sent owes nothing, and leaves no line.
pub(crate) fn settle(
    phase: Phase,
    facts: &AttemptFacts,
    ask: Option<&Ask>,
    price: Option<&Price>,
) -> Option<Bill> {
    let reported = facts.usage.unwrap_or_default();
    let free = ask.is_some_and(|ask| ask.operation == Operation::Count);
    let (usage, estimated) = match phase {
        Phase::Unsent => return None,
        _ if free => (Usage::default(), false),
        // Nobody knows whether the provider began. If it did, it read the prompt.
        Phase::Sent => (estimate::prompt(ask), true),
        Phase::Refused => (reported, false),
        Phase::Open | Phase::Content if is_exact(facts) => (reported, false),
        Phase::Open | Phase::Content => (estimate::completed(ask, facts), true),
    };
    Some(Bill {
        usage,
        cost: price.map(|price| price.cost(&usage)),
        saved: price.map(|price| price.saved(&usage)),
        estimated,
        maybe_billed: phase == Phase::Sent && !free,
    })
}

/// Whether the provider reported everything. A count of zero where something was is no report.
fn is_exact(facts: &AttemptFacts) -> bool {
    facts.complete
        && facts.usage.is_some_and(|usage| {
            usage.prompt() > 0 && (usage.output > 0 || facts.content_bytes == 0)
        })
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use towerman_core::{Dialect, FailureKind};

    use super::*;

    const PRICE: Price = Price {
        input: 3_000_000,
        cache_read: 300_000,
        cache_write: 3_750_000,
        cache_write_long: 6_000_000,
        output: 15_000_000,
    };

    fn ask() -> Ask {
        let mut ask = Ask::new(Dialect::Anthropic, "chat", 0..0);
        ask.prompt_tokens = 1_000;
        ask
    }

    fn reported(usage: Usage) -> AttemptFacts {
        let mut facts = AttemptFacts::default();
        facts.status = Some(StatusCode::OK);
        facts.usage = Some(usage);
        facts
    }

    fn bill(phase: Phase, facts: &AttemptFacts) -> Bill {
        settle(phase, facts, Some(&ask()), Some(&PRICE)).unwrap()
    }

    #[test]
    fn a_complete_report_is_exact_and_every_bucket_is_paid_once() {
        let mut facts = reported(Usage {
            input: 10,
            cache_read: 1_000,
            cache_write: 7,
            cache_write_long: 5,
            output: 20,
            reasoning: 12,
        });
        facts.complete = true;
        facts.content_bytes = 4_000;
        let bill = bill(Phase::Content, &facts);
        let cost = 10 * 3_000_000
            + 1_000 * 300_000
            + 7 * 3_750_000
            + 5 * 6_000_000
            // Reasoning is a part of output.
            + 20 * 15_000_000;
        assert_eq!(bill.cost, Some(Pico(cost)));
        assert_eq!(bill.saved, Some(Pico(1_000 * 2_700_000)));
        assert_eq!((bill.estimated, bill.maybe_billed), (false, false));
        assert_eq!(bill.usage, facts.usage.unwrap());
    }

    #[test]
    fn what_generates_nothing_owes_no_output_and_a_count_owes_nothing() {
        let mut facts = AttemptFacts::default();
        facts.complete = true;
        let owed = |operation, phase| {
            let mut ask = ask();
            ask.operation = operation;
            settle(phase, &facts, Some(&ask), Some(&PRICE)).unwrap()
        };
        for phase in [Phase::Sent, Phase::Open, Phase::Content] {
            let count = owed(Operation::Count, phase);
            assert_eq!(
                (count.usage, count.cost),
                (Usage::default(), Some(Pico::default()))
            );
            assert!(!count.estimated && !count.maybe_billed);
            let embed = owed(Operation::Embed, phase);
            assert_eq!((embed.usage.input, embed.usage.output), (1_000, 0));
            assert!(embed.estimated);
        }
    }

    #[test]
    fn a_complete_answer_without_a_report_is_estimated() {
        let mut facts = AttemptFacts::default();
        facts.complete = true;
        facts.content_bytes = 400;
        let bill = bill(Phase::Content, &facts);
        assert!(bill.estimated);
        assert_eq!((bill.usage.input, bill.usage.output), (1_000, 100));
    }

    #[test]
    fn a_report_that_misses_the_output_is_completed() {
        let mut facts = reported(Usage {
            input: 10,
            ..Usage::default()
        });
        facts.complete = true;
        facts.content_bytes = 400;
        let bill = bill(Phase::Content, &facts);
        assert!(bill.estimated);
        assert_eq!((bill.usage.input, bill.usage.output), (10, 100));
    }

    #[test]
    fn cancelling_in_mid_stream_is_not_free() {
        let mut facts = AttemptFacts::default();
        facts.content_bytes = 4_000;
        let bill = bill(Phase::Content, &facts);
        assert!(bill.estimated && !bill.maybe_billed);
        assert_eq!(bill.usage.input, 1_000);
        assert!(bill.usage.output > 1_000, "biased up: {:?}", bill.usage);
    }

    #[test]
    fn message_start_makes_the_prompt_exact_and_the_output_is_estimated() {
        let mut facts = reported(Usage {
            input: 12,
            cache_read: 900,
            output: 1,
            ..Usage::default()
        });
        facts.content_bytes = 400;
        let bill = bill(Phase::Content, &facts);
        assert!(bill.estimated);
        assert_eq!((bill.usage.input, bill.usage.cache_read), (12, 900));
        assert!(bill.usage.output >= 100);
    }

    #[test]
    fn of_a_partial_report_and_an_estimate_the_larger_counts() {
        let mut facts = reported(Usage {
            input: 12,
            output: 5_000,
            ..Usage::default()
        });
        facts.content_bytes = 400;
        assert_eq!(bill(Phase::Content, &facts).usage.output, 5_000);
    }

    #[test]
    fn sent_without_an_answer_may_be_billed() {
        let facts = AttemptFacts::default();
        let bill = bill(Phase::Sent, &facts);
        assert!(bill.maybe_billed && bill.estimated);
        assert_eq!((bill.usage.input, bill.usage.output), (1_000, 0));
    }

    #[test]
    fn a_refusal_costs_nothing_exactly() {
        let mut facts = AttemptFacts::default();
        facts.status = Some(StatusCode::TOO_MANY_REQUESTS);
        let bill = bill(Phase::Refused, &facts);
        assert_eq!((bill.cost, bill.estimated), (Some(Pico(0)), false));
        assert!(bill.usage.is_zero());
    }

    #[test]
    fn what_was_never_sent_leaves_no_line() {
        let mut facts = AttemptFacts::default();
        facts.failure = Some(FailureKind::Connect);
        let bill = settle(Phase::Unsent, &facts, Some(&ask()), Some(&PRICE));
        assert_eq!(bill, None);
    }

    #[test]
    fn without_a_price_there_is_usage_and_no_cost() {
        let mut facts = reported(Usage {
            input: 10,
            output: 20,
            ..Usage::default()
        });
        facts.complete = true;
        let bill = settle(Phase::Content, &facts, None, None).unwrap();
        assert_eq!((bill.cost, bill.saved), (None, None));
        assert_eq!(bill.usage.total(), 30);
    }
}
