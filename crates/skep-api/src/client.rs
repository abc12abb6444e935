//! The client of an agent's socket.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;

use crate::path;
use crate::status::AgentStatus;

/// How long an agent may take to answer: it answers from memory.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// The largest answer that is read: hundreds of groups with their transitions stay far below.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// A client of the agent on this machine.
#[derive(Clone, Debug)]
pub struct Client {
    socket: PathBuf,
}

/// Why an agent did not answer as it should.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Nobody listens on the socket.
    #[error("no agent answers on {}", socket.display())]
    NoAgent {
        /// The socket.
        socket: PathBuf,
        /// The system's words.
        #[source]
        source: io::Error,
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
    /// The agent took too long.
    #[error("the agent on {} did not answer within {} s", socket.display(), ANSWER_LIMIT.as_secs())]
    Late {
        /// The socket.
        socket: PathBuf,
    },
    /// The connection broke.
    #[error("the connection to the agent broke")]
    Broken(#[source] hyper::Error),
    /// The answer was cut short or too large.
    #[error("the agent's answer could not be read")]
    Unreadable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The agent refused.
    #[error("the agent answered {status}: {message}")]
    Refused {
        /// The HTTP status.
        status: StatusCode,
        /// The agent's words.
        message: String,
    },
    /// The answer is not what this version expects.
    #[error("the agent's answer is not understood: is it of another version?")]
    NotUnderstood(#[source] serde_json::Error),
}

impl CallError {
    /// What a person can do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::NoAgent { .. } => {
                "start it with `skep agent` or `systemctl start skep`, or name its socket with --socket"
            }
            Self::PermissionDenied { .. } => {
                "run this as root or as a member of the socket's group"
            }
            Self::Late { .. } | Self::Broken(_) | Self::Unreadable(_) => {
                "look at the agent's log: journalctl -u skep"
            }
            Self::Refused { .. } => "the agent's words say what it needs",
            Self::NotUnderstood(_) => "compare `skep version` with the agent's log",
        }
    }
}

impl Client {
    /// A client of the agent that listens on `socket`.
    #[must_use]
    pub fn new(socket: &Path) -> Self {
        Self {
            socket: socket.to_owned(),
        }
    }

    /// What the agent says of itself, of what it was told and of what it sees.
    ///
    /// # Errors
    ///
    /// [`CallError`] when there is no agent or it does not answer.
    pub async fn status(&self) -> Result<AgentStatus, CallError> {
        self.read(path::STATUS).await
    }

    async fn read<T: DeserializeOwned>(&self, path: &str) -> Result<T, CallError> {
        let answer = tokio::time::timeout(ANSWER_LIMIT, self.call(path)).await;
        let body = answer.map_err(|_elapsed| CallError::Late {
            socket: self.socket.clone(),
        })??;
        serde_json::from_slice(&body).map_err(CallError::NotUnderstood)
    }

    async fn call(&self, path: &str) -> Result<Bytes, CallError> {
        let stream = UnixStream::connect(&self.socket)
            .await
            .map_err(|source| self.connect_error(source))?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(CallError::Broken)?;
        let request = Request::get(path)
            .header(hyper::header::HOST, "agent")
            .body(Empty::<Bytes>::new())
            .expect("the paths of this crate are valid");
        let exchange = async {
            let response = sender
                .send_request(request)
                .await
                .map_err(CallError::Broken)?;
            let status = response.status();
            let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX)
                .collect()
                .await
                .map_err(CallError::Unreadable)?
                .to_bytes();
            Ok((status, body))
        };
        let (status, body) = tokio::select! {
            answer = exchange => answer?,
            // The connection only ends first when it breaks: the exchange then ends with the reason.
            Err(error) = connection => return Err(CallError::Broken(error)),
        };
        if status.is_success() {
            return Ok(body);
        }
        let message = String::from_utf8_lossy(&body).into_owned();
        Err(CallError::Refused { status, message })
    }

    fn connect_error(&self, source: io::Error) -> CallError {
        let socket = self.socket.clone();
        if source.kind() == io::ErrorKind::PermissionDenied {
            CallError::PermissionDenied { socket, source }
        } else {
            CallError::NoAgent { socket, source }
        }
    }
}
