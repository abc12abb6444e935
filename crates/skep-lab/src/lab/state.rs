//! What a later process must know of a lab, in `/run/skep-lab/<name>/lab.json`.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use super::holder::Holder;
use crate::namespace;
use crate::plan::LabPlan;
use crate::program;

const DIRECTORY: &str = "/run/skep-lab";
const FILE: &str = "lab.json";
/// Exists while `/run/netns` is a mount only because a lab needed it.
const MOUNT_NOTE: &str = "/run/skep-lab/netns-mount";

/// A lab as it is written down.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) plan: LabPlan,
    holders: BTreeMap<String, Holder>,
    /// The programs that were started on nodes, to be asked to stop.
    pub(super) processes: Vec<u32>,
}

impl State {
    pub(super) fn new(plan: LabPlan) -> Self {
        Self {
            plan,
            holders: BTreeMap::new(),
            processes: Vec::new(),
        }
    }

    pub(super) fn holder(&self, node: &str) -> Option<Holder> {
        self.holders.get(node).copied()
    }

    pub(super) fn set_holder(&mut self, node: &str, holder: Holder) {
        self.holders.insert(node.to_owned(), holder);
    }

    pub(super) fn save(&self) -> Result<()> {
        let directory = directory(&self.plan.name);
        let save = || -> Result<()> {
            fs::create_dir_all(&directory)?;
            let new = directory.join("lab.json.new");
            fs::write(&new, serde_json::to_vec_pretty(self)?)?;
            Ok(fs::rename(new, directory.join(FILE))?)
        };
        save().with_context(|| format!("cannot write in {}", directory.display()))
    }

    /// The lab of this name, if there is one.
    pub(super) fn load(name: &str) -> Result<Option<Self>> {
        let path = directory(name).join(FILE);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        };
        let state: Self = serde_json::from_slice(&text)
            .with_context(|| format!("{} is damaged: remove it", path.display()))?;
        state
            .plan
            .check()
            .with_context(|| format!("{} is damaged", path.display()))?;
        Ok(Some(state))
    }

    pub(super) fn forget(&self) -> Result<()> {
        let directory = directory(&self.plan.name);
        match fs::remove_dir_all(&directory) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {}", directory.display()))
            }
            _ => Ok(()),
        }
    }
}

/// The labs that are written down.
pub(super) fn names() -> Result<Vec<String>> {
    let entries = match fs::read_dir(DIRECTORY) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).with_context(|| format!("cannot read {DIRECTORY}")),
    };
    let labs = entries
        .flatten()
        .filter(|entry| entry.path().join(FILE).exists());
    let mut names: Vec<_> = labs
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    Ok(names)
}

fn directory(name: &str) -> PathBuf {
    Path::new(DIRECTORY).join(name)
}

/// Keeps other commands from changing the lab of this name until it is dropped.
pub(super) fn lock_lab(name: &str) -> io::Result<File> {
    let directory = File::open(directory(name))?;
    flock(&directory, FlockOperation::LockExclusive)?;
    Ok(directory)
}

/// Keeps other labs from making or removing namespaces until it is dropped.
pub(super) fn lock() -> Result<File> {
    fs::create_dir_all(DIRECTORY).with_context(|| format!("cannot make {DIRECTORY}"))?;
    let directory = File::open(DIRECTORY).with_context(|| format!("cannot open {DIRECTORY}"))?;
    flock(&directory, FlockOperation::LockExclusive)
        .with_context(|| format!("cannot lock {DIRECTORY}"))?;
    Ok(directory)
}

/// The first `ip netns add` of a machine makes `/run/netns` a mount; this notes whether it is
/// ours to remove. To be called under [`lock`].
pub(super) fn note_mount_to_remove() -> Result<()> {
    if !is_mounted()? {
        File::create(MOUNT_NOTE).with_context(|| format!("cannot write {MOUNT_NOTE}"))?;
    }
    Ok(())
}

/// Removes the mount that the last namespace of all labs leaves behind. To be called under
/// [`lock`].
pub(super) fn remove_mount_if_ours() -> Result<()> {
    if !Path::new(MOUNT_NOTE).exists() {
        return Ok(());
    }
    let empty = fs::read_dir(namespace::DIRECTORY).is_ok_and(|mut names| names.next().is_none());
    if !empty {
        return Ok(());
    }
    if is_mounted()? {
        program::succeed(std::process::Command::new("umount").arg(namespace::DIRECTORY))?;
    }
    fs::remove_dir(namespace::DIRECTORY).context("cannot remove the empty /run/netns")?;
    fs::remove_file(MOUNT_NOTE).with_context(|| format!("cannot remove {MOUNT_NOTE}"))
}

/// Whether `/run/netns` is a mount, by the fifth field of each line of the mount table.
fn is_mounted() -> Result<bool> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").context("cannot read the mounts")?;
    Ok(mounts
        .lines()
        .any(|line| line.split(' ').nth(4) == Some(namespace::DIRECTORY)))
}
