//! What must hold of any bytes whatever.

use bytes::Bytes;
use fastrand::Rng;
use http::StatusCode;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use towerman_core::{Body, Dialect, FaultKind, Operation};
use towerman_wire::{
    ask, edit,
    fault::{Refused, relay},
    observe::Observer,
    sse::Framer,
    translate::{self, Options, Stream},
};

use crate::{mutate::cut, seeds::Food};

/// A law, and what it is tried on.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) name: &'static str,
    pub(crate) food: Food,
    pub(crate) law: fn(&[u8], &mut Rng),
}

pub(crate) const ALL: [Target; 8] = [
    Target {
        name: "framer",
        food: Food::Streams,
        law: framer,
    },
    Target {
        name: "reader",
        food: Food::Requests,
        law: reader,
    },
    Target {
        name: "editor",
        food: Food::Requests,
        law: editor,
    },
    Target {
        name: "observer",
        food: Food::Streams,
        law: observer,
    },
    Target {
        name: "whole-answer",
        food: Food::Answers,
        law: whole_answer,
    },
    Target {
        name: "request",
        food: Food::Requests,
        law: request,
    },
    Target {
        name: "stream",
        food: Food::Streams,
        law: stream,
    },
    Target {
        name: "fault",
        food: Food::Answers,
        law: fault,
    },
];

/// However a stream is cut, its events are the same.
fn framer(input: &[u8], rng: &mut Rng) {
    let events = |pieces: &[&[u8]]| {
        let (mut framer, mut events) = (Framer::new(), Vec::new());
        for piece in pieces {
            let done = framer.push(piece, |event| {
                assert!(event.span.end <= piece.len());
                events.push((event.name.map(<[u8]>::to_vec), event.data.to_vec()));
            });
            assert!(done.expect("nothing is that large") <= piece.len());
        }
        let end = framer.finish(|event| {
            events.push((event.name.map(<[u8]>::to_vec), event.data.to_vec()));
        });
        end.expect("nothing is that large");
        events
    };
    assert_eq!(events(&[input]), events(&cut(input, rng)), "cut");
}

/// A body that is read is JSON that any reader reads alike; one that is not is the caller's fault.
fn reader(input: &[u8], _: &mut Rng) {
    let body = Bytes::copy_from_slice(input);
    for dialect in Dialect::ALL {
        for operation in Operation::ALL {
            match ask::read_for(dialect, operation, &body) {
                Ok(ask) => {
                    let value: Value = serde_json::from_slice(input).expect("JSON");
                    assert_eq!(value["model"], json!(&*ask.model), "the model");
                    let spelt = &input[ask.model_span.clone()];
                    let spelt: Value = serde_json::from_slice(spelt).expect("the model's span");
                    assert_eq!(spelt, json!(&*ask.model), "the model's span");
                    let stream = value["stream"] == json!(true);
                    let generates = operation == Operation::Generate;
                    assert_eq!(ask.stream, stream && generates, "the stream flag");
                    for span in ask.prompt_spans.iter().flatten() {
                        let part: Result<Value, _> = serde_json::from_slice(&input[span.clone()]);
                        part.expect("a span of the prompt");
                    }
                }
                Err(fault) => {
                    assert_eq!(fault.kind(), FaultKind::InvalidRequest);
                    assert!(!fault.message().is_empty());
                }
            }
        }
    }
}

/// Only what is edited changes, and editing twice changes nothing more.
fn editor(input: &[u8], rng: &mut Rng) {
    let body = Bytes::copy_from_slice(input);
    for dialect in Dialect::ALL {
        let Ok(ask) = ask::read(dialect, &body) else {
            continue;
        };
        let include = rng.bool();
        let out = held(edit::retarget(&ask, &body, "some/other", include));
        let again = ask::read(dialect, &out).expect("what was edited can be read");
        assert_eq!(
            held(edit::retarget(&again, &out, "some/other", include)),
            out,
            "twice"
        );

        let mut expected: Value = serde_json::from_slice(input).expect("JSON");
        expected["model"] = json!("some/other");
        if include && ask.stream && dialect == Dialect::OpenAiChat {
            let options = &mut expected["stream_options"];
            if !options.is_object() {
                *options = json!({});
            }
            options["include_usage"] = json!(true);
        }
        let told: Value = serde_json::from_slice(&out).expect("JSON");
        assert_eq!(told, expected);
        let first = ask
            .stream_options_span
            .iter()
            .fold(ask.model_span.start, |first, span| first.min(span.start));
        assert_eq!(out[..first], input[..first], "what stands before");
    }
}

fn held(body: Body) -> Bytes {
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let mut collect = std::pin::pin!(body.collect());
    match std::future::Future::poll(collect.as_mut(), &mut cx) {
        std::task::Poll::Ready(collected) => collected.expect("held").to_bytes(),
        std::task::Poll::Pending => panic!("a held body is never pending"),
    }
}

/// However an answer is cut, the same is learned of it.
fn observer(input: &[u8], rng: &mut Rng) {
    learned(input, rng, Operation::Generate, Some("text/event-stream"));
}

/// The same, of one that is no stream, or does not say so.
fn whole_answer(input: &[u8], rng: &mut Rng) {
    for operation in Operation::ALL {
        for media in [Some("application/json"), None] {
            learned(input, rng, operation, media);
        }
    }
    for (from, to) in [
        (Dialect::OpenAiChat, Dialect::Anthropic),
        (Dialect::Anthropic, Dialect::OpenAiChat),
    ] {
        match translate::response(from, to, input, &translate::Options::default()) {
            Ok(body) => drop(serde_json::from_slice::<Value>(&body).expect("JSON")),
            Err(fault) => assert_ne!(fault.kind(), FaultKind::Internal, "{fault}"),
        }
    }
}

fn learned(input: &[u8], rng: &mut Rng, operation: Operation, media: Option<&str>) {
    for dialect in [Some(Dialect::OpenAiChat), Some(Dialect::Anthropic), None] {
        for status in [StatusCode::OK, StatusCode::TOO_MANY_REQUESTS] {
            let learned = |pieces: &[&[u8]]| {
                let mut observer = Observer::new(dialect, status, media).of(operation);
                for piece in pieces {
                    observer.push(&Bytes::copy_from_slice(piece));
                }
                observer.finish();
                observer.learned().clone()
            };
            assert_eq!(
                learned(&[input]),
                learned(&cut(input, rng)),
                "cut, {dialect:?}"
            );
        }
    }
}

/// A request that is read is translated into one that can be read, or refused by name.
fn request(input: &[u8], _: &mut Rng) {
    let body = Bytes::copy_from_slice(input);
    for (from, to) in [
        (Dialect::OpenAiChat, Dialect::Anthropic),
        (Dialect::Anthropic, Dialect::OpenAiChat),
    ] {
        if ask::read(from, &body).is_err() {
            continue;
        }
        match translate::request(from, to, input, "some/other") {
            Ok(told) => {
                let ask = ask::read(to, &told.body);
                let ask = ask.unwrap_or_else(|fault| panic!("{from} to {to}: {fault}"));
                assert_eq!(&*ask.model, "some/other");
            }
            Err(fault) => {
                assert_eq!(fault.kind(), FaultKind::InvalidRequest, "{fault}");
                assert!(!fault.message().is_empty());
            }
        }
    }
}

/// However a stream is cut, its translation is the same, and all of it is events of JSON.
fn stream(input: &[u8], rng: &mut Rng) {
    for (from, to) in [
        (Dialect::OpenAiChat, Dialect::Anthropic),
        (Dialect::Anthropic, Dialect::OpenAiChat),
    ] {
        let told = |pieces: &[&[u8]]| {
            let options = Options {
                include_usage: true,
                created: 1,
                ..Options::default()
            };
            let (mut stream, mut out) = (Stream::new(from, to, &options), Vec::new());
            for piece in pieces {
                stream.push(piece, &mut out);
            }
            stream.finish(&mut out);
            out
        };
        let whole = told(&[input]);
        assert_eq!(whole, told(&cut(input, rng)), "cut");
        let mut framer = Framer::new();
        let done = framer.push(&whole, |event| {
            if event.data != b"[DONE]" && !event.data.is_empty() {
                serde_json::from_slice::<Value>(event.data).expect("JSON");
            }
        });
        assert_eq!(done, Ok(whole.len()), "half an event");
    }
}

/// Whatever a provider answers, the client hears an error of its own dialect.
fn fault(input: &[u8], _: &mut Rng) {
    for dialect in Dialect::ALL {
        for status in [400, 401, 404, 413, 429, 500, 529] {
            let refused = Refused {
                dialect: Dialect::OpenAiChat,
                status: StatusCode::from_u16(status).expect("a status"),
                body: input,
                model: "theirs",
            };
            let told = relay(&refused, dialect, "ours");
            let told: Value = serde_json::from_slice(&told).expect("JSON");
            assert!(told["error"]["message"].is_string() && told["error"]["type"].is_string());
        }
    }
}
