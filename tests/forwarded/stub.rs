//! A provider that answers each client as it was recorded, and remembers what it was sent.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{net::TcpListener, task::JoinSet};

/// What is answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) media_type: &'static str,
    pub(crate) bytes: Vec<u8>,
}

/// The provider; its first segment of the path says which answer is meant.
#[derive(Clone)]
pub(crate) struct Stub {
    address: SocketAddr,
    known: Arc<Known>,
}

struct Known {
    answers: Vec<Answer>,
    received: Mutex<Vec<Option<Bytes>>>,
}

impl Stub {
    /// Serves until what is returned beside it is dropped.
    pub(crate) async fn start(answers: Vec<Answer>) -> (Self, JoinSet<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let received = Mutex::new(vec![None; answers.len()]);
        let stub = Self {
            address: listener.local_addr().unwrap(),
            known: Arc::new(Known { answers, received }),
        };
        let mut serving = JoinSet::new();
        let known = Arc::clone(&stub.known);
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let known = Arc::clone(&known);
                connections.spawn(async move {
                    let service = hyper::service::service_fn(move |request| {
                        let known = Arc::clone(&known);
                        async move { Ok::<_, Infallible>(answer(&known, request).await) }
                    });
                    let _ = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new())
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        (stub, serving)
    }

    /// Where the answer of this number is had.
    pub(crate) fn url(&self, number: usize) -> String {
        format!("http://{}/{number}", self.address)
    }

    /// What was sent for it.
    pub(crate) fn received(&self, number: usize) -> Option<Bytes> {
        self.known.received.lock().unwrap()[number].clone()
    }
}

async fn answer(known: &Known, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let number = request.uri().path().split('/').nth(1).unwrap();
    let number: usize = number.parse().unwrap();
    let body = request.into_body().collect().await.unwrap().to_bytes();
    known.received.lock().unwrap()[number] = Some(body);
    let answer = &known.answers[number];
    Response::builder()
        .status(answer.status)
        .header(header::CONTENT_TYPE, answer.media_type)
        .body(Full::from(answer.bytes.clone()))
        .unwrap()
}
