//! One case: a request to a provider that fails, and everything that must hold after it.

use towerman::core::Dialect;
use towerman_sim::Fault;
use towerman_tests::{
    Answer,
    client::{self, Heard},
    eventually, post,
};

use super::{check::Check, rows::Row, stage::Stage};

/// The circumstances of a fault.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    pub(crate) client: Dialect,
    pub(crate) provider: Dialect,
    pub(crate) stream: bool,
    /// There is no other provider.
    pub(crate) alone: bool,
}

impl Case {
    /// All circumstances.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..16).map(|bits| Self {
            client: towerman_tests::CLASSIC[bits & 1],
            provider: towerman_tests::CLASSIC[bits >> 1 & 1],
            stream: bits >> 2 & 1 == 0,
            alone: bits >> 3 & 1 == 0,
        })
    }
}

/// What the client may see of a head; of the provider's only what describes the answer.
const HEADERS: [&str; 8] = [
    "cache-control",
    "content-length",
    "content-type",
    "date",
    "retry-after",
    "transfer-encoding",
    "x-request-id",
    "x-towerman-route",
];

/// What was seen in one case, as a line of the table, and what about it is wrong.
pub(crate) async fn run(row: &Row, case: Case) -> (String, Vec<String>) {
    let story = row.story(case.provider, case.stream);
    let silent = story.outcome.ends_with("timeout");
    let stage = Stage::set(row.fault(case.provider), case, silent).await;
    let url = format!("{}{}", stage.gateway.url(), case.client.path());
    let prompt = "Tell me what happens next, in a few words.";
    let ask = client::ask(case.client, "chat", prompt, case.stream);
    let answer = post(&url, &ask).await;
    let heard = client::read(case.client, &answer);

    let mut check = Check::default();
    check.that("it is told", eventually(|| stage.told() == 1).await);
    check.that("nothing is under way", eventually(|| stage.idle()).await);
    check.that("it is told once", stage.told() == 1);
    let foreign = answer
        .headers
        .keys()
        .find(|name| !HEADERS.contains(&name.as_str()) && !is_limit(name.as_str()));
    check.equal("foreign headers", foreign, None);
    check.that("it has an id", answer.headers.contains_key("x-request-id"));
    check.client(&story, case, row.fault(case.provider).as_ref(), &heard);
    check.stage(&story, &stage).await;
    let slips = match row.fault(case.provider) {
        Some(Fault::MalformedEvents { count, .. }) if case.stream => count,
        _ => 0,
    };
    check.skipped(slips, &stage).await;

    let line = [
        row.name.clone(),
        case.client.to_string(),
        case.provider.to_string(),
        if case.stream { "stream" } else { "whole" }.into(),
        if case.alone { "alone" } else { "with another" }.into(),
        answer.status.as_u16().to_string(),
        ends(&answer, &heard).into(),
        story.outcome.into(),
        stage.summary(),
        check.holds().to_string(),
    ];
    stage.gateway.stop().await;
    (line.join(","), check.broken())
}

/// Whether a header is one of those that tell every provider's limits in one way.
fn is_limit(name: &str) -> bool {
    ["limit", "remaining", "reset"].iter().any(|part| {
        ["requests", "tokens", "input-tokens", "output-tokens"]
            .iter()
            .any(|what| name == format!("x-ratelimit-{part}-{what}"))
    })
}

/// How the answer ended, in a word or two.
fn ends(answer: &Answer, heard: &Result<Heard, String>) -> &'static str {
    match heard {
        _ if answer.broke_off => "broken off",
        Ok(Heard::Whole { .. }) => "whole",
        Ok(Heard::Stream { error: None, .. }) => "stream",
        Ok(Heard::Stream { error: Some(_), .. }) => "error event",
        Ok(Heard::Refused(_)) => "error",
        Err(_) => "not understood",
    }
}
