//! The file of `cluster.key`: who may read it, and how it is written once.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::certificate::{CertificateTextError, NodeCertificate};
use super::key::{ArmourError, ClusterKey, ClusterKeys};

/// Two keys and a page of comments are far below.
const FILE_BYTES_MAX: u64 = 16 << 10;

/// Only the owner may read and write it.
const FILE_MODE: u32 = 0o600;

/// The rights of everybody but the owner.
const OTHERS_RIGHTS: u32 = 0o077;

/// Why `cluster.key` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// There is no such file.
    #[error(
        "there is no cluster key at {}: ask on a node that has it, or name it with --cluster-key",
        path.display()
    )]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The system does not let it be read.
    #[error("cannot read the cluster key {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        #[source]
        source: io::Error,
    },
    /// It is a directory, a device or a pipe.
    #[error("the cluster key {} is not a regular file", path.display())]
    NotAFile {
        /// The file.
        path: PathBuf,
    },
    /// More than its owner may read or change it.
    #[error("the cluster key {0} is open to others (mode {mode:04o}): chmod 600 {0}", path.display())]
    OpenToOthers {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It is larger than any such file.
    #[error("the cluster key {} is larger than {FILE_BYTES_MAX} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// It is the certificate of a node, which does not do what a key does.
    #[error(
        "{} is the certificate of a node and not the cluster's key: run this where that is",
        path.display()
    )]
    Certificate {
        /// The file.
        path: PathBuf,
    },
    /// Its text is not the certificate that it begins like.
    #[error("{} is not a certificate as `skep keygen --node` writes it", path.display())]
    MalformedCertificate {
        /// The file.
        path: PathBuf,
        /// The line and what is wrong with it.
        #[source]
        source: CertificateTextError,
    },
    /// Its text holds no key.
    #[error("{} is not a cluster key as `skep keygen` writes it", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line and what is wrong with it.
        #[source]
        source: ArmourError,
    },
}

/// Why a new `cluster.key` was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Something has that name.
    #[error(
        "{} exists already: it may be a cluster's identity; keep it or choose another file name",
        path.display()
    )]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The directory of the file does not exist.
    #[error("there is no directory for {}: create it first", path.display())]
    NoDirectory {
        /// The file.
        path: PathBuf,
    },
    /// The system does not let it be written; nothing is left behind.
    #[error("cannot write {}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        #[source]
        source: io::Error,
    },
}

/// What an agent was given to prove itself with.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// The cluster's own key.
    Keys(ClusterKeys),
    /// A certificate that was made for its node alone.
    Certificate(NodeCertificate),
}

impl Credentials {
    /// What the file at `path` holds, which nobody but its owner may read.
    ///
    /// # Errors
    ///
    /// [`ReadError`] says what is wrong with the file; [`ReadError::Missing`] when there is none.
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        let text = read(path)?;
        let path = path.to_owned();
        if NodeCertificate::is_in(&text) {
            return NodeCertificate::parse(&text)
                .map(Self::Certificate)
                .map_err(|source| ReadError::MalformedCertificate { path, source });
        }
        ClusterKeys::parse(&text)
            .map(Self::Keys)
            .map_err(|source| ReadError::Malformed { path, source })
    }
}

impl ClusterKeys {
    /// The secrets in the file at `path`, which nobody but its owner may read.
    ///
    /// # Errors
    ///
    /// [`ReadError`] says what is wrong with the file; [`ReadError::Missing`] when there is none.
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        match Credentials::read(path)? {
            Credentials::Keys(keys) => Ok(keys),
            Credentials::Certificate(_) => Err(ReadError::Certificate {
                path: path.to_owned(),
            }),
        }
    }
}

impl ClusterKeys {
    /// Writes these in place of what is in the file at `path`, which is whole at every moment.
    ///
    /// # Errors
    ///
    /// [`WriteError::Unwritable`] when it cannot be written; it is as it was then.
    pub fn replace(&self, path: &Path) -> Result<(), WriteError> {
        // A link is followed: whoever made it wants the file to lie where it points to.
        let target = fs::canonicalize(path).map_err(|source| unwritable(path, source))?;
        let mut new = target.clone().into_os_string();
        new.push(".new");
        let new = PathBuf::from(new);
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(unwritable(&new, error));
            }
            Err(_) | Ok(()) => {}
        }
        write_new(&new, &self.armour())?;
        let put_in_place = || {
            fs::rename(&new, &target)?;
            let directory = target.parent().unwrap_or(Path::new("/"));
            File::open(directory)?.sync_all()
        };
        put_in_place().map_err(|source| unwritable(path, source))
    }
}

impl ClusterKey {
    /// Writes the secret to a new file at `path`, for its owner only.
    ///
    /// # Errors
    ///
    /// [`WriteError`] when `path` exists, whatever it is, or cannot be written.
    pub fn write_new(&self, path: &Path) -> Result<(), WriteError> {
        write_new(path, &self.armour())
    }
}

impl NodeCertificate {
    /// Writes the certificate and its private key to a new file at `path`, for its owner only.
    ///
    /// # Errors
    ///
    /// [`WriteError`] when `path` exists, whatever it is, or cannot be written.
    pub fn write_new(&self, path: &Path) -> Result<(), WriteError> {
        write_new(path, &self.armour())
    }
}

/// What the file at `path` says.
fn read(path: &Path) -> Result<Vec<u8>, ReadError> {
    let unreadable = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => ReadError::Missing {
            path: path.to_owned(),
        },
        _ => ReadError::Unreadable {
            path: path.to_owned(),
            source,
        },
    };
    let mut file = open(path).map_err(unreadable)?;
    check(&file.metadata().map_err(unreadable)?, path)?;
    let mut text = Vec::new();
    Read::by_ref(&mut file)
        .take(FILE_BYTES_MAX + 1)
        .read_to_end(&mut text)
        .map_err(unreadable)?;
    if text.len() as u64 > FILE_BYTES_MAX {
        let path = path.to_owned();
        return Err(ReadError::TooLarge { path });
    }
    Ok(text)
}

/// Writes `text` to a new file at `path`.
fn write_new(path: &Path, text: &str) -> Result<(), WriteError> {
    let owned = path.to_owned();
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(FILE_MODE)
        .open(path)
        .map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => WriteError::Exists { path: owned },
            io::ErrorKind::NotFound => WriteError::NoDirectory { path: owned },
            _ => unwritable(path, source),
        })?;
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all());
    written.map_err(|source| {
        // Half a key is worse than none; the first failure is the one to tell.
        let _left_behind = fs::remove_file(path);
        unwritable(path, source)
    })
}

/// Opens without waiting: a pipe has nobody at its other end.
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)
}

fn check(metadata: &fs::Metadata, path: &Path) -> Result<(), ReadError> {
    let path = path.to_owned();
    if !metadata.is_file() {
        return Err(ReadError::NotAFile { path });
    }
    let mode = metadata.mode() & 0o7777;
    if mode & OTHERS_RIGHTS != 0 {
        return Err(ReadError::OpenToOthers { path, mode });
    }
    if metadata.len() > FILE_BYTES_MAX {
        return Err(ReadError::TooLarge { path });
    }
    Ok(())
}

fn unwritable(path: &Path, source: io::Error) -> WriteError {
    WriteError::Unwritable {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests;
