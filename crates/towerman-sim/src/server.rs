//! Serves a simulated provider over TCP, and stops when it is dropped.

use std::{fmt, io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    sync::Notify,
    task::{JoinHandle, JoinSet},
};

use crate::{connection, gate::Gate, script::Faults, service::SimService};

/// A simulated provider on a TCP port.
///
/// Dropped, it closes its port and its connections; [`shutdown`](Self::shutdown) also waits until
/// they are gone.
pub struct SimServer {
    gate: Arc<Gate>,
    stop: Arc<Notify>,
    task: JoinHandle<()>,
}

impl SimServer {
    pub(crate) fn start(
        addr: SocketAddr,
        service: SimService,
        faults: &Faults,
    ) -> io::Result<Self> {
        let gate = Arc::new(Gate::bind(addr)?);
        faults.govern(&gate);
        let stop = Arc::new(Notify::new());
        let task = tokio::spawn(accept(Arc::clone(&gate), service, Arc::clone(&stop)));
        Ok(Self { gate, stop, task })
    }

    /// The address it listens on.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.gate.addr()
    }

    /// The URL that the provider's paths follow, as in `http://127.0.0.1:49152`; it has no `/v1`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.addr())
    }

    /// Closes the port and every connection, requests in flight included, and returns when no
    /// task is left.
    pub async fn shutdown(mut self) {
        self.gate.shut();
        self.stop.notify_one();
        // An error says that the task is gone, too.
        let _ = (&mut self.task).await;
    }
}

impl Drop for SimServer {
    fn drop(&mut self) {
        self.gate.shut();
        self.task.abort();
    }
}

impl fmt::Debug for SimServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimServer")
            .field("addr", &self.addr())
            .finish_non_exhaustive()
    }
}

/// Accepts connections until told to stop; their tasks end with this one.
async fn accept(gate: Arc<Gate>, service: SimService, stop: Arc<Notify>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.notified() => break,
            Some(_) = connections.join_next() => {}
            accepted = gate.accept() => match accepted {
                Ok(stream) => {
                    connections.spawn(connection::serve(stream, service.clone(), gate.watch()));
                }
                // Out of file descriptors, say: the next try may fare better.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
        }
    }
    connections.shutdown().await;
}
