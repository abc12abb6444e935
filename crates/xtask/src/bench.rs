//! `cargo xtask bench`: skep beside keepalived on this machine, in one table.

use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::packages::{self, Need};
use crate::run;

/// How much of it, and how it is printed.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Bench {
    /// Fewer repetitions: less than three minutes.
    #[arg(long)]
    quick: bool,
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
    /// Measure only this: memory, 1s, 100ms, 10ms, deaths, move, processor, stress; can be given again.
    #[arg(long)]
    only: Vec<String>,
}

/// Builds the release and measures it. Returns only when that cannot begin.
pub(crate) fn bench(bench: &Bench) -> anyhow::Result<()> {
    ensure!(
        packages::is_root(),
        "the bench makes network namespaces and runs keepalived in them: it needs root"
    );
    packages::ensure_installed(&[Need::Lab, Need::Keepalived])?;
    run::succeed(&mut run::cargo(&[
        "build",
        "--release",
        "--package",
        "skep",
    ]))?;
    let program = run::target_directory()?.join("release/skep");
    ensure!(program.is_file(), "{} is missing", program.display());
    let mut command = Command::new(build()?);
    command.arg("--bench").env("SKEP_PROGRAM", program);
    command.args(bench.quick.then_some("--quick"));
    command.args(bench.json.then_some("--json"));
    command.args(bench.only.iter().flat_map(|part| ["--only", part]));
    // In place of this process: who stops it reaches the one that takes everything away.
    Err(command.exec()).context("cannot run the bench")
}

/// Builds what measures, and says where it is. It need not be optimised, and is built in seconds
/// without that.
fn build() -> anyhow::Result<PathBuf> {
    let mut words = vec!["bench", "--profile", "dev", "--package", "skep"];
    words.extend(["--features", "interop", "--bench", "beside", "--no-run"]);
    words.push("--message-format=json-render-diagnostics");
    let output = run::cargo(&words).stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "the bench is not built");
    let text = String::from_utf8(output.stdout).context("cargo says no text")?;
    let mut artifacts = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == "beside");
    artifacts
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .context("cargo does not say where the bench is")
}
