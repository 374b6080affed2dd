//! Connections that end: a few at a time, each for ten seconds at most, whatever its other end does.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::os::clock::SharedClock;

/// For how long a connection may last, from its first byte to the last one of its answer.
pub(super) const DEADLINE: Duration = Duration::from_secs(10);
/// How many there may be at once; whoever comes then waits.
const MOST: usize = 256;
/// How long is waited where the system gives no connection.
const AGAIN: Duration = Duration::from_millis(200);

/// Listens.
pub(super) struct Timed {
    listener: TcpListener,
    clock: SharedClock,
    places: Arc<Semaphore>,
}

impl Timed {
    pub(super) fn new(listener: TcpListener, clock: SharedClock) -> Self {
        Self {
            listener,
            clock,
            places: Arc::new(Semaphore::new(MOST)),
        }
    }
}

/// One connection.
pub(super) struct Connection {
    stream: TcpStream,
    deadline: BoxFuture<'static, ()>,
    is_over: bool,
    _place: Option<OwnedSemaphorePermit>,
}

impl Connection {
    /// The stream while there is time.
    fn in_time(&mut self, cx: &mut Context<'_>) -> io::Result<Pin<&mut TcpStream>> {
        if self.is_over || self.deadline.as_mut().poll(cx).is_ready() {
            self.is_over = true;
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(Pin::new(&mut self.stream))
    }
}

impl Listener for Timed {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        // Nobody closes it.
        let place = Arc::clone(&self.places).acquire_owned().await.ok();
        loop {
            match self.listener.accept().await {
                Ok((stream, peer)) => {
                    let deadline = self.clock.sleep(DEADLINE);
                    let connection = Connection {
                        stream,
                        deadline,
                        is_over: false,
                        _place: place,
                    };
                    return (connection, peer);
                }
                // No place for files perhaps: that passes.
                Err(_) => self.clock.sleep(AGAIN).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.in_time(cx)?.poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.in_time(cx)?.poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.in_time(cx)?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let ended = ready!(Pin::new(&mut self.stream).poll_shutdown(cx));
        Poll::Ready(ended)
    }
}

/// Where a connection comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) SocketAddr);

impl Connected<IncomingStream<'_, Timed>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Timed>) -> Self {
        Self(*stream.remote_addr())
    }
}
