//! The port: closed while refused, gone when the server is.

use std::{io, time::Duration};

use crate::{
    common::{ask, eventually, sim, terminated},
    native::events,
};
use tokio::{net::TcpStream, time::sleep};
use towerman_sim::{Dialect, Fault, Model, Sim};

use crate::tcp_client::{SOON, chain, client, drain, open, raw};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_while_it_stands_then_back_on_the_same_port() {
    let sim = sim(Dialect::OpenAi);
    let server = sim.serve().await.unwrap();
    let pooled = client(false);
    assert!(
        drain(
            open(&pooled, &server, sim.dialect(), &ask("hi", false))
                .await
                .unwrap()
        )
        .await
        .1
        .is_ok()
    );
    for _ in 0..20 {
        sim.faults().always(Fault::Refuse);
        let error = TcpStream::connect(server.addr()).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        sim.faults().clear();
        assert!(TcpStream::connect(server.addr()).await.is_ok());
    }
    sim.faults().always(Fault::Refuse);
    // The connection that was idle is gone, too.
    sleep(SOON).await;
    let error = open(&pooled, &server, sim.dialect(), &ask("hi", false))
        .await
        .unwrap_err();
    assert_eq!(chain(&error), Some(io::ErrorKind::ConnectionRefused));
    sim.faults().clear();
    let response = open(&pooled, &server, sim.dialect(), &ask("hi", false))
        .await
        .unwrap();
    assert!(drain(response).await.1.is_ok());
}

#[tokio::test]
async fn refusing_lets_streams_end_and_a_scripted_refusal_resets() {
    let model = Model::new("m").per_token(Duration::from_millis(4));
    let sim = Sim::openai("alpha").model(model).build();
    let server = sim.serve().await.unwrap();
    let response = open(&client(false), &server, sim.dialect(), &ask("hi", true))
        .await
        .unwrap();
    sim.faults().always(Fault::Refuse);
    let (bytes, end) = drain(response).await;
    assert!(end.is_ok() && terminated(sim.dialect(), &events(sim.dialect(), &bytes)));
    sim.faults().clear().once(Fault::Refuse);
    let (bytes, end) = raw(&server, sim.dialect(), &ask("hi", true)).await;
    assert!(bytes.is_empty() && end.is_err());
    assert_eq!(sim.book().requests(), 1);
    // A provider can be down before it is up.
    sim.faults().always(Fault::Refuse);
    let late = sim.serve().await.unwrap();
    assert!(TcpStream::connect(late.addr()).await.is_err());
    sim.faults().clear();
    assert!(TcpStream::connect(late.addr()).await.is_ok());
}

#[tokio::test]
async fn stopping_leaves_no_task_and_no_port() {
    let alive = || {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    };
    for drop_it in [true, false] {
        let before = alive();
        let sim = sim(Dialect::OpenAi);
        sim.faults().times(2, Fault::StallAfterChunks(2));
        let server = sim.serve().await.unwrap();
        let addr = server.addr();
        let mut held = Vec::new();
        for h2 in [true, false] {
            let client = client(h2);
            held.push((
                open(&client, &server, sim.dialect(), &ask("hi", true))
                    .await
                    .unwrap(),
                client,
            ));
        }
        if drop_it {
            drop(server);
            assert!(TcpStream::connect(addr).await.is_err());
        } else {
            server.shutdown().await;
            assert!(TcpStream::connect(addr).await.is_err());
        }
        for (response, client) in held {
            assert!(drain(response).await.1.is_err());
            drop(client);
        }
        eventually("no task left", || alive() <= before).await;
        // It can be started again where it was.
        let again = sim.serve_on(addr).await.unwrap();
        assert_eq!(again.addr(), addr);
        again.shutdown().await;
        assert_eq!(sim.in_flight(), 0);
    }
}
