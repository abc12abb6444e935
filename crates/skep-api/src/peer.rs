//! The client of the agents of other nodes.

mod line;

use std::net::SocketAddr;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use skep_manifest::name::NodeName;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::call::{self, CallError, Place, Question};
use crate::tls::Connector;
use crate::trust::identity::Identity;
use crate::trust::name::Standing;

pub use line::Line;

/// How long a call of a peer may take, from connecting to the last byte, unless told otherwise.
pub const CALL_LIMIT: Duration = Duration::from_secs(3);

/// The agent of another node: who it must prove to be and where it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The name of its node.
    pub node: NodeName,
    /// Where it listens.
    pub address: SocketAddr,
}

/// A client of the agents of other nodes.
#[derive(Clone)]
pub struct PeerClient {
    connector: Connector,
    limit: Duration,
}

impl PeerClient {
    /// Calls peers as `identity`; each call takes at most [`CALL_LIMIT`].
    #[must_use]
    pub fn new(identity: &Identity) -> Self {
        Self {
            connector: Connector::new(identity),
            limit: CALL_LIMIT,
        }
    }

    /// The same client, whose calls take at most `limit`.
    #[must_use]
    pub fn with_limit(&self, limit: Duration) -> Self {
        let connector = self.connector.clone();
        Self { connector, limit }
    }

    /// What `peer` serves at `path`.
    ///
    /// # Errors
    ///
    /// [`CallError`] when `peer` does not answer, is another node or refuses.
    pub async fn get<Answer: DeserializeOwned>(
        &self,
        peer: &Peer,
        path: &str,
    ) -> Result<Answer, CallError> {
        self.ask(peer, Question::get(path)?).await.1
    }

    /// What `peer` answers to `body`, sent to `path`.
    ///
    /// # Errors
    ///
    /// [`CallError`] when `peer` does not answer, is another node or refuses.
    pub async fn post<Answer: DeserializeOwned>(
        &self,
        peer: &Peer,
        path: &str,
        body: &impl Serialize,
    ) -> Result<Answer, CallError> {
        self.ask(peer, Question::post(path, body)?).await.1
    }

    async fn ask<Answer: DeserializeOwned>(
        &self,
        peer: &Peer,
        question: Question,
    ) -> (Option<Standing>, Result<Answer, CallError>) {
        let place = Place::Peer(peer.clone());
        let mut proven = None;
        let connect = async {
            let (stream, standing) = self.connect(peer).await?;
            proven = Some(standing);
            Ok(stream)
        };
        let answer = call::ask(question, place, self.limit, connect).await;
        (proven, answer)
    }

    async fn connect(&self, peer: &Peer) -> Result<(TlsStream<TcpStream>, Standing), CallError> {
        let place = || Place::Peer(peer.clone());
        let stream =
            TcpStream::connect(peer.address)
                .await
                .map_err(|source| CallError::NoAgent {
                    place: place(),
                    source,
                })?;
        self.connector
            .connect(&peer.node, stream)
            .await
            .map_err(|reason| CallError::Untrusted {
                place: place(),
                source: Box::new(reason),
            })
    }
}
