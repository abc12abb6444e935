//! Docker engines on the nodes: one real `dockerd` each, with its own data, socket and cgroup.
//!
//! An engine's data outlives its node's power cut, as a disk would, and goes with the lab.

mod http;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use crate::disk;
use crate::image::{self, Content, Image};
use crate::lab::processes;
use crate::plan::LabPlan;
use crate::{Lab, NodeCommand};
use http::Request;

/// Where the kernel shows the control groups.
const CONTROL_GROUPS: &str = "/sys/fs/cgroup";
/// Where a node's own programs find its engine, as on any host.
pub(crate) const SOCKET_ON_NODE: &str = "unix:///run/docker.sock";
/// How long an engine may take to answer. It takes less than a second on an idle machine, but a
/// manager of a swarm without a quorum first waits 20 s for one.
const START: Duration = Duration::from_secs(60);
/// How long to wait before an engine is asked again whether it is there.
const POLL: Duration = Duration::from_millis(20);
/// The engine's log, on its node's disk.
const LOG: &str = "engine.log";
/// How long an engine that runs may take to say so.
const ANSWER: Duration = Duration::from_secs(1);
/// How long a call may take: importing an image writes it to disk.
const CALL: Duration = Duration::from_secs(30);

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
        let directory = self.node_disk(node);
        let socket = self.socket_on_disk(node, "docker.sock")?;
        ensure!(
            http::call(&socket, &Request::get("/_ping"), CALL).is_err(),
            "an engine runs on node `{node}` already"
        );
        let command = self.engine_command(node, &directory)?;
        let process = self
            .spawn(command)
            .with_context(|| format!("cannot start an engine on node `{node}`"))?;
        let engine = Engine { process, directory };
        engine.wait_until_it_answers().with_context(|| {
            let said = disk::last_words(&engine.directory.join(LOG));
            format!("no engine on node `{node}`, whose log ends with{said}")
        })?;
        Ok(engine)
    }

    /// Whether the engine of a node answers.
    #[must_use]
    pub fn engine_answers(&self, node: &str) -> bool {
        let socket = self.node_disk(node).join("docker.sock");
        http::call(&socket, &Request::get("/_ping"), ANSWER)
            .is_ok_and(|answer| answer.status == 200)
    }

    fn engine_command(&self, node: &str, directory: &Path) -> Result<NodeCommand> {
        let log = File::create(directory.join(LOG)).context("cannot write the engine's log")?;
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
        self.take(name, image)
            .with_context(|| format!("cannot import image `{name}`"))
    }

    fn take(&self, name: &str, image: &Image) -> Result<()> {
        match image.content() {
            Content::Root { command } => {
                let path = image::import_path(name, command)?;
                self.post(&path, image.tar()).map(drop)
            }
            Content::Saved => {
                let said = self.post("/images/load?quiet=1", image.tar())?;
                let known = loaded_name(&said)
                    .with_context(|| format!("the engine does not say what it loaded: {said}"))?;
                self.post(&image::tag_path(&known, name)?, &[]).map(drop)
            }
        }
    }

    fn post(&self, path: &str, tar: &[u8]) -> Result<String> {
        let request = Request::post(path, "application/x-tar", tar);
        let answer = http::call(&self.socket(), &request, CALL)?;
        // The engine answers 200 before it has read the image, and tells of a failure as a line.
        let said = String::from_utf8_lossy(&answer.body).into_owned();
        ensure!(
            matches!(answer.status, 200 | 201) && !said.contains("\"error\""),
            "{}",
            said.trim()
        );
        Ok(said)
    }

    fn wait_until_it_answers(&self) -> Result<()> {
        let is_there = || {
            let answer = http::call(&self.socket(), &Request::get("/_ping"), POLL);
            answer.is_ok_and(|answer| answer.status == 200)
        };
        processes::wait_until(self.process, START, is_there).context("is docker.io installed?")
    }
}

/// The name or id in the last line `{"stream":"Loaded image: nginx:latest\n"}`.
fn loaded_name(said: &str) -> Option<String> {
    let lines = said.lines().rev();
    let said_of = |line: &str| -> Option<String> {
        let line: serde_json::Value = serde_json::from_str(line).ok()?;
        Some(line.get("stream")?.as_str()?.to_owned())
    };
    lines.filter_map(said_of).find_map(|stream| {
        let (_, name) = stream.split_once("Loaded image")?.1.split_once(": ")?;
        Some(name.trim().to_owned())
    })
}

/// Removes the control groups that engines left, once all their processes are gone.
pub(crate) fn remove_control_groups_of(plan: &LabPlan) -> Result<()> {
    for node in &plan.nodes {
        remove_control_groups(&plan.node_namespace(&node.name))?;
    }
    Ok(())
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
