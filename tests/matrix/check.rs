//! What must hold after a case.

use std::{fmt::Debug, time::Instant};

use towerman::{
    core::{Availability, CircuitState, Dialect, FaultKind},
    cost::Line,
    telemetry::Decision,
};
use towerman_sim::{Book, Fault};
use towerman_tests::client::Heard;

use super::{
    case::Case,
    stage::{PRICE, Stage, cost},
    story::{Bill, Story, Then},
};

/// What is wrong so far.
#[derive(Debug, Default)]
pub(crate) struct Check(Vec<String>);

impl Check {
    pub(crate) const fn holds(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn broken(self) -> Vec<String> {
        self.0
    }

    pub(crate) fn that(&mut self, what: &str, holds: bool) {
        if !holds {
            self.0.push(format!("not so: {what}"));
        }
    }

    pub(crate) fn equal<T: PartialEq + Debug>(&mut self, what: &str, seen: T, expected: T) {
        let both = [seen, expected];
        if both[0] != both[1] {
            self.0
                .push(format!("{what}: {:?} instead of {:?}", both[0], both[1]));
        }
    }

    /// What the client got.
    pub(crate) fn client(
        &mut self,
        story: &Story,
        case: Case,
        fault: Option<&Fault>,
        heard: &Result<Heard, String>,
    ) {
        let heard = match heard {
            Ok(heard) => heard,
            Err(why) => {
                return self
                    .0
                    .push(format!("the client does not understand: {why}"));
            }
        };
        let by = match story.then {
            Then::Serves => Some("[bad]"),
            Then::Fails(_) if !case.alone => Some("[good]"),
            _ => None,
        };
        let is_by = |text: &str| by.is_some_and(|by| text.starts_with(by));
        // In its own dialect a client reads what the provider wrote, slips of the pen included.
        let own = case.client == case.provider;
        let slips = matches!(fault, Some(Fault::MalformedEvents { .. })) && own;
        let slip = slips && by == Some("[bad]");
        let fine = match (heard, story.then) {
            (Heard::Whole { text }, _) => !case.stream && is_by(text),
            (
                Heard::Stream {
                    text,
                    error: None,
                    unreadable,
                },
                _,
            ) => case.stream && is_by(text) && *unreadable == usize::from(slip),
            (
                Heard::Stream {
                    text,
                    error: Some(error),
                    unreadable,
                },
                Then::Breaks,
            ) if *unreadable == 2 * usize::from(slips) => {
                case.stream && text.starts_with("[bad]") && !error.kind.contains("invalid")
            }
            (Heard::Refused(trouble), Then::Fails(told)) => {
                case.alone && trouble.status == status(case.client, told)
            }
            (Heard::Refused(trouble), Then::Callers(status)) => trouble.status == status,
            _ => false,
        };
        if !fine {
            self.0.push(format!("the client heard {heard:?}"));
        }
    }

    /// What everybody else has written down.
    pub(crate) async fn stage(&mut self, story: &Story, stage: &Stage) {
        let told = stage.gateway.decisions.lock().unwrap()[0].clone();
        let of = |name: &str| {
            let all = told.attempts.iter();
            all.filter(|attempt| &*attempt.endpoint == name)
                .map(|attempt| attempt.outcome)
                .collect::<Vec<_>>()
        };
        let moves = matches!(story.then, Then::Fails(_)) && !stage.case.alone;
        let (least, most) = if stage.case.alone {
            story.tries
        } else {
            (1, 1)
        };
        let tries = of("bad/m");
        self.equal("attempts", tries.len().clamp(least, most), tries.len());
        self.equal("their outcomes", &tries, &vec![story.outcome; tries.len()]);
        self.equal(
            "attempts elsewhere",
            of("good/m"),
            vec!["success"; usize::from(moves)],
        );

        let sent = if story.bill == Bill::Nothing {
            0
        } else {
            tries.len()
        };
        let (bad, good) = (stage.bad.book(), stage.good.book());
        let own = stage.case.client == stage.case.provider;
        let bill = match story.bill {
            Bill::Rest if own => Bill::Blind,
            Bill::Rest => Bill::Exact,
            bill => bill,
        };
        self.bills(bill, sent, &stage.lines("bad/m"), bad);
        let elsewhere = stage.lines("good/m");
        self.bills(Bill::Exact, usize::from(moves), &elsewhere, good);
        self.metrics(story, stage, tries.len(), usize::from(moves))
            .await;

        let policy = stage.gateway.policy.load();
        let board = &policy.endpoints()[0].board;
        self.equal("circuit", board.circuit(), CircuitState::Closed);
        let now = board.availability(Instant::now());
        let refused = matches!(now, Availability::Refused { .. });
        self.equal("left alone", refused, story.cools);
    }

    /// Events of the bad provider's that made no sense are counted.
    pub(crate) async fn skipped(&mut self, count: usize, stage: &Stage) {
        let of = |decision: &Decision| -> u64 {
            let attempts = decision.attempts.iter();
            attempts.map(|attempt| attempt.skipped_events).sum()
        };
        let told = of(&stage.gateway.decisions.lock().unwrap()[0]);
        self.equal("skipped events told", told, count as u64);
        let counted = stage.gateway.metrics().await;
        let counted = counted
            .iter()
            .filter(|(series, _)| series.starts_with("towerman_skipped_events_total{"))
            .map(|(_, value)| *value as usize);
        self.equal("skipped events counted", counted.sum(), count);
    }

    async fn metrics(&mut self, story: &Story, stage: &Stage, tries: usize, elsewhere: usize) {
        let samples = stage.gateway.metrics().await;
        let sum = |name: &str| {
            let found = samples
                .iter()
                .filter(|(series, _)| series.starts_with(name));
            found.map(|(_, value)| *value as usize).sum::<usize>()
        };
        let outcome = story.outcome;
        let attempts =
            format!(r#"towerman_attempts_total{{endpoint="bad/m",outcome="{outcome}"}}"#);
        self.equal("attempts counted", sum(&attempts), tries);
        let all = sum("towerman_attempts_total{");
        self.equal("attempts counted in all", all, tries + elsewhere);
        self.equal("requests counted", sum("towerman_requests_total{"), 1);
        self.equal("in flight", sum("towerman_attempts_in_flight{"), 0);
        self.equal("open circuits", sum("towerman_circuit_state{"), 0);
    }

    /// What the ledger says, next to the provider's book.
    fn bills(&mut self, bill: Bill, sent: usize, lines: &[Line], book: &Book) {
        self.equal("requests received", book.requests(), sent as u64);
        self.equal("ledger lines", lines.len(), sent);
        let estimated = matches!(bill, Bill::Estimate | Bill::Perhaps | Bill::Blind);
        for line in lines {
            self.equal("estimated", line.estimated, estimated);
            self.equal("maybe billed", line.maybe_billed, bill == Bill::Perhaps);
        }
        let (ledger, totals) = (cost(lines), book.totals());
        match bill {
            Bill::Nothing | Bill::Zero => {
                self.equal("ledger and book", (ledger, totals.cost_pico_usd), (0, 0));
            }
            Bill::Exact | Bill::Rest => self.equal("ledger", ledger, totals.cost_pico_usd),
            Bill::Estimate | Bill::Perhaps | Bill::Blind => {
                let unseen = if bill == Bill::Blind {
                    u128::from(totals.output) * u128::from(PRICE.output)
                } else {
                    0
                };
                let known = totals.cost_pico_usd - unseen;
                if ledger < known || ledger == 0 {
                    self.0
                        .push(format!("{ledger} in the ledger, {known} in the book"));
                }
            }
        }
    }
}

/// The status of a fault in a dialect.
const fn status(dialect: Dialect, kind: FaultKind) -> u16 {
    match (dialect, kind) {
        (Dialect::Anthropic, FaultKind::Unavailable) => 529,
        _ => kind.status().as_u16(),
    }
}
