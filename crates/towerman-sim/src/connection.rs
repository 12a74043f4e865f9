//! Serves one TCP connection, and resets it when a fault says so.

use std::{
    convert::Infallible,
    future::{Future, pending},
    pin::{Pin, pin},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use hyper::{body::Incoming, rt::Executor, service::service_fn};
use hyper_util::{rt::TokioIo, server::conn::auto};
use tokio::{
    net::TcpStream,
    sync::{Notify, watch},
    task::JoinSet,
};
use tower_service::Service;

use crate::{
    body::SimBody, error::SimError, script::lock, service::SimService, socket::ResetSocket,
};

/// How long a peer may take to read what was sent before the reset throws it away.
const GRACE: Duration = Duration::from_millis(2);

/// Asks for the end of a connection from within one of its requests.
#[derive(Debug, Default)]
pub(crate) struct Line {
    pub(crate) reset: AtomicBool,
    wanted: Notify,
}

impl Line {
    fn reset(&self) {
        self.reset.store(true, Ordering::Release);
        self.wanted.notify_one();
    }
}

pub(crate) async fn serve(stream: TcpStream, service: SimService, mut open: watch::Receiver<bool>) {
    // Small writes leave at once; a socket that refuses this is about to fail anyway.
    let _ = stream.set_nodelay(true);
    let line = Arc::new(Line::default());
    let io = TokioIo::new(ResetSocket::new(stream, Arc::clone(&line)));
    let handler = {
        let line = Arc::clone(&line);
        service_fn(move |request| respond(service.clone(), request, Arc::clone(&line)))
    };
    let builder = auto::Builder::new(Tasks::default());
    let mut connection = pin!(builder.serve_connection(io, handler));
    let mut graceful = false;
    loop {
        tokio::select! {
            // First what is to be sent, then the reset.
            biased;
            _ = connection.as_mut() => return,
            () = line.wanted.notified() => break,
            changed = open.wait_for(|open| !open), if !graceful => {
                // A provider that refuses connections keeps none open, but ends what it has begun.
                graceful = true;
                if changed.is_ok() {
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
    }
    tokio::time::sleep(GRACE).await;
    // Dropping the connection drops the socket, which knows that it is to reset.
}

async fn respond(
    mut service: SimService,
    request: Request<Incoming>,
    line: Arc<Line>,
) -> Result<Response<WireBody>, SimError> {
    match service.call(request).await {
        Ok(response) => Ok(response.map(|body| WireBody::new(body, line))),
        Err(error @ SimError::RequestBody(_)) => Err(error),
        Err(_) => match hang_up(&line).await {},
    }
}

async fn hang_up(line: &Line) -> Infallible {
    line.reset();
    pending().await
}

pin_project_lite::pin_project! {
    /// A body whose failure reaches the socket after everything before it.
    struct WireBody {
        #[pin]
        body: SimBody,
        line: Arc<Line>,
        failure: Option<SimError>,
        reset: bool,
    }
}

impl WireBody {
    const fn new(body: SimBody, line: Arc<Line>) -> Self {
        Self {
            body,
            line,
            failure: None,
            reset: false,
        }
    }
}

impl Body for WireBody {
    type Data = Bytes;
    type Error = SimError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, SimError>>> {
        let this = self.project();
        if *this.reset {
            return Poll::Pending;
        }
        if let Some(failure) = this.failure.take() {
            return Poll::Ready(Some(Err(failure)));
        }
        match this.body.poll_frame(cx) {
            Poll::Ready(Some(Err(SimError::Reset(_)))) => {
                *this.reset = true;
                this.line.reset();
                Poll::Pending
            }
            Poll::Ready(Some(Err(failure))) => {
                // hyper drops what it has not flushed when a body fails, and flushes when it waits.
                *this.failure = Some(failure);
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            frame => frame,
        }
    }

    fn is_end_stream(&self) -> bool {
        !self.reset && self.failure.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Runs the streams of an HTTP/2 connection, and ends them with it.
#[derive(Debug, Clone, Default)]
struct Tasks(Arc<Mutex<JoinSet<()>>>);

impl<F> Executor<F> for Tasks
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, future: F) {
        let mut tasks = lock(&self.0);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(future);
    }
}
