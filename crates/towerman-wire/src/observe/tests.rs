use std::{
    collections::VecDeque,
    convert::Infallible,
    io,
    pin::Pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use http::{HeaderMap, StatusCode};
use http_body::{Body as _, Frame};
use proptest::prelude::*;
use towerman_core::{
    AttemptFacts, Capabilities, Dialect, Endpoint, FailureKind, Finish, Outcome, Phase, Profile,
    Provider, Slot, Target, Usage,
};

use super::*;

const OPENAI: Dialect = Dialect::OpenAiChat;
const ANTHROPIC: Dialect = Dialect::Anthropic;

/// A body of given frames; `known` says at its last frame that it was the last.
struct Script {
    frames: VecDeque<Result<Frame<Bytes>, io::Error>>,
    known: bool,
}

impl http_body::Body for Script {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        Poll::Ready(self.frames.pop_front())
    }

    fn is_end_stream(&self) -> bool {
        self.known && self.frames.is_empty()
    }
}

fn attempt(dialect: Option<Dialect>) -> Arc<Attempt> {
    let endpoint = dialect.map_or_else(
        || Arc::clone(Endpoint::unrouted()),
        |dialect| {
            Arc::new(Endpoint {
                slot: Slot(1),
                name: "p/m".into(),
                provider: Arc::new(Provider {
                    name: "p".into(),
                    dialect,
                    profile: Profile::plain(dialect),
                    api_version: None,
                    target: Target::Inner,
                    headers: HeaderMap::new(),
                    signing: None,
                }),
                model: "m".into(),
                price: None,
                context_window: None,
                quality: None,
                capabilities: Capabilities::default(),
                board: Arc::default(),
            })
        },
    );
    Arc::new(Attempt::new(endpoint, 1))
}

fn script(chunks: &[&str]) -> Script {
    let frame = |chunk: &&str| Ok(Frame::data(Bytes::copy_from_slice(chunk.as_bytes())));
    Script {
        frames: chunks.iter().map(frame).collect(),
        known: false,
    }
}

fn response(status: u16, body: Script) -> Response<Script> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}

fn next<B>(body: &mut Response<Observed<B>>) -> Option<Result<Frame<Bytes>, B::Error>>
where
    B: http_body::Body<Data = Bytes> + Unpin,
{
    let mut cx = Context::from_waker(Waker::noop());
    match Pin::new(body.body_mut()).poll_frame(&mut cx) {
        Poll::Ready(frame) => frame,
        Poll::Pending => panic!("a script is never pending"),
    }
}

/// What is known of an attempt at `dialect` after its whole answer went by.
fn after(dialect: Option<Dialect>, status: u16, chunks: &[&str]) -> (AttemptFacts, Phase) {
    let attempt = attempt(dialect);
    let mut watched = observe(response(status, script(chunks)), &attempt);
    while let Some(frame) = next(&mut watched) {
        frame.unwrap();
    }
    (attempt.facts(), attempt.phase())
}

fn failure(dialect: Dialect, chunks: &[&str]) -> Option<FailureKind> {
    let (facts, _) = after(Some(dialect), 200, chunks);
    assert!(facts.complete != facts.failure.is_some());
    facts.failure
}

const ROLE: &str = "data: {\"model\":\"gpt\",\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}],\"usage\":null}\n\n";
const HELLO: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"hello\"}}]}\n\n";
const STOP: &str = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
const USAGE: &str = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2,\"prompt_tokens_details\":{\"cached_tokens\":4}}}\n\n";
const DONE: &str = "data: [DONE]\n\n";

const START: &str = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"type\":\"message\",\"model\":\"claude\",\"usage\":{\"input_tokens\":3,\"cache_read_input_tokens\":5,\"output_tokens\":1}}}\n\n";
const PING: &str = "event: ping\ndata: {\"type\": \"ping\"}\n\n";
const BLOCK: &str = "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n";
const TEXT: &str = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"hi\"}}    \n\n";
const TOOL: &str = "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"f\",\"input\":{}}}\n\n";
const END: &str = "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":12}}\n\n";
const LAST: &str = "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

#[test]
fn content_begins_with_the_first_openai_delta_that_has_any() {
    let attempt = attempt(Some(OPENAI));
    let body = script(&[ROLE, HELLO, STOP, USAGE, DONE]);
    let mut watched = observe(response(200, body), &attempt);
    assert_eq!(attempt.phase(), Phase::Open);
    next(&mut watched);
    assert_eq!(attempt.phase(), Phase::Open);
    next(&mut watched);
    assert_eq!(attempt.phase(), Phase::Content);
    while next(&mut watched).is_some() {}
    let facts = attempt.facts();
    assert_eq!(facts.model.as_deref(), Some("gpt"));
    assert_eq!(facts.finish, Some(Finish::Stop));
    assert_eq!((facts.complete, facts.content_bytes), (true, 5));
    let usage = Usage {
        input: 5,
        cache_read: 4,
        output: 2,
        ..Usage::default()
    };
    assert_eq!(facts.usage, Some(usage));
    assert_eq!(attempt.verdict(), Outcome::Success);
}

#[test]
fn content_begins_with_the_first_anthropic_block_that_has_any() {
    let attempt = attempt(Some(ANTHROPIC));
    let body = script(&[START, PING, BLOCK, TEXT, END, LAST]);
    let mut watched = observe(response(200, body), &attempt);
    for _ in 0..3 {
        next(&mut watched);
        assert_eq!(attempt.phase(), Phase::Open);
    }
    next(&mut watched);
    assert_eq!(attempt.phase(), Phase::Content);
    assert!(!attempt.facts().complete);
    while next(&mut watched).is_some() {}
    let facts = attempt.facts();
    let usage = facts.usage.unwrap();
    assert_eq!((usage.input, usage.cache_read, usage.output), (3, 5, 12));
    assert_eq!((facts.complete, facts.content_bytes), (true, 2));
    let (_, phase) = after(Some(ANTHROPIC), 200, &[START, TOOL]);
    assert_eq!(phase, Phase::Content);
}

#[test]
fn every_kind_of_openai_delta_is_content() {
    for delta in [
        r#""content":"x""#,
        r#""content":[{"type":"text"}]"#,
        r#""refusal":"x""#,
        r#""reasoning":"x""#,
        r#""reasoning_content":"x""#,
        r#""tool_calls":[{"index":0}]"#,
        r#""function_call":{"name":"f"}"#,
    ] {
        let event = format!("data: {{\"choices\":[{{\"delta\":{{{delta}}}}}]}}\n\n");
        assert_eq!(
            after(Some(OPENAI), 200, &[&event]).1,
            Phase::Content,
            "{delta}"
        );
    }
    for delta in [
        r#""content":"""#,
        r#""content":null"#,
        r#""tool_calls":[]"#,
        r#""content":[ ]"#,
    ] {
        let event = format!("data: {{\"choices\":[{{\"delta\":{{{delta}}}}}]}}\n\n");
        assert_eq!(
            after(Some(OPENAI), 200, &[&event]).1,
            Phase::Open,
            "{delta}"
        );
    }
}

#[test]
fn an_end_without_proof_of_completion_is_a_truncation() {
    let truncated = Some(FailureKind::Truncated);
    assert_eq!(failure(OPENAI, &[ROLE, HELLO]), truncated);
    assert_eq!(failure(OPENAI, &["data: {\"choi"]), truncated);
    assert_eq!(failure(OPENAI, &[": ping\n\n"]), truncated);
    assert_eq!(failure(ANTHROPIC, &[START, BLOCK, TEXT, END]), truncated);
    // The reason to stop is proof enough where not everybody sends `[DONE]`.
    assert_eq!(failure(OPENAI, &[ROLE, HELLO, STOP]), None);
    assert_eq!(failure(OPENAI, &[ROLE, HELLO, "data: [DONE]"]), None);
}

#[test]
fn an_error_inside_a_stream_is_a_failure_before_and_after_content() {
    let error = "data: {\"error\":{\"message\":\"m\",\"code\":502}}\n\n";
    for chunks in [&[error][..], &[HELLO, error], &[ROLE, HELLO, error]] {
        assert_eq!(failure(OPENAI, chunks), Some(FailureKind::InStream));
    }
    let null = "data: {\"error\":null,\"choices\":[]}\n\n";
    assert_eq!(failure(OPENAI, &[null, STOP]), None);
    for (kind, wanted) in [
        ("overloaded_error", FailureKind::Overloaded),
        ("rate_limit_error", FailureKind::InStream),
        ("api_error", FailureKind::InStream),
    ] {
        let error = format!(
            "event: error\ndata: {{\"type\":\"error\",\"error\":{{\"type\":\"{kind}\",\"message\":\"m\"}}}}\n\n"
        );
        assert_eq!(failure(ANTHROPIC, &[START, &error]), Some(wanted));
    }
}

#[test]
fn three_unreadable_events_in_a_row_are_garbage_and_two_are_not() {
    let bad = "data: {\"choices\":[\n\n";
    let (facts, _) = after(Some(OPENAI), 200, &[bad, bad, HELLO, bad, bad, STOP, DONE]);
    assert_eq!((facts.failure, facts.complete), (None, true));
    let (facts, _) = after(Some(OPENAI), 200, &[HELLO, bad, "data: 7\n\n", bad, DONE]);
    assert_eq!(facts.failure, Some(FailureKind::Protocol));
}

#[test]
fn a_whole_answer_is_read_at_its_end() {
    let answer = r#" {"choices":[{"message":{"content":"hello"},"finish_reason":"length"}],"usage":{"prompt_tokens":1,"completion_tokens":2},"model":"gpt"}"#;
    let (head, tail) = answer.split_at(40);
    let attempt = attempt(Some(OPENAI));
    let mut watched = observe(response(200, script(&[head, tail])), &attempt);
    next(&mut watched);
    next(&mut watched);
    assert_eq!(attempt.phase(), Phase::Open);
    assert!(next(&mut watched).is_none());
    let facts = attempt.facts();
    assert_eq!(attempt.phase(), Phase::Content);
    assert_eq!(facts.finish, Some(Finish::Length));
    assert_eq!((facts.complete, facts.content_bytes), (true, 5));
}

#[test]
fn a_whole_answer_counts_in_full_until_it_is_read() {
    let answer = r#"{"choices":[{"message":{"content":"hello"},"finish_reason":"stop"}]}"#;
    let promised = |text: &'static str| Response::new(towerman_core::Body::from(text));
    let whole = attempt(Some(OPENAI));
    let mut watched = observe(promised(answer), &whole);
    assert_eq!(whole.facts().content_bytes, answer.len() as u64);
    next(&mut watched);
    assert_eq!(whole.facts().content_bytes, 5);

    // Without a promise, what has arrived counts.
    let torn = attempt(Some(OPENAI));
    let mut watched = observe(response(200, script(&[&answer[..30], "more"])), &torn);
    next(&mut watched);
    assert_eq!(
        (torn.facts().content_bytes, torn.phase()),
        (30, Phase::Open)
    );

    let events = attempt(Some(OPENAI));
    let mut watched = observe(promised(HELLO), &events);
    next(&mut watched);
    assert_eq!(
        events.facts().content_bytes,
        5,
        "a stream's content is counted"
    );
}

#[test]
fn an_answer_too_large_to_keep_is_complete_and_not_judged() {
    let mut observer = Observer::new(Some(OPENAI), StatusCode::OK, None);
    observer.push(&Bytes::from_static(
        b"{\"choices\":[{\"message\":{\"content\":\"",
    ));
    let bytes = Bytes::from("x".repeat(1 << 20));
    for _ in 0..33 {
        observer.push(&bytes);
    }
    assert_eq!(observer.learned().phase, Phase::Content);
    observer.finish();
    let learned = observer.learned();
    assert_eq!((learned.complete, learned.failure), (true, None));
}

#[test]
fn a_success_that_is_no_answer_is_a_failure() {
    let protocol = Some(FailureKind::Protocol);
    for body in [
        "",
        " \n",
        "<html>",
        "{}",
        r#"{"choices":[]}"#,
        r#"{"choices":[{"#,
        "[]",
        "oops",
    ] {
        assert_eq!(failure(OPENAI, &[body]), protocol, "{body:?}");
    }
    assert_eq!(failure(OPENAI, &[]), protocol);
    assert_eq!(failure(ANTHROPIC, &[r#"{"type":"completion"}"#]), protocol);
    for (error, wanted) in [
        (
            r#"{"error":{"code":"insufficient_quota"}}"#,
            FailureKind::Quota,
        ),
        (
            r#"{"error":{"type":"overloaded_error"}}"#,
            FailureKind::Overloaded,
        ),
        (r#"{"error":{"message":"m"}}"#, FailureKind::Server),
    ] {
        assert_eq!(failure(OPENAI, &[error]), Some(wanted));
    }
}

#[test]
fn an_error_head_is_refused_and_its_body_names_the_class() {
    let quota = r#"{"error":{"code":"insufficient_quota","type":"insufficient_quota"}}"#;
    let (facts, phase) = after(Some(OPENAI), 429, &[quota]);
    assert_eq!(phase, Phase::Refused);
    assert_eq!(facts.failure, Some(FailureKind::Quota));
    let (facts, _) = after(
        Some(OPENAI),
        429,
        &[r#"{"error":{"code":"rate_limit_exceeded"}}"#],
    );
    assert_eq!(facts.verdict(), Outcome::Throttled { retry_after: None });
    let huge = "x".repeat(100_000);
    let (facts, _) = after(Some(OPENAI), 500, &[&huge, &huge]);
    assert_eq!(facts.verdict(), Outcome::Failure(FailureKind::Server));
}

#[test]
fn a_403_for_a_prompts_sake_is_no_failure_of_the_endpoint() {
    let flagged = r#"{"error":{"code":403,"message":"m","metadata":{"flagged_input":"x"}}}"#;
    let (facts, phase) = after(Some(OPENAI), 403, &[flagged]);
    assert_eq!((facts.verdict(), phase), (Outcome::Success, Phase::Refused));
    for (body, kind) in [
        (
            r#"{"error":{"type":"permission_error"}}"#,
            FailureKind::Auth,
        ),
        ("<html>", FailureKind::Server),
    ] {
        let (facts, _) = after(Some(OPENAI), 403, &[body]);
        assert_eq!(facts.verdict(), Outcome::Failure(kind), "{body}");
    }
}

#[test]
fn a_delay_is_believed_only_from_an_answer_that_refuses() {
    for (status, wanted) in [
        (200, None),
        (400, None),
        (408, Some(3)),
        (409, Some(3)),
        (429, Some(3)),
        (500, Some(3)),
        (529, Some(3)),
    ] {
        let attempt = attempt(Some(ANTHROPIC));
        let mut response = response(status, script(&[]));
        response
            .headers_mut()
            .insert("retry-after", http::HeaderValue::from_static("3"));
        let _ = observe(response, &attempt);
        assert_eq!(
            attempt.facts().retry_after,
            wanted.map(Duration::from_secs),
            "{status}"
        );
    }
}

#[test]
fn the_words_of_an_error_ask_for_a_delay_where_its_head_does_not() {
    const WORDS: &str = r#"{"error":{"message":"Please try again in 1m3s.","type":"tokens"}}"#;
    const INFO: &str = r#"[{"error":{"code":429,"message":"Please retry in 9s.","details":[
        {"@type":"type.googleapis.com/google.rpc.Help"},
        {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.4s"}]}}]"#;
    let delay = |status: u16, header: Option<&str>, body: &str| {
        let attempt = attempt(Some(OPENAI));
        let mut response = response(status, script(&[body]));
        if let Some(header) = header {
            let value = header.parse().unwrap();
            response.headers_mut().insert("retry-after", value);
        }
        let mut watched = observe(response, &attempt);
        while next(&mut watched).is_some() {}
        attempt.facts().retry_after.map(|delay| delay.as_secs_f64())
    };
    assert_eq!(delay(429, None, WORDS), Some(63.0));
    assert_eq!(delay(503, None, WORDS), Some(63.0));
    assert_eq!(delay(429, None, INFO), Some(34.4));
    assert_eq!(delay(500, None, INFO), Some(34.4));
    assert_eq!(delay(429, Some("2"), INFO), Some(2.0));
    // No caller's words silence an endpoint.
    for status in [400, 404, 409, 500] {
        assert_eq!(delay(status, None, WORDS), None, "{status}");
    }
    assert_eq!(delay(400, None, INFO), None);
    assert_eq!(
        delay(429, None, "<html>Please try again in 5s.</html>"),
        None
    );
}

#[test]
fn frames_are_forwarded_untouched_and_only_the_first_watcher_reads() {
    let attempt = attempt(Some(OPENAI));
    let bytes = Bytes::from(HELLO);
    let trailers = HeaderMap::from_iter([(http::header::AGE, http::HeaderValue::from(1))]);
    let body = Script {
        frames: [
            Frame::data(bytes.clone()),
            Frame::trailers(trailers.clone()),
        ]
        .map(Ok)
        .into(),
        known: false,
    };
    let watched = observe(response(200, body), &attempt);
    let mut watched = observe(watched, &attempt);
    let data = next(&mut watched).unwrap().unwrap().into_data().unwrap();
    assert_eq!(data.as_ptr(), bytes.as_ptr());
    assert_eq!(attempt.facts().content_bytes, 5);
    assert_eq!(
        next(&mut watched)
            .unwrap()
            .unwrap()
            .into_trailers()
            .unwrap(),
        trailers
    );
    assert!(next(&mut watched).is_none());
    assert_eq!(attempt.facts().content_bytes, 5);
}

#[test]
fn the_end_is_noted_with_the_last_frame_when_the_body_knows_it() {
    let attempt = attempt(Some(OPENAI));
    let mut body = script(&[ROLE, HELLO]);
    body.known = true;
    let mut watched = observe(response(200, body), &attempt);
    next(&mut watched);
    assert_eq!(attempt.facts().failure, None);
    next(&mut watched);
    assert!(watched.body().is_end_stream());
    assert_eq!(attempt.facts().failure, Some(FailureKind::Truncated));
    let empty = self::attempt(Some(OPENAI));
    let _ = observe(Response::new(http_body_util::Empty::<Bytes>::new()), &empty);
    assert_eq!(empty.facts().failure, Some(FailureKind::Protocol));
}

#[test]
fn a_body_that_breaks_off_is_a_reset_unless_all_was_said() {
    for (chunks, wanted) in [
        (&[HELLO][..], Some(FailureKind::Reset)),
        (&["{\"choices"], Some(FailureKind::Reset)),
        (&[HELLO, DONE], None),
        (&["data: {\"error\":{}}\n\n"], Some(FailureKind::InStream)),
    ] {
        let attempt = attempt(Some(OPENAI));
        let mut body = script(chunks);
        body.frames
            .push_back(Err(io::ErrorKind::ConnectionReset.into()));
        let mut watched = observe(response(200, body), &attempt);
        for _ in chunks {
            assert!(next(&mut watched).unwrap().is_ok());
        }
        assert!(next(&mut watched).unwrap().is_err());
        assert_eq!(attempt.facts().failure, wanted);
    }
}

#[test]
fn without_a_route_the_content_shows_the_dialect() {
    let (facts, _) = after(None, 200, &[START, PING, BLOCK, TEXT, END, LAST]);
    assert_eq!((facts.complete, facts.finish), (true, Some(Finish::Stop)));
    let (facts, phase) = after(None, 200, &[HELLO]);
    assert_eq!(
        (facts.failure, phase),
        (Some(FailureKind::Truncated), Phase::Content)
    );
    let message = r#"{"type":"message","content":[],"model":"c","usage":{"input_tokens":2}}"#;
    assert_eq!(after(None, 200, &[message]).0.usage.unwrap().input, 2);
    let (facts, _) = after(None, 200, &[r#"{"object":"chat.completion","choices":[]}"#]);
    assert_eq!(facts.failure, Some(FailureKind::Protocol));
}

#[test]
fn without_a_route_what_is_no_dialect_is_not_judged() {
    for body in ["", "hello", "{\"data\":[]}", "<html>", "data: tick\n\n"] {
        let (facts, phase) = after(None, 200, &[body]);
        assert_eq!((facts.failure, facts.complete), (None, true), "{body:?}");
        assert_eq!(phase, Phase::Content, "{body:?}");
    }
}

#[test]
fn a_usage_that_is_reported_twice_counts_once() {
    let usage = r#""usage":{"prompt_tokens":9,"completion_tokens":2}"#;
    let groq = format!("data: {{\"choices\":[],\"x_groq\":{{{usage}}}}}\n\n");
    let both = format!("data: {{\"choices\":[],{usage},\"x_groq\":{{{usage}}}}}\n\n");
    for chunks in [&[&*groq][..], &[&groq, &both], &[&both, &both]] {
        let usage = after(Some(OPENAI), 200, chunks).0.usage.unwrap();
        assert_eq!((usage.input, usage.output), (9, 2));
    }
}

#[test]
fn absurd_counts_are_ignored() {
    for count in [
        "null",
        "-1",
        "1e30",
        "18446744073709551615",
        "\"7\"",
        "1.5",
        "{}",
    ] {
        let event = format!(
            "data: {{\"choices\":[],\"usage\":{{\"prompt_tokens\":{count},\"completion_tokens\":2}}}}\n\n"
        );
        let usage = after(Some(OPENAI), 200, &[&event]).0.usage.unwrap();
        assert_eq!((usage.input, usage.output), (0, 2), "{count}");
    }
    let (facts, _) = after(Some(OPENAI), 200, &[ROLE]);
    assert_eq!(facts.usage, None);
}

#[test]
fn an_observed_body_keeps_the_error_type_and_the_size() {
    let body = http_body_util::Full::new(Bytes::from("{}"));
    let mut watched = observe(Response::new(body), &attempt(None));
    assert_eq!(watched.body().size_hint().exact(), Some(2));
    let frame: Option<Result<_, Infallible>> = next(&mut watched);
    assert!(frame.is_some());
    assert_eq!(watched.into_body().inner.size_hint().exact(), Some(0));
}

proptest! {
    #[test]
    fn any_chunking_teaches_the_same(
        openai in any::<bool>(),
        picks in prop::collection::vec(0_usize..12, 0..12),
        sizes in prop::collection::vec(1_usize..40, 1..10),
        routed in any::<bool>(),
        media_type in prop::sample::select(vec![None, Some("text/event-stream"), Some("text/plain")]),
    ) {
        let error = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\"}}\r\n\r\n";
        let events = if openai {
            [ROLE, HELLO, STOP, USAGE, DONE, "data: {\n\n", ": c\n", "data: 1\r\r", error, HELLO, "data", "\n"]
        } else {
            [START, PING, BLOCK, TEXT, TOOL, END, LAST, "data: {\n\n", error, TEXT, "x", "\n"]
        };
        let dialect = if openai { OPENAI } else { ANTHROPIC };
        let text: Vec<u8> = picks.into_iter().flat_map(|pick| events[pick].bytes()).collect();
        let learn = |chunks: Vec<&[u8]>| {
            let status = StatusCode::OK;
            let mut observer = Observer::new(routed.then_some(dialect), status, media_type);
            for chunk in chunks {
                observer.push(&Bytes::copy_from_slice(chunk));
            }
            observer.finish();
            observer.learned().clone()
        };
        let mut chunks = Vec::new();
        let (mut rest, mut sizes) = (&text[..], sizes.into_iter().cycle());
        while !rest.is_empty() {
            let (chunk, tail) = rest.split_at(sizes.next().unwrap_or(1).min(rest.len()));
            chunks.push(chunk);
            rest = tail;
        }
        prop_assert_eq!(learn(chunks), learn(vec![&text]));
    }

    #[test]
    fn any_bytes_teach_without_harm(
        bytes in prop::collection::vec(any::<u8>(), 0..60),
        status in prop::sample::select(vec![200_u16, 204, 301, 400, 429, 500]),
        stream in any::<bool>(),
    ) {
        for dialect in [None, Some(OPENAI), Some(ANTHROPIC)] {
            let media_type = if stream { "text/event-stream" } else { "application/json" };
            let status = StatusCode::from_u16(status).unwrap();
            let mut observer = Observer::new(dialect, status, Some(media_type));
            observer.push(&Bytes::copy_from_slice(&bytes));
            observer.finish();
            let learned = observer.learned();
            // A success is either whole or a failure.
            prop_assert!(!status.is_success() || learned.complete || learned.failure.is_some());
        }
    }
}

#[test]
fn line_ends_before_an_answer_count_for_nothing_however_they_come() {
    let learned = |pieces: &[&str]| {
        let json = Some("application/json");
        let mut observer = Observer::new(Some(OPENAI), StatusCode::OK, json);
        for piece in pieces {
            observer.push(&Bytes::copy_from_slice(piece.as_bytes()));
        }
        observer.learned().content_bytes
    };
    assert_eq!(learned(&["\r\n{\"a\""]), 4);
    assert_eq!(learned(&["\r", "\n{", "\"a\""]), 4);
}
