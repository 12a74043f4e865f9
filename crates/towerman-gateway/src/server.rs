//! The listener: accepts, serves, drains.

use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{Either, Full};
use hyper::{
    body::Incoming,
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulShutdown},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};
use tower::ServiceExt;
use towerman::{
    core::BoxError,
    telemetry::{Prometheus, TelemetryLayer},
};

use crate::{stack::Layers, stop::Stop};

/// A gateway that has a port.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    /// Where metrics are served, if it is not at the listener above.
    metrics: Option<TcpListener>,
    layers: Layers,
    prometheus: Prometheus,
    draining: Arc<AtomicBool>,
    drain: Drain,
}

/// How a server stops.
#[derive(Clone, Copy, Debug)]
pub struct Drain {
    /// How long [`Stop::Drain`] lasts.
    pub delay: Duration,
    /// How long [`Stop::Close`] lasts at most.
    pub grace: Duration,
}

impl Server {
    /// Takes a port.
    ///
    /// # Errors
    ///
    /// If an address cannot be had.
    pub async fn bind(
        address: SocketAddr,
        metrics: Option<SocketAddr>,
        layers: Layers,
        prometheus: Prometheus,
        drain: Drain,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let metrics = match metrics {
            Some(address) => Some(TcpListener::bind(address).await?),
            None => None,
        };
        Ok(Self {
            listener,
            metrics,
            layers,
            prometheus,
            draining: Arc::default(),
            drain,
        })
    }

    /// The address in use.
    ///
    /// # Errors
    ///
    /// If the system does not tell.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until it is told to stop, or until nobody is left who could tell it. Every
    /// connection's task is owned here, and ends before this does.
    pub async fn run(self, stop: watch::Receiver<Stop>) {
        let own = Own {
            draining: Arc::clone(&self.draining),
            prometheus: self.prometheus.clone(),
            telemetry: self.layers.telemetry().clone(),
            metrics_here: self.metrics.is_none(),
        };
        let stack = self.layers.clone().service::<Incoming>();
        let back = Own {
            metrics_here: true,
            ..own.clone()
        };
        // Cloned once per connection; the stack in it once per request.
        let front = service_fn(move |request: Request<Incoming>| {
            let answer = own.answer(&request);
            let stack = stack.clone();
            async move {
                match answer {
                    Some(response) => Ok::<_, Infallible>(response.map(Either::Left)),
                    None => stack
                        .oneshot(request)
                        .await
                        .map(|response| response.map(Either::Right)),
                }
            }
        });
        let back = service_fn(move |request: Request<Incoming>| {
            let answer = back.answer(&request).unwrap_or_else(not_found);
            async move { Ok::<_, Infallible>(answer) }
        });

        let mut connections = Connections::new();
        let mut upkeep = tokio::time::interval(Duration::from_secs(5));
        let told = |how: Stop| {
            let mut stop = stop.clone();
            async move {
                let _ = stop.wait_for(|told| *told >= how).await;
            }
        };
        let (mut drain, mut close) = (pin!(told(Stop::Drain)), pin!(told(Stop::Close)));
        // Far away until the drain begins.
        let mut closing = pin!(sleep(Duration::from_secs(u64::from(u32::MAX))));
        let mut draining = false;
        loop {
            tokio::select! {
                accepted = self.listener.accept() => connections.open(accepted, front.clone()).await,
                accepted = accept(self.metrics.as_ref()) => connections.open(accepted, back.clone()).await,
                Some(_) = connections.tasks.join_next() => {}
                _ = upkeep.tick() => self.prometheus.upkeep(),
                () = close.as_mut() => break,
                () = drain.as_mut(), if !draining => {
                    draining = true;
                    self.draining.store(true, Relaxed);
                    tracing::info!(target: "towerman::server", delay = ?self.drain.delay, "draining");
                    closing.as_mut().reset(Instant::now() + self.drain.delay);
                }
                () = closing.as_mut(), if draining => break,
            }
        }
        drop((self.listener, self.metrics));
        connections.close(self.drain.grace, told(Stop::Now)).await;
    }
}

/// Connections that are open, each in a task of its own.
struct Connections {
    http: Arc<Builder<TokioExecutor>>,
    graceful: GracefulShutdown,
    tasks: JoinSet<()>,
}

impl Connections {
    fn new() -> Self {
        let mut http = Builder::new(TokioExecutor::new());
        http.http1()
            .timer(TokioTimer::new())
            .header_read_timeout(Duration::from_secs(10))
            .max_headers(100);
        http.http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(1_000)
            .keep_alive_interval(Duration::from_secs(20))
            .keep_alive_timeout(Duration::from_secs(10));
        Self {
            http: Arc::new(http),
            graceful: GracefulShutdown::new(),
            tasks: JoinSet::new(),
        }
    }

    async fn open<S, B>(&mut self, accepted: io::Result<(TcpStream, SocketAddr)>, service: S)
    where
        S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Send + 'static,
        S::Future: Send,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of descriptors, most likely: nothing is gained by spinning.
                tracing::warn!(target: "towerman::server", %error, "could not accept");
                return sleep(Duration::from_millis(50)).await;
            }
        };
        // Without this, a short write waits for the peer's delayed acknowledgement: 40 ms at the
        // end of a stream.
        let _ = stream.set_nodelay(true);
        let connection = self
            .http
            .serve_connection(TokioIo::new(stream), service)
            .into_owned();
        let connection = self.graceful.watch(connection);
        self.tasks.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(target: "towerman::server", error, "a connection ended badly");
            }
        });
    }

    /// Open requests may finish, until `now`; idle connections are closed at once.
    async fn close(mut self, grace: Duration, now: impl Future<Output = ()>) {
        tracing::info!(target: "towerman::server", grace = ?grace, "closing");
        let idle = tokio::select! {
            idle = timeout(grace, self.graceful.shutdown()) => idle.is_ok(),
            () = now => false,
        };
        if !idle {
            tracing::warn!(target: "towerman::server", "what is still under way is broken off");
        }
        self.tasks.shutdown().await;
    }
}

async fn accept(listener: Option<&TcpListener>) -> io::Result<(TcpStream, SocketAddr)> {
    match listener {
        Some(listener) => listener.accept().await,
        None => std::future::pending().await,
    }
}

/// What the gateway answers itself: health and metrics. Neither spends anything.
#[derive(Clone)]
struct Own {
    draining: Arc<AtomicBool>,
    prometheus: Prometheus,
    telemetry: TelemetryLayer,
    metrics_here: bool,
}

impl Own {
    fn answer<B>(&self, request: &Request<B>) -> Option<Response<Full<Bytes>>> {
        let (status, body, kind) = match request.uri().path() {
            "/healthz" => (StatusCode::OK, "ok\n".into(), "text/plain"),
            "/readyz" if self.draining.load(Relaxed) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "draining\n".into(),
                "text/plain",
            ),
            "/readyz" => (StatusCode::OK, "ready\n".into(), "text/plain"),
            "/metrics" if self.metrics_here => {
                let text = self.prometheus.render(&self.telemetry);
                (StatusCode::OK, text, "text/plain; version=0.0.4")
            }
            _ => return None,
        };
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "", kind);
            response
                .headers_mut()
                .insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            return Some(response);
        }
        Some(plain(status, body, kind))
    }
}

fn not_found() -> Response<Full<Bytes>> {
    plain(
        StatusCode::NOT_FOUND,
        "nothing is served here but /metrics, /healthz and /readyz\n",
        "text/plain",
    )
}

fn plain(status: StatusCode, body: impl Into<Bytes>, kind: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
