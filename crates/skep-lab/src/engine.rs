//! Docker engines on the nodes: one real `dockerd` each, with its own data, socket and cgroup.
//!
//! An engine's data outlives its node's power cut, as a disk would, and goes with the lab.

mod http;

use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::image::Image;
use crate::lab::processes;
use crate::plan::LabPlan;
use crate::{Lab, NodeCommand};
use http::Request;

/// Where engines keep their data; not below `/run`, which every node has for itself.
const DIRECTORY: &str = "/var/lib/skep-lab";
/// Where the kernel shows the control groups.
const CONTROL_GROUPS: &str = "/sys/fs/cgroup";
/// Where a node's own programs find its engine, as on any host.
const SOCKET_ON_NODE: &str = "unix:///run/docker.sock";
/// The longest path of a socket.
const SOCKET_PATH_LENGTH_MAX: usize = 107;
/// How long an engine may take to answer. It takes less than a second on an idle machine, but a
/// manager of a swarm without a quorum first waits 20 s for one.
const START: Duration = Duration::from_secs(60);
/// How long to wait before an engine is asked again whether it is there.
const POLL: Duration = Duration::from_millis(20);
/// How long a call may take: importing an image writes it to disk.
const CALL: Duration = Duration::from_secs(30);
/// How much of an engine's log an error shows.
const LOG_LINES: usize = 10;

/// A Docker engine that answers.
#[derive(Clone, Debug)]
pub struct Engine {
    process: u32,
    directory: PathBuf,
}

impl Lab {
    /// Starts a Docker engine on a node and waits until it answers. It has the data of the node's
    /// earlier engine.
    pub fn start_engine(&mut self, node: &str) -> Result<Engine> {
        let directory = directory(self.plan()).join(node);
        let socket = directory.join("docker.sock");
        ensure!(
            socket.as_os_str().as_bytes().len() <= SOCKET_PATH_LENGTH_MAX,
            "{} is too long for a socket: give lab and node shorter names",
            socket.display()
        );
        ensure!(
            http::call(&socket, &Request::get("/_ping"), CALL).is_err(),
            "an engine runs on node `{node}` already"
        );
        fs::create_dir_all(&directory)
            .with_context(|| format!("cannot make {}", directory.display()))?;
        let command = self.engine_command(node, &directory)?;
        let process = self
            .spawn(command)
            .with_context(|| format!("cannot start an engine on node `{node}`"))?;
        let engine = Engine { process, directory };
        engine.wait_until_it_answers().with_context(|| {
            format!(
                "no engine on node `{node}`, whose log ends with{}",
                engine.last_words()
            )
        })?;
        Ok(engine)
    }

    fn engine_command(&self, node: &str, directory: &Path) -> Result<NodeCommand> {
        let log = File::create(directory.join("log")).context("cannot write the engine's log")?;
        let control_group = self.plan().node_namespace(node);
        let mut command = self.command(node, "dockerd")?;
        command
            .arg(format!("--data-root={}", directory.join("data").display()))
            .args(["--exec-root=/run/docker", "--pidfile=/run/docker.pid"])
            .arg(format!("--host={SOCKET_ON_NODE}"))
            .arg(format!(
                "--host=unix://{}",
                directory.join("docker.sock").display()
            ))
            .arg("--exec-opt=native.cgroupdriver=cgroupfs")
            .arg(format!("--cgroup-parent=/{control_group}"))
            .stdout(log.try_clone().context("cannot share the engine's log")?)
            .stderr(log);
        Ok(command)
    }
}

impl Engine {
    /// The socket it listens on, for programs of this machine; on the node it is
    /// `/run/docker.sock` as well.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.directory.join("docker.sock")
    }

    /// The process, as this machine counts; [`Lab::stop`] ends it.
    #[must_use]
    pub const fn process(&self) -> u32 {
        self.process
    }

    /// Gives it an image under a name such as `nginx:latest`, so that nothing is to be pulled.
    pub fn import(&self, name: &str, image: &Image) -> Result<()> {
        let path = image.import_path(name)?;
        let request = Request::post(&path, "application/x-tar", image.root());
        let answer = http::call(&self.socket(), &request, CALL)
            .with_context(|| format!("cannot import image `{name}`"))?;
        // The engine answers 200 before it has read the image, and tells of a failure as a line.
        let said = String::from_utf8_lossy(&answer.body);
        ensure!(
            answer.status == 200 && !said.contains("\"error\""),
            "cannot import image `{name}`: {}",
            said.trim()
        );
        Ok(())
    }

    fn wait_until_it_answers(&self) -> Result<()> {
        let deadline = Instant::now() + START;
        let process = Pid::from_raw(self.process.cast_signed()).context("it has no process")?;
        let handle = pidfd_open(process, PidfdFlags::empty()).context("it ended at once")?;
        loop {
            let answer = http::call(&self.socket(), &Request::get("/_ping"), POLL);
            if answer.is_ok_and(|answer| answer.status == 200) {
                return Ok(());
            }
            if processes::ended_within(&handle, POLL)? {
                bail!("it ended (is docker.io installed?)");
            }
            ensure!(
                Instant::now() < deadline,
                "it did not answer within {START:?}"
            );
        }
    }

    fn last_words(&self) -> String {
        let log = fs::read(self.directory.join("log")).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<_> = log.lines().collect();
        let last = lines.len().saturating_sub(LOG_LINES);
        lines[last..]
            .iter()
            .map(|line| format!("\n  {line}"))
            .collect()
    }
}

/// Removes what engines left on this machine, once all their processes are gone.
pub(crate) fn remove_traces(plan: &LabPlan) -> Result<()> {
    remove_directory(&directory(plan))?;
    // Another lab may have its engines there.
    let _ = fs::remove_dir(DIRECTORY);
    for node in &plan.nodes {
        remove_control_groups(&plan.node_namespace(&node.name))?;
    }
    Ok(())
}

fn directory(plan: &LabPlan) -> PathBuf {
    Path::new(DIRECTORY).join(&plan.name)
}

fn remove_directory(directory: &Path) -> Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", directory.display()))
        }
        _ => Ok(()),
    }
}

/// Removes a control group from every hierarchy, of either version.
fn remove_control_groups(name: &str) -> Result<()> {
    let root = Path::new(CONTROL_GROUPS);
    remove_control_group(&root.join(name))?;
    for hierarchy in directories_in(root) {
        remove_control_group(&hierarchy.join(name))?;
    }
    Ok(())
}

/// A control group goes after its children; its files go with it.
fn remove_control_group(path: &Path) -> Result<()> {
    for child in directories_in(path) {
        remove_control_group(&child)?;
    }
    match fs::remove_dir(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

fn directories_in(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .collect()
}
