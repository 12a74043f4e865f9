use proptest::prelude::*;

use super::*;
use towerman_core::Phase;

const SECOND: Duration = Duration::from_secs(1);
const FAILED: Outcome = Outcome::Failure(FailureKind::Server);
const THROTTLED: Outcome = Outcome::Throttled { retry_after: None };

fn rules() -> BreakerRules {
    BreakerRules {
        window: 30 * SECOND,
        window_calls: 1_000,
        min_calls: 10,
        failure_percent: 50,
        consecutive: 5,
        open_for: 4 * SECOND,
        open_at_most: 30 * SECOND,
        probes: 1,
        probe_lease: 10 * SECOND,
        ..BreakerRules::default()
    }
}

/// A circuit with a clock and rules of its own.
struct Bench {
    circuit: Circuit,
    rules: BreakerRules,
    start: Instant,
    now: Instant,
}

impl Bench {
    fn new(rules: BreakerRules) -> Self {
        let now = Instant::now();
        Self {
            circuit: Circuit::default(),
            rules,
            start: now,
            now,
        }
    }

    /// Does something to the circuit, here and now.
    fn with<T>(&mut self, act: impl FnOnce(&mut Circuit, At<'_>) -> T) -> T {
        let at = At {
            now: self.now,
            slot: Slot(1),
            rules: &self.rules,
        };
        act(&mut self.circuit, at)
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
    }

    fn admit(&mut self) -> Result<Token, Refusal> {
        self.with(|circuit, at| circuit.admit(at).0)
    }

    fn settle(&mut self, token: Token, outcome: Outcome) -> News {
        self.settle_after(token, outcome, None)
    }

    fn settle_after(&mut self, token: Token, outcome: Outcome, first: Option<Duration>) -> News {
        let evidence = Evidence {
            outcome,
            phase: Phase::Content,
            ours: true,
            retry_after: None,
            streamed_after: first,
            took: 20 * SECOND,
        };
        self.with(|circuit, at| circuit.settle(token, &evidence, at))
    }

    fn throttle(&mut self, token: Token, delay: Duration) -> News {
        let retry_after = Some(delay);
        self.settle(token, Outcome::Throttled { retry_after })
    }

    fn call(&mut self, outcome: Outcome) -> News {
        let token = self.admit().unwrap();
        self.settle(token, outcome)
    }

    fn calls(&mut self, count: u32, outcome: Outcome) {
        for _ in 0..count {
            self.call(outcome);
        }
    }

    fn first_content(&mut self, token: Token, late: Option<Duration>) -> Token {
        self.with(|circuit, at| circuit.first_content(token, late, at).0)
    }

    fn state(&self) -> CircuitState {
        self.circuit.state.name()
    }

    fn open_for(&self) -> Duration {
        match self.circuit.state {
            State::Open { until } => until.saturating_duration_since(self.now),
            _ => panic!("not open"),
        }
    }

    /// Opens a closed circuit.
    fn trip(&mut self) {
        while self.state() == CircuitState::Closed {
            self.call(FAILED);
        }
    }

    /// Opens it, and waits until it is due.
    fn due(&mut self) {
        self.trip();
        self.pass(self.open_for());
    }

    /// The one probe.
    fn probe(&mut self) -> Token {
        let token = self.admit().unwrap();
        assert!(matches!(token, Token::Probe { .. }), "{token:?}");
        token
    }
}

// --- opening ---

#[test]
fn failures_in_a_row_open_it_and_one_success_starts_the_row_again() {
    let mut bench = Bench::new(BreakerRules {
        failure_percent: 100,
        ..rules()
    });
    bench.calls(4, FAILED);
    bench.call(Outcome::Success);
    bench.calls(4, FAILED);
    assert_eq!(bench.state(), CircuitState::Closed);
    let transition = bench.call(FAILED).transition.unwrap();
    assert_eq!(
        (transition.from, transition.to),
        (CircuitState::Closed, CircuitState::Open)
    );
    let last = FailureKind::Server;
    assert_eq!(transition.why, Why::Consecutive { failures: 5, last });
}

#[test]
fn what_weighs_nothing_neither_breaks_a_row_nor_adds_to_it() {
    let mut bench = Bench::new(rules());
    for outcome in [
        Outcome::Cancelled,
        Outcome::Failure(FailureKind::Auth),
        Outcome::Failure(FailureKind::Quota),
        THROTTLED,
    ] {
        let token = bench.admit().unwrap();
        bench.settle(token, outcome);
        // Past the cooldown that some of them bring.
        bench.pass(bench.rules.open_at_most);
        bench.call(FAILED);
    }
    let snapshot = bench.circuit.snapshot(bench.now);
    assert_eq!(
        (snapshot.state, bench.circuit.failures_in_a_row),
        (CircuitState::Closed, 4)
    );
    bench.call(FAILED);
    assert_eq!(bench.state(), CircuitState::Open);
}

#[test]
fn the_failure_rate_opens_it_and_says_nothing_of_few_calls() {
    let mut bench = Bench::new(BreakerRules {
        consecutive: 0,
        ..rules()
    });
    bench.calls(9, FAILED);
    assert_eq!(bench.state(), CircuitState::Closed);
    let why = bench.call(FAILED).transition.unwrap().why;
    let (failures, calls) = (10, 10);
    assert_eq!(why, Why::FailureRate { failures, calls });
}

#[test]
fn a_rate_that_just_meets_the_limit_opens_it() {
    let mut bench = Bench::new(BreakerRules {
        consecutive: 0,
        ..rules()
    });
    bench.calls(5, Outcome::Success);
    bench.calls(4, FAILED);
    assert_eq!(bench.state(), CircuitState::Closed);
    bench.call(FAILED);
    assert_eq!(bench.state(), CircuitState::Open);
}

#[test]
fn a_failure_rate_below_the_limit_never_opens_it() {
    let mut bench = Bench::new(rules());
    for call in 0..10_000 {
        let outcome = if call % 5 < 3 {
            Outcome::Success
        } else {
            FAILED
        };
        bench.call(outcome);
        bench.pass(SECOND / 100);
        assert_eq!(bench.state(), CircuitState::Closed, "call {call}");
    }
}

#[test]
fn failures_older_than_the_window_are_forgotten() {
    let mut bench = Bench::new(BreakerRules {
        consecutive: 0,
        ..rules()
    });
    for _ in 0..1_000 {
        bench.call(FAILED);
        // Ten failures never lie within one window.
        bench.pass(4 * SECOND);
    }
    assert_eq!(bench.state(), CircuitState::Closed);
}

#[test]
fn late_first_content_opens_it_and_whole_answers_do_not_count() {
    let mut bench = Bench::new(rules());
    let late = bench.rules.slow_after + SECOND;
    bench.calls(100, Outcome::Success);
    for _ in 0..9 {
        let token = bench.admit().unwrap();
        bench.settle_after(token, Outcome::Success, Some(late));
    }
    assert_eq!(bench.state(), CircuitState::Closed);
    let token = bench.admit().unwrap();
    let news = bench.settle_after(token, Outcome::Success, Some(late));
    let (slow, calls) = (10, 10);
    assert_eq!(news.transition.unwrap().why, Why::SlowRate { slow, calls });
}

#[test]
fn limits_of_zero_are_no_limits() {
    let mut bench = Bench::new(BreakerRules {
        consecutive: 0,
        failure_percent: 0,
        slow_percent: 0,
        ..rules()
    });
    bench.calls(100, FAILED);
    assert_eq!(bench.state(), CircuitState::Closed);
}

// --- open ---

#[test]
fn an_open_circuit_refuses_until_its_time() {
    let mut bench = Bench::new(rules());
    bench.trip();
    let until = bench.now + bench.open_for();
    assert_eq!(bench.admit(), Err(Refusal::Open { until }));
    bench.now = until - Duration::from_nanos(1);
    assert_eq!(bench.admit(), Err(Refusal::Open { until }));
    bench.now = until;
    bench.probe();
    assert_eq!(bench.state(), CircuitState::HalfOpen);
}

#[test]
fn each_failed_probe_doubles_the_time_up_to_the_limit() {
    let mut bench = Bench::new(rules());
    bench.due();
    for full in [8, 16, 30, 30].map(|seconds| seconds * SECOND) {
        let probe = bench.probe();
        bench.settle(probe, FAILED);
        let open_for = bench.open_for();
        assert!(
            open_for <= full && open_for >= full * 3 / 4,
            "{open_for:?} of {full:?}"
        );
        bench.pass(open_for);
    }
}

#[test]
fn a_circuit_that_opens_again_soon_goes_on_doubling_and_a_quiet_window_ends_that() {
    let mut bench = Bench::new(rules());
    bench.due();
    let probe = bench.probe();
    bench.settle(probe, Outcome::Success);
    bench.pass(bench.rules.window - SECOND);
    bench.trip();
    assert!(bench.open_for() > 4 * SECOND);

    bench.pass(bench.open_for());
    let probe = bench.probe();
    bench.settle(probe, Outcome::Success);
    bench.pass(bench.rules.window);
    bench.trip();
    assert!(bench.open_for() <= 4 * SECOND);
}

// --- half-open ---

#[test]
fn half_open_admits_exactly_as_many_probes_as_the_rules_say() {
    for probes in [1, 3] {
        let mut bench = Bench::new(BreakerRules { probes, ..rules() });
        bench.due();
        for _ in 0..probes {
            bench.probe();
        }
        let until = bench.now + bench.rules.probe_lease;
        assert_eq!(bench.admit(), Err(Refusal::Open { until }));
    }
}

#[test]
fn a_probe_that_succeeds_closes_it_with_an_empty_window() {
    let mut bench = Bench::new(rules());
    bench.due();
    let probe = bench.probe();
    let transition = bench.settle(probe, Outcome::Success).transition.unwrap();
    assert_eq!(
        (transition.to, transition.why),
        (CircuitState::Closed, Why::ProbeSucceeded)
    );
    bench.calls(4, FAILED);
    assert_eq!(bench.state(), CircuitState::Closed);
}

#[test]
fn a_probe_is_judged_at_its_first_content_and_is_an_ordinary_call_from_then_on() {
    let mut bench = Bench::new(rules());
    bench.due();
    let probe = bench.probe();
    let token = bench.first_content(probe, None);
    assert_eq!(bench.state(), CircuitState::Closed);
    bench.settle(token, FAILED);
    let snapshot = bench.circuit.snapshot(bench.now);
    assert_eq!(
        (snapshot.state, snapshot.failures),
        (CircuitState::Closed, 1)
    );
}

#[test]
fn a_probe_whose_first_content_is_late_opens_it_again() {
    let mut bench = Bench::new(rules());
    bench.due();
    let probe = bench.probe();
    let after = 11 * SECOND;
    let token = bench.first_content(probe, Some(after));
    assert_eq!(bench.circuit.changed.unwrap().1, Why::ProbeSlow { after });
    assert_eq!(bench.state(), CircuitState::Open);
    // The rest of its stream has no more say.
    assert_eq!(bench.settle(token, Outcome::Success), News::default());
}

#[test]
fn a_cancelled_probe_gives_its_place_back() {
    let mut bench = Bench::new(rules());
    bench.due();
    for _ in 0..10 {
        let probe = bench.probe();
        assert!(bench.admit().is_err());
        bench.settle(probe, Outcome::Cancelled);
        assert_eq!(bench.state(), CircuitState::HalfOpen);
    }
    bench.probe();
}

#[test]
fn a_lost_probes_place_goes_to_another_when_its_lease_is_over() {
    let mut bench = Bench::new(rules());
    bench.due();
    let lost = bench.probe();
    bench.pass(bench.rules.probe_lease - Duration::from_nanos(1));
    assert!(bench.admit().is_err());
    bench.pass(Duration::from_nanos(1));
    let second = bench.probe();
    assert_ne!(lost, second);
    assert!(bench.admit().is_err());
    // What becomes of the first no longer hurts, nor does it free the place of the second.
    assert_eq!(bench.settle(lost, FAILED), News::default());
    assert!(bench.admit().is_err());
    bench.settle(second, FAILED);
    assert_eq!(bench.state(), CircuitState::Open);
}

#[test]
fn of_several_leases_the_oldest_is_over_first() {
    let mut bench = Bench::new(BreakerRules {
        probes: 2,
        ..rules()
    });
    bench.due();
    bench.probe();
    bench.pass(SECOND);
    bench.probe();
    let until = bench.now + bench.rules.probe_lease - SECOND;
    assert_eq!(bench.admit(), Err(Refusal::Open { until }));
    bench.now = until;
    bench.probe();
    let until = until + SECOND;
    assert_eq!(bench.admit(), Err(Refusal::Open { until }));
}

#[test]
fn an_answer_that_takes_longer_than_a_lease_still_closes_it() {
    let mut bench = Bench::new(rules());
    bench.due();
    let slow = bench.probe();
    bench.pass(bench.rules.probe_lease);
    bench.probe();
    bench.settle(slow, Outcome::Success);
    assert_eq!(bench.state(), CircuitState::Closed);
}

#[test]
fn a_throttled_probe_decides_nothing_and_the_next_waits_for_the_cooldown() {
    let mut bench = Bench::new(rules());
    bench.due();
    let probe = bench.probe();
    bench.throttle(probe, 3 * SECOND);
    assert_eq!(bench.state(), CircuitState::HalfOpen);
    assert!(matches!(bench.admit(), Err(Refusal::Cooling(_))));
    bench.pass(3 * SECOND);
    bench.probe();
}

// --- epochs ---

#[test]
fn a_straggler_from_before_the_trip_decides_nothing() {
    let mut bench = Bench::new(rules());
    let stragglers: Vec<_> = (0..20).map(|_| bench.admit().unwrap()).collect();
    bench.due();
    bench.probe();
    for (index, straggler) in stragglers.iter().enumerate() {
        let outcome = if index % 2 == 0 {
            Outcome::Success
        } else {
            FAILED
        };
        assert_eq!(bench.settle(*straggler, outcome), News::default());
    }
    assert_eq!(bench.state(), CircuitState::HalfOpen);
}

#[test]
fn a_straggler_weighs_nothing_in_the_window_after_the_trial() {
    let mut bench = Bench::new(rules());
    let straggler = bench.admit().unwrap();
    bench.due();
    let probe = bench.probe();
    bench.settle(probe, Outcome::Success);
    bench.settle(straggler, FAILED);
    assert_eq!(bench.circuit.snapshot(bench.now).calls, 0);
}

#[test]
fn a_probe_of_an_earlier_trial_decides_nothing() {
    let mut bench = Bench::new(BreakerRules {
        probes: 2,
        ..rules()
    });
    bench.due();
    let (first, second) = (bench.probe(), bench.probe());
    bench.settle(first, FAILED);
    bench.pass(bench.open_for());
    bench.probe();
    assert_eq!(bench.settle(second, Outcome::Success), News::default());
    assert_eq!(bench.first_content(second, None), second);
    assert_eq!(bench.state(), CircuitState::HalfOpen);
}

// --- cooldown ---

#[test]
fn a_cooldown_refuses_and_ends_by_itself() {
    let mut bench = Bench::new(rules());
    let token = bench.admit().unwrap();
    let news = bench.throttle(token, 7 * SECOND);
    let why = Outcome::Throttled {
        retry_after: Some(7 * SECOND),
    };
    let cooldown = Cooldown {
        until: bench.start + 7 * SECOND,
        why,
    };
    assert_eq!(
        (news.cooldown, news.cooled, news.transition),
        (Some(cooldown), true, None)
    );
    assert!(!bench.circuit.is_free());
    assert_eq!(bench.admit(), Err(Refusal::Cooling(cooldown)));
    bench.pass(7 * SECOND);
    assert_eq!(bench.circuit.snapshot(bench.now).cooling_until, None);
    assert!(matches!(bench.admit(), Ok(Token::Call { .. })));
    assert!(bench.circuit.is_free());
}

#[test]
fn a_cooldown_never_shrinks_and_a_refusal_never_moves_it() {
    let mut bench = Bench::new(rules());
    let (first, second, third) = (
        bench.admit().unwrap(),
        bench.admit().unwrap(),
        bench.admit().unwrap(),
    );
    bench.throttle(first, 10 * SECOND);
    assert_eq!(bench.throttle(second, 3 * SECOND), News::default());
    for _ in 0..100 {
        assert!(bench.admit().is_err());
    }
    let until = bench.circuit.snapshot(bench.now).cooling_until;
    assert_eq!(until, Some(bench.start + 10 * SECOND));
    // A later plea for longer is heard, and is no new cooldown.
    let news = bench.throttle(third, 12 * SECOND);
    assert_eq!(
        (news.cooldown.unwrap().until, news.cooled),
        (bench.start + 12 * SECOND, false)
    );
}

#[test]
fn a_plea_for_no_time_at_all_is_none() {
    let mut bench = Bench::new(rules());
    let token = bench.admit().unwrap();
    assert_eq!(bench.throttle(token, Duration::ZERO), News::default());
    assert!(bench.circuit.is_free());
}

#[test]
fn a_cooldown_is_capped_however_long_it_was_asked_for() {
    let mut bench = Bench::new(rules());
    let token = bench.admit().unwrap();
    bench.throttle(token, Duration::MAX);
    let until = bench.circuit.snapshot(bench.now).cooling_until;
    assert_eq!(until, Some(bench.start + bench.rules.cooldown_at_most));
}

#[test]
fn an_open_circuit_that_cools_down_names_the_later_time() {
    let mut bench = Bench::new(rules());
    let straggler = bench.admit().unwrap();
    bench.trip();
    bench.throttle(straggler, 20 * SECOND);
    let until = bench.start + 20 * SECOND;
    assert_eq!(bench.admit(), Err(Refusal::Open { until }));
    bench.pass(bench.open_for());
    assert!(matches!(bench.admit(), Err(Refusal::Cooling(_))));
    assert_eq!(bench.state(), CircuitState::Open);
    bench.now = until;
    bench.probe();
}

#[test]
fn rules_that_mean_for_ever_do_not_overflow() {
    let mut bench = Bench::new(BreakerRules {
        open_for: Duration::MAX,
        open_at_most: Duration::MAX,
        cooldown_at_most: Duration::MAX,
        ..rules()
    });
    let token = bench.admit().unwrap();
    bench.throttle(token, Duration::MAX);
    bench.circuit.cooldown = None;
    bench.trip();
    assert!(bench.admit().is_err());
}

// --- any history ---

/// What can happen to a circuit. Numbers choose among the calls under way.
#[derive(Clone, Debug)]
enum Step {
    Admit,
    Settle(usize, Outcome),
    FirstContent(usize, bool),
    Lose(usize),
    Pass(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let outcome = prop_oneof![
        3 => Just(Outcome::Success),
        4 => Just(FAILED),
        1 => Just(Outcome::Cancelled),
        1 => Just(THROTTLED),
        1 => Just(Outcome::Failure(FailureKind::Auth)),
    ];
    let step = prop_oneof![
        6 => Just(Step::Admit),
        6 => (any::<usize>(), outcome).prop_map(|(call, outcome)| Step::Settle(call, outcome)),
        2 => (any::<usize>(), any::<bool>()).prop_map(|(call, late)| Step::FirstContent(call, late)),
        1 => any::<usize>().prop_map(Step::Lose),
        3 => (0..6_000_u64).prop_map(Step::Pass),
    ];
    proptest::collection::vec(step, 1..200)
}

/// The laws, kept by the plainest means: every call ever made, with the number of turns (times it
/// opened or closed) that had passed when it was admitted.
#[derive(Default)]
struct Model {
    turns: u32,
    under_way: Vec<Call>,
    lost: Vec<Call>,
    cooling: Option<Instant>,
}

#[derive(Clone, Copy)]
struct Call {
    token: Token,
    turn: u32,
    probe_until: Option<Instant>,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn every_history_keeps_the_laws(probes in 1..4_u32, steps in steps()) {
        let mut bench = Bench::new(BreakerRules { probes, ..rules() });
        let mut model = Model::default();
        for step in steps {
            let before = bench.state();
            let mut may_turn = false;
            match step {
                Step::Admit => {
                    let cooling = model.cooling.is_some_and(|until| bench.now < until);
                    let due = bench.circuit.snapshot(bench.now).next_probe;
                    let admitted = bench.admit();
                    match before {
                        CircuitState::Closed => prop_assert_eq!(admitted.is_ok(), !cooling),
                        CircuitState::Open => prop_assert_eq!(
                            admitted.is_ok(),
                            !cooling && due.is_some_and(|until| bench.now >= until)
                        ),
                        CircuitState::HalfOpen => {
                            let busy = model.under_way.iter().chain(&model.lost).filter(|call| {
                                call.turn == model.turns
                                    && call.probe_until.is_some_and(|until| bench.now < until)
                            }).count();
                            // Never more than the rules say; and never stuck.
                            prop_assert!(admitted.is_err() || busy < probes as usize);
                            if !cooling && busy == 0 {
                                prop_assert!(admitted.is_ok());
                            }
                        }
                    }
                    if let Ok(token) = admitted {
                        let probe = matches!(token, Token::Probe { .. });
                        prop_assert_eq!(probe, before != CircuitState::Closed);
                        model.under_way.push(Call {
                            token,
                            turn: model.turns,
                            probe_until: probe.then(|| bench.now + bench.rules.probe_lease),
                        });
                    }
                    // Asking opens nothing and closes nothing.
                    prop_assert!(bench.state() == before || bench.state() == CircuitState::HalfOpen);
                }
                Step::Settle(call, outcome) if !model.under_way.is_empty() => {
                    let index = call % model.under_way.len();
                    let call = model.under_way.swap_remove(index);
                    let news = bench.settle(call.token, outcome);
                    may_turn = call.turn == model.turns;
                    let delay = match outcome {
                        Outcome::Throttled { .. } => bench.rules.cooldown,
                        Outcome::Failure(FailureKind::Auth) => bench.rules.open_at_most,
                        _ => Duration::ZERO,
                    };
                    if let Some(transition) = news.transition {
                        model.turns += 1;
                        prop_assert_eq!(
                            transition.to == CircuitState::Closed,
                            outcome == Outcome::Success && before == CircuitState::HalfOpen,
                            "{:?}", transition
                        );
                        prop_assert!(matches!(outcome, Outcome::Success | FAILED));
                    }
                    let old = model.cooling.unwrap_or(bench.start);
                    model.cooling = Some(old.max(bench.now + delay));
                    prop_assert!(!news.cooled || delay > Duration::ZERO);
                }
                Step::FirstContent(call, late) if !model.under_way.is_empty() => {
                    let index = call % model.under_way.len();
                    let mut call = model.under_way[index];
                    may_turn = call.turn == model.turns && call.probe_until.is_some();
                    let token = bench.first_content(call.token, late.then_some(SECOND));
                    if bench.state() != before {
                        model.turns += 1;
                        if token != call.token {
                            call = Call { token, turn: model.turns, probe_until: None };
                        }
                    }
                    model.under_way[index] = call;
                }
                // A call that never comes back at all.
                Step::Lose(call) if !model.under_way.is_empty() => {
                    let index = call % model.under_way.len();
                    model.lost.push(model.under_way.swap_remove(index));
                }
                Step::Pass(millis) => bench.pass(Duration::from_millis(millis)),
                _ => {}
            }
            let after = bench.state();
            if after != before && !matches!(step, Step::Admit) {
                prop_assert!(may_turn, "{:?} to {:?} by a straggler: {:?}", before, after, step);
            }
            let leases = match &bench.circuit.state {
                State::HalfOpen { leases } => leases.len(),
                _ => 0,
            };
            prop_assert!(leases <= probes as usize);
            prop_assert_eq!(u64::from(model.turns), bench.circuit.epoch());
            if after == CircuitState::Open && before != after {
                prop_assert!(bench.open_for() >= bench.rules.open_for * 3 / 4);
                prop_assert!(bench.open_for() <= bench.rules.open_at_most);
            }
        }
    }
}
