//! The form of a request that both sides hash. Pure.

use http::{
    HeaderMap, HeaderName, Uri,
    header::{ACCEPT_ENCODING, CONNECTION, USER_AGENT},
};
use percent_encoding::{AsciiSet, percent_decode_str, percent_encode, utf8_percent_encode};

use crate::address::UNRESERVED;

/// What stays as it is in a path.
const PATH: &AsciiSet = &UNRESERVED.remove(b'/');

/// What proxies may change on the way, or what is about the connection alone.
static UNSIGNED: [HeaderName; 3] = [ACCEPT_ENCODING, CONNECTION, USER_AGENT];

/// The path of the URI, encoded once more: every service but S3 wants that. `%3A` is `%253A`.
pub(super) fn path(uri: &Uri) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let path = uri.path();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(kept.pop()),
            _ => kept.push(segment),
        }
    }
    let folder = ["/", "/.", "/.."].iter().any(|end| path.ends_with(end));
    let end = if folder && !kept.is_empty() { "/" } else { "" };
    let normal = format!("/{}{end}", kept.join("/"));
    utf8_percent_encode(&normal, PATH).to_string()
}

/// The parameters of the URI, encoded once and in order.
pub(super) fn query(uri: &Uri) -> String {
    let encoded = |text: &str| {
        let plain: Vec<u8> = percent_decode_str(text).collect();
        percent_encode(&plain, UNRESERVED).to_string()
    };
    let pairs = uri.query().unwrap_or_default().split('&');
    let mut pairs: Vec<_> = pairs
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (encoded(name), encoded(value)))
        .collect();
    pairs.sort();
    let pairs: Vec<_> = pairs
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

/// The headers that are signed, a line each, and their names.
pub(super) fn headers(headers: &HeaderMap, host: &str) -> (Vec<u8>, String) {
    let mut names: Vec<&str> = headers
        .keys()
        .filter(|name| !UNSIGNED.contains(name))
        .map(HeaderName::as_str)
        .collect();
    names.push("host");
    names.sort_unstable();
    names.dedup();
    let mut lines = Vec::new();
    for name in &names {
        lines.extend_from_slice(name.as_bytes());
        lines.push(b':');
        if *name == "host" {
            lines.extend_from_slice(host.as_bytes());
        } else {
            for (index, value) in headers.get_all(*name).iter().enumerate() {
                if index > 0 {
                    lines.push(b',');
                }
                squeeze(value.as_bytes(), &mut lines);
            }
        }
        lines.push(b'\n');
    }
    (lines, names.join(";"))
}

/// Without spaces around it, and with one in the place of many.
fn squeeze(value: &[u8], out: &mut Vec<u8>) {
    let mut before = b' ';
    for byte in value.trim_ascii() {
        if *byte != b' ' || before != b' ' {
            out.push(*byte);
        }
        before = *byte;
    }
}
