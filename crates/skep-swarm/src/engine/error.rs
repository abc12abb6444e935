//! Why an engine did not do what it was asked, by what the caller can do about it.

use std::io;
use std::path::PathBuf;

use hyper::StatusCode;
use serde::Deserialize;

use super::version::{ApiVersion, OLDEST};
use super::{ANSWER_LENGTH_MAX, ANSWER_LIMIT};
use crate::token;

/// The longest message of an engine that is repeated.
const MESSAGE_LENGTH_MAX: usize = 1000;

/// Why an engine did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Nobody listens on its socket, or it hung up: nothing was done, or it is not known.
    #[error("the engine does not answer on {}", socket.display())]
    Silent {
        /// The socket.
        socket: PathBuf,
        /// The system's words.
        #[source]
        source: io::Error,
    },
    /// It took too long: whether it was done is not known.
    #[error("the engine did not answer within {} s", ANSWER_LIMIT.as_secs())]
    Late,
    /// The node is no manager of a swarm: another one must be asked.
    #[error("the engine is not a manager of a swarm")]
    NotAManager,
    /// The managers have no leader, so nothing of the swarm can be read or written.
    #[error("the swarm has no leader: too few of its managers are there")]
    NoLeader,
    /// Another change came between reading and writing: read again.
    #[error("the object was changed in between")]
    OutOfSequence,
    /// The engine needs the unlock key.
    #[error("the engine is locked: give it the unlock key with `docker swarm unlock`")]
    Locked,
    /// The engine is in a swarm already.
    #[error("the engine is in a swarm already")]
    AlreadyInSwarm,
    /// There is no such object.
    #[error("the engine knows no such object: {0}")]
    NotFound(String),
    /// An object of this name exists.
    #[error("the name is taken: {0}")]
    NameTaken(String),
    /// It refused for another reason.
    #[error("the engine refused ({status}): {message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The engine's words.
        message: String,
    },
    /// It is too old: update it.
    #[error("the engine speaks version {newest} of its interface, skep speaks {OLDEST} and later")]
    TooOld {
        /// The newest version it speaks.
        newest: ApiVersion,
    },
    /// It does not speak the version agreed upon. Either it is another engine than before, with
    /// which another version will be agreed upon, or it is too new.
    #[error("the engine refused the version of its interface: {0}")]
    VersionRefused(String),
    /// It does not say which version it speaks: something else listens on the socket.
    #[error("what answers on the socket is no Docker engine")]
    NoEngine,
    /// Its answer is larger than anything a swarm needs.
    #[error("the engine's answer is over {} MiB", ANSWER_LENGTH_MAX >> 20)]
    TooLarge,
    /// Its answer is not what an engine says: something else may listen on the socket.
    #[error("the engine's answer to `{question}` is not understood")]
    NotUnderstood {
        /// What was asked.
        question: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
}

impl EngineError {
    /// Whether asking the same engine again may help. A write is read back first.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Silent { .. }
            | Self::Late
            | Self::NoLeader
            | Self::OutOfSequence
            | Self::VersionRefused(_) => true,
            Self::Refused { status, .. } => *status >= 500,
            Self::NotAManager
            | Self::Locked
            | Self::AlreadyInSwarm
            | Self::NotFound(_)
            | Self::NameTaken(_)
            | Self::TooOld { .. }
            | Self::NoEngine
            | Self::TooLarge
            | Self::NotUnderstood { .. } => false,
        }
    }

    /// What an answer that is no success means.
    ///
    /// The statuses do not tell: Docker 20.10 answers a stale version index with 500 and
    /// "update out of sequence". So the words are looked at first.
    pub(super) fn of_answer(status: StatusCode, body: &[u8]) -> Self {
        let message = message(body);
        let words = message.to_lowercase();
        let says = |part: &str| words.contains(part);
        if says("update out of sequence") {
            Self::OutOfSequence
        } else if says("does not have a leader") || says("no elected primary cluster manager") {
            Self::NoLeader
        } else if says("needs to be unlocked") {
            Self::Locked
        } else if says("already part of a swarm") {
            Self::AlreadyInSwarm
        } else if says("not a swarm manager") || says("not part of a swarm") {
            Self::NotAManager
        } else if status == StatusCode::NOT_FOUND {
            Self::NotFound(message)
        } else if says("client version") {
            Self::VersionRefused(message)
        } else if says("name conflicts with an existing object")
            || says("code = alreadyexists")
            || (status == StatusCode::CONFLICT && says("already exists"))
        {
            Self::NameTaken(message)
        } else {
            Self::Refused {
                status: status.as_u16(),
                message,
            }
        }
    }
}

/// The engine's words, fit for a log.
fn message(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Body {
        message: String,
    }
    let text = match serde_json::from_slice(body) {
        Ok(Body { message }) => message,
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    };
    let short: String = text.chars().take(MESSAGE_LENGTH_MAX).collect();
    let words = short
        .split_whitespace()
        .map(|word| match word.find(token::PREFIX) {
            Some(_) => "<join token>",
            None => word,
        });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
