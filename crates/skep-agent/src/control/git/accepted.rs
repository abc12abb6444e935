//! Which commit an agent works towards that is alone, and what the files of a commit are called.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use skep_manifest::hexadecimal;
use skep_plan::feeding::Origin;

use crate::control::git::GitOptions;
use crate::control::whole_file;

/// The commit that an agent works towards.
#[derive(Serialize, Deserialize)]
pub(super) struct Accepted {
    /// The commit.
    #[serde(flatten)]
    pub(super) origin: Origin,
    /// What its files are called, where that is not the id.
    #[serde(default)]
    files: Option<String>,
}

impl Accepted {
    /// What was kept in `directory`, if that can be read.
    pub(super) fn read(directory: &Path) -> Option<Self> {
        let text = fs::read(file(directory)).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// Keeps in `directory` that it is `origin`, of which the files are read that `options` name.
    pub(super) fn keep(
        directory: &Path,
        options: &GitOptions,
        origin: &Origin,
    ) -> anyhow::Result<()> {
        let path = file(directory);
        let accepted = Self {
            files: Some(files_of(&origin.commit, options)),
            origin: origin.clone(),
        };
        let text = serde_json::to_vec(&accepted).context("a commit has only words")?;
        whole_file::write(&path, &text).with_context(|| format!("cannot write {}", path.display()))
    }

    /// What its files are called.
    pub(super) fn files(&self) -> &str {
        self.files.as_deref().unwrap_or(&self.origin.commit)
    }
}

fn file(directory: &Path) -> PathBuf {
    directory.join("accepted.json")
}

/// What the files of a commit are called: those of one path in it are not those of another.
pub(super) fn files_of(commit: &str, options: &GitOptions) -> String {
    match options.path.as_str() {
        "" => commit.to_owned(),
        path => {
            let path = hexadecimal::digits(&Sha256::digest(path)[..8]);
            format!("{commit}-{path}")
        }
    }
}
