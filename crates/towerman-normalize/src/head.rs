//! The head of the answer that goes back. Pure: default deny.

use http::{
    HeaderMap, HeaderName,
    header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER},
};
use towerman_core::RateLimits;
use towerman_wire::limits;

/// What of a provider's head describes the answer, and is not about us.
const PASSED: [HeaderName; 3] = [CONTENT_TYPE, CONTENT_LENGTH, RETRY_AFTER];

/// Keeps only what the client may see, and tells of rate limits in one way for all providers.
pub(crate) fn filter(headers: &mut HeaderMap, told: Option<&RateLimits>) {
    let mut kept =
        HeaderMap::with_capacity(PASSED.len() + told.map_or(0, |told| 3 * told.iter().count()));
    for name in PASSED {
        if let Some(value) = headers.remove(&name) {
            kept.insert(name, value);
        }
    }
    if let Some(told) = told {
        limits::write(told, &mut kept);
    }
    *headers = kept;
}
