//! What is shipped: the program, its unit and what explains it, as an archive and as a package.

mod debian;
mod tree;

use std::env::consts::ARCH;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

use crate::dist::tree::Tree;
use crate::run;

/// What it is built for.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Dist {
    /// The target, as rustc names it [default: musl on a processor like this one].
    #[arg(long, value_name = "TRIPLE")]
    target: Option<String>,
}

/// What is shipped, and for which machines.
#[derive(Debug)]
struct Release<'a> {
    version: &'a str,
    /// As rustc names it.
    target: &'a str,
}

/// Builds `skep`, puts it together with what belongs to it and says where that lies.
pub(crate) fn dist(dist: &Dist) -> anyhow::Result<()> {
    let usual = format!("{ARCH}-unknown-linux-musl");
    let release = Release {
        version: env!("CARGO_PKG_VERSION"),
        target: dist.target.as_deref().unwrap_or(&usual),
    };
    let program = build(release.target)?;
    let place = run::target_directory()?.join("dist");
    let tree = Tree::plant(
        &place.join(release.name()),
        &program,
        &speaker(&release, &program)?,
    )?;
    let archive = tree.pack()?;
    println!("{}", describe(&archive)?);
    match debian::package(&tree, &release)? {
        Some(package) => println!("{}", describe(&package)?),
        None => println!("no package for Debian: dpkg-deb is not installed"),
    }
    Ok(())
}

impl Release<'_> {
    fn processor(&self) -> &str {
        self.target.split('-').next().unwrap_or(self.target)
    }

    /// Whether it runs on any Linux, whatever is installed there.
    fn is_static(&self) -> bool {
        self.target.contains("musl")
    }

    fn name(&self) -> String {
        format!("skep-{}-linux-{}", self.version, self.processor())
    }
}

fn build(target: &str) -> anyhow::Result<PathBuf> {
    let words = [
        "build",
        "--release",
        "--package",
        "skep",
        "--target",
        target,
    ];
    run::succeed(&mut run::cargo(&words))
        .with_context(|| format!("is the target installed? rustup target add {target}"))?;
    Ok(run::target_directory()?.join(target).join("release/skep"))
}

/// A program that writes manual pages on this machine: the one that was built, or another one where
/// that does not run.
fn speaker(release: &Release<'_>, program: &Path) -> anyhow::Result<PathBuf> {
    if release.processor() == ARCH {
        return Ok(program.to_owned());
    }
    run::succeed(&mut run::cargo(&["build", "--package", "skep"]))?;
    Ok(run::target_directory()?.join("debug/skep"))
}

fn describe(file: &Path) -> anyhow::Result<String> {
    let about = fs::metadata(file).with_context(|| format!("cannot read {}", file.display()))?;
    ensure!(about.len() > 0, "{} is empty", file.display());
    Ok(format!("{} ({} bytes)", file.display(), about.len()))
}

#[cfg(test)]
mod tests {
    use super::Release;

    #[test]
    fn a_release_is_named_after_version_and_processor() {
        let release = Release {
            version: "0.1.0",
            target: "aarch64-unknown-linux-musl",
        };
        assert_eq!(release.name(), "skep-0.1.0-linux-aarch64");
        assert!(release.is_static());
    }
}
