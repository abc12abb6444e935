//! The processes of an agent: how each is entered.

use anyhow::Context;
use skep_linux::footprint;
use skep_linux::process::channel::Channel;
use skep_linux::process::inheritance::take_inherited;
use skep_linux::process::parent::{AtParentsEnd, follow_parent};
use skep_linux::process::privileges::{Capability, Programs, keep_only};

use crate::control::{self, Options};
use crate::memory::Memory;
use crate::standing;
use crate::vip;

/// What a child of the supervisor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Manifests, checks, questions and answers.
    Control,
    /// VRRP and addresses.
    Vip,
}

impl Role {
    /// The word for it on the command line and in logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Control => "control",
            Self::Vip => "vip",
        }
    }

    /// The role with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Control, Self::Vip]
            .into_iter()
            .find(|role| role.name() == name)
    }
}

/// Runs as `role`, as a child of the supervisor, until it is told to stop.
///
/// # Errors
///
/// When it was not started by a supervisor, or the kernel refuses what the process cannot do
/// without.
pub fn run(role: Role, options: Options) -> anyhow::Result<()> {
    match role {
        Role::Control => run_control(options),
        Role::Vip => run_vip(),
    }
}

/// Gives back the memory that only what happened so far needed.
pub(crate) fn give_back() {
    if let Err(error) = footprint::give_back() {
        tracing::debug!(%error, "no memory is given back");
    }
}

fn run_vip() -> anyhow::Result<()> {
    use Capability::{IpcLock, NetAdmin, NetRaw, SysNice};
    keep_only(&[NetAdmin, NetRaw, SysNice, IpcLock], Programs::NeverGain)?;
    // A supervisor that is gone must not take the addresses with it before they are handed over.
    follow_parent(AtParentsEnd::Terminate)?;
    let memory = Memory::map(take_inherited("memory")?)?;
    let channel = Channel::from(take_inherited("channel")?);
    let _lock = take_inherited("lock")?;
    vip::run(channel, memory)
}

fn run_control(options: Options) -> anyhow::Result<()> {
    use Capability::{Kill, SetGid, SetUid};
    keep_only(&[SetUid, SetGid, Kill], Programs::MayGain)?;
    follow_parent(AtParentsEnd::Kill)?;
    let channel = Channel::from(take_inherited("channel")?);
    let socket = options.socket.clone();
    run_to_end(control::run(options, channel))
        .inspect_err(|error| standing::troubled(&socket, error))
}

/// Runs `work` and waits for nothing else: a look at a dead file server, or for a name that nobody
/// resolves, ends with the process.
fn run_to_end(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime of control")?;
    let ended = runtime.block_on(work);
    runtime.shutdown_background();
    ended
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::run_to_end;

    #[test]
    fn what_hangs_in_the_kernel_holds_up_no_stop() {
        let (begin, begun) = mpsc::channel();
        let (end, is_to_end) = mpsc::channel::<()>();
        let (finish, finished) = mpsc::channel();
        std::thread::spawn(move || {
            let ended = run_to_end(async move {
                tokio::task::spawn_blocking(move || {
                    begin.send(()).expect("the test waits");
                    is_to_end.recv()
                });
                begun.recv()?;
                Ok(())
            });
            finish.send(ended).expect("the test waits");
        });
        let ended = finished.recv_timeout(Duration::from_secs(10));
        ended.expect("it stops").expect("it ended well");
        drop(end);
    }
}
