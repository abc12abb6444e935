//! The port for peers: TCP, mutual TLS, and the name of the node that proved to call.
//!
//! Decides nothing about what a peer may ask: the routes do.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use skep_api::tls::{Acceptor, HandshakeError};
use skep_api::trust::identity::Identity;
use skep_manifest::name::NodeName;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio_rustls::server::TlsStream;

/// How many handshakes may be under way. When a stranger holds them all, the oldest gives way: an
/// honest one is done in milliseconds.
const HANDSHAKES_MAX: usize = 256;

/// How long to wait when the system has no descriptor left for another connection.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);

/// Who called: a node that proved its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Caller {
    /// The name of the node.
    pub(super) node: NodeName,
    /// Where it called from.
    pub(super) address: SocketAddr,
}

/// Accepts connections of peers.
pub(super) struct PeerListener {
    listener: TcpListener,
    acceptor: Acceptor,
    node: NodeName,
    handshakes: JoinSet<Option<Connection>>,
    /// The same handshakes, oldest first, and some that are over.
    order: VecDeque<AbortHandle>,
}

/// A connection and who is at its other end.
type Connection = (TlsStream<TcpStream>, Caller);

impl PeerListener {
    /// Listens on `address` as `identity`.
    ///
    /// # Errors
    ///
    /// When the address is taken or is none of this node's.
    pub(super) async fn bind(address: SocketAddr, identity: &Identity) -> io::Result<Self> {
        Ok(Self {
            listener: TcpListener::bind(address).await?,
            acceptor: Acceptor::new(identity),
            node: identity.node().clone(),
            handshakes: JoinSet::new(),
            order: VecDeque::new(),
        })
    }

    fn begin_handshake(&mut self, stream: TcpStream, address: SocketAddr) {
        self.order.retain(|handshake| !handshake.is_finished());
        if self.order.len() >= HANDSHAKES_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            oldest.abort();
        }
        let handshake = shake_hands(self.acceptor.clone(), stream, address);
        self.order.push_back(self.handshakes.spawn(handshake));
    }
}

impl Listener for PeerListener {
    type Io = TlsStream<TcpStream>;
    type Addr = Caller;

    /// The next connection whose handshake is done. Cancelling it loses nothing.
    async fn accept(&mut self) -> Connection {
        loop {
            tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, address)) => self.begin_handshake(stream, address),
                    Err(error) => wait_out(&error).await,
                },
                Some(ended) = self.handshakes.join_next() => {
                    if let Ok(Some(connection)) = ended {
                        return connection;
                    }
                }
            }
        }
    }

    /// This node, and where it listens.
    fn local_addr(&self) -> io::Result<Caller> {
        Ok(Caller {
            node: self.node.clone(),
            address: self.listener.local_addr()?,
        })
    }
}

impl Connected<IncomingStream<'_, PeerListener>> for Caller {
    fn connect_info(stream: IncomingStream<'_, PeerListener>) -> Self {
        stream.remote_addr().clone()
    }
}

async fn shake_hands(
    acceptor: Acceptor,
    stream: TcpStream,
    address: SocketAddr,
) -> Option<Connection> {
    match acceptor.accept(stream).await {
        Ok((stream, node)) => Some((stream, Caller { node, address })),
        Err(error @ (HandshakeError::NotTrusted(_) | HandshakeError::Nameless)) => {
            tracing::warn!(%address, %error, "a stranger was refused");
            None
        }
        Err(error) => {
            tracing::debug!(%address, %error, "no handshake");
            None
        }
    }
}

/// A caller that left is no reason to wait; a lack of descriptors is, or the loop would spin.
async fn wait_out(error: &io::Error) {
    let caller_left = matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
    );
    if !caller_left {
        tracing::warn!(%error, "cannot accept a peer, trying again");
        tokio::time::sleep(EXHAUSTED_PAUSE).await;
    }
}

#[cfg(test)]
mod tests;
