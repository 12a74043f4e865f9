//! Remembers what reached the provider, with the credentials left out.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, request};

use crate::script::lock;

/// Requests kept, and the most that their bodies may hold in memory together.
const MAX_REQUESTS: usize = 1024;
const MAX_BYTES: usize = 64 << 20;

/// The headers that carry a key; only their presence is kept.
const SECRET: [&str; 7] = [
    "authorization",
    "x-api-key",
    "api-key",
    "x-goog-api-key",
    "x-amz-security-token",
    "proxy-authorization",
    "cookie",
];

/// One request as the provider received it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Received {
    /// The method.
    pub method: Method,
    /// The path, with its query; the value of `key` in it reads `redacted`.
    pub path: String,
    /// The headers; `authorization`, `x-api-key` and other secrets read `redacted`.
    pub headers: HeaderMap,
    /// The provider accepts the request's credentials (any, if it was given no key).
    pub authorized: bool,
    /// The body, byte for byte.
    pub body: Bytes,
}

/// The last requests, bounded in number and in bytes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Journal(Arc<Mutex<Entries>>);

#[derive(Debug, Default)]
struct Entries {
    requests: VecDeque<Received>,
    bytes: usize,
}

impl Journal {
    pub(crate) fn write(&self, head: &request::Parts, authorized: bool, body: Bytes) {
        let mut headers = head.headers.clone();
        for name in SECRET {
            if headers.contains_key(name) {
                // Replaces every value of a repeated header.
                headers.insert(name, HeaderValue::from_static("redacted"));
            }
        }
        let path = keyless(head.uri.path_and_query().map_or("/", |path| path.as_str()));
        let mut entries = lock(&self.0);
        entries.bytes += body.len();
        entries.requests.push_back(Received {
            method: head.method.clone(),
            path,
            headers,
            authorized,
            body,
        });
        while entries.requests.len() > MAX_REQUESTS || entries.bytes > MAX_BYTES {
            match entries.requests.pop_front() {
                Some(oldest) => entries.bytes -= oldest.body.len(),
                None => break,
            }
        }
    }

    pub(crate) fn read(&self) -> Vec<Received> {
        lock(&self.0).requests.iter().cloned().collect()
    }
}

/// A path and query without the API key that Google takes there.
fn keyless(path: &str) -> String {
    let Some((path, query)) = path.split_once('?') else {
        return path.to_owned();
    };
    let query: Vec<_> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some(("key", _)) => "key=redacted",
            _ => pair,
        })
        .collect();
    format!("{path}?{}", query.join("&"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn write(journal: &Journal, body: Bytes) {
        let request = http::Request::post("/v1/x?y=1")
            .header("x-api-key", "sk-secret")
            .header("x-a", "b")
            .body(())
            .unwrap();
        journal.write(&request.into_parts().0, true, body);
    }

    #[test]
    fn secrets_stay_out_and_the_rest_stays_in() {
        let journal = Journal::default();
        write(&journal, Bytes::from_static(b"{}"));
        let received = &journal.read()[0];
        assert!(!format!("{received:?}").contains("sk-secret"));
        assert_eq!(
            (
                received.path.as_str(),
                &received.headers["x-a"],
                received.authorized
            ),
            ("/v1/x?y=1", &"b".parse().unwrap(), true)
        );
    }

    #[test]
    fn a_key_in_the_query_stays_out_too() {
        assert_eq!(keyless("/a"), "/a");
        assert_eq!(
            keyless("/a?alt=sse&key=AIza&b"),
            "/a?alt=sse&key=redacted&b"
        );
    }

    #[test]
    fn bounded_by_number_and_by_bytes() {
        let journal = Journal::default();
        (0..MAX_REQUESTS + 10).for_each(|_| write(&journal, Bytes::new()));
        assert_eq!(journal.read().len(), MAX_REQUESTS);
        (0..5).for_each(|_| write(&journal, Bytes::from(vec![0; MAX_BYTES / 4])));
        assert_eq!(journal.read().len(), 4);
    }
}
