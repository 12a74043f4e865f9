//! Why a model stopped.

use std::borrow::Cow;

use towerman_core::Finish;

/// What a finish reason amounts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    Known(Finish),
    /// The model failed; what it said before may be of use.
    Failed,
}

/// `called` says whether the answer calls a tool: the reason never does.
pub(super) fn read(reason: &str, called: bool) -> Reason {
    Reason::Known(match reason {
        "STOP" if called => Finish::ToolCalls,
        "STOP" => Finish::Stop,
        "MAX_TOKENS" => Finish::Length,
        "SAFETY" | "RECITATION" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII" | "LANGUAGE"
        | "MODEL_ARMOR" | "ESCALATION" => Finish::ContentFilter,
        // One of images, for reasons of its own, or because there is none.
        image if image.starts_with("IMAGE_") => Finish::ContentFilter,
        _ => return Reason::Failed,
    })
}

/// The finish, if the answer is one: a model that failed and said nothing has not answered.
pub(super) fn of(reason: &str, called: bool, said: bool) -> Option<Finish> {
    match read(reason, called) {
        Reason::Known(finish) => Some(finish),
        Reason::Failed => said.then_some(Finish::Other),
    }
}

pub(super) const fn write(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::ToolCalls => "STOP",
        Finish::Length => "MAX_TOKENS",
        Finish::ContentFilter => "SAFETY",
        _ => "OTHER",
    }
}

/// Why a filter refused, in words.
pub(super) fn explanation(reason: &str, message: Option<Cow<'_, str>>) -> Cow<'static, str> {
    match message {
        Some(message) => message.into_owned().into(),
        None => format!("the provider's filter stopped it: {reason}").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_survive_the_round_trip() {
        for finish in [
            Finish::Stop,
            Finish::ToolCalls,
            Finish::Length,
            Finish::ContentFilter,
            Finish::Other,
        ] {
            let called = finish == Finish::ToolCalls;
            assert_eq!(of(write(finish), called, true), Some(finish));
        }
        assert_eq!(of("MALFORMED_FUNCTION_CALL", false, false), None);
        assert_eq!(
            of("IMAGE_SAFETY", false, false),
            Some(Finish::ContentFilter)
        );
    }
}
