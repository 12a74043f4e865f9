//! Errors inside an answer that began well.
//!
//! The provider's own words stay here: they may name accounts, keys and prompts.

use serde::Deserialize;
use towerman_core::{Fault, FaultKind};

use crate::neutral::Raw;

/// What an error object may say about its class.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Said<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Raw<'a>>,
    #[serde(borrow)]
    code: Option<Raw<'a>>,
    #[serde(borrow)]
    status_code: Option<Raw<'a>>,
}

/// The fault that a provider's error object amounts to.
pub(crate) fn read(error: Raw<'_>) -> Fault {
    let said: Said<'_> = serde_json::from_str(error.get()).unwrap_or_default();
    let told = [said.kind, said.code, said.status_code];
    let kind = told
        .into_iter()
        .flatten()
        .find_map(|raw| match raw.get().trim_matches('"') {
            "overloaded_error" | "server_is_overloaded" | "provider_overloaded" | "503" | "529" => {
                Some(FaultKind::Unavailable)
            }
            "rate_limit_error" | "rate_limit_exceeded" | "429" => Some(FaultKind::RateLimited),
            "timeout_error" | "408" | "504" => Some(FaultKind::Timeout),
            _ => None,
        });
    match kind {
        Some(FaultKind::Unavailable) => {
            Fault::new(FaultKind::Unavailable, "the provider is overloaded")
        }
        Some(FaultKind::RateLimited) => Fault::new(
            FaultKind::RateLimited,
            "the provider's rate limit is reached",
        ),
        Some(FaultKind::Timeout) => {
            Fault::new(FaultKind::Timeout, "the provider did not finish in time")
        }
        _ => Fault::new(
            FaultKind::BadGateway,
            "the provider failed while it answered",
        ),
    }
}

/// The answer is not of the dialect.
pub(crate) fn nonsense() -> Fault {
    Fault::new(
        FaultKind::BadGateway,
        "the provider's answer could not be understood",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_class_survives_and_the_words_do_not() {
        for (error, kind) in [
            (
                r#"{"type":"overloaded_error","message":"sk-1"}"#,
                FaultKind::Unavailable,
            ),
            (r#"{"code":429,"message":"sk-1"}"#, FaultKind::RateLimited),
            (
                r#"{"type":"x","code":"504","message":"sk-1"}"#,
                FaultKind::Timeout,
            ),
            (
                r#"{"type":"invalid_request_error","message":"sk-1"}"#,
                FaultKind::BadGateway,
            ),
            (r#""sk-1""#, FaultKind::BadGateway),
        ] {
            let fault = read(serde_json::from_str(error).unwrap());
            assert_eq!(fault.kind(), kind, "{error}");
            assert!(!fault.message().contains("sk-1"));
        }
    }
}
