//! What it costs to read, edit and translate: bytes per second and time per event.
#![allow(clippy::unwrap_used, missing_docs)]

use std::{hint::black_box, time::Duration};

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use towerman::{
    core::Dialect,
    wire::{
        ask, edit,
        translate::{self, Job, Options, Stream},
    },
};
use towerman_tests::dialects::{self, Words};

const EVENTS: usize = 1000;
const KB_100: usize = 100_000;
const MB: usize = 1_000_000;

/// Reads a request, and writes it with another model's name.
fn editor(c: &mut Criterion) {
    let mut group = c.benchmark_group("editor");
    for dialect in [Dialect::OpenAiChat, Dialect::Anthropic] {
        let body = Bytes::from(dialects::request(dialect, KB_100));
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function(format!("{dialect}, 100 KB"), |b| {
            b.iter(|| {
                let ask = ask::read(dialect, &body).unwrap();
                black_box(edit::retarget(&ask, &body, "another-model", true))
            });
        });
    }
    group.finish();
}

/// Translates a request.
fn request(c: &mut Criterion) {
    let mut group = c.benchmark_group("request");
    for (from, to) in pairs() {
        let body = dialects::request(from, MB);
        group.throughput(Throughput::Bytes(body.len() as u64));
        let job = Job::new(from, to, "m");
        group.bench_function(format!("{from} to {to}, 1 MB"), |b| {
            b.iter(|| black_box(translate::translate(&job, &body).unwrap()));
        });
    }
    group.finish();
}

/// Translates a stream, event by event.
fn event(c: &mut Criterion) {
    let mut group = c.benchmark_group("event");
    group.throughput(Throughput::Elements(EVENTS as u64));
    for words in [Words::Text, Words::Input] {
        for (from, to) in pairs() {
            let events = dialects::stream(from, words, EVENTS);
            if events.len() < EVENTS {
                continue;
            }
            group.bench_function(format!("{words:?}, {from} to {to}"), |b| {
                b.iter(|| {
                    let mut stream = Stream::new(from, to, &Options::default());
                    for event in &events {
                        let mut out = Vec::new();
                        stream.push(event, &mut out);
                        black_box(out);
                    }
                });
            });
        }
    }
    group.finish();
}

/// Every dialect is read once, and every one but the legacy one is written.
fn pairs() -> impl Iterator<Item = (Dialect, Dialect)> {
    let talk = Dialect::ALL.into_iter();
    let talk = talk.filter(|dialect| *dialect != Dialect::OpenAiCompletions);
    let others = talk.clone().cycle().skip(1);
    talk.zip(others)
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(1));
    targets = editor, request, event
}
criterion_main!(benches);
