//! `skep import swarm`.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use skep_manifest::name::Name;
use skep_plan::import::{Imported, Note, import};
use skep_plan::observed::Cluster;
use skep_plan::ownership::SWARM;
use skep_swarm::engine::{Client, EngineError};
use skep_swarm::observe;

use crate::commands::{agent, ask};
use crate::exit::Exit;
use crate::output;

/// What a swarm is called that has no name.
const USUAL_NAME: &str = "swarm";

/// Print the manifest of a swarm that was made by hand, read from the engine of one of its
/// managers. Nothing is changed.
///
/// Applying it takes the swarm over as it is: no task is restarted. What the manifest does not say
/// is told on standard error and stands as comments at its head.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// What the `Swarm` shall be called [default: as skep called it, or `swarm`].
    #[arg(long)]
    name: Option<Name>,
    /// The Docker engine of a manager.
    #[arg(
        long,
        env = "SKEP_DOCKER_HOST",
        default_value = "unix:///var/run/docker.sock",
        value_name = "unix://PATH",
        value_parser = agent::parse_docker_host
    )]
    docker_host: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let client = Client::new(&arguments.docker_host);
    let (cluster, configs) = ask(seen(&client)).context("cannot read the swarm of this engine")?;
    let name = match (&arguments.name, cluster.labels.get(SWARM)) {
        (Some(name), _) => name.clone(),
        (None, Some(name)) => name.parse()?,
        (None, None) => USUAL_NAME.parse()?,
    };
    let imported = import(&name, &cluster, &configs);
    for Note {
        object,
        message,
        remedy,
    } in &imported.notes
    {
        output::tell(&format!("{object}: {message}"));
        output::tell(&format!("    hint: {remedy}"));
    }
    output::print(&manifest(&imported)?)?;
    Ok(Exit::Success)
}

async fn seen(client: &Client) -> Result<(Cluster, Vec<String>), EngineError> {
    let cluster = observe::cluster(client).await?;
    let configs = observe::config_names(client).await?;
    Ok((cluster, configs))
}

/// The documents, after what they do not say.
fn manifest(imported: &Imported) -> anyhow::Result<String> {
    let mut text = String::new();
    for Note {
        object,
        message,
        remedy,
    } in &imported.notes
    {
        writeln!(text, "# {object}: {message}\n#     {remedy}")?;
    }
    for object in &imported.objects {
        write!(text, "---\n{}", object.to_yaml())?;
    }
    Ok(text)
}
