//! Recorded traffic of every dialect and host, forwarded: over TCP, what a client of the same
//! dialect sends reaches the provider byte for byte, and so does the answer come back.
#![allow(clippy::unwrap_used, clippy::panic, dead_code)]

#[path = "../../crates/towerman-wire/tests/recorded_support/folders.rs"]
mod folders;
#[path = "../cross/framing.rs"]
mod framing;
#[path = "../cross/recording.rs"]
mod recording;
mod stub;

use serde_json::{Value, value::RawValue};
use towerman::{
    core::{
        Dialect, Form, Operation,
        policy::{Draft, FailoverRules, ProviderDraft, RouteDraft},
    },
    wire::translate,
};
use towerman_tests::{Gateway, recorded, send};

use crate::recording::{Answer, Recording};

/// Folders in which no model speaks, whose dialect serves them all the same.
const ASIDES: [(&str, Dialect, Operation); 8] = [
    (
        "anthropic-count-tokens",
        Dialect::Anthropic,
        Operation::Count,
    ),
    ("azure-embeddings", Dialect::OpenAiChat, Operation::Embed),
    ("cohere-embed", Dialect::Cohere, Operation::Embed),
    ("gemini-embeddings", Dialect::Gemini, Operation::Embed),
    ("mistral-embeddings", Dialect::OpenAiChat, Operation::Embed),
    ("openai-embeddings", Dialect::OpenAiChat, Operation::Embed),
    (
        "openrouter-embeddings",
        Dialect::OpenAiChat,
        Operation::Embed,
    ),
    (
        "perplexity-embeddings",
        Dialect::OpenAiChat,
        Operation::Embed,
    ),
];

/// A request as a client sends it, and what its provider answers.
struct Case {
    recording: Recording,
    operation: Operation,
    route: String,
    body: String,
}

impl Case {
    fn new(number: usize, recording: Recording, operation: Operation) -> Self {
        let route = format!("r{number}");
        let streams = matches!(recording.answer, Answer::Stream(_));
        let body = match &recording.request {
            Some(body) => addressed(body, &route, recording.dialect),
            None => canned(recording.dialect, &route, streams),
        };
        Self {
            recording,
            operation,
            route,
            body,
        }
    }

    /// Where the client of the dialect asks.
    fn path(&self) -> String {
        let streams = matches!(self.recording.answer, Answer::Stream(_)) || self.recording.streams;
        let many = self.operation == Operation::Embed && self.body.contains("\"requests\"");
        let form = match (streams, many) {
            (true, _) => Form::Stream,
            (_, true) => Form::Many,
            _ => Form::Whole,
        };
        let path = self
            .recording
            .dialect
            .target(self.operation, &self.route, form);
        path.unwrap().into_owned()
    }

    /// What the folder holds beside its dialect: another API of the same provider, or events that
    /// were recorded without the blank lines between them.
    fn is_foreign(&self) -> bool {
        let said = match &self.recording.answer {
            Answer::Whole(body) => body.clone(),
            Answer::Stream(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Answer::None => return true,
        };
        let words: &[&str] = match (self.recording.dialect, self.operation) {
            (_, Operation::Embed) => &["embedding"],
            (_, Operation::Count) => &["okens"],
            (Dialect::OpenAiChat | Dialect::OpenAiCompletions, _) => &["choices"],
            (Dialect::Gemini, _) => &["candidates", "promptFeedback"],
            (Dialect::OpenAiResponses, _) => &["output"],
            (Dialect::Anthropic, _) => &["content"],
            _ => &["message"],
        };
        let lines = matches!(
            self.recording.dialect,
            Dialect::Ollama | Dialect::BedrockConverse
        );
        let events = matches!(self.recording.answer, Answer::Stream(_)) && !lines;
        let joined = events && !["\n\n", "\r\n\r\n"].iter().any(|end| said.contains(end));
        joined || !words.iter().any(|word| said.contains(word))
    }

    /// An error whose status was not recorded, or one inside a stream.
    fn is_error(&self) -> bool {
        let is_error = |said: &Value| {
            let kind = said["type"].as_str().unwrap_or_default();
            !said["error"].is_null() || ["error", "response.failed"].contains(&kind)
        };
        match &self.recording.answer {
            Answer::Whole(body) => is_error(&serde_json::from_str(body).unwrap()),
            Answer::Stream(bytes) => {
                let events = framing::events(self.recording.dialect, bytes);
                events.iter().any(is_error)
            }
            Answer::None => false,
        }
    }

    fn answer(&self) -> stub::Answer {
        let (media_type, bytes) = match (&self.recording.answer, self.recording.dialect) {
            (Answer::Stream(bytes), dialect) => (translate::media_type(dialect), bytes.clone()),
            (Answer::Whole(body), _) => ("application/json", body.clone().into_bytes()),
            (Answer::None, _) => ("text/plain", Vec::new()),
        };
        stub::Answer {
            status: self.recording.status,
            media_type,
            bytes,
        }
    }
}

/// The body as recorded, but for the model, and a stream that tells usage: what is asked for in
/// the client's place is not told to it.
fn addressed(body: &str, route: &str, dialect: Dialect) -> String {
    let mut body = body.to_owned();
    let said: std::collections::BTreeMap<String, &RawValue> = serde_json::from_str(&body).unwrap();
    let streams = said.get("stream").is_some_and(|said| said.get() == "true");
    let told = streams && said.contains_key("stream_options");
    let in_path = matches!(dialect, Dialect::Gemini | Dialect::BedrockConverse);
    if let Some(requests) = said.get("requests") {
        let requests: Vec<Value> = serde_json::from_str(requests.get()).unwrap();
        let named = requests[0]["model"].to_string();
        return body.replace(&named, &format!("\"models/{route}\""));
    }
    match said.get("model") {
        _ if in_path => {}
        Some(model) => {
            let at = model.get().as_ptr() as usize - body.as_ptr() as usize;
            let span = at..at + model.get().len();
            body.replace_range(span, &format!("\"{route}\""));
        }
        // Azure's clients name it in the path.
        None => body.insert_str(1, &format!("\"model\":\"{route}\",")),
    }
    if dialect == Dialect::OpenAiChat && streams && !told {
        body.insert_str(1, r#""stream_options":{"include_usage":true},"#);
    }
    body
}

/// What might have been asked where only the answer was recorded.
fn canned(dialect: Dialect, route: &str, streams: bool) -> String {
    let ask = format!(
        r#"{{"model":"{route}","messages":[{{"role":"user","content":"hi"}}],"stream":{streams},"stream_options":{{"include_usage":true}}}}"#
    );
    if dialect == Dialect::OpenAiChat {
        return ask;
    }
    let told = translate::request(Dialect::OpenAiChat, dialect, ask.as_bytes(), route).unwrap();
    String::from_utf8(told.body.to_vec()).unwrap()
}

fn cases() -> Option<Vec<Case>> {
    let shared = recorded()?;
    let wire = shared.parent().unwrap();
    let (spoken, _) = recording::all(wire);
    let spoken = spoken.into_iter().map(|one| (one, Operation::Generate));
    let asides = ASIDES.iter().flat_map(|(folder, dialect, operation)| {
        let all = recording::folder(wire, "recorded", folder, *dialect);
        all.into_iter().map(|one| (one, *operation))
    });
    let all = spoken.chain(asides).enumerate();
    Some(
        all.map(|(number, (one, operation))| Case::new(number, one, operation))
            .collect(),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_recorded_exchange_is_forwarded_byte_for_byte() {
    let Some(cases) = cases() else { return };
    let answers = cases.iter().map(Case::answer).collect();
    let (stub, _serving) = stub::Stub::start(answers).await;
    let mut draft = Draft::new().failover(FailoverRules {
        max_attempts: 1,
        ..FailoverRules::default()
    });
    for (number, case) in cases.iter().enumerate() {
        // A provider each, so that no recorded failure opens another's circuit.
        let (name, url) = (format!("p{number}"), stub.url(number));
        let endpoint = format!("{name}/{}", case.route);
        draft = draft
            .provider(ProviderDraft::url(name, case.recording.dialect, url))
            .route(RouteDraft::new(&case.route, [endpoint]));
    }
    let gateway = Gateway::start(draft).await;
    let (mut identical, mut errors, mut refused, mut others) = (0, 0, 0, 0);
    for (number, case) in cases.iter().enumerate() {
        let name = &case.recording.name;
        if case.recording.status < 400 && case.is_foreign() {
            println!("{name} is no answer of the dialect");
            others += 1;
            continue;
        }
        let url = format!("{}{}", gateway.url(), case.path());
        let headers = [("content-type", "application/json")];
        let answer = send(&url, http::Method::POST, &headers, case.body.clone()).await;
        let Some(received) = stub.received(number) else {
            // What we refuse, the provider refused too.
            let theirs = case.recording.status;
            assert!(
                (400..500).contains(&theirs),
                "{name}: {theirs}, and we: {}",
                answer.text()
            );
            refused += 1;
            continue;
        };
        assert_eq!(
            String::from_utf8_lossy(&received),
            case.body,
            "{name}: what was sent"
        );
        let failed = answer.status.as_u16() >= 400;
        assert!(failed || case.recording.status < 400, "{name}");
        // Whoever fails before it said anything has not answered.
        if failed && (case.recording.status >= 400 || case.is_error()) {
            let told: Value = serde_json::from_str(&answer.text()).unwrap();
            assert!(told.is_object(), "{name}: {}", answer.text());
            errors += 1;
            continue;
        }
        assert_eq!(
            answer.status.as_u16(),
            case.recording.status,
            "{name}: {}",
            answer.text()
        );
        assert_eq!(answer.body, case.answer().bytes, "{name}: what came back");
        identical += 1;
    }
    gateway.stop().await;
    println!(
        "{identical} forwarded as they are, {errors} errors told, {refused} refused before they were sent, {others} of other APIs"
    );
    assert!(identical > 1_000, "only {identical}");
}
