//! Why a model stopped.

use towerman_core::Finish;

/// A paused turn can be continued: that is what running out of room says elsewhere, too.
pub(super) fn read(reason: &str) -> Finish {
    match reason {
        "end_turn" | "stop_sequence" => Finish::Stop,
        "max_tokens" | "model_context_window_exceeded" | "pause_turn" => Finish::Length,
        "tool_use" => Finish::ToolCalls,
        "refusal" => Finish::ContentFilter,
        _ => Finish::Other,
    }
}

/// What a client is told, who runs tools only on `tool_use`: whether a tool was called decides,
/// whatever the provider says.
pub(super) fn write(finish: Finish, heard: Heard, sequence: bool) -> &'static str {
    match finish {
        _ if heard.refused => "refusal",
        Finish::Length => "max_tokens",
        Finish::ContentFilter => "refusal",
        _ if heard.called => "tool_use",
        Finish::Stop if sequence => "stop_sequence",
        _ => "end_turn",
    }
}

/// What an answer held.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Heard {
    /// A tool was called.
    pub(super) called: bool,
    /// The model said in words that it will not.
    pub(super) refused: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_survive_the_round_trip() {
        for finish in [
            Finish::Stop,
            Finish::Length,
            Finish::ToolCalls,
            Finish::ContentFilter,
        ] {
            let heard = Heard {
                called: finish == Finish::ToolCalls,
                refused: false,
            };
            assert_eq!(read(write(finish, heard, false)), finish);
        }
        assert_eq!(read("pause_turn"), Finish::Length);
        assert_eq!(read("news"), Finish::Other);
    }

    #[test]
    fn what_was_heard_decides() {
        let called = Heard {
            called: true,
            refused: false,
        };
        let refused = Heard {
            called: false,
            refused: true,
        };
        // A forced call, and one that was cut.
        assert_eq!(write(Finish::Stop, called, true), "tool_use");
        assert_eq!(write(Finish::Length, called, false), "max_tokens");
        assert_eq!(write(Finish::Stop, refused, true), "refusal");
        assert_eq!(write(Finish::Stop, Heard::default(), true), "stop_sequence");
        assert_eq!(
            write(Finish::ToolCalls, Heard::default(), false),
            "end_turn"
        );
    }
}
