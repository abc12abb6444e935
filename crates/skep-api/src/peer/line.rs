//! A connection to one peer that is kept for the next question.

use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use crate::call::{self, CallError, Place, Question};
use crate::peer::{Peer, PeerClient};
use crate::trust::name::Standing;

/// How long a connection is kept: both ends prove anew who they are while the one that answers,
/// which ends it after a minute, still holds it.
const KEPT: Duration = Duration::from_secs(45);

/// The way to a peer that is asked again and again.
pub struct Line {
    client: PeerClient,
    peer: Peer,
    open: Option<Open>,
}

/// A connection that answered.
struct Open {
    sender: SendRequest<Full<Bytes>>,
    standing: Standing,
    since: Instant,
    connection: Connection,
}

/// What drives a connection; it ends with its owner.
struct Connection(JoinHandle<hyper::Result<()>>);

impl Line {
    /// The way to `peer` for `client`; it is taken with the first question.
    #[must_use]
    pub const fn new(client: PeerClient, peer: Peer) -> Self {
        Self {
            client,
            peer,
            open: None,
        }
    }

    /// What the peer serves at `path`, and what it proved its name with if it did.
    ///
    /// # Errors
    ///
    /// [`CallError`] when the peer does not answer, is another node or refuses.
    pub async fn get<Answer: DeserializeOwned>(
        &mut self,
        path: &str,
    ) -> (Option<Standing>, Result<Answer, CallError>) {
        let mut proven = None;
        let answer = self.answer(path, &mut proven).await;
        (proven, answer)
    }

    async fn answer<Answer: DeserializeOwned>(
        &mut self,
        path: &str,
        proven: &mut Option<Standing>,
    ) -> Result<Answer, CallError> {
        let question = Question::get(path)?;
        let limit = self.client.limit;
        let answer = timeout(limit, self.exchange(question, proven)).await;
        let answer = answer.map_err(|_elapsed| CallError::Late {
            place: Place::Peer(self.peer.clone()),
            limit,
        })??;
        serde_json::from_slice(&answer).map_err(CallError::NotUnderstood)
    }

    /// A connection that did not answer, or was given up meanwhile, is not used again.
    async fn exchange(
        &mut self,
        question: Question,
        proven: &mut Option<Standing>,
    ) -> Result<Bytes, CallError> {
        let is_good = |open: &Open| !open.sender.is_closed() && open.since.elapsed() < KEPT;
        let mut open = match self.open.take().filter(is_good) {
            Some(open) => open,
            None => self.connect().await?,
        };
        *proven = Some(open.standing);
        let place = Place::Peer(self.peer.clone());
        let answer = call::send(&mut open.sender, question, &place).await;
        if let Err(CallError::Broken(_) | CallError::Untrusted { .. }) = &answer {
            // What drove it knows why.
            return match (&mut open.connection.0).await {
                Ok(Err(reason)) => Err(call::broken(reason, &place)),
                _ => answer,
            };
        }
        self.open = Some(open);
        answer
    }

    async fn connect(&self) -> Result<Open, CallError> {
        let (stream, standing) = self.client.connect(&self.peer).await?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| call::broken(error, &Place::Peer(self.peer.clone())))?;
        Ok(Open {
            sender,
            standing,
            since: Instant::now(),
            connection: Connection(tokio::spawn(connection)),
        })
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}
