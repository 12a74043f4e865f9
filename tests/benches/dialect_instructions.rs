//! Instructions per request edited or translated, and per stream of a thousand events.
#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;

use bytes::Bytes;
use gungraun::{library_benchmark, library_benchmark_group, main};
use towerman::{
    core::Dialect,
    wire::{
        ask, edit,
        translate::{self, Job, Options, Stream},
    },
};
use towerman_tests::dialects::{self, Words};

const CHAT: Dialect = Dialect::OpenAiChat;
const ANTHROPIC: Dialect = Dialect::Anthropic;

fn edited(dialect: Dialect) -> (Dialect, Bytes) {
    (dialect, dialects::request(dialect, 100_000).into())
}

#[library_benchmark]
#[bench::openai_chat(args = (CHAT), setup = edited)]
#[bench::anthropic(args = (ANTHROPIC), setup = edited)]
fn editor((dialect, body): (Dialect, Bytes)) -> Bytes {
    let ask = ask::read(dialect, &body).unwrap();
    black_box(edit::retarget(&ask, &body, "another-model", true));
    body
}

fn asked(from: Dialect, to: Dialect) -> (Job<'static>, Vec<u8>) {
    (Job::new(from, to, "m"), dialects::request(from, 1_000_000))
}

#[library_benchmark]
#[bench::chat_to_anthropic(args = (CHAT, ANTHROPIC), setup = asked)]
#[bench::anthropic_to_chat(args = (ANTHROPIC, CHAT), setup = asked)]
#[bench::chat_to_gemini(args = (CHAT, Dialect::Gemini), setup = asked)]
#[bench::chat_to_converse(args = (CHAT, Dialect::BedrockConverse), setup = asked)]
fn request((job, body): (Job<'static>, Vec<u8>)) -> Vec<u8> {
    black_box(translate::translate(&job, &body).unwrap());
    body
}

type Scene = (Stream, Vec<Vec<u8>>);

fn told(from: Dialect, to: Dialect) -> Scene {
    let events = dialects::stream(from, Words::Text, 1000);
    (Stream::new(from, to, &Options::default()), events)
}

#[library_benchmark]
#[bench::anthropic_to_chat(args = (ANTHROPIC, CHAT), setup = told)]
#[bench::chat_to_anthropic(args = (CHAT, ANTHROPIC), setup = told)]
#[bench::responses_to_chat(args = (Dialect::OpenAiResponses, CHAT), setup = told)]
#[bench::gemini_to_chat(args = (Dialect::Gemini, CHAT), setup = told)]
#[bench::converse_to_chat(args = (Dialect::BedrockConverse, CHAT), setup = told)]
#[bench::cohere_to_chat(args = (Dialect::Cohere, CHAT), setup = told)]
#[bench::ollama_to_chat(args = (Dialect::Ollama, CHAT), setup = told)]
fn stream((mut stream, events): Scene) -> Scene {
    for event in &events {
        let mut out = Vec::new();
        stream.push(event, &mut out);
        black_box(out);
    }
    // Given back, so that taking it down is not counted.
    (stream, events)
}

library_benchmark_group!(name = codecs; benchmarks = editor, request, stream);
main!(library_benchmark_groups = codecs);
