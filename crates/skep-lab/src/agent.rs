//! Agents on the nodes: `skep agent`, with its socket, state and log on the node's disk.

use std::fs::{self, File};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::disk;
use crate::engine;
use crate::lab::processes;
use crate::{Lab, NodeCommand};

/// How long an agent may take to answer; it takes a few milliseconds on an idle machine.
const START: Duration = Duration::from_secs(10);
/// Where an agent listens for its peers.
const LISTEN: &str = "0.0.0.0:7380";
/// The agent's log, on its node's disk.
const LOG: &str = "agent.log";
/// The manifests a standalone agent watches, on its node's disk.
const MANIFESTS: &str = "manifests";

/// Where an agent has its desired state from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AgentMode {
    /// It watches a directory of its node and has no peers.
    Standalone,
    /// It shares the lab's cluster key with its peers and waits for `skep apply`.
    Clustered,
}

/// A manifest as it lies in a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestFile {
    /// Its path in the directory.
    pub path: PathBuf,
    /// Its text.
    pub text: Vec<u8>,
}

impl Lab {
    /// The socket on which the agent of a node answers.
    #[must_use]
    pub fn agent_socket(&self, node: &str) -> PathBuf {
        self.node_disk(node).join("agent.sock")
    }

    /// The log of the agent of a node.
    #[must_use]
    pub fn agent_log(&self, node: &str) -> PathBuf {
        self.node_disk(node).join(LOG)
    }

    /// The directory that the standalone agent of a node watches.
    #[must_use]
    pub fn manifests(&self, node: &str) -> PathBuf {
        self.node_disk(node).join(MANIFESTS)
    }

    /// The key that clustered agents share; without this file agents are standalone.
    #[must_use]
    pub fn cluster_key(&self) -> PathBuf {
        self.disk().join("cluster.key")
    }

    /// Gives every node these manifests, each its own copy.
    pub fn give_manifests(&self, files: &[ManifestFile]) -> Result<()> {
        for node in &self.plan().nodes {
            let directory = self.manifests(&node.name);
            disk::make_directory(&directory)?;
            for file in files {
                let path = directory.join(&file.path);
                path.parent().map_or(Ok(()), disk::make_directory)?;
                fs::write(&path, &file.text)
                    .with_context(|| format!("cannot write {}", path.display()))?;
            }
        }
        Ok(())
    }

    /// Starts the agent of a node, which is this `skep` with these options and the lab's own, and
    /// waits until it answers.
    pub fn start_agent(&mut self, node: &str, skep: &Path, options: &[String]) -> Result<u32> {
        let socket = self.socket_on_disk(node, "agent.sock")?;
        let mut command = self.agent_command(node, skep)?;
        command.args(options);
        let process = self
            .spawn(command)
            .with_context(|| format!("cannot start an agent on node `{node}`"))?;
        let answers = || UnixStream::connect(&socket).is_ok();
        processes::wait_until(process, START, answers).with_context(|| {
            let said = disk::last_words(&self.agent_log(node));
            format!("no agent on node `{node}`, whose log ends with{said}")
        })?;
        Ok(process)
    }

    fn agent_command(&self, node: &str, skep: &Path) -> Result<NodeCommand> {
        let path = self.agent_log(node);
        let log = File::options().create(true).append(true).open(&path);
        let log = log.with_context(|| format!("cannot write {}", path.display()))?;
        let mut command = self.command(node, &skep.display().to_string())?;
        for (name, _) in std::env::vars_os() {
            // What is set for the agent of this machine is not for the lab's.
            if name.as_encoded_bytes().starts_with(b"SKEP_") && name != "SKEP_LOG" {
                command.env_remove(name);
            }
        }
        let manifests = self.manifests(node);
        disk::make_directory(&manifests)?;
        command
            .args(["agent", "--node", node, "--listen", LISTEN])
            .args(["--docker-host", engine::SOCKET_ON_NODE]);
        command.arg("--cluster-key").arg(self.cluster_key());
        command.arg("--socket").arg(self.agent_socket(node));
        command.arg("--manifests").arg(manifests);
        command
            .arg("--state-dir")
            .arg(self.node_disk(node).join("state"));
        command
            .stdout(log.try_clone().context("cannot share the agent's log")?)
            .stderr(log);
        Ok(command)
    }
}
