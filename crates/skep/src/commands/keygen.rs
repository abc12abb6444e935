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
         hint: copy it to every node as /etc/skep/cluster.key (mode 600), then start the agents",
        out.display()
    ));
    Ok(Exit::Success)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::{Arguments, run};

    #[test]
    fn a_key_is_written_once_and_for_its_owner_only() {
        let directory = tempfile::tempdir().unwrap();
        let out = directory.path().join("cluster.key");
        let arguments = Arguments { out: out.clone() };
        run(&arguments).unwrap();
        let mode = fs::metadata(&out).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600);
        let text = fs::read(&out).unwrap();
        let error = run(&arguments).unwrap_err().to_string();
        assert!(error.contains("exists already"), "{error}");
        assert_eq!(fs::read(&out).unwrap(), text);
    }
}
