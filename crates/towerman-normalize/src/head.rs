//! The head of the answer that goes back. Pure: default deny.

use http::{
    HeaderMap, HeaderName,
    header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER},
};

/// What of a provider's head describes the answer, and is not about us.
const PASSED: [HeaderName; 3] = [CONTENT_TYPE, CONTENT_LENGTH, RETRY_AFTER];

/// Keeps only what the client may see.
pub(crate) fn filter(headers: &mut HeaderMap) {
    let mut kept = HeaderMap::with_capacity(4);
    for name in PASSED {
        if let Some(value) = headers.remove(&name) {
            kept.insert(name, value);
        }
    }
    *headers = kept;
}
