use http::StatusCode;
use serde_json::json;
use towerman_core::FailureKind;

use super::*;

#[test]
fn type_and_code_tell_whose_an_error_is() {
    const QUOTA: Blame = Blame::Endpoint(FailureKind::Quota);
    const AUTH: Blame = Blame::Endpoint(FailureKind::Auth);
    const OVERLOADED: Blame = Blame::Endpoint(FailureKind::Overloaded);
    const SERVER: Blame = Blame::Endpoint(FailureKind::Server);
    for (status, body, wanted) in [
        // OpenAI and its clones.
        (
            429,
            r#"{"error":{"message":"You exceeded your current quota, please check your plan and billing details.","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}"#,
            QUOTA,
        ),
        (
            429,
            r#"{"error":{"message":"You exceeded your current quota","type":"requests"}}"#,
            QUOTA,
        ),
        (
            429,
            r#"{"error":{"message":"Rate limit reached for gpt-4o","type":"tokens","code":"rate_limit_exceeded"}}"#,
            Blame::Status,
        ),
        (
            400,
            r#"{"error":{"message":"Billing hard limit has been reached","type":"invalid_request_error","code":"billing_hard_limit_reached"}}"#,
            QUOTA,
        ),
        (
            400,
            r#"{"error":{"message":"Organization has been restricted.","type":"invalid_request_error","code":"organization_restricted"}}"#,
            AUTH,
        ),
        (
            400,
            r#"{"code":"Client specified an invalid argument","error":"Incorrect API key provided: na***ys. You can obtain an API key from https://console.x.ai."}"#,
            AUTH,
        ),
        (
            400,
            r#"[{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}]"#,
            AUTH,
        ),
        (
            401,
            r#"{"error":{"message":"Incorrect API key provided: sk-.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}"#,
            AUTH,
        ),
        (401, r#"{"detail":"Invalid API Key"}"#, Blame::Status),
        (
            402,
            r#"{"error":{"message":"Insufficient Balance","type":"unknown_error","code":"invalid_request_error"}}"#,
            Blame::Status,
        ),
        (
            503,
            r#"{"error":{"message":"m","code":"server_is_overloaded"}}"#,
            OVERLOADED,
        ),
        (
            200,
            r#"{"error":{"message":"m","type":"provider_overloaded"}}"#,
            OVERLOADED,
        ),
        (
            500,
            r#"{"error":{"message":"m","type":"server_error"}}"#,
            Blame::Status,
        ),
        // Anthropic.
        (
            529,
            r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
            OVERLOADED,
        ),
        (
            429,
            r#"{"type":"error","error":{"type":"rate_limit_error","message":"m","details":{"error_code":"enforced_spend_limit_reached"}}}"#,
            QUOTA,
        ),
        (
            400,
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits."}}"#,
            QUOTA,
        ),
        (
            400,
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"You have reached your specified API usage limits. You will regain access on 2026-04-01 at 00:00 UTC."}}"#,
            QUOTA,
        ),
        // A 403 about our key,
        (
            403,
            r#"{"type":"error","error":{"type":"permission_error","message":"m"}}"#,
            AUTH,
        ),
        (
            403,
            r#"{"type":"error","error":{"type":"forbidden","message":"Request not allowed"}}"#,
            AUTH,
        ),
        (
            403,
            r#"{"error":{"message":"Project `proj_1` does not have access to model `gpt-4o`","type":"invalid_request_error","code":"model_not_found"}}"#,
            AUTH,
        ),
        (
            403,
            r#"{"error":{"message":"Country, region, or territory not supported","code":"unsupported_country_region_territory"}}"#,
            AUTH,
        ),
        (
            403,
            r#"{"message":"The security token included in the request is invalid."}"#,
            AUTH,
        ),
        (
            403,
            r#"{"error":{"message":"Key limit exceeded (total limit).","code":403}}"#,
            QUOTA,
        ),
        (403, "{}", AUTH),
        // a page of somebody's in between,
        (403, "<html>Attention required</html>", SERVER),
        // and one about the prompt.
        (
            403,
            r#"{"error":{"message":"m requires moderation. Your input was flagged for \"violence/graphic\". No credits were charged.","code":403,"metadata":{"reasons":["violence"],"flagged_input":"how do I steal an api key"}}}"#,
            Blame::Caller,
        ),
        (
            403,
            r#"{"error":{"message":"m","code":"content_policy_violation"}}"#,
            Blame::Caller,
        ),
        (
            403,
            r#"{"error":{"message":"m","type":"x"}}"#,
            Blame::Caller,
        ),
        (500, "<html>", Blame::Status),
    ] {
        let status = StatusCode::from_u16(status).unwrap();
        let error = ProviderError::parse(body.as_bytes());
        assert_eq!(error.blame(status), wanted, "{status} {body}");
    }
}

#[test]
fn a_callers_own_words_blame_no_endpoint() {
    let spiteful = [
        "invalid api key",
        "Incorrect API key provided: x",
        "API key not valid. Please pass a valid API key",
        "Your credit balance is too low to access the Anthropic API.",
        "insufficient balance",
        "insufficient_quota",
        "authentication_error",
        "overloaded",
    ];
    for words in spiteful {
        for message in [
            format!("Invalid value: '{words}'. Supported values are: 'system' and 'user'."),
            format!("{words}: Extra inputs are not permitted"),
            format!("1 validation error for Request: input_value='{words}'"),
            format!("The model `{words}` does not exist or you do not have access to it."),
        ] {
            for body in [
                json!({"error": {"message": message, "type": "invalid_request_error", "code": "invalid_value"}}),
                json!({"type": "error", "error": {"type": "invalid_request_error", "message": message}}),
                json!({"error": {"message": message, "type": "BadRequestError", "code": 400}}),
                json!({"code": "Client specified an invalid argument", "error": message}),
                json!({"detail": message}),
            ] {
                for status in [400, 404, 413, 422] {
                    let status = StatusCode::from_u16(status).unwrap();
                    let error = ProviderError::parse(body.to_string().as_bytes());
                    assert_eq!(error.blame(status), Blame::Status, "{status} {body}");
                }
            }
        }
    }
}
