//! The prompt cache behind `cache_control`.

use crate::common::{ask, send};
use serde_json::{Value, json};
use towerman_sim::{PER_MESSAGE, Sim};

fn sim() -> Sim {
    Sim::anthropic("beta").build()
}

#[tokio::test(start_paused = true)]
async fn breakpoints_are_cached_for_five_minutes() {
    let sim = sim();
    let cached = |control: Value, turn: &str| {
        let body = json!({"model": "m", "max_tokens": 5,
            "system": [{"type": "text", "text": "s".repeat(4 * 2000), "cache_control": control}],
            "messages": [{"role": "user", "content": turn}]});
        let sim = sim.clone();
        async move {
            let usage = send(&sim, &body).await.json()["usage"].clone();
            let of = |name: &str| usage[name].as_u64().unwrap();
            let split = &usage["cache_creation"];
            assert_eq!(
                of("cache_creation_input_tokens"),
                split["ephemeral_5m_input_tokens"].as_u64().unwrap()
                    + split["ephemeral_1h_input_tokens"].as_u64().unwrap()
            );
            (
                of("input_tokens"),
                of("cache_read_input_tokens"),
                of("cache_creation_input_tokens"),
            )
        }
    };
    let short = json!({"type": "ephemeral"});
    assert_eq!(cached(short.clone(), "a").await, (PER_MESSAGE + 1, 0, 2000));
    assert_eq!(cached(short.clone(), "b").await, (PER_MESSAGE + 1, 2000, 0));
    tokio::time::advance(std::time::Duration::from_secs(301)).await;
    assert_eq!(cached(short, "c").await, (PER_MESSAGE + 1, 0, 2000));
    tokio::time::advance(std::time::Duration::from_secs(301)).await;
    let long = json!({"type": "ephemeral", "ttl": "1h"});
    assert_eq!(cached(long.clone(), "d").await, (PER_MESSAGE + 1, 0, 2000));
    tokio::time::advance(std::time::Duration::from_secs(3500)).await;
    assert_eq!(cached(long, "e").await, (PER_MESSAGE + 1, 2000, 0));
    assert_eq!(
        cached(Value::Null, "f").await,
        (2000 + PER_MESSAGE + 1, 0, 0)
    );
}

#[tokio::test]
async fn top_level_cache_control_marks_the_last_block() {
    let sim = sim();
    let mut body = ask(&"x".repeat(4 * 1500), false);
    body["cache_control"] = json!({"type": "ephemeral"});
    assert_eq!(
        send(&sim, &body).await.json()["usage"]["cache_creation_input_tokens"],
        1504
    );
    let read = send(&sim, &body).await.json()["usage"].clone();
    assert_eq!(
        (&read["cache_read_input_tokens"], &read["input_tokens"]),
        (&json!(1504), &json!(0))
    );
}
