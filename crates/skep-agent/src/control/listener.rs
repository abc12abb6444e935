//! The port for peers: TCP, mutual TLS, and the name of the node that proved to call.
//!
//! Decides nothing about what a peer may ask: the routes do.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use axum::serve::Listener;
use skep_api::tls::{Acceptor, HandshakeError};
use skep_api::trust::identity::Identity;
use skep_api::trust::name::{Proven, Standing};
use skep_manifest::name::NodeName;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::server::TlsStream;

use crate::control::admission::{Admission, Room};
use crate::control::serving::{Bounds, Guest, Questions};

/// How many handshakes may be under way: an honest one is done in milliseconds.
const HANDSHAKES: Room = Room {
    overall: 256,
    each: 16,
};

/// What a peer gets: more calls at once than an agent makes, longer than any of them takes, and a
/// connection of a minute, which a thousand agents may keep at a manager.
pub(super) const BOUNDS: Bounds = Bounds {
    room: Room {
        overall: 2_048,
        each: 16,
    },
    questions: Questions::Several,
    exchange: Duration::from_secs(60),
};

/// How often a stranger is worth a line in the log: anybody can send strangers.
const STRANGERS_EVERY: Duration = Duration::from_secs(1);

/// How long to wait when the system has no descriptor left for another connection.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);

/// Who called: a node that proved its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Caller {
    /// The name of the node.
    pub(super) node: NodeName,
    /// What it proved that with.
    pub(super) standing: Standing,
    /// Where it called from.
    pub(super) address: SocketAddr,
}

/// Accepts connections of peers.
pub(super) struct PeerListener {
    listener: TcpListener,
    acceptor: Acceptor,
    own: Proven,
    handshakes: Admission<Result<Connection, Refusal>>,
    strangers: Strangers,
}

/// A connection and who is at its other end.
type Connection = (TlsStream<TcpStream>, Caller);

/// Why there is no connection, and with whom.
struct Refusal {
    address: SocketAddr,
    error: HandshakeError,
}

/// What the log says of strangers.
#[derive(Default)]
struct Strangers {
    told_at: Option<Instant>,
    untold: u64,
}

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
            own: identity.proven().clone(),
            handshakes: Admission::new(HANDSHAKES),
            strangers: Strangers::default(),
        })
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
                    Ok((stream, address)) => {
                        let handshake = shake_hands(self.acceptor.clone(), stream, address);
                        self.handshakes.admit(address.ip(), handshake);
                    }
                    Err(error) => wait_out(&error).await,
                },
                ended = self.handshakes.next_ended() => match ended {
                    Ok(connection) => return connection,
                    Err(refusal) => self.strangers.tell(&refusal),
                },
            }
        }
    }

    /// This node, and where it listens.
    fn local_addr(&self) -> io::Result<Caller> {
        Ok(Caller {
            node: self.own.node.clone(),
            standing: self.own.standing,
            address: self.listener.local_addr()?,
        })
    }
}

impl Guest for Caller {
    fn address(&self) -> IpAddr {
        self.address.ip()
    }
}

impl Strangers {
    fn tell(&mut self, Refusal { address, error }: &Refusal) {
        let is_stranger = matches!(
            error,
            HandshakeError::NotTrusted(_)
                | HandshakeError::TakenForAnother(_)
                | HandshakeError::Ended(_)
                | HandshakeError::Nameless
        );
        if !is_stranger {
            tracing::debug!(%address, %error, "no handshake");
            return;
        }
        if self
            .told_at
            .is_some_and(|at| at.elapsed() < STRANGERS_EVERY)
        {
            self.untold += 1;
            return;
        }
        let untold = std::mem::take(&mut self.untold);
        tracing::warn!(%address, %error, untold, "a stranger was refused");
        self.told_at = Some(Instant::now());
    }
}

async fn shake_hands(
    acceptor: Acceptor,
    stream: TcpStream,
    address: SocketAddr,
) -> Result<Connection, Refusal> {
    match acceptor.accept(stream).await {
        Ok((stream, Proven { node, standing })) => {
            let caller = Caller {
                node,
                standing,
                address,
            };
            Ok((stream, caller))
        }
        Err(error) => Err(Refusal { address, error }),
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
