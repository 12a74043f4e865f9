//! AWS Signature Version 4, in a header. Pure: the time is given.
//!
//! See AWS's "Create a signed AWS API request". What is signed is what is sent: method, path,
//! query, the headers that nobody changes on the way, and a digest of the body.

mod canonical;
mod date;
#[cfg(test)]
mod tests;

use std::{
    fmt::Write as _,
    pin::Pin,
    task::{Context, Poll, Waker},
    time::SystemTime,
};

use hmac::{Hmac, KeyInit, Mac};
use http::{
    HeaderName, HeaderValue, Request, Uri,
    header::{AUTHORIZATION, HOST},
    uri::Authority,
};
use http_body::Body as _;
use sha2::{Digest, Sha256};
use towerman_core::{Body, Fault, FaultKind, Signing};

const X_AMZ_DATE: HeaderName = HeaderName::from_static("x-amz-date");
const X_AMZ_SECURITY_TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Signs `request` as of `now`; AWS takes it for five minutes from then.
///
/// # Errors
///
/// An internal fault if the body is not held (its digest stands in the head, which is sent before
/// it), or if a secret holds what no header may.
pub(crate) fn sign(
    request: &mut Request<Body>,
    signing: &Signing,
    now: SystemTime,
) -> Result<(), Fault> {
    let payload = digest(request.body()).ok_or_else(|| fault("its body is a stream"))?;
    let host = settle_host(request.uri_mut()).ok_or_else(|| fault("it has no host"))?;
    let date = date::amz_date(now);
    let headers = request.headers_mut();
    headers.remove(AUTHORIZATION);
    headers.remove(HOST);
    headers.insert(X_AMZ_DATE, value(&date)?);
    if let Some(token) = &signing.session_token {
        let token = token.header("").ok_or_else(unfit)?;
        headers.insert(X_AMZ_SECURITY_TOKEN, token);
    }

    let (lines, names) = canonical::headers(request.headers(), &host);
    let mut form = Sha256::new();
    form.update(request.method().as_str());
    form.update("\n");
    form.update(canonical::path(request.uri()));
    form.update("\n");
    form.update(canonical::query(request.uri()));
    form.update("\n");
    form.update(lines);
    form.update("\n");
    form.update(&names);
    form.update("\n");
    form.update(hex(&payload));

    let Signing {
        region, service, ..
    } = signing;
    let day = date.get(..8).unwrap_or_default();
    let scope = format!("{day}/{region}/{service}/aws4_request");
    let text = format!("{ALGORITHM}\n{date}\n{scope}\n{}", hex(&form.finalize()));
    let signature = hex(&mac(&key(signing, day), &text));
    let id = signing.access_key_id.expose();
    let mut told = value(&format!(
        "{ALGORITHM} Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}"
    ))?;
    told.set_sensitive(true);
    request.headers_mut().insert(AUTHORIZATION, told);
    Ok(())
}

/// The key of a day, a region and a service.
fn key(signing: &Signing, day: &str) -> [u8; 32] {
    let secret = format!("AWS4{}", signing.secret_access_key.expose());
    let parts = [day, &signing.region, signing.service, "aws4_request"];
    let mut parts = parts.into_iter();
    let first = mac(secret.as_bytes(), parts.next().unwrap_or_default());
    parts.fold(first, |key, part| mac(&key, part))
}

fn mac(key: &[u8], text: &str) -> [u8; 32] {
    // Keys of any length are keys.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return [0; 32];
    };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().into()
}

/// The digest of a held body, piece by piece.
fn digest(body: &Body) -> Option<[u8; 32]> {
    let mut pieces = body.try_clone()?;
    let mut digest = Sha256::new();
    // What is held never waits.
    let mut cx = Context::from_waker(Waker::noop());
    while let Poll::Ready(Some(frame)) = Pin::new(&mut pieces).poll_frame(&mut cx) {
        digest.update(frame.ok()?.into_data().ok()?);
    }
    Some(digest.finalize().into())
}

/// The `host` that HTTP/1 and HTTP/2 will send alike: without a port that goes without saying.
fn settle_host(uri: &mut Uri) -> Option<String> {
    let usual = match uri.scheme_str() {
        Some("https") => 443,
        _ => 80,
    };
    if uri.port_u16() == Some(usual) {
        let mut parts = uri.clone().into_parts();
        parts.authority = Some(Authority::try_from(uri.host()?).ok()?);
        *uri = Uri::from_parts(parts).ok()?;
    }
    uri.authority().map(ToString::to_string)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        // Writing into a string cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

fn value(text: &str) -> Result<HeaderValue, Fault> {
    HeaderValue::try_from(text).map_err(|_| unfit())
}

fn unfit() -> Fault {
    fault("its credentials hold what no header may")
}

fn fault(why: &'static str) -> Fault {
    Fault::new(FaultKind::Internal, "the request cannot be signed").because(why)
}
