//! AWS's published examples: the test suite of Signature Version 4, and the documentation's own.

use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use towerman_core::Secret;

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

/// Method, path and query, headers, body, and the signature of an example of the suite.
type Example = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static str,
    &'static str,
);

const SUITE: &[Example] = &[
    // get-vanilla
    (
        "GET",
        "/",
        &[],
        "",
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    ),
    // get-unreserved
    (
        "GET",
        UNRESERVED,
        &[],
        "",
        "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
    ),
    // get-slash, get-slash-dot-slash, get-relative and get-relative-relative are get-vanilla again
    (
        "GET",
        "//",
        &[],
        "",
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    ),
    (
        "GET",
        "/./",
        &[],
        "",
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    ),
    (
        "GET",
        "/example/..",
        &[],
        "",
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    ),
    (
        "GET",
        "/example1/example2/../..",
        &[],
        "",
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    ),
    // get-slashes
    (
        "GET",
        "//example//",
        &[],
        "",
        "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84",
    ),
    // get-vanilla-query-order-key-case
    (
        "GET",
        "/?Param2=value2&Param1=value1",
        &[],
        "",
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    ),
    // get-vanilla-query-order-value
    (
        "GET",
        "/?Param1=value2&Param1=value1",
        &[],
        "",
        "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694",
    ),
    // get-vanilla-utf8-query, as it is sent
    (
        "GET",
        "/?%E1%88%B4=bar",
        &[],
        "",
        "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
    ),
    // get-header-value-order
    (
        "GET",
        "/",
        &[
            ("My-Header1", "value4"),
            ("My-Header1", "value1"),
            ("My-Header1", "value3"),
            ("My-Header1", "value2"),
        ],
        "",
        "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01",
    ),
    // get-header-key-duplicate
    (
        "GET",
        "/",
        &[
            ("My-Header1", "value2"),
            ("My-Header1", "value2"),
            ("My-Header1", "value1"),
        ],
        "",
        "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
    ),
    // get-header-value-trim
    (
        "GET",
        "/",
        &[("My-Header1", " value1"), ("My-Header2", " \"a   b   c\"")],
        "",
        "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
    ),
    // post-vanilla
    (
        "POST",
        "/",
        &[],
        "",
        "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
    ),
    // post-header-key-sort
    (
        "POST",
        "/",
        &[("My-Header1", "value1")],
        "",
        "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
    ),
    // post-header-value-case
    (
        "POST",
        "/",
        &[("My-Header1", "VALUE1")],
        "",
        "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
    ),
    // post-vanilla-query
    (
        "POST",
        "/?Param1=value1",
        &[],
        "",
        "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11",
    ),
    // post-x-www-form-urlencoded
    (
        "POST",
        "/",
        &[("content-type", "application/x-www-form-urlencoded")],
        "Param1=value1",
        "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
    ),
];

const UNRESERVED: &str = "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

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
