//! `skep seal`.

use std::io::{self, Read as _};
use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use skep_api::trust::key::ClusterKeys;
use skep_manifest::resolve::FILE_BYTES_MAX;

use crate::exit::Exit;
use crate::output;

/// Seal what standard input says, so that only the agents of the cluster can read it and a
/// manifest with it may lie in git: `sealed: skep1...`.
///
/// Every byte counts, also the line break at the end: `printf %s hive | skep seal`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The secret of the cluster.
    #[arg(
        long,
        env = "SKEP_CLUSTER_KEY",
        default_value = "/etc/skep/cluster.key",
        value_name = "FILE"
    )]
    cluster_key: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let keys = ClusterKeys::read(&arguments.cluster_key)?.value_keys();
    let mut value = Vec::new();
    let mut input = io::stdin().lock().take(FILE_BYTES_MAX as u64 + 1);
    input
        .read_to_end(&mut value)
        .context("cannot read standard input")?;
    ensure!(
        value.len() <= FILE_BYTES_MAX,
        "a value has at most {FILE_BYTES_MAX} bytes"
    );
    let value = String::from_utf8(value)
        .ok()
        .context("the value is not valid UTF-8")?;
    output::print(&format!("{}\n", keys.seal(&value).as_str()))?;
    Ok(Exit::Success)
}
