//! `skep backup`.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use anyhow::bail;
use skep_api::client::Client;
use skep_api::status::AgentStatus;
use skep_swarm::backup::{About, Backup, BackupError};
use skep_swarm::engine;
use skep_swarm::recovery::directory;

use crate::commands::agent::parse_docker_host;
use crate::commands::runtime;
use crate::exit::Exit;
use crate::output;

/// Keep what this node's engine, a manager, has of its swarm in one file.
///
/// The engine goes on meanwhile: the copy is of one moment at which nothing was written. The file
/// holds the keys of the node, and everything the swarm has: keep it as secret as the nodes
/// themselves. Ends with 0 when it is written, with 2 when it is not.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The file to write; it must not exist.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    places: Places,
}

/// Where an engine and an agent keep what they have.
#[derive(clap::Args)]
pub(crate) struct Places {
    /// The Docker engine of this node.
    #[arg(
        long,
        env = "SKEP_DOCKER_HOST",
        default_value = "unix:///var/run/docker.sock",
        value_name = "unix://PATH",
        value_parser = parse_docker_host
    )]
    docker_host: PathBuf,
    /// Where the engine keeps what it has [default: what the engine says, or /var/lib/docker].
    #[arg(long, value_name = "DIR")]
    data_root: Option<PathBuf>,
    /// Where the agent keeps what must survive a restart.
    #[arg(
        long,
        env = "SKEP_STATE_DIR",
        default_value = "/var/lib/skep",
        value_name = "DIR"
    )]
    pub(crate) state_dir: PathBuf,
}

/// Where the part of an engine in a swarm is.
pub(crate) struct SwarmDirectory {
    pub(crate) path: PathBuf,
    /// Why the engine does not answer, when it does not.
    pub(crate) silence: Option<String>,
}

impl Places {
    /// Where the engine keeps its part of a swarm.
    pub(crate) fn swarm(&self) -> anyhow::Result<SwarmDirectory> {
        let client = engine::Client::new(&self.docker_host);
        let (told, silence) = match runtime()?.block_on(directory(&client)) {
            Ok(told) => (Some(told), None),
            Err(error) => (None, Some(format!("{:#}", anyhow::Error::from(error)))),
        };
        let own = self.data_root.as_ref().map(|root| root.join("swarm"));
        let path = own.or(told);
        let path = path.unwrap_or_else(|| PathBuf::from("/var/lib/docker/swarm"));
        Ok(SwarmDirectory { path, silence })
    }
}

pub(crate) fn run(arguments: &Arguments, socket: &Path) -> anyhow::Result<Exit> {
    let out = &arguments.out;
    if out.exists() {
        bail!("{} exists already: name another file", out.display());
    }
    // What the agent knows is told with it; a node whose agent is gone is worth keeping too.
    let status = runtime()?.block_on(Client::new(socket).status()).ok();
    let swarm = arguments.places.swarm()?;
    let backup = Backup::make(
        &swarm.path,
        &arguments.places.state_dir,
        about(status.as_ref()),
    );
    let backup = match (backup, &swarm.silence) {
        (Err(error @ BackupError::NoSwarm { .. }), Some(silence)) => bail!(
            "{error}\nhint: the engine itself does not say where: {silence}\nhint: a node without \
             Docker has nothing that its manifests and its key do not say: keep /etc/skep"
        ),
        (backup, _) => backup?,
    };
    backup.write(out)?;
    output::print(&format!(
        "{}: what {} has of {}\n",
        out.display(),
        backup.about.node.as_deref().unwrap_or("this node"),
        describe(&backup.about)
    ))?;
    if backup.about.is_locked {
        output::tell(
            "its keys are locked: keep the unlock key of the swarm with it, `docker swarm unlock-key` \
             shows it",
        );
    } else {
        output::tell("its keys are not locked: whoever has this file is a manager of the swarm");
    }
    if status.is_none() {
        output::tell("the agent does not answer: which desired state this is is not noted");
    }
    Ok(Exit::Success)
}

fn about(status: Option<&AgentStatus>) -> About {
    let accepted = status.and_then(|status| status.desired.accepted.as_ref());
    let cluster = status.and_then(|status| status.cluster.as_ref());
    let made_at = UNIX_EPOCH.elapsed().unwrap_or_default();
    About {
        swarm: cluster.map(|cluster| cluster.name.clone()),
        node: status.and_then(|status| status.node.clone()),
        generation: accepted.map(|accepted| accepted.generation),
        made_at_ms: u64::try_from(made_at.as_millis()).unwrap_or(u64::MAX),
        is_locked: false,
    }
}

/// What a backup is of, in a few words.
pub(crate) fn describe(about: &About) -> String {
    let swarm = about.swarm.as_deref().unwrap_or("its swarm");
    match about.generation {
        Some(generation) => format!("{swarm}, generation {generation}"),
        None => swarm.to_owned(),
    }
}
