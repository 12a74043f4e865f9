//! Requests that want no answer of a model's: embeddings, and a prompt's size.

use bytes::Bytes;
use towerman_core::{Ask, Dialect, Fault, Operation};

use crate::ask::{current, read_for};

fn embed(body: &'static str) -> Result<Ask, Fault> {
    let (dialect, body) = (Dialect::OpenAiChat, Bytes::from(body));
    read_for(dialect, Operation::Embed, &body)
}

#[test]
fn what_embeddings_are_wanted_of_is_the_prompt() {
    let ask = embed(r#"{"input":["some text of a size","x"],"model":"m","stream":true}"#).unwrap();
    assert_eq!((&*ask.model, ask.operation), ("m", Operation::Embed));
    assert!(!ask.stream && ask.max_output.is_none());
    assert!(
        (5..10).contains(&ask.prompt_tokens),
        "{}",
        ask.prompt_tokens
    );
    assert_eq!(ask.model_span, 45..48);
    for (body, param) in [
        (r#"{"model":"m"}"#, "input"),
        (r#"{"model":"m","input":[]}"#, "input"),
        (r#"{"model":"m","input":7}"#, "input"),
        (r#"{"input":"a"}"#, "model"),
        (r#"{"model":"m","model":"n","input":"a"}"#, "model"),
        (r#"{"model":7,"input":"a"}"#, "model"),
    ] {
        let fault = embed(body).unwrap_err();
        assert_eq!(fault.named_param(), Some(param), "{body}: {fault}");
    }
}

#[test]
fn a_prompt_that_is_only_counted_needs_no_limit() {
    let body = Bytes::from(r#"{"model":"m","messages":[{"role":"user","content":"hi"}]}"#);
    let read = |operation| read_for(Dialect::Anthropic, operation, &body);
    assert!(read(Operation::Generate).is_err());
    let ask = std::sync::Arc::new(read(Operation::Count).unwrap());
    assert_eq!(ask.operation, Operation::Count);
    let copy = Bytes::copy_from_slice(&body);
    assert_eq!(current(&ask, &copy).unwrap().operation, Operation::Count);
}
