//! Whose fault a provider's error is.

use http::StatusCode;
use towerman_core::FailureKind;

use super::ProviderError;

/// Whose an error is, as far as its body says more than its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blame {
    /// The endpoint's, or our account's there.
    Endpoint(FailureKind),
    /// The caller's, whatever the status says.
    Caller,
    /// What the status says.
    Status,
}

/// Types and codes that say that our account is out of money.
const QUOTA: [&str; 8] = [
    "insufficient_quota",
    "exceeded_current_quota",
    "credit_balance",
    "billing_",
    "spend_limit_reached",
    "payment_required",
    "servicequotaexceeded",
    "perday",
];

/// Types and codes that say that our key was refused.
const AUTH: [&str; 8] = [
    "invalid_api_key",
    "api_key_invalid",
    "authentication_error",
    "unauthenticated",
    "organization_restricted",
    "unrecognizedclient",
    "accessdenied",
    "expiredtoken",
];

/// Whole sentences about our account that come with a 400 and the type of any invalid request: how
/// they begin, and how they end. What a caller wrote may be quoted in an error, even at its very
/// beginning (the name of a member that is unknown), but never on both sides of it.
const ACCOUNT: [(&str, &str, FailureKind); 4] = [
    (
        "Your credit balance is too low to access the Anthropic API.",
        "Please go to Plans & Billing to upgrade or purchase credits.",
        FailureKind::Quota,
    ),
    (
        "You have reached your specified API usage limits. You will regain access on ",
        " at 00:00 UTC.",
        FailureKind::Quota,
    ),
    (
        "Incorrect API key provided: ",
        "You can obtain an API key from https://console.x.ai.",
        FailureKind::Auth,
    ),
    (
        "API key not valid.",
        "Please pass a valid API key.",
        FailureKind::Auth,
    ),
];

impl ProviderError {
    /// Whose the error is.
    ///
    /// Type and code are the provider's own words and count under any status. A message may
    /// repeat what a caller wrote, so it counts only where status, type and code leave it open;
    /// under a status that blames the caller, not even there, but for [sentences](ACCOUNT) that are
    /// known from beginning to end. A caller must not be able to talk an endpoint into quarantine.
    pub(crate) fn blame(&self, status: StatusCode) -> Blame {
        let status = status.as_u16();
        if self.class_has(&QUOTA) {
            return Blame::Endpoint(FailureKind::Quota);
        }
        if self.class_has(&AUTH) {
            return Blame::Endpoint(FailureKind::Auth);
        }
        match status {
            403 => self.forbidden(),
            429 if self.says(&["exceeded your current quota"]) => {
                Blame::Endpoint(FailureKind::Quota)
            }
            200..=299 | 429 | 500.. if self.is_overloaded() => {
                Blame::Endpoint(FailureKind::Overloaded)
            }
            400..=499 => self.account().map_or(Blame::Status, Blame::Endpoint),
            _ => Blame::Status,
        }
    }

    pub(crate) fn is_overloaded(&self) -> bool {
        self.class_has(&["overloaded", "unavailable"])
    }

    /// A 403 is about a prompt that was moderated, or about our key; the caller has no other.
    fn forbidden(&self) -> Blame {
        const MODERATED: [&str; 5] = [
            "moderation",
            "flagged",
            "content_policy",
            "content policy",
            "safety",
        ];
        const OURS: [&str; 9] = [
            "auth",
            "permi",
            "forbidden",
            "denied",
            "access",
            "api key",
            "api-key",
            "security token",
            "country",
        ];
        if self.moderated || self.class_has(&MODERATED) || self.says(&MODERATED) {
            Blame::Caller
        } else if self.says(&["key limit exceeded"]) {
            Blame::Endpoint(FailureKind::Quota)
        } else if self.is_silent() || self.class_has(&OURS) || self.says(&OURS) {
            Blame::Endpoint(FailureKind::Auth)
        } else if self.read {
            Blame::Caller
        } else {
            // A page of somebody's in between.
            Blame::Endpoint(FailureKind::Server)
        }
    }

    /// JSON that says nothing.
    fn is_silent(&self) -> bool {
        self.read && self.class.is_empty() && self.message.is_empty()
    }

    /// Some say with a 400, as of any mistake of the caller's, that our account is refused.
    fn account(&self) -> Option<FailureKind> {
        let said = |(begin, end, _): &&(&str, &str, _)| {
            self.message.starts_with(begin) && self.message.ends_with(end)
        };
        ACCOUNT.iter().find(said).map(|(_, _, kind)| *kind)
    }
}

#[cfg(test)]
mod tests;
