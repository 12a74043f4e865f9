//! Courses, step by step.

use towerman_core::{
    CircuitState, Dialect, FaultKind, PolicyHandle, Priority,
    policy::{Draft, ProviderDraft, RouteDraft},
};

use super::*;

const SERVER: Outcome = Outcome::Failure(FailureKind::Server);
const AUTH: Outcome = Outcome::Failure(FailureKind::Auth);

fn course(count: usize) -> Course {
    let draft = Draft::new()
        .provider(ProviderDraft::inner("p", Dialect::OpenAiChat))
        .route(RouteDraft::new(
            "r",
            (0..count).map(|index| format!("p/{index}")),
        ));
    let policy = PolicyHandle::new(draft).unwrap().load();
    let class = Class::default_for(Priority::Normal);
    let endpoints = policy.endpoints().iter().cloned();
    Course::new(endpoints, &FailoverRules::default(), &class)
}

const fn throttled(millis: u64) -> Outcome {
    Outcome::Throttled {
        retry_after: Some(Duration::from_millis(millis)),
    }
}

/// Plays attempts that end in these outcomes with an error head; the steps after each.
fn play(course: &mut Course, outcomes: &[Outcome]) -> Vec<String> {
    let now = Instant::now();
    let mut outcomes = outcomes.iter();
    let mut steps = Vec::new();
    loop {
        match course.next(now) {
            Next::Try(stop) => {
                steps.push(stop.to_string());
                let Some(outcome) = outcomes.next() else {
                    return steps;
                };
                course.failed(stop, *outcome, Phase::Refused);
            }
            Next::Pause(wait) => steps.push(format!("{:?}", wait.least)),
            Next::Stop => {
                steps.push("stop".into());
                return steps;
            }
        }
    }
}

#[test]
fn candidates_are_tried_in_order_and_then_again_after_a_pause() {
    let steps = play(&mut course(2), &[SERVER, SERVER, SERVER]);
    assert_eq!(steps, ["0", "1", "0ns", "0", "stop"]);
}

#[test]
fn what_failed_for_good_is_not_tried_again_and_does_not_stop_the_others() {
    // The last outcome alone would say "never again", or "again at the first".
    assert_eq!(
        play(&mut course(2), &[SERVER, AUTH, SERVER]),
        ["0", "1", "0ns", "0", "stop"]
    );
    assert_eq!(
        play(&mut course(2), &[AUTH, SERVER, SERVER]),
        ["0", "1", "0ns", "1", "stop"]
    );
    assert_eq!(play(&mut course(2), &[AUTH, AUTH]), ["0", "1", "stop"]);
}

#[test]
fn nobody_is_asked_before_the_time_that_it_named() {
    let outcomes = [throttled(1_900), throttled(500), SERVER];
    assert_eq!(
        play(&mut course(2), &outcomes),
        ["0", "1", "500ms", "1", "stop"]
    );
    assert_eq!(play(&mut course(1), &[throttled(60_000)]), ["0", "stop"]);
    let mut one = course(1);
    one.next(Instant::now());
    one.failed(0, throttled(1_000), Phase::Refused);
    let Next::Pause(wait) = one.next(Instant::now()) else {
        panic!("must wait")
    };
    assert_eq!(wait.least, Duration::from_secs(1), "jitter comes on top");
}

#[test]
fn an_open_circuit_is_skipped_without_an_attempt() {
    let (mut two, now) = (course(2), Instant::now());
    let board = &two.stops[0].endpoint.board;
    board.set_circuit(CircuitState::Open, now + Duration::from_secs(9));
    assert_eq!(two.next(now), Next::Try(1));
    // Boards count in microseconds.
    assert_eq!(two.earliest(now).unwrap().as_secs_f64().round(), 9.0);
    assert_eq!(two.skipped(now).collect::<Vec<_>>(), ["p/0"]);
}

#[test]
fn an_endpoint_that_was_tried_was_not_skipped() {
    let (mut one, now) = (course(1), Instant::now());
    one.next(now);
    one.failed(0, SERVER, Phase::Refused);
    let board = &one.stops[0].endpoint.board;
    board.set_circuit(CircuitState::Open, now + Duration::from_secs(9));
    assert_eq!(one.skipped(now).count(), 0);
}

#[test]
fn a_request_that_may_be_billed_is_repeated_once_and_never_at_the_same_place() {
    let now = Instant::now();
    let mut one = course(1);
    assert_eq!(one.next(now), Next::Try(0));
    one.failed(0, SERVER, Phase::Sent);
    assert_eq!(one.next(now), Next::Stop);

    let mut three = course(3);
    for expected in [Next::Try(0), Next::Try(1), Next::Stop] {
        let next = three.next(now);
        assert_eq!(next, expected);
        if let Next::Try(stop) = next {
            three.failed(stop, SERVER, Phase::Sent);
        }
    }
}

#[test]
fn a_call_that_was_turned_away_is_no_attempt() {
    let (mut two, now) = (course(2), Instant::now());
    for _ in 0..2 {
        assert!(matches!(two.next(now), Next::Try(_)));
        two.turned_away();
    }
    assert_eq!((two.attempts(), two.failed_before()), (0, false));
    assert_eq!(two.next(now), Next::Stop);
    assert_eq!(two.fault(now).kind(), FaultKind::Unavailable);
}
