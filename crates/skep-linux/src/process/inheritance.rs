//! Descriptors that a child gets from its parent, by name.
#![expect(unsafe_code, reason = "a number becomes an owned descriptor")]

use std::collections::BTreeSet;
use std::io;
use std::os::fd::{FromRawFd as _, OwnedFd, RawFd};
use std::sync::{Mutex, PoisonError};

use rustix::io::{FdFlags, fcntl_getfd, fcntl_setfd};
use thiserror::Error;

/// The descriptors taken so far: a second owner would close them twice.
static TAKEN: Mutex<BTreeSet<RawFd>> = Mutex::new(BTreeSet::new());

/// A descriptor for a child, with the name the child asks for it by.
#[derive(Debug)]
pub struct Inherited {
    /// Letters and underscores.
    pub name: &'static str,
    /// The descriptor; the parent's own copy is closed when the child has it.
    pub descriptor: OwnedFd,
}

/// Why a descriptor was not found.
#[derive(Debug, Error)]
pub enum TakeInheritedError {
    /// The parent passed nothing by this name.
    #[error("no descriptor `{name}` was inherited: this process is started by `skep agent` only")]
    Missing {
        /// The name.
        name: String,
    },
    /// What was passed by this name is no open descriptor, or was taken before.
    #[error("what was inherited as `{name}` is no descriptor that can be taken")]
    Invalid {
        /// The name.
        name: String,
    },
}

/// The environment variable that tells a child a descriptor's number.
pub(super) fn variable(name: &str) -> String {
    format!("SKEP_FD_{}", name.to_ascii_uppercase())
}

/// Takes the descriptor that the parent passed as `name`; each can be taken once.
pub fn take_inherited(name: &str) -> Result<OwnedFd, TakeInheritedError> {
    let name = || name.to_owned();
    let number = std::env::var(variable(&name()))
        .map_err(|_| TakeInheritedError::Missing { name: name() })?;
    let number: RawFd = number
        .parse()
        .ok()
        .filter(|number| *number > 2)
        .ok_or(TakeInheritedError::Invalid { name: name() })?;
    adopt(number).map_err(|_| TakeInheritedError::Invalid { name: name() })
}

fn adopt(number: RawFd) -> io::Result<OwnedFd> {
    let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: the number may name no open descriptor, which the next call finds out before the
    // value leaves this function.
    let descriptor = unsafe { rustix::fd::BorrowedFd::borrow_raw(number) };
    // What was inherited comes without the flag; a descriptor that this process opened itself,
    // like everything the standard library opens, has it and is not up for taking.
    if fcntl_getfd(descriptor)?.contains(FdFlags::CLOEXEC) || !taken.insert(number) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    fcntl_setfd(descriptor, FdFlags::CLOEXEC)?;
    // SAFETY: the descriptor is open, the parent passed it to be owned, and `TAKEN` says that
    // nobody owns it yet.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}
