//! The billing book, pace, and clients that leave.

use std::time::Duration;

use crate::{
    common::{DIALECTS, ask, drain, open, send},
    native::{events, id, usage},
    shapes::with_tools,
};
use http_body_util::BodyExt;
use serde_json::json;
use tokio::time::{Instant, timeout};
use towerman_sim::{Dialect, Model, Price, Sim, SimService};

const PRICE: Price = Price {
    input: 3_000_000,
    cache_read: 300_000,
    cache_write: 3_750_000,
    output: 15_000_000,
};
const MS: Duration = Duration::from_millis(1);

fn paced(dialect: Dialect) -> Sim {
    let model = Model::new("m")
        .price(PRICE)
        .first_token(40 * MS)
        .per_token(10 * MS);
    Sim::speaking(dialect, "alpha").model(model).build()
}

#[tokio::test(start_paused = true)]
async fn a_whole_stream_takes_its_time_and_costs_its_price() {
    for dialect in DIALECTS {
        let sim = paced(dialect);
        let start = Instant::now();
        let response = open(&sim, &ask("hi", true)).await.unwrap();
        assert_eq!((start.elapsed(), sim.in_flight()), (40 * MS, 1));
        let (_, end) = drain(response).await;
        assert!(end.is_ok());
        assert_eq!(start.elapsed(), 40 * MS + 23 * 10 * MS);
        let line = &sim.book().lines()[0];
        assert_eq!(
            (line.uncached_input, line.output, line.status),
            (5, 24, 200)
        );
        assert_eq!(line.cost_pico_usd, 5 * 3_000_000 + 24 * 15_000_000);
        assert!(line.completed && line.stream && !line.cancelled);
        assert_eq!((sim.in_flight(), sim.cancelled()), (0, 0));

        let start = Instant::now();
        let reply = send(&sim, &ask("hi", false)).await;
        assert_eq!(start.elapsed(), 40 * MS + 23 * 10 * MS);
        if let Some(id) = id(dialect, &reply) {
            assert_eq!(sim.book().lines()[1].id, id);
        }
        assert_eq!(sim.book().totals().cost_pico_usd, 2 * line.cost_pico_usd);
        assert_eq!(sim.book().totals().completed, 2);
    }
}

#[tokio::test(start_paused = true)]
async fn output_is_billed_until_the_client_leaves() {
    for dialect in DIALECTS {
        let sim = paced(dialect);
        let mut body = open(&sim, &ask("hi", true)).await.unwrap().into_body();
        for _ in 0..dialect.opening_events() + 7 {
            body.frame().await.unwrap().unwrap();
        }
        drop(body);
        let line = &sim.book().lines()[0];
        assert_eq!(
            (line.output, line.cancelled, line.completed),
            (7, true, false)
        );
        assert_eq!(line.cost_pico_usd, 5 * 3_000_000 + 7 * 15_000_000);
        assert_eq!((sim.cancelled(), sim.in_flight()), (1, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn leaving_before_the_head_is_billed_as_far_as_it_got() {
    for dialect in DIALECTS {
        let sim = paced(dialect);
        assert!(
            timeout(39 * MS, open(&sim, &ask("hi", true)))
                .await
                .is_err()
        );
        // An answer that is not streamed is made before its head: 1 token at 40 ms, 3 at 60.
        assert!(
            timeout(65 * MS, open(&sim, &ask("hi", false)))
                .await
                .is_err()
        );
        let outputs: Vec<_> = sim
            .book()
            .lines()
            .iter()
            .map(|line| (line.output, line.cancelled))
            .collect();
        assert_eq!(outputs, [(0, true), (3, true)]);
        assert_eq!(
            (
                sim.cancelled(),
                sim.in_flight(),
                sim.book().totals().cancelled
            ),
            (2, 0, 2)
        );
    }
}

#[tokio::test]
async fn a_client_that_stops_at_the_last_event_did_not_cancel() {
    for dialect in DIALECTS {
        let sim = crate::common::sim(dialect);
        let (chunks, _) = drain(open(&sim, &ask("hi", true)).await.unwrap()).await;
        let mut body = open(&sim, &ask("hi", true)).await.unwrap().into_body();
        for _ in 0..chunks.len() {
            body.frame().await.unwrap().unwrap();
        }
        drop(body);
        assert!(sim.book().lines()[1].completed);
        assert_eq!(sim.cancelled(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn cached_tokens_are_cheaper_and_faster() {
    let model = Model::new("m").price(PRICE).prefill_per_1k(100 * MS);
    let sim = Sim::anthropic("beta").model(model).build();
    let mut body = ask(&"x".repeat(4 * 1996), false);
    body["cache_control"] = json!({"type": "ephemeral"});
    body["max_tokens"] = json!(2);
    let start = Instant::now();
    send(&sim, &body).await;
    assert_eq!(start.elapsed(), 200 * MS);
    send(&sim, &body).await;
    assert_eq!(start.elapsed(), 200 * MS);
    let lines = sim.book().lines();
    assert_eq!(
        (lines[0].cache_write, lines[0].cost_pico_usd),
        (2000, 2000 * 3_750_000 + 2 * 15_000_000)
    );
    assert_eq!(
        (lines[1].cache_read, lines[1].cost_pico_usd),
        (2000, 2000 * 300_000 + 2 * 15_000_000)
    );
}

#[tokio::test]
async fn the_book_matches_the_usage_it_sent() {
    let sim = Sim::openai("alpha").build();
    let mut body = ask("tool:add {\"a\": 1} tool:add {\"a\": 2}", false);
    body["tools"] = json!([{"type": "function", "function": {"name": "add"}}]);
    for stream in [false, true] {
        body["stream"] = json!(stream);
        send(&sim, &body).await;
    }
    let lines = sim.book().lines();
    assert_eq!(
        (lines[0].output, lines[0].stream, lines[1].stream),
        (lines[1].output, false, true)
    );
    // Each call: one token of name, two of arguments.
    assert_eq!(lines[0].output, 2 * 3);
    sim.book().clear();
    assert_eq!((sim.book().requests(), sim.book().lines().len()), (0, 0));
}

#[tokio::test]
async fn every_dialect_bills_what_it_says() {
    for dialect in DIALECTS {
        let model = Model::new("m").price(PRICE);
        let sim = Sim::speaking(dialect, "alpha").model(model).build();
        let long = "x".repeat(4 * 1500);
        for (at, stream) in [false, true, true].into_iter().enumerate() {
            let mut body = ask(&long, stream);
            if dialect == Dialect::OpenAi && stream {
                body["stream_options"] = json!({"include_usage": true});
            }
            let reply = send(&sim, &body).await;
            let told: Vec<_> = if stream {
                let events = events(dialect, &reply.bytes);
                events.into_iter().map(|event| event.data).collect()
            } else {
                vec![reply.json()]
            };
            let line = &sim.book().lines()[at];
            let input = line.uncached_input + line.cache_read + line.cache_write;
            assert_eq!(
                usage(dialect, &told),
                (input, line.cache_read, line.output),
                "{dialect:?} {stream}"
            );
            assert_eq!((input, line.output), (1504, 24));
            assert!(line.completed);
            let cost = line.uncached_input * PRICE.input
                + line.cache_read * PRICE.cache_read
                + line.output * PRICE.output;
            assert_eq!(line.cost_pico_usd, u128::from(cost));
        }
        let lines = sim.book().lines();
        let sum: u128 = lines.iter().map(|line| line.cost_pico_usd).sum();
        assert_eq!(sim.book().totals().cost_pico_usd, sum);
        // Caches that need no mark serve the second time.
        let cached = match dialect {
            Dialect::Anthropic | Dialect::BedrockConverse | Dialect::Ollama => 0,
            _ => 1408,
        };
        assert_eq!((lines[0].cache_read, lines[1].cache_read), (0, cached));
    }
}

#[tokio::test]
async fn thoughts_are_billed_as_output() {
    for dialect in DIALECTS {
        for stream in [false, true] {
            let mut body = with_tools(dialect, r#"say:"done""#, stream);
            if dialect == Dialect::OpenAi && stream {
                body["stream_options"] = json!({"include_usage": true});
            }
            for (thinks, tokens) in [(false, 1), (true, 9)] {
                let sim = Sim::speaking(dialect, "alpha");
                let sim = if thinks { sim.thinking() } else { sim }.build();
                let reply = send(&sim, &body).await;
                let told: Vec<_> = if stream {
                    let events = events(dialect, &reply.bytes);
                    events.into_iter().map(|event| event.data).collect()
                } else {
                    vec![reply.json()]
                };
                assert_eq!(usage(dialect, &told).2, tokens, "{dialect:?} {stream}");
                assert_eq!(sim.book().totals().output, tokens);
            }
        }
    }
}

#[tokio::test]
async fn what_arrived_is_what_was_sent() {
    let sim = Sim::openai("alpha").build();
    let body = ask("hi", false);
    send(&sim, &body).await;
    let received = &sim.received()[0];
    assert_eq!(
        (received.method.as_str(), received.path.as_str()),
        ("POST", "/v1/chat/completions")
    );
    assert_eq!(received.body, body.to_string());
    assert_eq!(received.headers["content-type"], "application/json");
    assert!(received.authorized);
}

#[test]
fn handles_go_anywhere() {
    fn anywhere<T: Send + Sync + 'static>() {}
    anywhere::<Sim>();
    anywhere::<SimService>();
    anywhere::<towerman_sim::SimBody>();
    anywhere::<towerman_sim::SimError>();
}
