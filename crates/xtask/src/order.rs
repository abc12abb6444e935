//! `cargo xtask order`: finds the functions that agents run while they hold and stand by, and has
//! the linker lay them side by side.
//!
//! Around each page of a program that is touched the kernel maps sixteen. What an agent does every
//! second is a twentieth of the program; scattered, it maps half of it.

mod follower;
mod symbols;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use std::{fs, io};

use anyhow::{Context, ensure};

use crate::order::follower::Places;
use crate::packages::{self, Need};
use crate::run;

/// Where the build of `skep` looks for it.
const ORDER: &str = "crates/skep/rest.ld";
/// Two that share an address: one comes to hold it, the other stands by.
const MANIFEST: &str = "apiVersion: skep/v1\nkind: VipGroup\nmetadata: {name: order}\nspec:\n  \
     virtualRouterId: 7\n  addresses: [10.0.0.70]\n  members: [order-a, order-b]\n";
const LAB: &str = "order";
/// Long enough to take over, to come to rest, and for what is done every ten seconds.
const ENTERING: Duration = Duration::from_secs(40);
/// Long enough for what is done every second, at the pace of one that is stopped at every step.
const STEPPING: Duration = Duration::from_secs(15);

/// Builds, watches and writes.
pub(crate) fn order() -> anyhow::Result<()> {
    ensure!(
        packages::is_root(),
        "agents are watched in network namespaces: it needs root"
    );
    packages::ensure_installed(&[Need::Lab])?;
    let program = build()?;
    let listed = Command::new("nm")
        .args(["--defined-only", "--print-size", "--numeric-sort"])
        .arg(&program)
        .output()
        .context("cannot run `nm`, which comes with the linker")?;
    ensure!(listed.status.success(), "`nm` ended with {}", listed.status);
    let symbols = symbols::read(&String::from_utf8_lossy(&listed.stdout));
    let seen = watch(&program, &symbols::starts(&symbols))?;
    let order = symbols::order(&symbols, &seen);
    let path = run::workspace().join(ORDER);
    fs::write(&path, &order.script).with_context(|| format!("cannot write {ORDER}"))?;
    println!(
        "{ORDER}: {} functions that ran ({} kB), under names that have {} kB in all",
        order.functions,
        order.ran / 1024,
        order.named / 1024
    );
    Ok(())
}

/// The release with the names of its functions, beside the one without.
fn build() -> anyhow::Result<PathBuf> {
    let target = run::target_directory()?.join("order");
    run::succeed(
        run::cargo(&["build", "--release", "--package", "skep", "--target-dir"])
            .arg(&target)
            .env("CARGO_PROFILE_RELEASE_STRIP", "none"),
    )?;
    Ok(target.join("release/skep"))
}

/// Where in the program two agents were, from shortly after their start on.
fn watch(program: &Path, starts: &Places) -> anyhow::Result<Places> {
    let directory = std::env::temp_dir().join(format!("skep-order-{}", std::process::id()));
    fs::create_dir(&directory).context("there is no room for a manifest")?;
    let watched = fs::write(directory.join("skep.yaml"), MANIFEST)
        .context("there is no room for a manifest")
        .and_then(|()| lab(program, &["up", "--file"], Some(&directory)))
        .and_then(|()| {
            let agents = agents(program).context("cannot look for the agents")?;
            ensure!(!agents.is_empty(), "no agent runs");
            follower::watch(&agents, starts, ENTERING, STEPPING)
        });
    lab(program, &["down"], None)?;
    fs::remove_dir_all(&directory).context("cannot remove the manifest")?;
    watched
}

fn lab(program: &Path, words: &[&str], file: Option<&Path>) -> anyhow::Result<()> {
    let mut command = Command::new(program);
    command.arg("lab").args(words).args(file);
    run::succeed(command.args(["--name", LAB]))
}

/// The processes of agents of this very program.
fn agents(program: &Path) -> io::Result<Vec<i32>> {
    let mut agents = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let entry = entry?;
        let Some(process) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        // Whoever ended meanwhile is none.
        let runs = fs::read_link(entry.path().join("exe")).is_ok_and(|path| path == program);
        let words = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        if runs && words.split(|byte| *byte == 0).nth(1) == Some(b"agent") {
            agents.push(process);
        }
    }
    Ok(agents)
}
