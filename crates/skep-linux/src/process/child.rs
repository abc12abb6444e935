//! Starting this very program again as a child, and ending, waiting for and reaping children.
#![expect(unsafe_code, reason = "Command::pre_exec runs between fork and exec")]

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use rustix::io::{Errno, FdFlags, fcntl_setfd};
use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions, pidfd_open, pidfd_send_signal, wait};
use thiserror::Error;

use super::inheritance::{Inherited, variable};
use super::parent::PARENT_VARIABLE;

/// The program itself, even if its file was replaced since it started.
const SELF: &str = "/proc/self/exe";

/// A child process. It goes on when this value is dropped; [`reap`] tells of its end.
#[derive(Debug)]
pub struct Child {
    id: u32,
    descriptor: OwnedFd,
}

/// How a child is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It is asked to stop (`SIGTERM`).
    Ask,
    /// It is stopped (`SIGKILL`).
    Force,
}

/// A process that ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Its process id.
    pub id: u32,
    /// How it ended.
    pub how: Outcome,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// By itself, with this exit code.
    Exited(i32),
    /// By this signal.
    Killed(i32),
}

/// Why a child was not started.
#[derive(Debug, Error)]
#[error("cannot start `{SELF} {arguments}`")]
pub struct SpawnError {
    /// Its arguments.
    pub arguments: String,
    /// The kernel's reason.
    #[source]
    pub source: io::Error,
}

/// Starts this program with `arguments`; the child finds `inherited` by name. It must be called
/// from the main thread, whose end is what children take for the end of their parent.
pub fn spawn_self(
    arguments: &[impl AsRef<OsStr>],
    inherited: Vec<Inherited>,
) -> Result<Child, SpawnError> {
    let mut command = Command::new(SELF);
    command.args(arguments).stdin(Stdio::null());
    spawn(command, inherited).map_err(|source| SpawnError {
        arguments: arguments
            .iter()
            .map(|argument| argument.as_ref().to_string_lossy())
            .collect::<Vec<_>>()
            .join(" "),
        source,
    })
}

fn spawn(mut command: Command, inherited: Vec<Inherited>) -> io::Result<Child> {
    command.env(PARENT_VARIABLE, std::process::id().to_string());
    for Inherited { name, descriptor } in &inherited {
        command.env(variable(name), descriptor.as_raw_fd().to_string());
    }
    let prepare = move || {
        for Inherited { descriptor, .. } in &inherited {
            fcntl_setfd(descriptor, FdFlags::empty())?;
        }
        unblock_signals()
    };
    // SAFETY: between fork and exec `prepare` makes two kinds of system calls, allocates nothing
    // and takes no lock. The descriptors live in the closure, which `command` owns.
    unsafe { command.pre_exec(prepare) };
    let child = command.spawn()?;
    let pid = Pid::from_child(&child);
    // The child is not reaped before this returns, so the id is its own.
    let descriptor = pidfd_open(pid, PidfdFlags::empty())?;
    Ok(Child {
        id: child.id(),
        descriptor,
    })
}

/// A blocked signal stays blocked across exec, and the child would never notice `SIGTERM`.
fn unblock_signals() -> io::Result<()> {
    // SAFETY: an empty set is written by `sigemptyset` before it is read.
    let code = unsafe {
        let mut none = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut())
    };
    if code == 0 {
        Ok(())
    } else {
        Err(io::Error::from_raw_os_error(code))
    }
}

impl Child {
    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Ends it. A child that has ended already is no error.
    pub fn end(&self, end: End) -> io::Result<()> {
        let signal = match end {
            End::Ask => Signal::TERM,
            End::Force => Signal::KILL,
        };
        match pidfd_send_signal(&self.descriptor, signal) {
            Ok(()) | Err(Errno::SRCH) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Readable from the moment the child has ended.
impl AsFd for Child {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl AsRawFd for Child {
    fn as_raw_fd(&self) -> RawFd {
        self.descriptor.as_raw_fd()
    }
}

/// The next process that ended, one's own child or an orphan that fell to process 1; nothing if
/// none has. Call it until then: one signal may stand for many ends.
pub fn reap() -> io::Result<Option<Ended>> {
    match wait(WaitOptions::NOHANG) {
        Ok(Some((pid, status))) => {
            let how = status.exit_status().map_or_else(
                || Outcome::Killed(status.terminating_signal().unwrap_or_default()),
                Outcome::Exited,
            );
            Ok(Some(Ended {
                id: pid.as_raw_nonzero().get().unsigned_abs(),
                how,
            }))
        }
        Ok(None) | Err(Errno::CHILD) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
