//! Network namespaces with a name: making, removing, entering, and who is inside.

use std::fs::{self, File};
use std::os::fd::AsFd as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use rustix::process::Pid;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::program;

/// Where `ip netns` keeps its namespaces.
pub(crate) const DIRECTORY: &str = "/run/netns";

/// The file of a namespace.
pub(crate) fn path(name: &str) -> PathBuf {
    Path::new(DIRECTORY).join(name)
}

pub(crate) fn exists(name: &str) -> bool {
    path(name).exists()
}

pub(crate) fn add(name: &str) -> Result<()> {
    program::ip(&["netns", "add", name]).map(drop)
}

pub(crate) fn remove(name: &str) -> Result<()> {
    program::ip(&["netns", "delete", name]).map(drop)
}

/// Moves the current thread into a namespace, for the rest of its life.
pub(crate) fn enter(name: &str) -> Result<()> {
    let file = File::open(path(name)).with_context(|| format!("no namespace `{name}`"))?;
    move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network))
        .with_context(|| format!("cannot enter namespace `{name}`: be root"))
}

/// The processes inside a namespace.
pub(crate) fn processes(name: &str) -> Result<Vec<Pid>> {
    let Ok(namespace) = fs::metadata(path(name)) else {
        return Ok(Vec::new());
    };
    let mut inside = Vec::new();
    for entry in fs::read_dir("/proc").context("cannot read /proc")? {
        let Ok(entry) = entry else { continue };
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        // A process that ended meanwhile is not inside.
        let Ok(of_process) = fs::metadata(entry.path().join("ns/net")) else {
            continue;
        };
        if (of_process.dev(), of_process.ino()) == (namespace.dev(), namespace.ino()) {
            inside.extend(Pid::from_raw(pid));
        }
    }
    Ok(inside)
}
