//! Names for requests.

use std::{
    hash::{BuildHasher, RandomState},
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use http::{HeaderValue, Request};
use tower_http::request_id::{MakeRequestId, RequestId};

/// `x-request-id`.
pub(crate) const HEADER: http::HeaderName = http::HeaderName::from_static("x-request-id");

/// Makes ids that are unique across processes: a random part per process, and a counter.
#[derive(Clone, Copy, Debug)]
pub struct Counter;

impl MakeRequestId for Counter {
    fn make_request_id<B>(&mut self, _: &Request<B>) -> Option<RequestId> {
        static PROCESS: LazyLock<u64> =
            LazyLock::new(|| RandomState::new().hash_one(std::process::id()));
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = format!("req-{:016x}-{:x}", *PROCESS, NEXT.fetch_add(1, Relaxed));
        HeaderValue::try_from(id).ok().map(RequestId::new)
    }
}

/// Removes an id that is too long or not printable: it would end up in logs and ledgers.
pub(crate) fn tidy<B>(request: &mut Request<B>) {
    let headers = request.headers_mut();
    let fine = |value: &HeaderValue| {
        let bytes = value.as_bytes();
        !bytes.is_empty() && bytes.len() <= 128 && bytes.iter().all(u8::is_ascii_graphic)
    };
    if headers.get(HEADER).is_some_and(|value| !fine(value)) {
        headers.remove(HEADER);
    }
}
