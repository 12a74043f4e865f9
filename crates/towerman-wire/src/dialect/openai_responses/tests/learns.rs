use towerman_core::{Dialect, Finish};

use super::super::{super::Codec as _, Codec};
use crate::{framing::Event, observe::Delta};

fn event(data: &str) -> Delta<'_> {
    let event = Event {
        name: None,
        data: data.as_bytes(),
        exception: false,
    };
    Codec.learn(event).unwrap()
}

#[test]
fn events_are_learnt_from() {
    let created =
        event(r#"{"type":"response.created","response":{"model":"m","error":null,"output":[]}}"#);
    assert_eq!(created.model().as_deref(), Some("m"));
    assert!(!created.content && !created.error && !created.complete);

    let delta = event(r#"{"delta":"abc","type":"response.output_text.delta"}"#);
    assert_eq!((delta.content, delta.content_bytes), (true, 3));

    let message = r#"{"type":"response.output_item.added","item":{"type":"message","content":[]}}"#;
    assert!(!event(message).content);
    let call =
        r#"{"type":"response.output_item.added","item":{"type":"function_call","name":"f"}}"#;
    assert!(event(call).content);

    // In whatever order, and without counting twice what is told again.
    let end = event(
        r#"{"response":{"output":[{"type":"function_call","name":"f","arguments":"{}"}],
        "usage":{"input_tokens":9,"input_tokens_details":{"cached_tokens":4},"output_tokens":2},
        "status":"completed","error":null},"type":"response.completed"}"#,
    );
    assert!(end.complete && !end.error && !end.content);
    assert_eq!(end.finish, Some(Finish::ToolCalls));
    let usage = end.tokens.usage(Dialect::OpenAiResponses).unwrap();
    assert_eq!((usage.input, usage.cache_read, usage.output), (5, 4, 2));

    let cut = event(
        r#"{"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}}}"#,
    );
    assert_eq!((cut.complete, cut.finish), (true, Some(Finish::Length)));

    for error in [
        r#"{"type":"error","code":"x","message":"y"}"#,
        r#"{"type":"response.failed","response":{"status":"failed","error":{"code":"x"}}}"#,
        r#"{"type":"response.completed","response":{"status":"cancelled"}}"#,
        r#"{"error":{"message":"x"}}"#,
    ] {
        let error = event(error);
        assert!(error.error && !error.complete);
    }
    assert!(!event("[DONE]").complete);
}

#[test]
fn whole_answers_are_learnt_from() {
    let body = br#"{"id":"r","model":"m","status":"incomplete","incomplete_details":
        {"reason":"content_filter"},"error":null,"output":[
        {"type":"message","content":[{"type":"output_text","text":"abcd"}]},
        {"type":"reasoning","summary":[{"text":"ef"}]}],"usage":{"output_tokens":3,
        "input_tokens":5,"input_tokens_details":{"cache_write_tokens":4,
        "cache_write_tokens_details":{"ttl_30m":1,"ttl_12h":3}}}}"#;
    let learnt = Codec.learn_whole(body).unwrap();
    assert!(learnt.answers && learnt.content && !learnt.error);
    assert_eq!(learnt.content_bytes, 6);
    assert_eq!(learnt.finish, Some(Finish::ContentFilter));
    let usage = learnt.tokens.usage(Dialect::OpenAiResponses).unwrap();
    let counts = (
        usage.input,
        usage.cache_write,
        usage.cache_write_long,
        usage.output,
    );
    assert_eq!(counts, (1, 1, 3, 3));
    let error = Codec.learn_whole(br#"{"error":{"code":"x"}}"#).unwrap();
    assert!(error.error && !error.answers);
    Codec.learn_whole(b"{").unwrap_err();
}
