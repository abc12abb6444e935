//! The control process: manifests in, configuration for the data plane out, answers to questions.
//!
//! One loop owns all state and waits for one closed `Event`; feeders, sockets, engines and peers
//! run beside it as tasks that only send events. What it is fed and refuses changes nothing.

mod admission;
mod alarms;
mod checks;
mod chronicle;
mod cluster;
mod contents;
mod desired;
pub mod directory;
pub mod git;
mod inbox;
mod listener;
mod metrics;
mod moves;
mod node_file;
mod notifications;
mod preflight;
mod question;
mod routes;
mod sealing;
mod secret_file;
mod serving;
mod state;
pub mod status;
mod surroundings;
mod understand;
mod unkept;
mod watched;
pub mod webhook;
mod whole_file;

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use skep_api::peer::PeerClient;
use skep_api::trust::file::Credentials;
use skep_api::trust::identity::Identity;
use skep_linux::clock;
use skep_linux::process::channel::Channel;
use skep_linux::process::session::in_own_session;
use skep_manifest::name::NodeName;
use skep_plan::site::Site;
use skep_probe::launch::Launch;
use skep_vrrp::time::Instant;
use tokio::sync::mpsc;

pub use cluster::ClusterOptions;

use crate::control::checks::{Checks, FINDINGS_WAITING};
use crate::control::cluster::Cluster;
use crate::control::contents::Contents;
use crate::control::desired::DesiredState;
use crate::control::git::GitOptions;
use crate::control::inbox::{Event, Inbox, Sources};
use crate::control::listener::PeerListener;
use crate::control::routes::Questions;
use crate::control::sealing::Opening;
use crate::control::state::Control;
use crate::control::understand::Mode;
use crate::control::watched::Place;
use crate::control::webhook::WebhookOptions;
use crate::link::Link;
use crate::standing;

/// How the programs of checks and notifiers are started.
const LAUNCH: Launch = Launch { in_own_session };

/// How many questions may wait for the loop: more callers than that wait in the socket.
const QUESTIONS_WAITING: usize = 16;

/// What an agent is started with.
#[derive(Clone, Debug)]
pub struct Options {
    /// The name of the node, when it is not the host's.
    pub node: Option<NodeName>,
    /// The directory of manifests to watch, when no branch is.
    pub manifests: PathBuf,
    /// The branch of a repository to watch.
    pub git: Option<GitOptions>,
    /// Where pushes to it are told.
    pub webhook: Option<WebhookOptions>,
    /// Where the agent answers the command line.
    pub socket: PathBuf,
    /// Where it serves metrics, if anywhere.
    pub metrics: Option<SocketAddr>,
    /// What it needs when there is a `cluster.key`.
    pub cluster: ClusterOptions,
}

impl Options {
    /// The mode is the agent's: a key makes it part of a cluster.
    fn mode(&self) -> Mode {
        if self.cluster.key.exists() {
            Mode::Clustered
        } else {
            Mode::Standalone
        }
    }
}

/// Runs until the agent is told to stop.
///
/// # Errors
///
/// When the key or the state directory cannot be used, or nothing can be served.
pub(crate) async fn run(options: Options, channel: Channel) -> anyhow::Result<()> {
    let mode = options.mode();
    let socket = options.socket.clone();
    let mut desired = DesiredState::new(options.node.clone(), mode);
    let (contents, fed) = mpsc::channel(1);
    let (questions, asked) = mpsc::channel(QUESTIONS_WAITING);
    let (findings, looked) = mpsc::channel(FINDINGS_WAITING);
    let credentials = match mode {
        Mode::Standalone => None,
        Mode::Clustered => Some(Credentials::read(&options.cluster.key)?),
    };
    if let Some(Credentials::Certificate(certificate)) = &credentials {
        let theirs = certificate.node();
        desired = desired.called(theirs).with_context(|| {
            format!(
                "the certificate is of the node {theirs}, and this host is called otherwise: make \
                 another with `skep keygen --node`, or start the agent with --node {theirs}"
            )
        })?;
    }
    let needs_key = matches!(credentials, Some(Credentials::Certificate(_)));
    routes::serve_command_line(&options.socket, !needs_key, questions.clone())?;
    if let Some(address) = options.metrics {
        metrics::serve(address, questions.clone()).await?;
    }
    let place = watch(&options, contents).await?;
    let (cluster, happened) = match credentials {
        None => (None, None),
        Some(credentials) => {
            let joined = join_cluster(&options.cluster, credentials, &desired, questions).await?;
            let (cluster, happened) = joined;
            let keys = cluster.value_keys();
            desired = desired.with_opening(keys.map_or(Opening::Elsewhere, Opening::Here));
            (Some(cluster), Some(happened))
        }
    };
    let link = Link::new(channel).context("cannot wait for the data plane")?;
    let site = Site {
        interfaces: surroundings::look().await,
        ..Site::default()
    };
    let (interfaces, seen) = mpsc::channel(1);
    tokio::spawn(surroundings::watch(interfaces));
    let mut control = Control::new(
        options,
        desired,
        Checks::new(findings),
        cluster,
        (link, place),
    );
    control.start(site);
    let mut inbox = Inbox::new(Sources {
        fed,
        asked,
        looked,
        seen,
        happened,
    })?;
    standing::ready(&socket, mode.words());
    work(&mut control, &mut inbox).await;
    Ok(())
}

/// Handles what happens, until the agent is told to stop or control is to start anew.
async fn work(control: &mut Control, inbox: &mut Inbox) {
    loop {
        match inbox.next(control.link()).await {
            Event::Fed(contents) => control.handle_fed(contents),
            Event::Reported(report) => control.handle_report(report),
            Event::Looked(finding) => control.handle_finding(finding),
            Event::Seen(interfaces) => control.handle_seen(interfaces),
            Event::Happened(happening) => control.handle_happening(happening),
            Event::Asked(question) => control.handle_question(question),
            Event::HeartbeatDue => {
                control.handle_heartbeat();
                if control.has_other_keys() {
                    tracing::info!("starting anew, with other keys");
                    return;
                }
            }
            Event::Stopped => return,
        }
    }
}

/// Begins to watch where manifests come from.
async fn watch(options: &Options, contents: mpsc::Sender<Contents>) -> anyhow::Result<Place> {
    let Some(git) = &options.git else {
        directory::feed(options.manifests.clone(), contents)?;
        return Ok(Place::Directory(options.manifests.clone()));
    };
    let nudge = git::feed(git.clone(), &options.cluster.state, contents)?;
    if let Some(webhook) = &options.webhook {
        webhook::serve(webhook, nudge.clone()).await?;
    }
    Ok(Place::Branch(Box::new(git.clone()), nudge))
}

/// Takes up the agent's part in the cluster of its key.
async fn join_cluster(
    options: &ClusterOptions,
    credentials: Credentials,
    desired: &DesiredState,
    questions: Questions,
) -> anyhow::Result<(Cluster, mpsc::Receiver<cluster::Happening>)> {
    let node = desired
        .node()
        .context("the host name cannot stand in a manifest: start the agent with --node NAME")?;
    let identity = identity(&credentials, node, desired.other_names())?;
    let listener = PeerListener::bind(options.listen, &identity)
        .await
        .with_context(|| format!("cannot listen for peers on {}", options.listen))?;
    let router = routes::peer_router(questions);
    tokio::spawn(serving::serve(listener, router, listener::BOUNDS));
    Cluster::open(options, credentials, PeerClient::new(&identity))
}

/// What this agent shows for itself as the agent of `node`, and to those that call it by one of
/// `others`: which of the names of its host stands in the manifest it may learn from them.
fn identity(
    credentials: &Credentials,
    node: &NodeName,
    others: &[NodeName],
) -> anyhow::Result<Identity> {
    match credentials {
        Credentials::Keys(keys) => {
            let own = Identity::issue(keys, node)?;
            others.iter().try_fold(own, |own, other| {
                Ok(own.answering_as(Identity::issue(keys, other)?))
            })
        }
        Credentials::Certificate(certificate) => Ok(Identity::certified(certificate)?),
    }
}

fn now() -> Instant {
    Instant::from_boot(clock::now())
}
