//! Why a model stopped, in each dialect.

/// OpenAI's `finish_reason` as Anthropic's `stop_reason`.
///
/// A forced call ends with `stop` at OpenAI; an Anthropic client runs tools only on `tool_use`, so
/// `called` decides.
pub(super) fn to_anthropic(reason: &str, called: bool) -> &'static str {
    match reason {
        "length" | "model_length" => "max_tokens",
        "content_filter" => "refusal",
        _ if called => "tool_use",
        _ => "end_turn",
    }
}

/// Anthropic's `stop_reason` as OpenAI's `finish_reason`.
///
/// A paused turn is one that can be continued: `length` says that, `stop` would not.
pub(super) fn to_openai(reason: &str) -> &'static str {
    match reason {
        "max_tokens" | "model_context_window_exceeded" | "pause_turn" => "length",
        "tool_use" => "tool_calls",
        "refusal" => "content_filter",
        _ => "stop",
    }
}

/// Whether OpenAI's `finish_reason` says that the answer failed.
pub(super) fn is_failure(reason: &str) -> bool {
    matches!(reason, "error" | "insufficient_system_resource")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_that_both_dialects_know_survive_the_round_trip() {
        for reason in ["stop", "length", "tool_calls", "content_filter"] {
            let there = to_anthropic(reason, reason == "tool_calls");
            assert_eq!(to_openai(there), reason);
        }
    }

    #[test]
    fn a_forced_call_is_a_call_and_a_cut_one_is_not() {
        assert_eq!(to_anthropic("stop", true), "tool_use");
        assert_eq!(to_anthropic("function_call", true), "tool_use");
        assert_eq!(to_anthropic("length", true), "max_tokens");
    }

    #[test]
    fn stops_that_only_one_side_knows_have_a_nearest() {
        assert_eq!(to_openai("stop_sequence"), "stop");
        assert_eq!(to_openai("model_context_window_exceeded"), "length");
        assert_eq!(to_openai("pause_turn"), "length");
        assert_eq!(to_anthropic("eos", false), "end_turn");
    }
}
