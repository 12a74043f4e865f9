//! Faults that cut or hold up an answer, in memory and in every dialect.

use std::{error::Error, io, time::Duration};

use crate::{
    common::{DIALECTS, ask, drain, open, send, sim, terminated},
    native::events,
};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};
use towerman_sim::{Dialect, Fault, Sim, SimError};

const LONG: Duration = Duration::from_secs(3600);

fn kind(error: &SimError) -> io::ErrorKind {
    error
        .source()
        .unwrap()
        .downcast_ref::<io::Error>()
        .unwrap()
        .kind()
}

/// One sim per dialect, with this fault on its next request.
fn faulty(fault: &Fault) -> impl Iterator<Item = Sim> {
    DIALECTS.into_iter().map(sim).inspect(move |sim| {
        sim.faults().once(fault.clone());
    })
}

async fn works(sim: &Sim) {
    let reply = send(sim, &ask("hi", false)).await;
    assert_eq!(reply.status, 200);
    assert_eq!(sim.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn before_the_head() {
    for sim in faulty(&Fault::Refuse) {
        let error = open(&sim, &ask("hi", true)).await.unwrap_err();
        assert_eq!(kind(&error), io::ErrorKind::ConnectionRefused);
        assert_eq!((sim.book().requests(), sim.received().len()), (0, 0));
        works(&sim).await;
    }
    for sim in faulty(&Fault::ResetBeforeHead) {
        let error = open(&sim, &ask("hi", true)).await.unwrap_err();
        assert_eq!(kind(&error), io::ErrorKind::ConnectionReset);
        assert_eq!(
            (
                sim.book().requests(),
                sim.received().len(),
                sim.book().lines().len()
            ),
            (1, 1, 0)
        );
        assert_eq!(sim.cancelled(), 0);
        works(&sim).await;
    }
    for sim in faulty(&Fault::StallBeforeHead) {
        assert!(timeout(LONG, open(&sim, &ask("hi", true))).await.is_err());
        assert_eq!((sim.cancelled(), sim.book().lines().len()), (1, 0));
        works(&sim).await;
    }
}

#[tokio::test(start_paused = true)]
async fn after_chunks_of_a_stream() {
    for n in [0, 1, 5] {
        for sim in faulty(&Fault::ResetAfterChunks(n)) {
            let (chunks, end) = drain(open(&sim, &ask("hi", true)).await.unwrap()).await;
            assert_eq!(
                (chunks.len(), kind(&end.unwrap_err())),
                (n, io::ErrorKind::ConnectionReset)
            );
            let line = &sim.book().lines()[0];
            let tokens = n.saturating_sub(sim.dialect().opening_events()) as u64;
            assert_eq!(
                (line.output, line.completed, line.cancelled),
                (tokens, false, false)
            );
            assert!(line.uncached_input > 0);
            works(&sim).await;
        }
        for sim in faulty(&Fault::CloseAfterChunks(n)) {
            let (chunks, end) = drain(open(&sim, &ask("hi", true)).await.unwrap()).await;
            assert!(end.is_ok() && chunks.len() == n);
            if n > 0 {
                assert!(!terminated(
                    sim.dialect(),
                    &events(sim.dialect(), &chunks.concat())
                ));
            }
            assert!(!sim.book().lines()[0].completed);
            works(&sim).await;
        }
        for sim in faulty(&Fault::StallAfterChunks(n)) {
            let mut body = open(&sim, &ask("hi", true)).await.unwrap().into_body();
            for _ in 0..n {
                http_body_util::BodyExt::frame(&mut body)
                    .await
                    .unwrap()
                    .unwrap();
            }
            assert!(
                timeout(LONG, http_body_util::BodyExt::frame(&mut body))
                    .await
                    .is_err()
            );
            assert_eq!((sim.in_flight(), sim.cancelled()), (1, 0));
            drop(body);
            assert!(sim.cancelled() == 1 && sim.book().lines()[0].cancelled);
            works(&sim).await;
        }
    }
    for sim in faulty(&Fault::ResetAfterChunks(1000)) {
        let (chunks, end) = drain(open(&sim, &ask("hi", true)).await.unwrap()).await;
        assert!(end.is_ok() && terminated(sim.dialect(), &events(sim.dialect(), &chunks.concat())));
        assert!(sim.book().lines()[0].completed);
    }
}

#[tokio::test(start_paused = true)]
async fn after_chunks_of_a_json_body() {
    for sim in faulty(&Fault::ResetAfterChunks(2)) {
        let (chunks, end) = drain(open(&sim, &ask("hi", false)).await.unwrap()).await;
        assert_eq!(
            (chunks.concat().len(), kind(&end.unwrap_err())),
            (128, io::ErrorKind::ConnectionReset)
        );
        // The answer was made before its head.
        assert_eq!(sim.book().lines()[0].output, 24);
    }
    for sim in faulty(&Fault::CloseAfterChunks(2)) {
        let response = open(&sim, &ask("hi", false)).await.unwrap();
        assert!(!response.headers().contains_key("content-length"));
        let (chunks, end) = drain(response).await;
        assert!(end.is_ok() && serde_json::from_slice::<Value>(&chunks.concat()).is_err());
    }
    for sim in faulty(&Fault::StallAfterChunks(0)) {
        let response = open(&sim, &ask("hi", false)).await.unwrap();
        assert!(timeout(LONG, drain(response)).await.is_err());
        assert_eq!(sim.cancelled(), 1);
    }
    for sim in faulty(&Fault::Truncated) {
        let response = open(&sim, &ask("hi", false)).await.unwrap();
        let promised: usize = response.headers()["content-length"]
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        let (chunks, end) = drain(response).await;
        assert_eq!(
            (chunks.concat().len(), kind(&end.unwrap_err())),
            (promised / 2, io::ErrorKind::UnexpectedEof)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn truncated_stream_ends_within_an_event() {
    for sim in faulty(&Fault::Truncated) {
        let (chunks, end) = drain(open(&sim, &ask("hi", true)).await.unwrap()).await;
        assert_eq!(kind(&end.unwrap_err()), io::ErrorKind::UnexpectedEof);
        let sent = chunks.concat();
        assert!(sent.len() > 500 && !sent.ends_with(b"\n\n"));
        assert!((1..24).contains(&sim.book().lines()[0].output));
    }
}

#[tokio::test(start_paused = true)]
async fn pings_only_and_slow_drip() {
    let every = Duration::from_secs(10);
    for stream in [true, false] {
        for sim in faulty(&Fault::PingsOnly { every }) {
            let mut body = open(&sim, &ask("hi", stream)).await.unwrap().into_body();
            let start = Instant::now();
            for _ in 0..5 {
                let frame = http_body_util::BodyExt::frame(&mut body)
                    .await
                    .unwrap()
                    .unwrap();
                let ping = frame.into_data().unwrap();
                match (stream, sim.dialect()) {
                    (false, _) => assert_eq!(ping, "\n"),
                    (true, Dialect::Anthropic) => {
                        let event = &events(Dialect::Anthropic, &ping)[0];
                        assert_eq!(event.data, json!({"type": "ping"}));
                    }
                    (true, Dialect::BedrockConverse) => {
                        let event = &events(Dialect::BedrockConverse, &ping)[0];
                        assert_eq!(event.name.as_deref(), Some("ping"));
                    }
                    (true, Dialect::Ollama) => assert_eq!(ping, "\n"),
                    (true, Dialect::Gemini) => assert_eq!(ping, ": keep-alive\r\n\r\n"),
                    (true, _) => assert_eq!(ping, ": keep-alive\n\n"),
                }
            }
            assert_eq!(start.elapsed(), every * 5);
            drop(body);
            assert_eq!((sim.cancelled(), sim.book().totals().output), (1, 0));
        }
        for sim in faulty(&Fault::SlowDrip { every }) {
            let start = Instant::now();
            let (chunks, end) = drain(open(&sim, &ask("hi", stream)).await.unwrap()).await;
            assert!(end.is_ok() && chunks.iter().all(|chunk| chunk.len() == 1));
            assert_eq!(start.elapsed(), every * chunks.len() as u32);
            let line = &sim.book().lines()[0];
            assert_eq!((line.output, line.completed), (24, true));
        }
    }
}
