//! `skep agent`.

mod git;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail};
use skep_agent::control::{ClusterOptions, Options};
use skep_agent::process::{self, Role};
use skep_agent::{release, supervisor};
use skep_manifest::name::NodeName;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::exit::Exit;
use crate::output;

/// What is logged.
const LOG_FILTER: &str = "SKEP_LOG";

/// What is logged when nothing is said.
const LOG_DEFAULT: LevelFilter = LevelFilter::INFO;

/// Run the agent of this node, until it is told to stop.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The name of this node [default: the host name, full or short].
    #[arg(long, env = "SKEP_NODE", value_name = "NAME")]
    node: Option<NodeName>,
    /// The directory of manifests to watch, when no branch is (--git).
    #[arg(
        long,
        env = "SKEP_MANIFESTS",
        default_value = "/etc/skep/manifests",
        value_name = "DIR"
    )]
    manifests: PathBuf,
    #[command(flatten)]
    git: git::Branched,
    /// The secret of the cluster; without this file the agent is standalone.
    #[arg(
        long,
        env = "SKEP_CLUSTER_KEY",
        default_value = "/etc/skep/cluster.key",
        value_name = "FILE"
    )]
    cluster_key: PathBuf,
    /// Where the agent keeps what must survive a restart.
    #[arg(
        long,
        env = "SKEP_STATE_DIR",
        default_value = "/var/lib/skep",
        value_name = "DIR"
    )]
    state_dir: PathBuf,
    /// Where the agent listens for its peers.
    #[arg(
        long,
        env = "SKEP_LISTEN",
        default_value = "0.0.0.0:7380",
        value_name = "ADDRESS:PORT"
    )]
    listen: SocketAddr,
    /// The Docker engine of this node.
    #[arg(
        long,
        env = "SKEP_DOCKER_HOST",
        default_value = "unix:///var/run/docker.sock",
        value_name = "unix://PATH",
        value_parser = parse_docker_host
    )]
    docker_host: PathBuf,
    /// Where to serve metrics for Prometheus, at /metrics [default: nowhere].
    #[arg(long, env = "SKEP_METRICS", value_name = "ADDRESS:PORT")]
    metrics: Option<SocketAddr>,
    /// Release every address that an agent left behind on this host, and end. No agent may run.
    #[arg(long)]
    release: bool,
    /// Which child of the supervisor this process is.
    #[arg(long, hide = true, value_parser = parse_role)]
    process: Option<Role>,
}

pub(crate) fn run(arguments: Arguments, socket: PathBuf) -> anyhow::Result<Exit> {
    start_log();
    match arguments.process {
        None if arguments.release => {
            let directory = socket.parent().unwrap_or(Path::new("/"));
            for address in release::run(directory)? {
                output::print(&format!("released {address}\n"))?;
            }
        }
        None => {
            // What the processes would refuse again and again is refused once.
            git::options(&arguments.git)?;
            let command_line: Vec<OsString> = std::env::args_os().skip(1).collect();
            supervisor::run(&command_line, &socket)?;
        }
        Some(role) => {
            process::run(role, options(arguments, socket)?)?;
        }
    }
    Ok(Exit::Success)
}

fn options(arguments: Arguments, socket: PathBuf) -> anyhow::Result<Options> {
    Ok(Options {
        node: arguments.node,
        manifests: arguments.manifests,
        git: git::options(&arguments.git)?,
        webhook: git::webhook(&arguments.git),
        socket,
        metrics: arguments.metrics,
        cluster: ClusterOptions {
            key: arguments.cluster_key,
            state: arguments.state_dir,
            listen: arguments.listen,
            docker: arguments.docker_host,
        },
    })
}

/// The socket of an engine that is named as the docker command line does.
pub(crate) fn parse_docker_host(host: &str) -> anyhow::Result<PathBuf> {
    match host.strip_prefix("unix://") {
        Some(path) if path.starts_with('/') => Ok(PathBuf::from(path)),
        Some(_) | None => bail!("only the engine of this node can be used: unix:///PATH"),
    }
}

fn parse_role(name: &str) -> anyhow::Result<Role> {
    Role::from_name(name).ok_or_else(|| anyhow!("there is no process `{name}`"))
}

/// Logs to standard error: the journal or the terminal keeps it.
fn start_log() {
    let asked = std::env::var(LOG_FILTER).ok();
    let usual = Targets::new().with_default(LOG_DEFAULT);
    let (filter, error) = match asked.map(|text| text.parse::<Targets>()) {
        Some(Ok(filter)) => (filter, None),
        Some(Err(error)) => (usual, Some(error)),
        None => (usual, None),
    };
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(output::may_colour(&std::io::stderr()))
        .with_target(false);
    tracing_subscriber::registry()
        .with(layer)
        .with(filter)
        .init();
    if let Some(error) = error {
        tracing::warn!("{LOG_FILTER} is no filter, it counts as `{LOG_DEFAULT}`: {error}");
    }
}
