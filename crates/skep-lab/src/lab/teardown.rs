//! Taking a lab away so that the machine is as before.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use rustix::fd::OwnedFd;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::processes::{self, Tracked};
use super::state::{self, State};
use crate::{disk, engine, namespace};

/// How long the kernel has to end what was killed.
const KILLED: Duration = Duration::from_secs(20);

/// Cuts the power of all nodes, then removes the namespaces. What is gone already is skipped, so it
/// can be called again.
///
/// Nobody is asked to stop: an engine would take seconds to leave in good order what goes with its
/// disk at once.
pub(super) fn remove(state: &State, children: &mut Vec<Tracked>) -> Result<()> {
    kill_processes(&state.plan.namespaces().collect::<Vec<_>>())?;
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

/// Kills every process inside namespaces, of all at once, and waits for their end.
pub(super) fn kill_processes(names: &[String]) -> Result<()> {
    let deadline = Instant::now() + KILLED;
    loop {
        let mut killed = Vec::new();
        for name in names {
            killed.extend(kill_once(name)?);
        }
        if killed.is_empty() {
            return Ok(());
        }
        ensure!(
            Instant::now() < deadline,
            "processes in namespaces {} do not end",
            names.join(", ")
        );
        for handle in &killed {
            let left = deadline.saturating_duration_since(Instant::now());
            processes::ended_within(handle, left)?;
        }
    }
}

/// Programs before those that started them: `nsenter` takes note of the end of its program at once,
/// and the first process of the machine, which would have to if both were killed, may take seconds.
fn kill_once(name: &str) -> Result<Vec<OwnedFd>> {
    let inside = namespace::processes(name)?;
    let (of_nodes, outer): (Vec<Pid>, Vec<Pid>) = inside.into_iter().partition(is_of_a_node);
    if of_nodes.is_empty() {
        return send(&outer, Signal::KILL);
    }
    let killed = send(&of_nodes, Signal::KILL)?;
    // `nsenter` stops with its program, and then takes note of nothing.
    send(&outer, Signal::CONT)?;
    Ok(killed)
}

/// The processes that a signal reached.
fn send(processes: &[Pid], signal: Signal) -> Result<Vec<OwnedFd>> {
    let mut reached = Vec::new();
    for pid in processes {
        // One that ended meanwhile has no handle, or none that can be signalled.
        let Ok(handle) = pidfd_open(*pid, PidfdFlags::empty()) else {
            continue;
        };
        match pidfd_send_signal(&handle, signal) {
            Ok(()) => reached.push(handle),
            Err(rustix::io::Errno::SRCH) => {}
            Err(error) => return Err(error).context("cannot end a process of the lab"),
        }
    }
    Ok(reached)
}

/// Whether a process counts processes as its node does, and not as this machine.
fn is_of_a_node(process: &Pid) -> bool {
    let counts = |process: &str| fs::read_link(format!("/proc/{process}/ns/pid"));
    let process = process.as_raw_nonzero().to_string();
    // One that ended meanwhile is no matter.
    counts(&process).is_ok_and(|its| counts("self").is_ok_and(|ours| its != ours))
}
