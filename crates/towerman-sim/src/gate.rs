//! Opens and closes one TCP port while it stays ours: closed, connections to it are refused.

use std::{future::poll_fn, io, net::SocketAddr, sync::Mutex, task::Poll};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::Handle,
    sync::watch,
};

use crate::script::lock;

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1024;

/// A listener that can be closed and opened again, at once and from any thread.
#[derive(Debug)]
pub(crate) struct Gate {
    addr: SocketAddr,
    runtime: Handle,
    door: Mutex<Door>,
    /// Whether it is open, for those who have to act on it.
    state: watch::Sender<bool>,
}

#[derive(Debug)]
enum Door {
    Open(TcpListener),
    /// A socket that is bound but does not listen: the port is refused to clients, and to anyone
    /// else who would like to have it.
    Held(Option<Socket>),
    /// For good.
    Gone,
}

impl Gate {
    /// Binds a port, open. It must be called within a tokio runtime.
    pub(crate) fn bind(addr: SocketAddr) -> io::Result<Self> {
        let socket = reserve(addr)?;
        let listener = listen(socket)?;
        let addr = listener.local_addr()?;
        Ok(Self {
            addr,
            runtime: Handle::current(),
            door: Mutex::new(Door::Open(listener)),
            state: watch::Sender::new(true),
        })
    }

    pub(crate) const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Reports every opening and closing.
    pub(crate) fn watch(&self) -> watch::Receiver<bool> {
        self.state.subscribe()
    }

    /// Opens or closes the port before it returns.
    pub(crate) fn set_open(&self, open: bool) {
        let mut door = lock(&self.door);
        match (&mut *door, open) {
            (Door::Open(_), false) => {
                // The listener has to go first: two sockets cannot have the port while one listens.
                *door = Door::Held(None);
                *door = Door::Held(reserve(self.addr).ok());
            }
            (Door::Held(socket), true) => {
                let socket = socket.take().map_or_else(|| reserve(self.addr), Ok);
                let _runtime = self.runtime.enter();
                match socket.and_then(listen) {
                    Ok(listener) => *door = Door::Open(listener),
                    // Someone else has the port now: it stays closed until the next try.
                    Err(_) => return,
                }
            }
            _ => return,
        }
        drop(door);
        self.state.send_replace(open);
    }

    /// Closes the port for good.
    pub(crate) fn shut(&self) {
        *lock(&self.door) = Door::Gone;
        self.state.send_replace(false);
    }

    /// The next connection; while the port is closed there is none.
    pub(crate) async fn accept(&self) -> io::Result<TcpStream> {
        let mut state = self.watch();
        loop {
            state.mark_unchanged();
            let accepted = poll_fn(|cx| match &*lock(&self.door) {
                Door::Open(listener) => listener.poll_accept(cx),
                Door::Held(_) | Door::Gone => Poll::Pending,
            });
            tokio::select! {
                accepted = accepted => return accepted.map(|(stream, _)| stream),
                // A listener that is gone wakes no one: look again.
                _ = state.changed() => {}
            }
        }
    }
}

fn reserve(addr: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    // Connections of the listener before may still be in TIME_WAIT.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&addr.into())?;
    Ok(socket)
}

fn listen(socket: Socket) -> io::Result<TcpListener> {
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}
