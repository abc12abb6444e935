//! Programs that run on nodes until they end or are stopped.

use std::fs;
use std::ops::{Deref, DerefMut};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::AsFd as _;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};

use super::Lab;
use crate::program;

/// How long a program may take to be started by `nsenter`.
const START: Duration = Duration::from_secs(10);

/// How long to wait before a program is asked again whether it is ready.
const POLL: Duration = Duration::from_millis(20);

/// A command for a node: set arguments, environment and output, then [`Lab::spawn`] it.
#[derive(Debug)]
pub struct NodeCommand {
    node: String,
    command: Command,
}

/// A child of ours that belongs to a node.
#[derive(Debug)]
pub(super) struct Tracked {
    node: String,
    child: Child,
}

impl Lab {
    /// A command that runs `program` on a node: in its network, with its host name and its `/run`.
    pub fn command(&self, node: &str, program: &str) -> Result<NodeCommand> {
        let alive = self.is_alive(node)?;
        let Some(holder) = self.state.holder(node).filter(|_| alive) else {
            bail!("node `{node}` has no power: bring it back with `skep lab heal {node}`");
        };
        Ok(NodeCommand {
            node: node.to_owned(),
            command: holder.command(program)?,
        })
    }

    /// Starts a program on its node and returns its process id as this machine counts. It runs
    /// until it ends, is stopped, or the node or the lab goes down.
    pub fn spawn(&mut self, command: NodeCommand) -> Result<u32> {
        let NodeCommand { node, mut command } = command;
        command.stdin(Stdio::null()).process_group(0);
        let mut child = command
            .spawn()
            .map_err(|error| program::explain(&command, error))?;
        let id = wait_for_program(&mut child)
            .with_context(|| format!("cannot start a program on node `{node}`"))?;
        self.state.processes.push(id);
        self.state.save()?;
        self.children.push(Tracked { node, child });
        Ok(id)
    }

    /// Sends a program that [`Lab::spawn`] started `SIGTERM`, after `grace` `SIGKILL`, and waits
    /// for its end.
    pub fn stop(&mut self, id: u32, grace: Duration) -> Result<()> {
        let position = self.state.processes.iter().position(|other| *other == id);
        let position = position.with_context(|| format!("process {id} is not this lab's"))?;
        end(&[id], grace)?;
        self.state.processes.swap_remove(position);
        self.state.save()
    }
}

impl Deref for NodeCommand {
    type Target = Command;

    fn deref(&self) -> &Command {
        &self.command
    }
}

impl DerefMut for NodeCommand {
    fn deref_mut(&mut self) -> &mut Command {
        &mut self.command
    }
}

impl Tracked {
    pub(super) fn new(node: &str, child: Child) -> Self {
        Self {
            node: node.to_owned(),
            child,
        }
    }

    /// Waits for a child whose end is certain.
    pub(super) fn wait(&mut self) -> Result<ExitStatus> {
        self.child.wait().context("cannot wait for a child")
    }
}

/// Waits for the children of a node, which are dead, and forgets them.
pub(super) fn reap(children: &mut Vec<Tracked>, node: &str) -> Result<()> {
    for child in children.iter_mut().filter(|child| child.node == node) {
        child.wait()?;
    }
    children.retain(|child| child.node != node);
    Ok(())
}

/// `nsenter` enters the namespaces and starts the program as its child, whose end it repeats.
fn wait_for_program(child: &mut Child) -> Result<u32> {
    let deadline = Instant::now() + START;
    let children = format!("/proc/{0}/task/{0}/children", child.id());
    loop {
        let text = fs::read_to_string(&children).unwrap_or_default();
        if let Some(id) = text.split(' ').next().and_then(|id| id.parse().ok()) {
            return Ok(id);
        }
        if let Some(status) = child.try_wait().context("cannot wait for nsenter")? {
            bail!("it ended at once: {status}");
        }
        ensure!(
            Instant::now() < deadline,
            "it did not start within {START:?}"
        );
        std::thread::yield_now();
    }
}

/// Waits until the process with this id, which has just been started, is ready.
pub(crate) fn wait_until(
    id: u32,
    limit: Duration,
    mut is_ready: impl FnMut() -> bool,
) -> Result<()> {
    let process = Pid::from_raw(id.cast_signed()).context("it has no process")?;
    let handle = pidfd_open(process, PidfdFlags::empty()).context("it ended at once")?;
    let deadline = Instant::now() + limit;
    while !is_ready() {
        if ended_within(&handle, POLL)? {
            bail!("it ended");
        }
        ensure!(
            Instant::now() < deadline,
            "it did not answer within {limit:?}"
        );
    }
    Ok(())
}

/// Asks processes to stop, waits for them together, then makes them.
pub(super) fn end(ids: &[u32], grace: Duration) -> Result<()> {
    let mut waiting = Vec::new();
    for pid in ids.iter().filter_map(|id| Pid::from_raw(id.cast_signed())) {
        // One that is gone needs no end.
        let Ok(handle) = pidfd_open(pid, PidfdFlags::empty()) else {
            continue;
        };
        let _ = kill_process(pid, Signal::TERM);
        waiting.push((pid, handle));
    }
    let deadline = Instant::now() + grace;
    for (pid, handle) in &waiting {
        let left = deadline.saturating_duration_since(Instant::now());
        if !ended_within(handle, left)? {
            let _ = kill_process(*pid, Signal::KILL);
            ended_within(handle, START)?;
        }
    }
    Ok(())
}

/// Whether the process behind this handle ends within a time.
pub(crate) fn ended_within(handle: &rustix::fd::OwnedFd, time: Duration) -> Result<bool> {
    let borrowed = handle.as_fd();
    let mut handles = [PollFd::new(&borrowed, PollFlags::IN)];
    let timeout = Timespec::try_from(time).context("the time is too long")?;
    loop {
        match poll(&mut handles, Some(&timeout)) {
            Ok(ready) => return Ok(ready > 0),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error).context("cannot wait for a process"),
        }
    }
}
