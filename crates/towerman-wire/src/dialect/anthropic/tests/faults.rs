//! Errors, and what observers learn.

use towerman_core::{Fault, FaultKind, Finish};

use crate::{
    dialect::{Codec as _, Sum, anthropic::Codec},
    fault::Told,
    framing::Event,
};

#[test]
fn a_fault_is_told_as_anthropics_clients_know_it() {
    let fault = Fault::new(FaultKind::InvalidRequest, "is wrong").param("/x");
    assert_eq!(
        Codec.fault(&fault, Told::default(), Some("req_1")),
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"/x: is wrong"},"request_id":"req_1"}"#
    );
    let told = Told {
        kind: Some("billing_error"),
        code: None,
    };
    let fault = Fault::new(FaultKind::InvalidRequest, "/x is wrong").param("/x");
    assert_eq!(
        Codec.fault(&fault, told, None),
        r#"{"type":"error","error":{"type":"billing_error","message":"/x is wrong"}}"#
    );
    let mut out = Vec::new();
    let fault = Fault::new(FaultKind::Timeout, "too late");
    Codec.fault_event(&fault, None, &mut out);
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"timeout_error\",\"message\":\"too late\"}}\n\n"
    );
    assert_eq!(Codec.status(FaultKind::Unavailable).as_u16(), 529);
    assert_eq!(Codec.status(FaultKind::NotFound).as_u16(), 404);
}

#[test]
fn an_observer_learns_without_a_translation() {
    let event = |data: &'static [u8]| {
        let name = None;
        let exception = false;
        Codec
            .learn(Event {
                name,
                data,
                exception,
            })
            .unwrap()
    };
    let text = br#"{"type":"content_block_delta","delta":{"type":"text_delta","text":"abc"}}"#;
    assert_eq!(event(text).content_bytes, 3);
    assert!(event(br#"{"type":"message_stop"}"#).complete);
    let whole = br#"{"type":"message","model":"m","content":[{"type":"text","text":"abc"}],"stop_reason":"max_tokens"}"#;
    let learnt = Codec.learn_whole(whole).unwrap();
    assert_eq!(
        (learnt.finish, learnt.answers),
        (Some(Finish::Length), true)
    );
    Codec.learn_whole(b"<html>").unwrap_err();
    assert_eq!(Codec.sum(), Sum::Exclusive);
    assert!(Codec.sequential() && !Codec.finish_is_proof());
}
