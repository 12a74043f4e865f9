//! What the Gemini dialect refuses, and how.

use crate::common::{ask, read, send};
use http::Request;
use http_body_util::Full;
use serde_json::{Value, json};
use tower::ServiceExt;
use towerman_sim::{Model, Sim};

#[tokio::test]
async fn bad_requests_get_the_real_errors() {
    let sim = Sim::gemini("alpha")
        .model(Model::new("m").context_window(100))
        .build();
    let user = json!([{"role": "user", "parts": [{"text": "hi"}]}]);
    let declare = |parameters: Value| json!([{"functionDeclarations": [{"name": "f", "parameters": parameters}]}]);
    let config = |config: Value| json!({"contents": user, "generationConfig": config});
    let cases = [
        (
            json!({}),
            "* GenerateContentRequest.contents: contents is not specified",
        ),
        (
            json!({"contents": [{"role": "user", "parts": []}]}),
            "* GenerateContentRequest.contents[0].parts: contents.parts must not be empty",
        ),
        (
            json!({"contents": [{"role": "user", "parts": [{}]}]}),
            "* GenerateContentRequest.contents[0].parts[0].data: required oneof",
        ),
        (
            json!({"contents": [{"role": "assistant", "parts": [{"text": "hi"}]}]}),
            "Please use a valid role: user, model.",
        ),
        (
            json!({"contents": user, "max_tokens": 5}),
            "Invalid JSON payload received. Unknown name \"max_tokens\": Cannot find field.",
        ),
        (
            config(json!({"max_tokens": 5})),
            "Invalid JSON payload received. Unknown name \"max_tokens\" at 'generation_config'",
        ),
        (
            config(json!({"maxOutputTokens": "many"})),
            "Invalid value at 'generation_config.max_output_tokens'",
        ),
        (
            config(json!({"stopSequences": ["1", "2", "3", "4", "5", "6"]})),
            "Unable to submit request because it has 6 stop",
        ),
        (
            config(json!({"temperature": 3})),
            "Unable to submit request because it has a temperature value of 3",
        ),
        (
            config(json!({"responseSchema": {"type": "OBJECT"}})),
            "A response schema is only supported",
        ),
        (
            json!({"contents": user, "tools": declare(json!({"type": "object", "additionalProperties": false}))}),
            "Invalid JSON payload received. Unknown name \"additionalProperties\" at 'tools[0].function_declarations[0].parameters'",
        ),
        (
            json!({"contents": user, "tools": [{"functionDeclarations": [{"name": "no spaces"}]}]}),
            "* GenerateContentRequest.tools[0].function_declarations[0].name: Invalid function name",
        ),
        (
            json!({"contents": user, "toolConfig": {"functionCallingConfig": {"mode": "ANY"}}}),
            "Function calling config is set without",
        ),
        (
            json!({"contents": [{"parts": [{"text": "x", "thoughtSignature": "not base64!"}]}]}),
            "Invalid value at 'contents[0].parts[0].thought_signature' (TYPE_BYTES)",
        ),
        (
            json!({"contents": [{"role": "model", "parts": [{"functionCall": {"name": "f"}}]}]}),
            "Please ensure that function call turn comes",
        ),
    ];
    for (body, message) in cases {
        let reply = send(&sim, &body).await;
        let error = reply.json()["error"].clone();
        assert_eq!(
            (reply.status.as_u16(), &error["code"], &error["status"]),
            (400, &json!(400), &json!("INVALID_ARGUMENT")),
            "{body}"
        );
        let words = error["message"].as_str().unwrap();
        assert!(words.starts_with(message), "{words}");
    }
    let long = send(&sim, &ask(&"x".repeat(400), false)).await.json();
    assert_eq!(
        long["error"]["message"],
        "The input token count (104) exceeds the maximum number of tokens allowed (100)."
    );
    let mut unknown = ask("hi", false);
    unknown["model"] = json!("x");
    let unknown = send(&sim, &unknown).await;
    assert_eq!(
        (unknown.status.as_u16(), &unknown.json()["error"]["status"]),
        (404, &json!("NOT_FOUND"))
    );
    assert_eq!(sim.book().totals().lines, 0);
    let lenient = Sim::gemini("alpha").accept_unknown_fields().build();
    assert_eq!(
        send(&lenient, &json!({"contents": user, "max_tokens": 5}))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn routes_and_keys() {
    let sim = Sim::gemini("alpha").key("AIza-secret").build();
    let call = |method: &str, path: &str, key: Option<&str>| {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("http://sim{path}"));
        if let Some(key) = key {
            request = request.header("x-goog-api-key", key);
        }
        let body = json!({"contents": [{"parts": [{"text": "hi"}]}]}).to_string();
        let request = request.body(Full::<bytes::Bytes>::from(body)).unwrap();
        let service = sim.service();
        async move { read(service.oneshot(request).await.unwrap()).await }
    };
    let path = "/v1beta/models/gemini-x:generateContent";
    assert_eq!(call("POST", path, Some("AIza-secret")).await.status, 200);
    assert_eq!(
        call("POST", &format!("{path}?key=AIza-secret"), None)
            .await
            .status,
        200
    );
    assert_eq!(call("POST", path, None).await.status, 403);
    let wrong = call("POST", path, Some("AIza-other")).await;
    // A key that is wrong is a bad request.
    assert_eq!(
        (
            wrong.status.as_u16(),
            &wrong.json()["error"]["details"][0]["reason"]
        ),
        (400, &json!("API_KEY_INVALID"))
    );
    let models = call("GET", "/v1/models", Some("AIza-secret")).await;
    assert_eq!(models.json()["models"][0]["name"], "models/gemini-sim");
    for (method, path) in [
        ("GET", path),
        ("POST", "/v1beta/models/m:think"),
        ("POST", "/v2/models/m:generateContent"),
    ] {
        assert_eq!(
            call(method, path, Some("AIza-secret")).await.status,
            404,
            "{path}"
        );
    }
    let received = format!("{:?}", sim.received());
    assert!(received.contains("key=redacted") && !received.contains("AIza"));
}
