//! One line of the ledger.

use std::{fmt, sync::Arc};

use serde::{Serialize, Serializer};
use towerman_core::{Pico, Usage};

/// One attempt in the ledger: who asked, who answered, what it used and what it cost.
///
/// As JSON it is one flat object; amounts of money are strings of decimal digits, because they
/// may be larger than the numbers that JSON readers keep exactly. Cloning it copies no text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Line {
    /// Names this line and no other: a reader that meets it twice counts it once.
    pub id: LineId,
    /// When it was settled, in milliseconds since 1970 (UTC).
    pub at_ms: u64,
    /// The request, as logs and the client know it.
    pub request_id: Option<Arc<str>>,
    /// Which attempt of the request, from 1.
    pub attempt: u32,
    /// Who asked.
    pub tenant: Arc<str>,
    /// The conversation, by the client's account.
    pub session: Option<Arc<str>>,
    /// The route, if the request took one.
    pub route: Option<Arc<str>>,
    /// Where it was sent.
    pub endpoint: Arc<str>,
    /// Who serves that.
    pub provider: Arc<str>,
    /// The model that the provider says answered.
    pub model: Option<Arc<str>>,
    /// The client's dialect.
    pub dialect: Option<&'static str>,
    /// How urgent it was.
    pub priority: &'static str,
    /// Whether the client asked for a stream.
    pub stream: bool,
    /// The provider's status, if it answered.
    pub status: Option<u16>,
    /// How it ended: the names of [`Outcome`](towerman_core::Outcome). It speaks of the endpoint,
    /// so a request that was refused for its own faults is a success with a status of 4xx.
    pub outcome: &'static str,
    /// What it used.
    #[serde(flatten, serialize_with = "buckets")]
    pub usage: Usage,
    /// What it cost; `None` if the endpoint has no price.
    #[serde(rename = "cost_pico_usd", serialize_with = "digits")]
    pub cost: Option<Pico>,
    /// What reading from the provider's cache saved.
    #[serde(rename = "saved_pico_usd", serialize_with = "digits")]
    pub saved: Option<Pico>,
    /// Whether the endpoint has a price.
    pub priced: bool,
    /// Whether usage and cost rest on an estimate, which is rather too high than too low.
    pub estimated: bool,
    /// It was sent and never answered: whether the provider bills it, nobody here knows.
    pub maybe_billed: bool,
    /// Time from dispatch to the end.
    pub duration_ms: u64,
    /// Time from dispatch to the first content, if the answer was a stream and any came.
    pub first_content_ms: Option<u64>,
}

/// The name of a [`Line`], written as `request/attempt/time-number`.
///
/// Clients may choose their request's id, and choose it twice, so more follows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LineId {
    pub(crate) request_id: Option<Arc<str>>,
    pub(crate) attempt: u32,
    pub(crate) at_ms: u64,
    /// Which line of its process, from 0.
    pub(crate) nth: u64,
}

impl fmt::Display for LineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let request_id = self.request_id.as_deref().unwrap_or("unnamed");
        let (attempt, at_ms, nth) = (self.attempt, self.at_ms, self.nth);
        write!(f, "{request_id}/{attempt}/{at_ms:x}-{nth:x}")
    }
}

impl Serialize for LineId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

fn digits<S: Serializer>(amount: &Option<Pico>, serializer: S) -> Result<S::Ok, S::Error> {
    match amount {
        Some(Pico(amount)) => serializer.collect_str(amount),
        None => serializer.serialize_none(),
    }
}

fn buckets<S: Serializer>(usage: &Usage, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Buckets {
        input: u64,
        cache_read: u64,
        cache_write: u64,
        cache_write_long: u64,
        output: u64,
        reasoning: u64,
    }
    Buckets {
        input: usage.input,
        cache_read: usage.cache_read,
        cache_write: usage.cache_write,
        cache_write_long: usage.cache_write_long,
        output: usage.output,
        reasoning: usage.reasoning,
    }
    .serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_flat_object_with_money_in_digits() {
        let line = Line {
            cost: Some(Pico(u128::MAX)),
            usage: Usage {
                cache_read: 7,
                ..Usage::default()
            },
            ..Line::default()
        };
        let json = serde_json::to_value(&line).unwrap();
        assert_eq!(
            json["cost_pico_usd"],
            "340282366920938463463374607431768211455"
        );
        assert_eq!(json["saved_pico_usd"], serde_json::Value::Null);
        assert_eq!(json["cache_read"], 7);
        let nested = json.as_object().unwrap().values();
        assert_eq!(nested.filter(|value| value.is_object()).count(), 0);
    }

    #[test]
    fn an_id_is_written_as_one_string() {
        let id = LineId {
            request_id: Some("req-1".into()),
            attempt: 2,
            at_ms: 0x1234,
            nth: 0xab,
        };
        assert_eq!(serde_json::to_value(&id).unwrap(), "req-1/2/1234-ab");
        assert_eq!(LineId::default().to_string(), "unnamed/0/0-0");
    }

    #[test]
    fn text_of_a_clients_choice_cannot_end_a_line() {
        let line = Line {
            session: Some("a\nb\u{2028}\"}".into()),
            ..Line::default()
        };
        assert!(!serde_json::to_string(&line).unwrap().contains('\n'));
    }
}
