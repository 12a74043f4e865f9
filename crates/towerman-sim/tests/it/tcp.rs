//! The provider on a real port: HTTP/1.1 and HTTP/2, faults as sockets see them, and its end.

use std::{io, time::Duration};

use crate::{
    common::{DIALECTS, ask, eventually, sim, terminated, text},
    native::{events, mark},
};
use http::Version;
use http_body_util::BodyExt;
use tokio::time::{sleep, timeout};
use towerman_sim::{Dialect, Fault, Model, Sim};

use crate::tcp_client::{SOON, client, drain, open, raw};

#[tokio::test]
async fn every_dialect_over_both_protocols() {
    for dialect in DIALECTS {
        let sim = sim(dialect);
        let server = sim.serve().await.unwrap();
        for h2 in [false, true] {
            let client = client(h2);
            let response = open(&client, &server, dialect, &ask("say:\"héllo 🌍\"", true))
                .await
                .unwrap();
            assert_eq!(
                response.version(),
                if h2 {
                    Version::HTTP_2
                } else {
                    Version::HTTP_11
                }
            );
            let (bytes, end) = drain(response).await;
            let events = events(dialect, &bytes);
            assert!(end.is_ok() && terminated(dialect, &events));
            assert_eq!(text(&events), "héllo 🌍");
            let response = open(&client, &server, dialect, &ask("hi", false))
                .await
                .unwrap();
            let length: usize = response.headers()["content-length"]
                .to_str()
                .unwrap()
                .parse()
                .unwrap();
            assert_eq!(drain(response).await.0.len(), length);
        }
        assert_eq!(
            (
                sim.book().totals().completed,
                sim.cancelled(),
                sim.in_flight()
            ),
            (4, 0, 0)
        );
        server.shutdown().await;
    }
}

#[tokio::test]
async fn resets_are_resets() {
    for dialect in DIALECTS {
        let sim = sim(dialect);
        let server = sim.serve().await.unwrap();
        for stream in [true, false] {
            sim.faults().once(Fault::ResetBeforeHead);
            let (bytes, end) = raw(&server, dialect, &ask("hi", stream)).await;
            assert_eq!(
                (bytes.as_str(), end.unwrap_err().kind()),
                ("", io::ErrorKind::ConnectionReset)
            );
            sim.faults().once(Fault::ResetAfterChunks(5));
            let (bytes, end) = raw(&server, dialect, &ask("hi", stream)).await;
            assert_eq!(end.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
            assert!(bytes.starts_with("HTTP/1.1 200 OK\r\n"));
            if stream {
                assert_eq!(bytes.matches(mark(dialect)).count(), 5, "{bytes}");
            } else {
                assert_eq!(bytes.split_once("\r\n\r\n").unwrap().1.len(), 5 * 64);
            }
            sim.faults().once(Fault::ResetAfterChunks(0));
            let (bytes, end) = raw(&server, dialect, &ask("hi", stream)).await;
            assert!(end.is_err() && bytes.ends_with("\r\n\r\n"), "{bytes}");
        }
        assert_eq!((sim.cancelled(), sim.in_flight()), (0, 0));
        assert!(raw(&server, dialect, &ask("hi", true)).await.1.is_ok());
    }
}

#[tokio::test]
async fn resets_over_http2_take_the_connection() {
    let sim = sim(Dialect::Anthropic);
    let server = sim.serve().await.unwrap();
    let client = client(true);
    sim.faults()
        .once(Fault::StallAfterChunks(1))
        .once(Fault::ResetBeforeHead)
        .once(Fault::ResetAfterChunks(5));
    let other = open(&client, &server, sim.dialect(), &ask("hi", true))
        .await
        .unwrap();
    assert!(
        open(&client, &server, sim.dialect(), &ask("hi", true))
            .await
            .is_err()
    );
    // A stream that shared the connection is gone with it.
    let (bytes, end) = drain(other).await;
    assert!(events(sim.dialect(), &bytes).len() == 1 && end.is_err());
    let (bytes, end) = drain(
        open(&client, &server, sim.dialect(), &ask("hi", true))
            .await
            .unwrap(),
    )
    .await;
    assert!(events(sim.dialect(), &bytes).len() == 5 && end.is_err());
    assert!(
        open(&client, &server, sim.dialect(), &ask("hi", true))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn bodies_end_early_cleanly_and_not() {
    for h2 in [false, true] {
        let sim = sim(Dialect::OpenAi);
        let server = sim.serve().await.unwrap();
        let client = client(h2);
        sim.faults()
            .once(Fault::CloseAfterChunks(3))
            .once(Fault::Truncated)
            .once(Fault::Truncated)
            .once(Fault::EmptyBody);
        let (bytes, end) = drain(
            open(&client, &server, sim.dialect(), &ask("hi", true))
                .await
                .unwrap(),
        )
        .await;
        assert!(end.is_ok() && events(sim.dialect(), &bytes).len() == 3);
        for stream in [true, false] {
            let (bytes, end) = drain(
                open(&client, &server, sim.dialect(), &ask("hi", stream))
                    .await
                    .unwrap(),
            )
            .await;
            assert!(end.is_err() && !bytes.is_empty(), "{h2} {stream}");
        }
        let (bytes, end) = drain(
            open(&client, &server, sim.dialect(), &ask("hi", false))
                .await
                .unwrap(),
        )
        .await;
        assert!(end.is_ok() && bytes.is_empty());
        assert_eq!(sim.cancelled(), 0);
    }
}

#[tokio::test]
async fn stalls_last_until_the_client_leaves() {
    for h2 in [false, true] {
        let sim = sim(Dialect::Anthropic);
        let server = sim.serve().await.unwrap();
        sim.faults()
            .once(Fault::StallBeforeHead)
            .once(Fault::StallAfterChunks(0))
            .once(Fault::StallAfterChunks(4));
        // Each on a connection of its own, dropped with its client.
        assert!(
            timeout(
                SOON,
                open(&client(h2), &server, sim.dialect(), &ask("hi", true))
            )
            .await
            .is_err()
        );
        eventually("left before the head", || sim.cancelled() == 1).await;
        for (n, cancelled) in [(0, 2), (4, 3)] {
            let client = client(h2);
            let response = open(&client, &server, sim.dialect(), &ask("hi", true))
                .await
                .unwrap();
            assert_eq!((response.status().as_u16(), sim.in_flight()), (200, 1));
            let mut body = response.into_body();
            let mut bytes = Vec::new();
            while let Ok(frame) = timeout(SOON, body.frame()).await {
                bytes.extend_from_slice(&frame.unwrap().unwrap().into_data().unwrap());
            }
            assert_eq!(
                bytes
                    .windows(6)
                    .filter(|window| window == b"data: ")
                    .count(),
                n
            );
            drop((body, client));
            eventually("left after the head", || sim.cancelled() == cancelled).await;
        }
        eventually("all gone", || sim.in_flight() == 0).await;
        assert_eq!(
            sim.book()
                .lines()
                .iter()
                .map(|line| line.output)
                .collect::<Vec<_>>(),
            [0, 1]
        );
    }
}

#[tokio::test]
async fn a_client_that_leaves_is_billed_no_further() {
    for h2 in [false, true] {
        let model = Model::new("m")
            .per_token(Duration::from_millis(5))
            .output_tokens(1000);
        let sim = Sim::openai("alpha").model(model).build();
        let server = sim.serve().await.unwrap();
        let client = client(h2);
        let mut body = open(&client, &server, sim.dialect(), &ask("hi", true))
            .await
            .unwrap()
            .into_body();
        for _ in 0..10 {
            body.frame().await.unwrap().unwrap();
        }
        drop(body);
        eventually("cancelled", || sim.cancelled() == 1).await;
        let output = sim.book().totals().output;
        assert!((9..200).contains(&output), "{output}");
        sleep(SOON).await;
        assert_eq!(sim.book().totals().output, output);
        assert!(sim.book().lines()[0].cancelled);
    }
}
