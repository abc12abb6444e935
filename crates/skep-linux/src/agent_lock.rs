//! The lock that lets one agent run per network namespace.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use thiserror::Error;

/// The abstract name that only one socket of a network namespace can have.
const NAME: &[u8] = b"skep-agent";

/// Held while an agent runs. The kernel releases it with the last process that has it, however
/// that ends.
#[derive(Debug)]
pub struct AgentLock {
    socket: UnixDatagram,
}

/// Why the lock was not taken.
#[derive(Debug, Error)]
pub enum AgentLockError {
    /// Another process holds it.
    #[error("another skep agent runs in this network namespace: stop it first")]
    AlreadyRunning,
    /// The socket could not be made.
    #[error("cannot make the socket that keeps a second agent away")]
    Socket(#[source] io::Error),
}

impl AgentLock {
    /// Takes the lock of this network namespace.
    pub fn take() -> Result<Self, AgentLockError> {
        Self::take_named(NAME)
    }

    fn take_named(name: &[u8]) -> Result<Self, AgentLockError> {
        let address = SocketAddr::from_abstract_name(name).map_err(AgentLockError::Socket)?;
        match UnixDatagram::bind_addr(&address) {
            Ok(socket) => Ok(Self { socket }),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                Err(AgentLockError::AlreadyRunning)
            }
            Err(error) => Err(AgentLockError::Socket(error)),
        }
    }
}

impl AsFd for AgentLock {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl From<OwnedFd> for AgentLock {
    /// The lock that another process took and passed on.
    fn from(descriptor: OwnedFd) -> Self {
        Self {
            socket: descriptor.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_agent_is_refused_until_the_first_is_gone() {
        let name = format!("skep-agent-test-{}", std::process::id());
        let first = AgentLock::take_named(name.as_bytes()).unwrap();
        let second = AgentLock::take_named(name.as_bytes());
        assert!(matches!(second, Err(AgentLockError::AlreadyRunning)));
        drop(first);
        AgentLock::take_named(name.as_bytes()).unwrap();
    }
}
