//! One question to an agent and its answer, over whatever stream leads to it.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::http::request;
use hyper::{Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::dismissal::Dismissal;
use crate::peer::Peer;
use crate::tls::{self, HandshakeError};

/// The largest answer that is read: hundreds of groups with their transitions stay far below.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// Where an agent is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The agent on this machine.
    Socket(PathBuf),
    /// The agent of another node.
    Peer(Peer),
}

/// Why an agent did not answer as it should.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Nobody listens there.
    #[error("no agent answers on {place}")]
    NoAgent {
        /// Where it was called.
        place: Place,
        /// The system's words.
        #[source]
        source: io::Error,
    },
    /// The agent cannot start to the end, and said why.
    #[error("no agent answers on {}: its control cannot start: {trouble}", socket.display())]
    NotStarted {
        /// The socket.
        socket: PathBuf,
        /// Its words.
        trouble: String,
    },
    /// The socket is not for this user.
    #[error("the agent's socket {} is not readable for this user", socket.display())]
    PermissionDenied {
        /// The socket.
        socket: PathBuf,
        /// The system's words.
        #[source]
        source: io::Error,
    },
    /// The two agents came to no trusted connection.
    #[error("no trusted connection to {place}")]
    Untrusted {
        /// Where it was called.
        place: Place,
        /// What is missing.
        #[source]
        source: Box<HandshakeError>,
    },
    /// The agent took too long.
    #[error("the agent on {place} did not answer within {limit:?}")]
    Late {
        /// Where it was called.
        place: Place,
        /// How long it had.
        limit: Duration,
    },
    /// The question cannot be put into a request.
    #[error("the question cannot be asked")]
    Unaskable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The connection broke.
    #[error("the connection to the agent broke")]
    Broken(#[source] hyper::Error),
    /// The answer was cut short or too large.
    #[error("the agent's answer could not be read")]
    Unreadable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The agent refused.
    #[error("the agent refuses: {}", refusal(*status, message))]
    Refused {
        /// The HTTP status.
        status: StatusCode,
        /// The agent's words.
        message: String,
    },
    /// The agent's desired state does not list the node that asks.
    #[error("the agent refuses: {0}")]
    Dismissed(Dismissal),
    /// The answer is not what this version expects.
    #[error("the agent's answer is not understood: is it of another version?")]
    NotUnderstood(#[source] serde_json::Error),
}

impl CallError {
    /// Whether the agent may have done what it was asked to do.
    #[must_use]
    pub const fn is_in_doubt(&self) -> bool {
        match self {
            Self::Late { .. } | Self::Broken(_) | Self::Unreadable(_) | Self::NotUnderstood(_) => {
                true
            }
            Self::NoAgent { .. }
            | Self::NotStarted { .. }
            | Self::PermissionDenied { .. }
            | Self::Untrusted { .. }
            | Self::Unaskable(_)
            | Self::Refused { .. }
            | Self::Dismissed(_) => false,
        }
    }

    /// What a person can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            // The socket is there: whoever made it has ended, or is being started again.
            Self::NoAgent {
                place: Place::Socket(_),
                source,
            } if source.kind() == io::ErrorKind::ConnectionRefused => {
                "it ended, or its control does not stay up: look at its log (journalctl -u skep) \
                 and start it with `systemctl start skep`"
            }
            Self::NoAgent {
                place: Place::Socket(_),
                ..
            } => {
                "start it with `skep agent` or `systemctl start skep`, or name its socket with --socket"
            }
            Self::NoAgent {
                place: Place::Peer(_),
                ..
            } => "start skep on that node; a firewall must let the agents' port through",
            Self::NotStarted { .. } => {
                "mend that: the agent tries again by itself, at the latest after half a minute"
            }
            Self::PermissionDenied { .. } => {
                "run this as root or as a member of the socket's group"
            }
            Self::Untrusted { source, .. } => match **source {
                HandshakeError::NotTrusted(_) => {
                    "every node needs the same cluster key, or a certificate that was made with it"
                }
                HandshakeError::OtherNode(_) => {
                    "start it with --node and the name that the manifest gives the node at that \
                     address, or correct the name or the address there"
                }
                HandshakeError::Late | HandshakeError::Broken(_) => {
                    "look at the agent's log there: journalctl -u skep"
                }
                // Its words say what helps.
                HandshakeError::Ended(_)
                | HandshakeError::Nameless
                | HandshakeError::TakenForAnother(_)
                | HandshakeError::Name(_) => return None,
            },
            Self::Late { .. } | Self::Broken(_) | Self::Unreadable(_) => {
                "look at the agent's log: journalctl -u skep"
            }
            Self::Unaskable(_) => "this is a fault of skep: report what was asked",
            Self::Refused { status, .. } => match *status {
                StatusCode::PAYLOAD_TOO_LARGE => {
                    "leave out files that are no manifests: all of them together are too large"
                }
                StatusCode::NOT_FOUND => "it is of another version: compare `skep version`",
                // Its words say what it needs.
                _ => return None,
            },
            Self::Dismissed(_) => {
                "list the node in the manifest again, or stop its agent and delete its certificate"
            }
            Self::NotUnderstood(_) => "compare `skep version` with the agent's log",
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(socket) => write!(formatter, "{}", socket.display()),
            Self::Peer(peer) => write!(formatter, "{} ({})", peer.node, peer.address),
        }
    }
}

/// Why it refused, in its own words where it has any.
fn refusal(status: StatusCode, message: &str) -> String {
    if message.is_empty() {
        status.to_string()
    } else {
        message.to_owned()
    }
}

/// What an agent is asked.
pub(crate) struct Question(Request<Full<Bytes>>);

impl Question {
    pub(crate) fn get(path: &str) -> Result<Self, CallError> {
        Self::new(Request::get(path), Bytes::new())
    }

    pub(crate) fn post(path: &str, body: &impl Serialize) -> Result<Self, CallError> {
        let body = serde_json::to_vec(body).map_err(|error| CallError::Unaskable(error.into()))?;
        let request = Request::post(path).header(header::CONTENT_TYPE, "application/json");
        Self::new(request, body.into())
    }

    fn new(request: request::Builder, body: Bytes) -> Result<Self, CallError> {
        request
            .header(header::HOST, "agent")
            .body(Full::new(body))
            .map(Self)
            .map_err(|error| CallError::Unaskable(error.into()))
    }
}

/// The answer to `question` over the stream that `connect` makes; all of it takes at most `limit`.
pub(crate) async fn ask<S, Answer>(
    question: Question,
    place: Place,
    limit: Duration,
    connect: impl Future<Output = Result<S, CallError>>,
) -> Result<Answer, CallError>
where
    S: AsyncRead + AsyncWrite + Unpin,
    Answer: DeserializeOwned,
{
    let whole = async { exchange(connect.await?, question, &place).await };
    let answer = tokio::time::timeout(limit, whole).await;
    let answer = answer.map_err(|_elapsed| CallError::Late { place, limit })??;
    serde_json::from_slice(&answer).map_err(CallError::NotUnderstood)
}

async fn exchange<S>(stream: S, question: Question, place: &Place) -> Result<Bytes, CallError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| broken(error, place))?;
    tokio::select! {
        answer = send(&mut sender, question, place) => answer,
        // The connection only ends first when it breaks: the exchange then ends with the reason.
        Err(error) = connection => Err(broken(error, place)),
    }
}

/// Asks `question` on a connection that somebody else drives.
pub(crate) async fn send(
    sender: &mut SendRequest<Full<Bytes>>,
    question: Question,
    place: &Place,
) -> Result<Bytes, CallError> {
    let response = sender.send_request(question.0).await;
    let response = response.map_err(|error| broken(error, place))?;
    let status = response.status();
    let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX)
        .collect()
        .await
        .map_err(CallError::Unreadable)?
        .to_bytes();
    if status.is_success() {
        return Ok(body);
    }
    if status == Dismissal::STATUS
        && let Ok(dismissal) = serde_json::from_slice(&body)
    {
        return Err(CallError::Dismissed(dismissal));
    }
    let message = String::from_utf8_lossy(&body).into_owned();
    Err(CallError::Refused { status, message })
}

/// Why the connection broke: a peer that does not trust this agent says so at its first answer.
pub(crate) fn broken(error: hyper::Error, place: &Place) -> CallError {
    let source = std::error::Error::source(&error);
    let distrust = source
        .and_then(|source| source.downcast_ref())
        .and_then(tls::tls_error)
        .and_then(HandshakeError::from_tls);
    match distrust {
        Some(reason) => CallError::Untrusted {
            place: place.clone(),
            source: Box::new(reason),
        },
        None => CallError::Broken(error),
    }
}

#[cfg(test)]
mod tests;
