//! What a node keeps on disk: it outlives a power cut and goes with the lab.
//!
//! It lies outside `/run`, which every node has for itself, so the sockets in it can be reached
//! from the nodes and from the machine alike.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use crate::Lab;
use crate::plan::LabPlan;

const DIRECTORY: &str = "/var/lib/skep-lab";
/// The longest path of a socket.
const SOCKET_PATH_LENGTH_MAX: usize = 107;
/// How much of a log an error shows.
const LOG_LINES: usize = 10;

impl Lab {
    /// Where the lab keeps what is on its nodes' disks.
    #[must_use]
    pub fn disk(&self) -> PathBuf {
        directory(self.plan())
    }

    /// What is on the disk of a node.
    #[must_use]
    pub fn node_disk(&self, node: &str) -> PathBuf {
        self.disk().join(node)
    }

    /// The path of a socket on a node's disk, whose directory exists afterwards.
    pub(crate) fn socket_on_disk(&self, node: &str, name: &str) -> Result<PathBuf> {
        let socket = self.node_disk(node).join(name);
        ensure!(
            socket.as_os_str().as_bytes().len() <= SOCKET_PATH_LENGTH_MAX,
            "{} is too long for a socket: give lab and node shorter names",
            socket.display()
        );
        make_directory(&self.node_disk(node))?;
        Ok(socket)
    }
}

pub(crate) fn make_directory(directory: &Path) -> Result<()> {
    fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))
}

/// Removes the disks of all nodes of a lab.
pub(crate) fn remove(plan: &LabPlan) -> Result<()> {
    let directory = directory(plan);
    match fs::remove_dir_all(&directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot remove {}", directory.display()));
        }
        _ => {}
    }
    // Another lab may have its disks there.
    let _ = fs::remove_dir(DIRECTORY);
    Ok(())
}

/// The end of a log, a line each, to be put behind `ends with`.
pub(crate) fn last_words(log: &Path) -> String {
    let log = fs::read(log).unwrap_or_default();
    let log = String::from_utf8_lossy(&log);
    let lines: Vec<_> = log.lines().collect();
    let last = lines.len().saturating_sub(LOG_LINES);
    lines[last..]
        .iter()
        .map(|line| format!("\n  {line}"))
        .collect()
}

fn directory(plan: &LabPlan) -> PathBuf {
    Path::new(DIRECTORY).join(&plan.name)
}
