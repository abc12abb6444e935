//! The client of an agent's socket.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;

use crate::call::{self, CallError, Place, Question};
use crate::path;
use crate::status::AgentStatus;
use crate::trouble;

/// How long an agent may take to answer, unless told otherwise: it answers from memory.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// A client of the agent on this machine.
#[derive(Clone, Debug)]
pub struct Client {
    socket: PathBuf,
    limit: Duration,
}

impl Client {
    /// A client of the agent that listens on `socket`.
    #[must_use]
    pub fn new(socket: &Path) -> Self {
        Self {
            socket: socket.to_owned(),
            limit: ANSWER_LIMIT,
        }
    }

    /// The same client for an agent that may take `limit` to answer: it has to ask others.
    #[must_use]
    pub fn with_limit(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    /// What the agent says of itself, of what it was told and of what it sees.
    ///
    /// # Errors
    ///
    /// [`CallError`] when there is no agent or it does not answer.
    pub async fn status(&self) -> Result<AgentStatus, CallError> {
        self.get(path::STATUS).await
    }

    /// What the agent serves at `path`.
    ///
    /// # Errors
    ///
    /// [`CallError`] when there is no agent, it refuses or it does not answer.
    pub async fn get<Answer: DeserializeOwned>(&self, path: &str) -> Result<Answer, CallError> {
        self.ask(Question::get(path)?).await
    }

    /// What the agent answers to `body`, sent to `path`.
    ///
    /// # Errors
    ///
    /// [`CallError`] when there is no agent, it refuses or it does not answer.
    pub async fn post<Answer: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<Answer, CallError> {
        self.ask(Question::post(path, body)?).await
    }

    async fn ask<Answer: DeserializeOwned>(&self, question: Question) -> Result<Answer, CallError> {
        let place = Place::Socket(self.socket.clone());
        call::ask(question, place, self.limit, self.connect()).await
    }

    async fn connect(&self) -> Result<UnixStream, CallError> {
        let connected = UnixStream::connect(&self.socket).await;
        connected.map_err(|source| {
            let socket = self.socket.clone();
            if source.kind() == io::ErrorKind::PermissionDenied {
                CallError::PermissionDenied { socket, source }
            } else if let Some(trouble) = trouble::read(&socket) {
                CallError::NotStarted { socket, trouble }
            } else {
                let place = Place::Socket(socket);
                CallError::NoAgent { place, source }
            }
        })
    }
}
