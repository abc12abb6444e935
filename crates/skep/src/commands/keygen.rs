//! `skep keygen`.

use std::path::PathBuf;

use skep_api::trust::key::ClusterKey;

use crate::exit::Exit;
use crate::output;

/// Write the secret of a new cluster, which every node of it needs.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The file to write; it must not exist.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let out = &arguments.out;
    ClusterKey::generate()?.write_new(out)?;
    output::tell(&format!(
        "wrote {}: whoever holds it is root on every node of the cluster\n\
         hint: copy it to every node as /etc/skep/cluster.key (mode 600), then start the agents\n",
        out.display()
    ));
    Ok(Exit::Success)
}
