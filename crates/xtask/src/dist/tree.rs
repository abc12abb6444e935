//! The files of a release where they lie on a machine.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::run;

/// Where what completes commands lies, by shell.
const COMPLETIONS: [(&str, &str); 3] = [
    ("bash", "usr/share/bash-completion/completions/skep"),
    ("zsh", "usr/share/zsh/vendor-completions/_skep"),
    ("fish", "usr/share/fish/vendor_completions.d/skep.fish"),
];

/// What of the repository goes along, and where it lies then.
const FILES: [(&str, &str); 6] = [
    (
        "crates/skep/assets/skep.service",
        "usr/lib/systemd/system/skep.service",
    ),
    ("crates/skep/assets/skep.default", "etc/default/skep"),
    ("README.md", "usr/share/doc/skep/README.md"),
    ("docs/install.md", "usr/share/doc/skep/install.md"),
    ("CHANGELOG.md", "usr/share/doc/skep/changelog"),
    ("LICENSE", "usr/share/doc/skep/copyright"),
];

/// A directory with all of them.
#[derive(Debug)]
pub(super) struct Tree {
    top: PathBuf,
}

impl Tree {
    /// Makes `top` anew, with `program` in it and what `speaker`, the same for this machine, says
    /// of itself.
    pub(super) fn plant(top: &Path, program: &Path, speaker: &Path) -> anyhow::Result<Self> {
        clear(top)?;
        let tree = Self {
            top: top.to_owned(),
        };
        tree.copy(program, "usr/bin/skep", 0o755)?;
        for (from, to) in FILES {
            tree.copy(&run::workspace().join(from), to, 0o644)?;
        }
        tree.directory("etc/skep/manifests")?;
        let pages = tree.directory("usr/share/man/man1")?;
        run::succeed(
            Command::new(speaker)
                .args(["man", "--directory"])
                .arg(&pages),
        )?;
        for (shell, to) in COMPLETIONS {
            let said = Command::new(speaker).args(["completion", shell]).output()?;
            tree.write(to, &said.stdout, 0o644)?;
        }
        Ok(tree)
    }

    pub(super) fn top(&self) -> &Path {
        &self.top
    }

    /// Packs it beside itself, the same files to the same bytes.
    pub(super) fn pack(&self) -> anyhow::Result<PathBuf> {
        let parent = self.top.parent().context("it lies in a directory")?;
        let name = self.top.file_name().context("it has a name")?;
        let archive = parent.join(format!("{}.tar.gz", name.display()));
        let mut tar = run::command(
            "tar",
            &[
                "--create",
                "--gzip",
                "--sort=name",
                "--mtime=@0",
                "--numeric-owner",
            ],
        );
        tar.args(["--owner=0", "--group=0", "--mode=go=rX,u+rw"]);
        tar.arg("--file")
            .arg(&archive)
            .arg("--directory")
            .arg(parent)
            .arg(name);
        run::succeed(&mut tar)?;
        Ok(archive)
    }

    /// A directory in it.
    fn directory(&self, path: &str) -> anyhow::Result<PathBuf> {
        let path = self.top.join(path);
        make_directory(&path)?;
        Ok(path)
    }

    fn copy(&self, from: &Path, to: &str, mode: u32) -> anyhow::Result<()> {
        let bytes = fs::read(from).with_context(|| format!("cannot read {}", from.display()))?;
        self.write(to, &bytes, mode)
    }

    fn write(&self, to: &str, bytes: &[u8], mode: u32) -> anyhow::Result<()> {
        write(&self.top.join(to), bytes, mode)
    }
}

/// Leaves nothing of what an earlier run put at `path`.
pub(super) fn clear(path: &Path) -> anyhow::Result<()> {
    if path.exists() {
        fs::remove_dir_all(path).with_context(|| format!("cannot remove {}", path.display()))?;
    }
    make_directory(path)
}

/// Writes a file and the directories above it.
pub(super) fn write(path: &Path, bytes: &[u8], mode: u32) -> anyhow::Result<()> {
    make_directory(path.parent().context("it lies in a directory")?)?;
    fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    let mode = fs::Permissions::from_mode(mode);
    fs::set_permissions(path, mode).with_context(|| format!("cannot write {}", path.display()))
}

fn make_directory(path: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(path).with_context(|| format!("cannot make {}", path.display()))
}
