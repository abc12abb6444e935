//! `skep keygen`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use skep_api::client::Client;
use skep_api::path;
use skep_api::rotation::RotateAnswer;
use skep_api::trust::certificate::NodeCertificate;
use skep_api::trust::key::{ClusterKey, ClusterKeys};
use skep_manifest::duration::Duration;
use skep_manifest::name::NodeName;
use skep_plan::rotation::Keyring;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::commands::ask;
use crate::exit::Exit;
use crate::output;

/// Write the secret of a new cluster, which every node of it needs; or the certificate of one
/// worker that shall not have that secret; or exchange the secret of a cluster that runs.
#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("what").required(true))]
pub(crate) struct Arguments {
    /// The file to write; it must not exist.
    #[arg(long, group = "what", value_name = "FILE")]
    out: Option<PathBuf>,
    /// Let the agents of the cluster exchange its secret for a new one, all of them and with nothing
    /// interrupted; each changes its own file. `skep status` says how far they are.
    #[arg(long, group = "what", conflicts_with = "node")]
    rotate: bool,
    /// Write a certificate for this node instead, which is a worker and no more: it follows the
    /// desired state and holds VIPs, and it changes nothing and reads no secrets.
    #[arg(long, value_name = "NAME")]
    node: Option<NodeName>,
    /// For how long the certificate is good; another one has to be made before its end.
    #[arg(
        long = "for",
        requires = "node",
        value_name = "DURATION",
        default_value = "8760h"
    )]
    period: Duration,
    /// The secret of the cluster, with which the certificate is made.
    #[arg(
        long,
        env = "SKEP_CLUSTER_KEY",
        default_value = "/etc/skep/cluster.key",
        value_name = "FILE"
    )]
    cluster_key: PathBuf,
}

pub(crate) fn run(arguments: &Arguments, socket: &Path) -> anyhow::Result<Exit> {
    match (&arguments.out, &arguments.node) {
        (None, _) => rotate(socket),
        (Some(out), Some(node)) => write_certificate(out, arguments, node),
        (Some(out), None) => write_key(out),
    }
}

fn write_key(out: &Path) -> anyhow::Result<Exit> {
    ClusterKey::generate()?.write_new(out)?;
    output::tell(&format!(
        "wrote {}: whoever holds it is root on every node of the cluster\n\
         hint: copy it to every node as /etc/skep/cluster.key (mode 600), then start the agents",
        out.display()
    ));
    Ok(Exit::Success)
}

fn write_certificate(out: &Path, arguments: &Arguments, node: &NodeName) -> anyhow::Result<Exit> {
    let keys = ClusterKeys::read(&arguments.cluster_key)?;
    if let Some(Keyring::Knows(..)) = keys.keyring() {
        bail!(
            "the cluster's key is being exchanged, and what is made with the old one ends with it: \
             `skep status` says when that is done"
        );
    }
    let until = OffsetDateTime::now_utc().checked_add(arguments.period.time().try_into()?);
    let until = until.context("a certificate cannot last for that long")?;
    let certificate = NodeCertificate::issue(&keys, node, until)?;
    certificate.write_new(out)?;
    output::tell(&format!(
        "wrote {}: whoever holds it is the node {node} until {}, and no other\n\
         hint: put it on {node} as /etc/skep/cluster.key (mode 600) in place of the cluster's key, \
         then start the agent",
        out.display(),
        certificate.until().format(&Rfc3339)?
    ));
    Ok(Exit::Success)
}

fn rotate(socket: &Path) -> anyhow::Result<Exit> {
    let client = Client::new(socket);
    let (old, new, silent) = match ask(client.post::<RotateAnswer>(path::ROTATE, &()))? {
        RotateAnswer::Begun { old, new, silent } => (old, new, silent),
        RotateAnswer::Refused(why) => {
            output::tell_errors(&[why]);
            return Ok(Exit::Findings);
        }
    };
    output::tell(&format!(
        "the agents exchange the key {old} for {new}: each changes its own file when all others are \
         ready for that"
    ));
    for node in silent {
        output::tell(&format!(
            "the agent of {node} does not answer: nothing goes on without it (start it, or take \
             {node} out of the manifest)"
        ));
    }
    output::tell("hint: `skep status` says how far they are, and nothing of it when they are done");
    Ok(Exit::Success)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use skep_api::trust::file::Credentials;
    use skep_api::trust::key::ClusterKeys;

    use super::{Arguments, run};

    /// No agent is asked.
    const NO_AGENT: &str = "/nowhere";

    fn arguments(out: &Path) -> Arguments {
        Arguments {
            out: Some(out.to_owned()),
            rotate: false,
            node: None,
            period: "1h".parse().unwrap(),
            cluster_key: out.with_file_name("cluster.key"),
        }
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn a_key_is_written_once_and_for_its_owner_only() {
        let directory = tempfile::tempdir().unwrap();
        let out = directory.path().join("cluster.key");
        run(&arguments(&out), NO_AGENT.as_ref()).unwrap();
        assert_eq!(mode(&out), 0o600);
        let text = fs::read(&out).unwrap();
        let error = run(&arguments(&out), NO_AGENT.as_ref())
            .unwrap_err()
            .to_string();
        assert!(error.contains("exists already"), "{error}");
        assert_eq!(fs::read(&out).unwrap(), text);
    }

    #[test]
    fn a_certificate_is_made_with_the_key_and_makes_no_other() {
        let directory = tempfile::tempdir().unwrap();
        let key = directory.path().join("cluster.key");
        run(&arguments(&key), NO_AGENT.as_ref()).unwrap();
        let out = directory.path().join("cube04.key");
        let of_node = Arguments {
            node: Some("cube04".parse().unwrap()),
            ..arguments(&out)
        };
        run(&of_node, NO_AGENT.as_ref()).unwrap();
        assert_eq!(mode(&out), 0o600);
        match Credentials::read(&out).unwrap() {
            Credentials::Certificate(certificate) => {
                assert_eq!(certificate.node().as_str(), "cube04");
            }
            Credentials::Keys(_) => panic!("it holds no cluster key"),
        }
        let keys = ClusterKeys::read(&key).unwrap();
        let next = keys.generate_next().unwrap();
        keys.knowing(next).unwrap().replace(&key).unwrap();
        let late = Arguments {
            node: of_node.node.clone(),
            ..arguments(&directory.path().join("late.key"))
        };
        let error = run(&late, NO_AGENT.as_ref()).unwrap_err().to_string();
        assert!(error.contains("being exchanged"), "{error}");
        let again = Arguments {
            out: Some(directory.path().join("again.key")),
            cluster_key: out,
            ..of_node
        };
        let error = run(&again, NO_AGENT.as_ref()).unwrap_err().to_string();
        assert!(error.contains("and not the cluster's key"), "{error}");
    }
}
