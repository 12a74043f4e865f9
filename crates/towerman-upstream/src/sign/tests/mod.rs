//! AWS's published examples: the test suite of Signature Version 4, and the documentation's own.

mod suite;

use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use towerman_core::Secret;

use self::suite::SUITE;
use super::*;

/// 2015-08-30 12:36:00 UTC, the time of all examples.
const THEN: Duration = Duration::from_secs(1_440_938_160);

fn signing(service: &'static str) -> Signing {
    Signing {
        access_key_id: Secret::new("AKIDEXAMPLE"),
        secret_access_key: Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
        session_token: None,
        region: "us-east-1".into(),
        service,
    }
}

/// The signed headers and the signature.
fn signed(mut request: Request<Body>, signing: &Signing) -> (String, String) {
    sign(&mut request, signing, UNIX_EPOCH + THEN).unwrap();
    let told = &request.headers()["authorization"];
    assert!(told.is_sensitive());
    let told = told.to_str().unwrap();
    let service = signing.service;
    let start = format!(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/{service}/aws4_request, \
         SignedHeaders="
    );
    let (names, signature) = told
        .strip_prefix(&start)
        .and_then(|rest| rest.split_once(", Signature="))
        .unwrap_or_else(|| panic!("{told}"));
    (names.to_owned(), signature.to_owned())
}

#[test]
fn the_suites_signatures_are_ours() {
    for (method, path, headers, body, wanted) in SUITE {
        let mut request = Request::builder()
            .method(*method)
            .uri(format!("https://example.amazonaws.com{path}"));
        for (name, value) in *headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(*body)).unwrap();
        let (_, signature) = signed(request, &signing("service"));
        assert_eq!(signature, *wanted, "{method} {path} {headers:?}");
    }
}

#[test]
fn a_session_token_is_sent_and_signed() {
    let mut signing = signing("service");
    // get-vanilla-with-session-token
    let token = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267";
    signing.session_token = Some(Secret::new(token));
    let request = Request::get("https://example.amazonaws.com/").body(Body::empty());
    let mut request = request.unwrap();
    sign(&mut request, &signing, UNIX_EPOCH + THEN).unwrap();
    let headers = request.headers();
    assert_eq!(headers["x-amz-security-token"], token);
    assert!(headers["x-amz-security-token"].is_sensitive());
    assert_eq!(headers["x-amz-date"], "20150830T123600Z");
    assert_eq!(
        signed(request, &signing),
        (
            "host;x-amz-date;x-amz-security-token".into(),
            "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8".into()
        )
    );
}

/// "Signature Version 4 signing process", the call of IAM that it goes through.
#[test]
fn the_documented_example_comes_out() {
    let request = Request::get("https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08")
        .header(
            "content-type",
            "application/x-www-form-urlencoded; charset=utf-8",
        )
        .body(Body::empty())
        .unwrap();
    let iam = signing("iam");
    assert_eq!(
        hex(&key(&iam, "20150830")),
        "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"
    );
    assert_eq!(
        signed(request, &iam),
        (
            "content-type;host;x-amz-date".into(),
            "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7".into()
        )
    );
}

const BEDROCK: &str = "https://bedrock-runtime.us-east-1.amazonaws.com:443/model/\
                       us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/invoke";

fn bedrock(body: Body) -> Request<Body> {
    Request::post(BEDROCK)
        .header("content-type", "application/json")
        .header("accept-encoding", "identity")
        .header("user-agent", "towerman/0")
        .header("authorization", "Bearer theirs")
        .header("host", "evil.example")
        .body(body)
        .unwrap()
}

/// The signature is botocore's for the same call at the same time.
#[test]
fn a_path_is_encoded_twice_and_a_rope_is_one_body() {
    let mut signing = signing("bedrock");
    signing.session_token = Some(Secret::new("a/token+of=ours"));
    let pieces = [r#"{"max"#, "", r#"_tokens":1}"#].map(Bytes::from);
    for body in [Body::from(pieces.concat()), Body::rope(pieces)] {
        assert_eq!(
            signed(bedrock(body), &signing),
            (
                "content-type;host;x-amz-date;x-amz-security-token".into(),
                "b824b6ef240172c1d9b291c4287cff1cfa9bef9bf60d51a7f1e25a7996a352b3".into()
            )
        );
    }
}

#[test]
fn the_host_that_is_signed_is_the_one_that_is_sent() {
    for (uri, wanted) in [
        ("https://a.example:443/x?y", "https://a.example/x?y"),
        ("http://a.example:80/", "http://a.example/"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/"),
        ("https://[::1]:80/", "https://[::1]:80/"),
    ] {
        let mut uri: Uri = uri.parse().unwrap();
        let host = settle_host(&mut uri);
        assert_eq!(uri, wanted);
        assert_eq!(host.as_deref(), uri.authority().map(Authority::as_str));
    }
}

#[test]
fn a_signed_body_can_still_be_sent_and_a_stream_cannot_be_signed() {
    let now = UNIX_EPOCH + THEN;
    let mut request = bedrock(Body::from("{}"));
    sign(&mut request, &signing("bedrock"), now).unwrap();
    assert_eq!(request.body().bytes().unwrap(), "{}");
    assert!(!request.headers().contains_key("host"));

    let mut request = bedrock(Body::stream(Body::from("{}")));
    let fault = sign(&mut request, &signing("bedrock"), now).unwrap_err();
    assert_eq!(fault.kind(), FaultKind::Internal);
    assert_eq!(request.headers()["authorization"], "Bearer theirs");
}

#[test]
fn a_key_id_that_no_header_may_hold_is_refused() {
    let mut signing = signing("bedrock");
    signing.access_key_id = Secret::new("hush\n");
    let request = &mut bedrock(Body::empty());
    let fault = sign(request, &signing, UNIX_EPOCH + THEN).unwrap_err();
    assert!(!format!("{fault:?} {fault}").contains("hush"));
}
