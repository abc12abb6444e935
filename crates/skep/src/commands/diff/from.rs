//! What manifests are compared with.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;

use anyhow::{Context, bail};
use skep_manifest::desired::Desired;
use tempfile::TempDir;

use crate::commands::manifests;

/// What it is.
#[derive(Clone, Debug)]
pub(super) enum From {
    /// An earlier desired state of the cluster.
    Generation(u64),
    /// Other manifests, without a cluster.
    Files(Files),
}

/// Where other manifests are.
#[derive(Clone, Debug)]
pub(super) enum Files {
    /// At this path.
    Path(PathBuf),
    /// At the same paths in this commit.
    Git(String),
}

impl FromStr for From {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        if let Some(number) = text.strip_prefix('@') {
            let number = number.parse();
            return Ok(Self::Generation(number.context(
                "`@` is followed by the number of a generation: `skep history` shows them",
            )?));
        }
        Ok(Self::Files(match text.strip_prefix("git:") {
            // A commit is never called like an option.
            Some(commit) if commit.is_empty() || commit.starts_with('-') => {
                bail!("`git:` is followed by a branch, a tag or a commit")
            }
            Some(commit) => Files::Git(commit.to_owned()),
            None => Files::Path(text.into()),
        }))
    }
}

impl Files {
    /// What they describe, where the ones to compare lie at `paths`; nothing when lint finds errors
    /// in them, which it then has shown. No manifests at all describe nothing.
    pub(super) fn desired(&self, paths: &[PathBuf]) -> anyhow::Result<Option<Desired>> {
        match self {
            Self::Path(path) => manifests::desired(std::slice::from_ref(path)),
            Self::Git(commit) => of_commit(commit, paths),
        }
    }
}

fn of_commit(commit: &str, paths: &[PathBuf]) -> anyhow::Result<Option<Desired>> {
    let Some(first) = paths.first().filter(|path| path.as_os_str() != "-") else {
        bail!("standard input lies in no commit: name a path");
    };
    let repository = top(first)?;
    let tree = tempfile::tempdir().context("cannot make a directory for the commit")?;
    check_out(commit, &repository, &tree)?;
    let mut there = Vec::new();
    for path in paths {
        let found = canonical(path)?;
        let below = found
            .strip_prefix(&repository)
            .with_context(|| format!("{} is not in {}", found.display(), repository.display()))?;
        let before = tree.path().join("tree").join(below);
        if before.exists() {
            there.push(before);
        }
    }
    if there.is_empty() {
        return Ok(Some(Desired::default()));
    }
    manifests::desired(&there)
}

fn canonical(path: &Path) -> anyhow::Result<PathBuf> {
    path.canonicalize()
        .with_context(|| format!("cannot read {}", path.display()))
}

/// The top of the repository that `path` lies in.
fn top(path: &Path) -> anyhow::Result<PathBuf> {
    let path = canonical(path)?;
    let directory = if path.is_dir() {
        &path
    } else {
        path.parent().unwrap_or(&path)
    };
    let said = git(Command::new("git")
        .current_dir(directory)
        .args(["rev-parse", "--show-toplevel"]))?;
    Ok(PathBuf::from(said.trim_end_matches('\n')))
}

/// Writes the files of a commit below `tree`; the repository itself and its index stay.
fn check_out(commit: &str, repository: &Path, tree: &TempDir) -> anyhow::Result<()> {
    let git_here = || {
        let mut command = Command::new("git");
        command
            .current_dir(repository)
            .env("GIT_INDEX_FILE", tree.path().join("index"));
        command
    };
    git(git_here().args(["read-tree", commit]))?;
    let prefix = format!("--prefix={}/tree/", tree.path().display());
    git(git_here().args(["checkout-index", "--all", &prefix]))?;
    Ok(())
}

/// What git says.
fn git(command: &mut Command) -> anyhow::Result<String> {
    let output = command.output().context("cannot run git")?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        bail!("git: {}", complaint.trim());
    }
    Ok(String::from_utf8(output.stdout)?)
}
