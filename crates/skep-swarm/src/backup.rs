//! What an engine keeps of its swarm, as one file with a checksum, and back.
//!
//! A copy is good when it is of one moment. Everything is read twice: when both times it is the
//! same, it was all there together between the two. That is what a power cut at that moment would
//! have left, which the managers' log is made for; the engine need not stop.

mod collect;
mod file;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use collect::collect;

/// What a copy cannot be used without, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct About {
    /// The name of the swarm in its manifest, when the agent knew.
    pub swarm: Option<String>,
    /// The node it was made on.
    pub node: Option<String>,
    /// The number of the desired state that its agent worked towards.
    pub generation: Option<u64>,
    /// When it was made, in milliseconds since 1970.
    pub made_at_ms: u64,
    /// Whether the engine needs the unlock key of that time to use it.
    pub is_locked: bool,
}

/// A copy of what an engine and its agent keep of a swarm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Backup {
    /// What it is of.
    pub about: About,
    /// The files in the engine's own directory.
    pub swarm: Vec<Kept>,
    /// The files in the agent's state directory.
    pub agent: Vec<Kept>,
}

/// A file of a copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Kept {
    /// Its path within its directory.
    pub path: PathBuf,
    /// Its permissions.
    pub mode: u32,
    /// Its length: what follows the content is zeros.
    pub length: u64,
    /// Its content up to its last byte that is not zero.
    #[serde(with = "file::base64")]
    pub content: Vec<u8>,
}

/// Why a copy is not made or not put back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The system refuses.
    #[error("cannot {action} {}", path.display())]
    Refused {
        /// What was tried.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// The system's words.
        #[source]
        source: std::io::Error,
    },
    /// The engine wrote all the time.
    #[error("{} does not stand still: the engine writes all the time", directory.display())]
    Restless {
        /// What was to be read.
        directory: PathBuf,
    },
    /// There is nothing to keep.
    #[error(
        "there is no part of a swarm in {}: the engine of this node is in none, or keeps it elsewhere \
         (--data-root)",
        directory.display()
    )]
    NoSwarm {
        /// Where it was looked for.
        directory: PathBuf,
    },
    /// The file is no backup.
    #[error("{} is no backup that this skep reads", path.display())]
    NoBackup {
        /// The file.
        path: PathBuf,
    },
    /// The file is not as it was written.
    #[error("{} is damaged: its checksum is another one", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// A file in it would not stay in its directory.
    #[error("`{}` in the backup leads out of its directory", path.display())]
    LeadsOut {
        /// The file.
        path: PathBuf,
    },
}

impl Backup {
    /// A copy of `swarm`, the engine's directory, and of what the agent keeps in `state`.
    ///
    /// # Errors
    ///
    /// [`BackupError`] when there is no swarm, or no moment at which nothing is written.
    pub fn make(swarm: &Path, state: &Path, about: About) -> Result<Self, BackupError> {
        let is_there = swarm.try_exists().map_err(refused("read", swarm))?;
        let files = if is_there {
            collect(swarm)?
        } else {
            Vec::new()
        };
        let key = files.iter().find(|file| file.path == Path::new(NODE_KEY));
        let Some(key) = key else {
            let directory = swarm.to_owned();
            return Err(BackupError::NoSwarm { directory });
        };
        let is_locked = String::from_utf8_lossy(&key.content).contains(LOCKED_KEY);
        Ok(Self {
            about: About { is_locked, ..about },
            agent: collect::named(state, &AGENT_FILES)?,
            swarm: files,
        })
    }

    /// Puts it where an engine and an agent find it. The directory of the engine must not be there;
    /// what the agent knows already stays.
    ///
    /// # Errors
    ///
    /// [`BackupError`]; the engine's directory is whole or not there.
    pub fn put_back(&self, swarm: &Path, state: &Path) -> Result<(), BackupError> {
        file::put(&self.swarm, swarm)?;
        file::add(&self.agent, state)
    }

    /// Writes it to a new file that only this user can read: it holds the keys of the node.
    ///
    /// # Errors
    ///
    /// [`BackupError::Refused`].
    pub fn write(&self, path: &Path) -> Result<(), BackupError> {
        file::write(self, path)
    }

    /// Reads it from a file.
    ///
    /// # Errors
    ///
    /// [`BackupError`] when the file is not what was written.
    pub fn read(path: &Path) -> Result<Self, BackupError> {
        file::read(path)
    }
}

/// The key of the node in its swarm, within the engine's directory.
const NODE_KEY: &str = "certificates/swarm-node.key";

/// How a key that is locked begins.
const LOCKED_KEY: &str = "ENCRYPTED PRIVATE KEY";

/// What the agent keeps that the swarm goes on from: what it works towards, and which swarm is its.
const AGENT_FILES: [&str; 2] = ["generation.json", "membership.json"];

fn refused(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> BackupError {
    let path = path.to_owned();
    move |source| BackupError::Refused {
        action,
        path,
        source,
    }
}

#[cfg(test)]
mod tests;
