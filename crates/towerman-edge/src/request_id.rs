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
        let mut id = [0; 37];
        let id = write(*PROCESS, NEXT.fetch_add(1, Relaxed), &mut id);
        HeaderValue::from_bytes(id).ok().map(RequestId::new)
    }
}

/// `req-`, the process and the number in hexadecimal. By hand: every request pays for it.
fn write(process: u64, number: u64, out: &mut [u8; 37]) -> &[u8] {
    let end = 22 + number.max(1).ilog2() as usize / 4;
    out[..4].copy_from_slice(b"req-");
    hex(process, &mut out[4..20]);
    out[20] = b'-';
    hex(number, &mut out[21..end]);
    &out[..end]
}

fn hex(number: u64, out: &mut [u8]) {
    for (place, digit) in out.iter_mut().rev().enumerate() {
        *digit = b"0123456789abcdef"[(number >> (4 * place) & 15) as usize];
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_its_process_and_its_number() {
        for number in [1, 15, 16, 0xfff, 0x1000, u64::MAX] {
            let id = write(0xab, number, &mut [0; 37]).to_vec();
            let expected = format!("req-00000000000000ab-{number:x}");
            assert_eq!(String::from_utf8_lossy(&id), expected);
        }
    }
}
