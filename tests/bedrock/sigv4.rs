//! Signature Version 4 from the other side: what AWS does with a request that came.
//!
//! Nothing of the code under test is used, not even its HMAC.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::request::Parts;
use sha2::{Digest, Sha256};

/// Whose requests are taken.
pub(crate) struct Account {
    pub(crate) id: &'static str,
    pub(crate) secret: &'static str,
    pub(crate) token: Option<&'static str>,
    pub(crate) region: &'static str,
}

/// Why a request is not the account's.
pub(crate) fn refuse(account: &Account, head: &Parts, body: &Bytes) -> Option<String> {
    let text = |name: &str| {
        let mut values = head.headers.get_all(name).iter();
        let value = values.next().and_then(|value| value.to_str().ok());
        value.filter(|_| values.next().is_none()).map(str::to_owned)
    };
    let (Some(told), Some(date)) = (text("authorization"), text("x-amz-date")) else {
        return Some("it is not signed".into());
    };
    if text("x-amz-security-token").as_deref() != account.token {
        return Some("another token".into());
    }
    if stale(&date) {
        return Some(format!("signed at {date}"));
    }
    let parts = told
        .split_once(", SignedHeaders=")
        .and_then(|(start, rest)| {
            let (names, signature) = rest.split_once(", Signature=")?;
            Some((start, names, signature))
        });
    let Some((start, names, signature)) = parts else {
        return Some("it is signed in some other way".into());
    };
    let (id, region, day) = (
        account.id,
        account.region,
        date.get(..8).unwrap_or_default(),
    );
    let scope = format!("{day}/{region}/bedrock/aws4_request");
    if start != format!("AWS4-HMAC-SHA256 Credential={id}/{scope}") {
        return Some(format!("signed by {start}"));
    }
    let mut wanted = vec!["content-type", "host", "x-amz-date"];
    wanted.extend(account.token.map(|_| "x-amz-security-token"));
    let listed: Vec<&str> = names.split(';').collect();
    if !listed.is_sorted() || wanted.iter().any(|name| !listed.contains(name)) {
        return Some(format!("only {names} are signed"));
    }
    let lines: Vec<String> = listed
        .iter()
        .map(|name| format!("{name}:{}\n", text(name).unwrap_or_default()))
        .collect();
    let form = format!(
        "{}\n{}\n{}\n{}\n{names}\n{}",
        head.method,
        twice(head.uri.path()),
        head.uri.query().unwrap_or_default(),
        lines.concat(),
        hex(&Sha256::digest(body)),
    );
    let text = format!(
        "AWS4-HMAC-SHA256\n{date}\n{scope}\n{}",
        hex(&Sha256::digest(form.as_bytes()))
    );
    let mut key = format!("AWS4{}", account.secret).into_bytes();
    for part in [day, region, "bedrock", "aws4_request"] {
        key = hmac(&key, part.as_bytes());
    }
    let right = hex(&hmac(&key, text.as_bytes()));
    (right != signature).then(|| format!("the signature of\n{form}\nis {right}"))
}

/// Whether a time is not within five minutes of now, as `date` tells it.
fn stale(date: &str) -> bool {
    let now = SystemTime::now();
    let near = (-300..=300).map(|off: i64| {
        let by = Duration::from_secs(off.unsigned_abs());
        if off < 0 { now - by } else { now + by }
    });
    // `Mon, 03 Nov 2025 10:00:00 GMT`, written the other way.
    let mut written = near.map(|time| {
        let text = httpdate::fmt_http_date(time);
        let parts: Vec<&str> = text.split(' ').collect();
        let months = "JanFebMarAprMayJunJulAugSepOctNovDec";
        let month = months.find(parts[2]).unwrap() / 3 + 1;
        let clock = parts[4].replace(':', "");
        format!("{}{month:02}{}T{clock}Z", parts[3], parts[1])
    });
    written.all(|text| text != date)
}

/// A path that is encoded already, encoded.
fn twice(path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/".contains(c);
    path.chars()
        .map(|c| {
            if plain(c) {
                c.to_string()
            } else {
                format!("%{:02X}", u32::from(c))
            }
        })
        .collect()
}

/// RFC 2104, for keys that are no longer than a block.
fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let pad = |with: u8| {
        let mut block = [with; 64];
        for (place, byte) in block.iter_mut().zip(key) {
            *place ^= byte;
        }
        block
    };
    let inner = Sha256::digest([&pad(0x36), text].concat());
    Sha256::digest([&pad(0x5c)[..], &inner].concat()).to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
