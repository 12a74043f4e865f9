//! What Converse's clients are refused, and where they are told that it stands.

use serde_json::{Value, json};

use super::{ANTHROPIC, CHAT, D, pointers, refused, request};

#[test]
fn what_makes_no_sense_is_refused_where_it_stands() {
    let said = |role: &str, block: Value| json!({"messages": [{"role": role, "content": [block]}]});
    let user = |block: Value| said("user", block);
    let with = |key: &str, value: Value| {
        let mut body = user(json!({"text": "?"}));
        body[key] = value;
        body
    };
    let call = json!({"toolUse": {"toolUseId": "c", "name": "w", "input": {}}});
    let spelt = json!({"toolUse": {"toolUseId": "c", "name": "w", "input": "{}"}});
    let result = json!({"toolResult": {"toolUseId": "c", "content": []}});
    let bmp = json!({"image": {"format": "bmp", "source": {"bytes": "AA=="}}});
    let schema = |schema: &str| json!({"textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": schema}}}});
    let point = json!({"cachePoint": {"type": "default", "ttl": "9h"}});
    let two = json!({"messages": [{"role": "user", "content": [{"text": "?"}, point]}]});
    let at = "/messages/0/content/0";
    for (body, place) in [
        (json!({}), "/messages".to_owned()),
        (
            said("system", json!({"text": "a"})),
            "/messages/0/role".into(),
        ),
        (user(json!({})), at.into()),
        (user(json!({"name": "a"})), at.into()),
        (user(call), format!("{at}/toolUse")),
        (said("assistant", spelt), format!("{at}/toolUse/input")),
        (
            said("assistant", result.clone()),
            format!("{at}/toolResult"),
        ),
        (user(result), at.into()),
        (user(bmp), format!("{at}/image/format")),
        (
            user(json!({"image": {"format": "png"}})),
            format!("{at}/image/source"),
        ),
        (two, "/messages/0/content/1/cachePoint/ttl".into()),
        (
            with("toolConfig", json!({"toolChoice": {}})),
            "/toolConfig/toolChoice".into(),
        ),
        (
            with("toolConfig", json!({"tools": [{"toolSpec": {}}]})),
            "/toolConfig/tools/0/toolSpec/name".into(),
        ),
        (
            with("inferenceConfig", json!({"maxTokens": "9"})),
            "/inferenceConfig/maxTokens".into(),
        ),
        (
            with("inferenceConfig", json!({"stopSequences": [1]})),
            "/inferenceConfig/stopSequences/0".into(),
        ),
        (
            with("outputConfig", schema("[")),
            "/outputConfig/textFormat/structure/jsonSchema/schema".into(),
        ),
        (
            with("outputConfig", json!({"textFormat": {"type": "xml"}})),
            "/outputConfig/textFormat/type".into(),
        ),
        (
            with("outputConfig", json!({"effort": "much"})),
            "/outputConfig/effort".into(),
        ),
    ] {
        assert_eq!(refused(D, D, &body), place, "{body}");
        assert_eq!(refused(D, ANTHROPIC, &body), place, "{body}");
    }
}

#[test]
fn what_only_bedrock_can_do_is_refused_elsewhere() {
    let user =
        |block: Value| json!({"messages": [{"role": "user", "content": [{"text": "?"}, block]}]});
    let with = |key: &str, value: Value| {
        let mut body = user(json!({"text": "!"}));
        body[key] = value;
        body
    };
    let file = json!({"s3Location": {"uri": "s3://b/k"}});
    let hosted = json!({"tools": [{"systemTool": {"name": "nova_grounding"}}]});
    let at = "/messages/0/content/1";
    for (body, place) in [
        (
            with("guardrailConfig", json!({"guardrailIdentifier": "g"})),
            "/guardrailConfig",
        ),
        (
            with("promptVariables", json!({"a": {"text": "b"}})),
            "/promptVariables",
        ),
        (with("toolConfig", hosted), "/toolConfig/tools/0"),
        (
            user(json!({"image": {"format": "png", "source": file}})),
            at,
        ),
        (
            user(json!({"document": {"format": "pdf", "name": "d", "source": file}})),
            at,
        ),
        (
            user(json!({"document": {"name": "d", "source": {"content": [{"text": "t"}]}}})),
            at,
        ),
        (user(json!({"guardContent": {"text": {"text": "g"}}})), at),
        (user(json!({"hologram": {}})), at),
    ] {
        for to in [ANTHROPIC, CHAT] {
            assert_eq!(refused(D, to, &body), place, "{to} {body}");
        }
        request(D, D, &body);
    }
    // Off is as good as absent.
    request(D, CHAT, &with("guardrailConfig", json!({})));
    // What changes no answer is left out, and noted.
    let (_, translated) = request(
        D,
        CHAT,
        &with("performanceConfig", json!({"latency": "optimized"})),
    );
    assert_eq!(pointers(&translated.losses), ["/performanceConfig"]);
}
