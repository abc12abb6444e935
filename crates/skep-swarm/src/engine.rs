//! The engine's client: one call per connection, with a limit on time and size.
//!
//! Opening a connection takes a millisecond at most, so there is nothing to pool and nothing that
//! a restarted engine could leave behind.

mod error;
mod exchange;
mod version;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hyper::Method;
use serde::de::DeserializeOwned;
use serde_json::Value;
use skep_manifest::service::image::Image;

pub use error::EngineError;
pub use version::{ApiVersion, InvalidApiVersion};

pub(crate) use exchange::Lines;
use exchange::{Answer, Question, exchange, listen};

use crate::apply::ApplyError;
use crate::registries::Registries;

/// How long an engine may take to answer a call: without a quorum it would take 20 s to say so.
/// Later than this is unknown.
pub const ANSWER_LIMIT: Duration = Duration::from_secs(3);

/// How long a registry may take that an engine asks for somebody.
pub(crate) const REGISTRY_LIMIT: Duration = Duration::from_secs(30);

/// The largest answer that is read: a hundred thousand tasks stay below.
pub(crate) const ANSWER_LENGTH_MAX: usize = 128 << 20;

/// A client of the engine behind a Unix socket.
#[derive(Debug)]
pub struct Client {
    socket: PathBuf,
    /// The version agreed upon, until the engine is found to be gone: it may come back as another.
    version: Mutex<Option<ApiVersion>>,
    registries: Registries,
}

impl Client {
    /// A client of the engine that listens on this socket, if and when one does.
    #[must_use]
    pub fn new(socket: &Path) -> Self {
        Self {
            socket: socket.to_owned(),
            version: Mutex::new(None),
            registries: Registries::default(),
        }
    }

    /// The same client, that gives services the credentials for their images.
    #[must_use]
    pub fn with_registries(self, registries: Registries) -> Self {
        Self { registries, ..self }
    }

    /// The version of the interface that is spoken with the engine.
    pub async fn version(&self) -> Result<ApiVersion, EngineError> {
        if let Some(version) = self.remembered() {
            return Ok(version);
        }
        // The one path without a version.
        let Answer { headers, .. } = self.ask(Question::get("/_ping")).await?;
        let newest = headers
            .get("Api-Version")
            .and_then(|version| version.to_str().ok());
        let newest = newest.and_then(|version| version.parse().ok());
        let newest = newest.ok_or(EngineError::NoEngine)?;
        let version = ApiVersion::spoken_with(newest).ok_or(EngineError::TooOld { newest })?;
        self.remember(Some(version));
        Ok(version)
    }

    pub(crate) async fn read<T: DeserializeOwned>(&self, path: &str) -> Result<T, EngineError> {
        let answer = self.call(Question::get(path)).await?;
        serde_json::from_slice(&answer.body).map_err(|source| EngineError::NotUnderstood {
            question: path.to_owned(),
            source,
        })
    }

    pub(crate) async fn write(&self, path: &str, body: &Value) -> Result<(), EngineError> {
        self.call(Question::post(path, body)).await.map(drop)
    }

    /// Writes the specification of a service, with the credentials for its image.
    pub(crate) async fn write_service(&self, path: &str, spec: &Value) -> Result<(), ApplyError> {
        let registry = self.registries.header(spec)?;
        let question = Question {
            registry,
            ..Question::post(path, spec)
        };
        Ok(self.call(question).await.map(drop)?)
    }

    /// Asks for something about an image, with the credentials for it.
    pub(crate) async fn read_image<T: DeserializeOwned>(
        &self,
        path: &str,
        image: &Image,
    ) -> Result<T, ApplyError> {
        let question = Question {
            registry: self.registries.header_for(image)?,
            ..Question::get(path)
        };
        let versioned = format!("/v{}{path}", self.version().await?);
        let question = Question {
            path: versioned,
            ..question
        };
        let asked = self.ask_within(question, REGISTRY_LIMIT);
        let answer = asked.await.map_err(|error| match error {
            EngineError::Late => ApplyError::RegistryLate,
            error => error.into(),
        })?;
        let understood = serde_json::from_slice(&answer.body);
        Ok(understood.map_err(|source| EngineError::NotUnderstood {
            question: path.to_owned(),
            source,
        })?)
    }

    pub(crate) async fn remove(&self, path: &str) -> Result<(), EngineError> {
        let question = Question {
            method: Method::DELETE,
            ..Question::get(path)
        };
        self.call(question).await.map(drop)
    }

    /// The lines of an answer that does not end.
    pub(crate) async fn lines(&self, path: &str) -> Result<Lines, EngineError> {
        let path = format!("/v{}{path}", self.version().await?);
        let opened = async {
            let (status, mut lines) = listen(&self.socket, &path).await?;
            if status.is_success() {
                return Ok(lines);
            }
            let said = lines.next().await.unwrap_or_default();
            Err(EngineError::of_answer(status, &said))
        };
        let opened = tokio::time::timeout(ANSWER_LIMIT, opened).await;
        self.judge(opened.unwrap_or(Err(EngineError::Late)))
    }

    async fn call(&self, question: Question) -> Result<Answer, EngineError> {
        let version = self.version().await?;
        let path = format!("/v{version}{}", question.path);
        self.ask(Question { path, ..question }).await
    }

    async fn ask(&self, question: Question) -> Result<Answer, EngineError> {
        self.ask_within(question, ANSWER_LIMIT).await
    }

    async fn ask_within(&self, question: Question, limit: Duration) -> Result<Answer, EngineError> {
        let exchange = exchange(&self.socket, question);
        let answered = tokio::time::timeout(limit, exchange).await;
        self.judge(answered.unwrap_or(Err(EngineError::Late)).and_then(success))
    }

    /// Passes on what a call came to, and forgets the engine's version if it may be another engine.
    fn judge<T>(&self, outcome: Result<T, EngineError>) -> Result<T, EngineError> {
        if let Err(
            EngineError::Silent { .. } | EngineError::Late | EngineError::VersionRefused(_),
        ) = &outcome
        {
            self.remember(None);
        }
        outcome
    }

    fn remembered(&self) -> Option<ApiVersion> {
        *self.version.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, version: Option<ApiVersion>) {
        *self.version.lock().unwrap_or_else(PoisonError::into_inner) = version;
    }
}

fn success(answer: Answer) -> Result<Answer, EngineError> {
    if answer.status.is_success() {
        Ok(answer)
    } else {
        Err(EngineError::of_answer(answer.status, &answer.body))
    }
}

/// A text as one part of a path or a query.
pub(crate) fn percent_encoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests;
