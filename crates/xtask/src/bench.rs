//! `cargo xtask bench`: skep beside keepalived on this machine, in one table.

use anyhow::ensure;

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
    /// Measure only this: memory, 1s, 100ms, 10ms, processor; can be given again.
    #[arg(long)]
    only: Vec<String>,
}

/// Builds the release and measures it.
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
    // What measures need not be optimised, and is built in seconds without it.
    let mut words = vec!["bench", "--profile", "dev", "--package", "skep"];
    words.extend(["--features", "interop", "--bench", "beside", "--"]);
    words.extend(bench.quick.then_some("--quick"));
    words.extend(bench.json.then_some("--json"));
    words.extend(bench.only.iter().flat_map(|part| ["--only", part]));
    let program = run::target_directory()?.join("release/skep");
    ensure!(program.is_file(), "{} is missing", program.display());
    run::succeed(run::cargo(&words).env("SKEP_PROGRAM", program))
}
