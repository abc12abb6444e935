//! Taking a lab away so that the machine is as before.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use rustix::fd::OwnedFd;
use rustix::process::{PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::processes::{self, Tracked};
use super::state::{self, State};
use crate::{disk, engine, namespace};

/// How long programs have to stop by themselves: an engine first stops its containers.
const GRACE: Duration = Duration::from_secs(10);
/// How long the kernel has to end what was killed.
const KILLED: Duration = Duration::from_secs(20);

/// Ends the programs, then everything else inside, then removes the namespaces. What is gone
/// already is skipped, so it can be called again.
pub(super) fn remove(state: &State, children: &mut Vec<Tracked>) -> Result<()> {
    let alive = still_inside(state)?;
    processes::end(&alive, GRACE)?;
    for name in state.plan.namespaces() {
        kill_processes(&name)?;
    }
    for child in &mut *children {
        child.wait()?;
    }
    children.clear();
    disk::remove(&state.plan)?;
    engine::remove_control_groups_of(&state.plan)?;
    let guard = state::lock()?;
    for name in state
        .plan
        .namespaces()
        .filter(|name| namespace::exists(name))
    {
        namespace::remove(&name)?;
    }
    state::remove_mount_if_ours()?;
    drop(guard);
    state.forget()
}

/// The programs that still run in the lab; the id of one that ended may be another process's.
fn still_inside(state: &State) -> Result<Vec<u32>> {
    let mut alive = Vec::new();
    for name in state.plan.namespaces() {
        let inside = namespace::processes(&name)?;
        let ids = inside
            .iter()
            .map(|pid| pid.as_raw_nonzero().get().unsigned_abs());
        alive.extend(ids.filter(|id| state.processes.contains(id)));
    }
    Ok(alive)
}

/// Kills every process inside a namespace and waits for their end.
pub(super) fn kill_processes(name: &str) -> Result<()> {
    let deadline = Instant::now() + KILLED;
    loop {
        let killed = kill_once(name)?;
        if killed.is_empty() {
            return Ok(());
        }
        ensure!(
            Instant::now() < deadline,
            "processes in namespace `{name}` do not end"
        );
        for handle in &killed {
            let left = deadline.saturating_duration_since(Instant::now());
            processes::ended_within(handle, left)?;
        }
    }
}

fn kill_once(name: &str) -> Result<Vec<OwnedFd>> {
    let mut killed = Vec::new();
    for pid in namespace::processes(name)? {
        // One that ended meanwhile has no handle, or none that can be signalled.
        let Ok(handle) = pidfd_open(pid, PidfdFlags::empty()) else {
            continue;
        };
        match pidfd_send_signal(&handle, Signal::KILL) {
            Ok(()) => killed.push(handle),
            Err(rustix::io::Errno::SRCH) => {}
            Err(error) => return Err(error).context("cannot kill a process of the lab"),
        }
    }
    Ok(killed)
}
