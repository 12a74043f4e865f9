//! A provider that asks for fewer requests gets none for as long as it asked, in whatever form it
//! asked, and its traffic goes elsewhere meanwhile.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::{Duration, Instant};

use towerman::core::{
    Availability, Board, Dialect,
    policy::{BreakerRules, Draft, ProviderDraft, RouteDraft},
};
use towerman_sim::{Fault, RetryAfter, Sim, SimServer};
use towerman_tests::{Answer, Gateway, client, eventually, post};

/// Every form of the hint, and how long the provider is to be left alone.
fn forms() -> [(RetryAfter, Duration); 8] {
    let rules = BreakerRules::default();
    let seconds = Duration::from_secs;
    [
        (RetryAfter::Seconds(7), seconds(7)),
        (RetryAfter::Seconds(1_000_000), rules.cooldown_at_most),
        (RetryAfter::Millis(7_250), Duration::from_millis(7_250)),
        (RetryAfter::HttpDate(seconds(9)), seconds(9)),
        (RetryAfter::RateLimitReset(seconds(86)), seconds(86)),
        (RetryAfter::None, rules.cooldown),
        (RetryAfter::Garbage, rules.cooldown),
        // In the past.
        (RetryAfter::HttpDate(Duration::ZERO), Duration::ZERO),
    ]
}

/// A gateway to these providers, in this order, and what they speak is what the client speaks.
struct Stage {
    dialect: Dialect,
    gateway: Gateway,
    sims: Vec<Sim>,
    _servers: Vec<SimServer>,
}

impl Stage {
    async fn set(dialect: Dialect, names: &[&str]) -> Self {
        let (mut sims, mut servers, mut draft) = (Vec::new(), Vec::new(), Draft::new());
        for name in names {
            let sim = match dialect {
                Dialect::Anthropic => Sim::anthropic(*name),
                _ => Sim::openai(*name),
            };
            sims.push(sim.build());
            let server = sims[sims.len() - 1].serve().await.unwrap();
            draft = draft.provider(ProviderDraft::url(*name, dialect, server.base_url()));
            servers.push(server);
        }
        let route = RouteDraft::new("chat", names.iter().map(|name| format!("{name}/m")));
        Self {
            dialect,
            gateway: Gateway::start(draft.route(route)).await,
            sims,
            _servers: servers,
        }
    }

    async fn ask(&self) -> Answer {
        let url = format!("{}{}", self.gateway.url(), self.dialect.path());
        post(&url, &client::ask(self.dialect, "chat", "hi", false)).await
    }

    /// What the first provider's endpoint is known by.
    fn board(&self) -> std::sync::Arc<Board> {
        std::sync::Arc::clone(&self.gateway.policy.load().endpoints()[0].board)
    }

    fn requests(&self) -> Vec<u64> {
        self.sims.iter().map(|sim| sim.book().requests()).collect()
    }
}

fn available(board: &Board) -> bool {
    board.availability(Instant::now()) == Availability::Ready
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_throttled_endpoint_cools_down_as_long_as_it_asked_and_traffic_moves() {
    for dialect in towerman_tests::CLASSIC {
        for (form, wait) in forms() {
            let case = format!("{dialect}, {form:?}");
            let stage = Stage::set(dialect, &["full", "free"]).await;
            stage.sims[0].faults().once(Fault::RateLimited(form));
            let before = Instant::now();
            let answer = stage.ask().await;
            let after = Instant::now();
            assert_eq!(answer.status, 200, "{case}: {}", answer.text());
            assert_eq!(stage.requests(), [1, 1], "{case}");
            if wait.is_zero() {
                assert!(available(&stage.board()), "{case}");
                continue;
            }
            let Availability::Refused { until } = stage.board().availability(before) else {
                panic!("{case}: it does not cool down");
            };
            // Boards count in microseconds.
            let least = before + wait - Duration::from_micros(2);
            assert!((least..=after + wait).contains(&until), "{case}: {until:?}");
            assert!(!available(&stage.board()), "{case}");
            for _ in 0..3 {
                assert_eq!(stage.ask().await.status, 200, "{case}");
            }
            assert_eq!(stage.requests(), [1, 4], "{case}: nothing is sent there");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_time_is_over_traffic_returns() {
    for dialect in towerman_tests::CLASSIC {
        let stage = Stage::set(dialect, &["full", "free"]).await;
        stage.sims[0]
            .faults()
            .once(Fault::RateLimited(RetryAfter::Millis(200)));
        stage.ask().await;
        assert!(eventually(|| available(&stage.board())).await);
        assert_eq!(stage.ask().await.status, 200);
        assert_eq!(stage.requests(), [2, 1], "{dialect}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn if_all_are_throttled_the_client_hears_the_shortest_wait() {
    let seconds = |answer: &Answer| -> u64 {
        let value = answer.headers["retry-after"].to_str().unwrap();
        value.parse().unwrap()
    };
    for dialect in towerman_tests::CLASSIC {
        let stage = Stage::set(dialect, &["fuller", "full"]).await;
        for (sim, wait) in stage.sims.iter().zip([90, 30]) {
            let form = RetryAfter::Seconds(wait);
            sim.faults().always(Fault::RateLimited(form));
        }
        let answer = stage.ask().await;
        assert_eq!(answer.status, 429, "{}", answer.text());
        client::read(dialect, &answer).unwrap();
        // Less the time that has passed since, rounded up.
        assert!((20..=30).contains(&seconds(&answer)), "{answer:?}");

        // Nobody is asked again before that, and the client is told as much.
        let again = stage.ask().await;
        let unavailable = [429, 503, 529].contains(&again.status.as_u16());
        assert!(unavailable, "{}", again.text());
        client::read(dialect, &again).unwrap();
        assert!((20..=30).contains(&seconds(&again)), "{again:?}");
        assert_eq!(stage.requests(), [1, 1], "{dialect}");
    }
}
