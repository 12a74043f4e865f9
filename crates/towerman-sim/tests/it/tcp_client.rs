//! A TCP client: hyper's, and a bare socket.

use std::{error::Error, io, time::Duration};

use crate::native::{post, worded};
use bytes::Bytes;
use http::Response;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use towerman_sim::{Dialect, SimServer};

pub type Client = legacy::Client<HttpConnector, Full<Bytes>>;

pub const SOON: Duration = Duration::from_millis(60);

pub fn client(h2: bool) -> Client {
    legacy::Client::builder(TokioExecutor::new())
        .http2_only(h2)
        .retry_canceled_requests(false)
        .build_http()
}

pub async fn open(
    client: &Client,
    server: &SimServer,
    dialect: Dialect,
    body: &Value,
) -> Result<Response<Incoming>, legacy::Error> {
    client
        .request(post(dialect, &server.base_url(), body))
        .await
}

/// What came before the body ended, and whether it ended well.
pub async fn drain(response: Response<Incoming>) -> (Vec<u8>, Result<(), hyper::Error>) {
    let mut body = response.into_body();
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => bytes.extend_from_slice(&frame.into_data().unwrap()),
            Err(error) => return (bytes, Err(error)),
        }
    }
    (bytes, Ok(()))
}

/// Sends a request over a bare socket, and reads until that ends.
pub async fn raw(server: &SimServer, dialect: Dialect, body: &Value) -> (String, io::Result<()>) {
    let mut socket = TcpStream::connect(server.addr()).await.unwrap();
    let (path, body) = worded(dialect, body);
    let body = body.to_string();
    let head = format!(
        "POST {} HTTP/1.1\r\nhost: sim\r\nanthropic-version: 2023-06-01\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n",
        path,
        body.len()
    );
    socket
        .write_all(format!("{head}{body}").as_bytes())
        .await
        .unwrap();
    let mut bytes = Vec::new();
    let end = loop {
        match socket.read_buf(&mut bytes).await {
            Ok(0) => break Ok(()),
            Ok(_) => {}
            Err(error) => break Err(error),
        }
    };
    (String::from_utf8_lossy(&bytes).into_owned(), end)
}

pub fn chain(error: &(dyn Error + 'static)) -> Option<io::ErrorKind> {
    let mut at = Some(error);
    while let Some(error) = at {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return Some(error.kind());
        }
        at = error.source();
    }
    None
}
