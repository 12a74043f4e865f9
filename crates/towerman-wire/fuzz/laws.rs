//! What must hold of any bytes whatever.

use std::borrow::Cow;

use bytes::Bytes;
use fastrand::Rng;
use http::StatusCode;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use towerman_core::{Body, Dialect, Door, FaultKind, NeedKind, Operation};
use towerman_wire::{
    ask, edit,
    fault::{Refused, relay},
    observe::Observer,
    portability,
    sse::Framer,
    translate::{self, Gather, Job, Options, Stream},
};

use crate::{asides, frames, meaning, mutate::cut, seeds::Food};

/// A law, and what it is tried on.
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) food: Food,
    /// The dialect whose parser it is about; all of them, if none is named.
    pub(crate) dialect: Option<Dialect>,
    law: Law,
}

#[derive(Clone, Copy)]
enum Law {
    Any(fn(&[u8], &mut Rng)),
    Of(fn(Dialect, &[u8], &mut Rng)),
}

type OfAny = (&'static str, Food, fn(&[u8], &mut Rng));

const ANY: [OfAny; 8] = [
    ("framer", Food::Streams, framer),
    ("reader", Food::Requests, reader),
    ("editor", Food::Requests, editor),
    ("observer", Food::Streams, observer),
    ("learner", Food::Answers, learner),
    ("fault", Food::Answers, fault),
    ("embeddings", Food::Asides, asides::embeddings),
    ("counts", Food::Asides, asides::sizes),
];

type OfDialect = (&'static str, Food, fn(Dialect, &[u8], &mut Rng));

const EACH: [OfDialect; 4] = [
    ("round-trip", Food::Requests, round_trip),
    ("request", Food::Requests, request),
    ("answer", Food::Answers, answer),
    ("stream", Food::Streams, stream),
];

/// All of them: those of no dialect, and then those of each.
pub(crate) fn all() -> Vec<Target> {
    let any = ANY.map(|(name, food, law)| Target {
        name: name.to_owned(),
        food,
        dialect: None,
        law: Law::Any(law),
    });
    let each = Dialect::ALL.into_iter().flat_map(|dialect| {
        EACH.map(|(name, food, law)| Target {
            name: format!("{dialect}-{name}"),
            food,
            dialect: Some(dialect),
            law: Law::Of(law),
        })
    });
    any.into_iter().chain(each).collect()
}

impl Target {
    pub(crate) fn hold(&self, input: &[u8], rng: &mut Rng) {
        match (self.law, self.dialect) {
            (Law::Of(law), Some(dialect)) => law(dialect, input, rng),
            (Law::Of(_), None) => unreachable!("a law of a dialect, and no dialect"),
            (Law::Any(law), _) => law(input, rng),
        }
    }
}

/// Where a request of this dialect comes in: some paths name the model.
fn door(dialect: Dialect, operation: Operation) -> Door<'static> {
    let mut door = Door::plain(dialect, operation);
    let path = dialect.path_of(operation).unwrap_or_default();
    if path.contains("{model}") {
        door.model = Some("m".into());
        door.stream = Some(false);
    }
    door
}

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
            match ask::read_at(&door(dialect, operation), &body) {
                Ok(ask) => {
                    let value: Value = serde_json::from_slice(input).expect("JSON");
                    if !ask.model_in_path {
                        assert_eq!(value["model"], json!(&*ask.model), "the model");
                        let spelt = &input[ask.model_span.clone()];
                        let spelt: Value = serde_json::from_slice(spelt).expect("the model's span");
                        assert_eq!(spelt, json!(&*ask.model), "the model's span");
                        // Ollama streams unless it is told not to.
                        let stream = match dialect {
                            Dialect::Ollama => value["stream"] != json!(false),
                            _ => value["stream"] == json!(true),
                        };
                        let generates = operation == Operation::Generate;
                        assert_eq!(ask.stream, stream && generates, "the stream flag");
                    }
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
        let door = door(dialect, Operation::Generate);
        let Ok(ask) = ask::read_at(&door, &body) else {
            continue;
        };
        let include = rng.bool();
        let out = held(edit::retarget(&ask, &body, "some/other", include));
        let again = ask::read_at(&door, &out).expect("what was edited can be read");
        let twice = held(edit::retarget(&again, &out, "some/other", include));
        assert_eq!(twice, out, "twice");
        if ask.model_in_path {
            // A body that names it all the same is told the same as the path.
            if ask.model_span.is_empty() {
                assert_eq!(out, body, "nothing to edit");
            }
            continue;
        }
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
    for media in ["text/event-stream", "application/x-ndjson"] {
        learned(input, rng, Operation::Generate, Some(media));
    }
    let framed = wire(Dialect::BedrockConverse, input, rng);
    let media = Some("application/vnd.amazon.eventstream");
    learned(&framed, rng, Operation::Generate, media);
}

/// The same, of one that is no stream, or does not say so.
fn learner(input: &[u8], rng: &mut Rng) {
    for operation in Operation::ALL {
        for media in [Some("application/json"), None] {
            learned(input, rng, operation, media);
        }
    }
}

fn learned(input: &[u8], rng: &mut Rng, operation: Operation, media: Option<&str>) {
    for dialect in Dialect::ALL.into_iter().map(Some).chain([None]) {
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
fn request(from: Dialect, input: &[u8], _: &mut Rng) {
    let body = Bytes::copy_from_slice(input);
    let Ok(mut ask) = ask::read_at(&door(from, Operation::Generate), &body) else {
        return;
    };
    let hinted = std::mem::replace(&mut ask.carries, true);
    let needs = portability::needs(&ask, &body);
    assert!(hinted || needs.is_empty(), "no hint at {needs:?}");
    for to in Dialect::ALL {
        let unmet = needs.iter().find(|need| match need.kind {
            NeedKind::Reasoning => false,
            NeedKind::Prefill => from != to && !to.prefills(),
            _ => from != to,
        });
        match translate::request(from, to, input, "some/other") {
            Ok(told) => {
                assert_eq!(unmet, None, "to {to}: told all the same");
                let ask = ask::read_at(&door(to, Operation::Generate), &told.body);
                if ask.is_err() && to == from {
                    // Of what said nothing, nothing is left.
                    continue;
                }
                let ask = ask.unwrap_or_else(|fault| panic!("to {to}: {fault}"));
                assert!(ask.model_in_path || &*ask.model == "some/other");
                let again = translate::request(to, to, &told.body, "some/other");
                let again = again.unwrap_or_else(|fault| panic!("to {to} again: {fault}"));
                let meant = |body| {
                    let told = translate::request(to, Dialect::OpenAiChat, body, "m").ok()?;
                    Some(meaning::of(&told.body, &told.cut))
                };
                assert_eq!(meant(&told.body), meant(&again.body), "to {to} twice");
            }
            Err(fault) => {
                assert_eq!(fault.kind(), FaultKind::InvalidRequest, "to {to}: {fault}");
                assert!(!fault.message().is_empty());
            }
        }
    }
}

/// What was said in another dialect without any loss, and back, means the same.
fn round_trip(from: Dialect, input: &[u8], _: &mut Rng) {
    let body = Bytes::copy_from_slice(input);
    if ask::read_at(&door(from, Operation::Generate), &body).is_err() {
        return;
    }
    let told = |from, to, body: &[u8]| {
        // Some dialects say in the path whether to stream.
        let job = Job {
            stream: true,
            ..Job::new(from, to, "m")
        };
        translate::translate(&job, body).ok()
    };
    let lossless = |from, to, body: &[u8]| {
        let told = told(from, to, body)?;
        (told.losses.is_empty() && told.cut.is_empty()).then_some(told.body)
    };
    let meant = |body: &[u8]| {
        let told = told(from, Dialect::OpenAiChat, body)?;
        Some(meaning::of(&told.body, &told.cut))
    };
    for via in Dialect::ALL.into_iter().filter(|via| *via != from) {
        let back = lossless(from, via, input).and_then(|there| lossless(via, from, &there));
        if let Some(back) = back {
            let text = String::from_utf8_lossy(&back);
            assert_eq!(meant(input), meant(&back), "by {via}: {text}");
        }
    }
}

/// An answer that is read is told whole and as a stream, in every dialect; one that makes no sense
/// is the provider's fault.
fn answer(from: Dialect, input: &[u8], _: &mut Rng) {
    let options = options();
    for to in Dialect::ALL {
        match translate::response(from, to, input, &options) {
            Ok(body) => drop(serde_json::from_slice::<Value>(&body).expect("JSON")),
            Err(fault) => assert_ne!(fault.kind(), FaultKind::Internal, "to {to}: {fault}"),
        }
        match translate::retell(from, to, input, &options) {
            Ok(events) => sane(to, &events),
            Err(fault) => assert_ne!(fault.kind(), FaultKind::Internal, "to {to}: {fault}"),
        }
    }
}

/// A stream as it goes over the wire: what has checksums is mutated without them, or else nothing
/// would get by them.
fn wire<'a>(dialect: Dialect, input: &'a [u8], rng: &mut Rng) -> Cow<'a, [u8]> {
    if dialect != Dialect::BedrockConverse {
        return input.into();
    }
    let mut framed = frames::of_text(input);
    if rng.u8(..4) == 0
        && let Some(byte) = rng.choice(&mut framed)
    {
        *byte ^= 1 << rng.u8(..8);
    }
    framed.into()
}

/// However a stream is cut, its translation is the same, and all of it is events of JSON.
fn stream(from: Dialect, input: &[u8], rng: &mut Rng) {
    let input = &*wire(from, input, rng);
    // A tool of the seeds, whose input is then the answer.
    let options = Options {
        answer_tool: rng.bool().then(|| "w".to_owned()),
        ..options()
    };
    for to in Dialect::ALL {
        let told = |pieces: &[&[u8]]| {
            let (mut stream, mut out) = (Stream::new(from, to, &options), Vec::new());
            for piece in pieces {
                stream.push(piece, &mut out);
            }
            stream.finish(&mut out);
            out
        };
        let whole = told(&[input]);
        assert_eq!(whole, told(&cut(input, rng)), "cut, to {to}");
        sane(to, &whole);
    }
    let gathered = |pieces: &[&[u8]]| {
        let mut gather = Gather::new(from, Dialect::OpenAiChat, &options);
        for piece in pieces {
            gather.push(piece).map_err(|fault| fault.kind())?;
        }
        gather.finish().map_err(|fault| fault.kind())
    };
    assert_eq!(gathered(&[input]), gathered(&cut(input, rng)), "gathered");
}

fn options() -> Options {
    Options {
        include_usage: true,
        created: 1,
        ..Options::default()
    }
}

/// Whole events, and each of them JSON.
fn sane(dialect: Dialect, events: &[u8]) {
    if dialect == Dialect::Ollama {
        for line in events.split_inclusive(|&byte| byte == b'\n') {
            assert!(line.ends_with(b"\n"), "half a line");
            serde_json::from_slice::<Value>(line).expect("JSON");
        }
        return;
    }
    if dialect == Dialect::BedrockConverse {
        frames::read(events);
        return;
    }
    let mut framer = Framer::new();
    let done = framer.push(events, |event| {
        if event.data != b"[DONE]" && !event.data.is_empty() {
            serde_json::from_slice::<Value>(event.data).expect("JSON");
        }
    });
    assert_eq!(done, Ok(events.len()), "half an event");
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
            let error = &told["error"];
            let lawful = match dialect {
                Dialect::Cohere => told["message"].is_string(),
                Dialect::BedrockConverse => {
                    told["message"].is_string() && told["__type"].is_string()
                }
                Dialect::Ollama => error.is_string(),
                Dialect::Gemini => error["message"].is_string() && error["status"].is_string(),
                _ => error["message"].is_string() && error["type"].is_string(),
            };
            assert!(lawful, "{dialect}: {told}");
        }
    }
}
