//! Counts of tokens.

use serde_json::{Value, json};
use towerman_core::Dialect;

use super::{
    ANTHROPIC, CHAT, D,
    answers::{answer, respond},
};

#[test]
fn the_parts_of_a_prompt_are_disjoint() {
    let told = |usage: Value, to: Dialect| {
        let mut body = answer(&json!([{"text": "x"}]), "end_turn");
        body["usage"] = usage;
        respond(D, to, &body)["usage"].clone()
    };
    let plain = json!({"inputTokens": 3, "outputTokens": 2, "totalTokens": 5});
    assert_eq!(told(plain.clone(), D), plain);
    let doubled = json!({"inputTokens": 3, "outputTokens": 2, "totalTokens": 5, "serverToolUsage": {},
        "cacheReadInputTokens": 0, "cacheReadInputTokenCount": 0,
        "cacheWriteInputTokens": 0, "cacheWriteInputTokenCount": 0});
    assert_eq!(told(doubled, D), plain);
    // Writes that live for an hour are among all that was written.
    let long = json!({"inputTokens": 3, "outputTokens": 2, "totalTokens": 20,
        "cacheReadInputTokens": 5, "cacheWriteInputTokens": 10,
        "cacheDetails": [{"ttl": "1h", "inputTokens": 6}, {"ttl": "5m", "inputTokens": 4}]});
    let claude = told(long.clone(), ANTHROPIC);
    assert_eq!(
        (&claude["input_tokens"], &claude["cache_read_input_tokens"]),
        (&json!(3), &json!(5))
    );
    assert_eq!(claude["cache_creation_input_tokens"], 10);
    assert_eq!(
        claude["cache_creation"],
        json!({"ephemeral_5m_input_tokens": 4, "ephemeral_1h_input_tokens": 6})
    );
    let chat = told(long.clone(), CHAT);
    assert_eq!(
        (&chat["prompt_tokens"], &chat["total_tokens"]),
        (&json!(18), &json!(20))
    );
    assert_eq!(told(long.clone(), D), long);
    let hour = json!({"inputTokens": 3, "outputTokens": 2, "totalTokens": 11,
        "cacheReadInputTokens": 0, "cacheWriteInputTokens": 6,
        "cacheDetails": [{"ttl": "1h", "inputTokens": 6}]});
    assert_eq!(told(hour.clone(), D), hour);
    // Nonsense costs nobody the answer.
    assert_eq!(told(json!("much"), D)["inputTokens"], 0);
}
