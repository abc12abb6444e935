//! Does what a plan says, as a task: one errand at a time.

use std::path::PathBuf;
use std::time::Duration;

use skep_api::cluster::{Grant, GrantRequest, Vote};
use skep_api::path;
use skep_manifest::name::NodeName;
use skep_manifest::swarm::{Registry, SwarmSpec};
use skep_manifest::value_source::ValueSource;
use skep_plan::action::{Action, Step};
use skep_plan::observed::Membership;
use skep_swarm::apply::{ApplyError, apply};
use skep_swarm::engine::{Client, EngineError};
use skep_swarm::observe;
use skep_swarm::registries::{Credentials, Registries};
use skep_swarm::token::{JoinToken, rotate_join_tokens};
use skep_swarm::unlock::{UnlockKey, unlock};
use skep_vrrp::time::Instant;
use tokio::time::sleep;

use crate::control::cluster::errands::Errand;
use crate::control::cluster::peers::agent_of;
use crate::control::cluster::votes::Election;
use crate::control::cluster::{Cluster, Happening};
use crate::control::node_file;
use crate::control::understand::with_causes;

/// How long a node that may not join yet lets the writer be.
const ASK_AGAIN: Duration = Duration::from_millis(250);

/// An action that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::control) struct Act {
    /// What it is about, unless that is this node.
    pub(in crate::control) object: Option<String>,
    /// What was to be done.
    pub(in crate::control) word: &'static str,
    /// Why it was not, when it was not.
    pub(in crate::control) refused: Option<String>,
}

/// What an errand came to.
#[derive(Debug, Default)]
pub(in crate::control) struct Outcome {
    /// What was tried, in order.
    pub(in crate::control) acts: Vec<Act>,
    /// The engine's part in the swarm since, when that changed.
    pub(super) membership: Option<Membership>,
    /// Why it was not done, when it was not.
    pub(super) trouble: Option<String>,
    /// Whether the engine was told to create a swarm.
    pub(super) has_begun_to_create: bool,
    /// What the engine had before it was made the only manager.
    pub(super) backup: Option<PathBuf>,
}

impl Outcome {
    pub(super) fn failed(trouble: String) -> Self {
        Self {
            trouble: Some(trouble),
            ..Self::default()
        }
    }
}

impl Cluster {
    /// Creates the swarm, once a majority of the managers' agents agrees.
    pub(super) fn start_init(&mut self, step: Step, swarm: &SwarmSpec, name: &str, own: &NodeName) {
        let Some(held) = &self.held else {
            return;
        };
        let election = Election::new(swarm, name, own, &held.generation.id.digest);
        // Who voted for another one creates none, whatever the others say.
        let own_vote = self.handle_vote(&election.request, Some(own), true);
        let (client, docker) = (self.peers.client(), self.docker.clone());
        self.start(Errand::Init, async move {
            if let Vote::Refused(why) = own_vote {
                return Outcome::failed(format!("no swarm is created here: {why}"));
            }
            if let Err(trouble) = election.win(&client).await {
                return Outcome::failed(trouble);
            }
            tracing::info!("creating the swarm: {}", step.because);
            Outcome {
                has_begun_to_create: true,
                ..enter(docker, Some(step.object), &step.action, None).await
            }
        });
    }

    /// Asks the writer for a grant and joins with it.
    pub(super) fn start_join(&mut self, swarm: &SwarmSpec, own: &NodeName, now: Instant) {
        let Some(writer) = self.writer(swarm, own, now) else {
            return;
        };
        let Some(node) = swarm.nodes.iter().find(|node| node.name == *writer) else {
            return;
        };
        let writer = agent_of(node);
        let request = GrantRequest { node: own.clone() };
        let (client, docker) = (self.peers.client(), self.docker.clone());
        self.start(Errand::Join, async move {
            let grant = client.post::<Grant>(&writer, path::GRANT, &request).await;
            let (join, token) = match grant {
                Ok(Grant::Join { join, token }) => (join, token),
                Ok(Grant::Wait(why)) => {
                    tracing::debug!(writer = %writer.node, "not yet: {why}");
                    // A hundred nodes that wait for their turn must not keep the writer busy.
                    sleep(ASK_AGAIN).await;
                    return Outcome::default();
                }
                Err(error) => return Outcome::failed(with_causes(&error)),
            };
            let Ok(token) = token.parse::<JoinToken>() else {
                return Outcome::failed(format!(
                    "{} granted something that is no token",
                    writer.node
                ));
            };
            tracing::info!(role = ?join.role, "joining the swarm");
            enter(docker, None, &Action::JoinSwarm(join), Some(&token)).await
        });
    }

    /// Changes the swarm, step by step. A service that is refused does not stop the others; nodes
    /// are changed in the order of the plan or not at all.
    pub(super) fn start_writing(&mut self, steps: Vec<Step>, swarm: &SwarmSpec) {
        let docker = self.docker.clone();
        let registries = swarm.registries.clone();
        self.start(Errand::Write, async move {
            let client = Client::new(&docker).with_registries(read_registries(&registries));
            let mut troubles = Vec::new();
            let mut acts = Vec::new();
            for step in steps {
                tracing::info!(
                    object = step.object,
                    "{}: {}",
                    step.action.word(),
                    step.because
                );
                let applied = apply(&client, &step.action, None).await;
                acts.push(Act {
                    object: Some(step.object.clone()),
                    word: step.action.word(),
                    refused: applied.as_ref().err().map(|error| with_causes(error)),
                });
                if let Err(error) = applied {
                    let trouble = format!("{}: {}", step.object, with_causes(&error));
                    tracing::warn!("{trouble}");
                    troubles.push(trouble);
                    if !leaves_others_alone(&step.action, &error) {
                        break;
                    }
                }
            }
            Outcome {
                acts,
                trouble: (!troubles.is_empty()).then(|| troubles.join("; ")),
                ..Outcome::default()
            }
        });
    }

    /// Takes this node's engine out of the swarm.
    pub(super) fn start_leaving(&mut self, leave: Action) {
        let docker = self.docker.clone();
        self.start(Errand::Leave, async move {
            tracing::info!("leaving the swarm");
            let client = Client::new(&docker);
            let left = apply(&client, &leave, None).await;
            let act = Act {
                object: None,
                word: leave.word(),
                refused: left.as_ref().err().map(|error| with_causes(error)),
            };
            match left {
                Ok(_) => Outcome {
                    acts: vec![act],
                    membership: observe::membership(&client).await.ok(),
                    ..Outcome::default()
                },
                Err(error) => {
                    let trouble = format!("leaving the swarm: {}", with_causes(&error));
                    tracing::warn!("{trouble}");
                    Outcome {
                        acts: vec![act],
                        ..Outcome::failed(trouble)
                    }
                }
            }
        });
    }

    /// Unlocks this node's engine with the first key that fits.
    pub(super) fn start_unlocking(&mut self, keys: Vec<UnlockKey>) {
        let docker = self.docker.clone();
        self.start(Errand::Unlock, async move {
            tracing::info!("the engine is locked: unlocking it");
            let client = Client::new(&docker);
            let mut trouble = String::new();
            for key in keys {
                match unlock(&client, &key).await {
                    Ok(()) => return Outcome::default(),
                    Err(error) => {
                        trouble = format!("unlocking the engine: {}", with_causes(&error));
                    }
                }
            }
            tracing::warn!("{trouble}");
            Outcome::failed(trouble)
        });
    }

    /// Makes the tokens worthless that this agent granted.
    pub(super) fn start_rotating(&mut self) {
        let docker = self.docker.clone();
        self.start(Errand::Rotate, async move {
            tracing::info!("everybody is in: rotating the join tokens");
            match rotate_join_tokens(&Client::new(&docker)).await {
                Ok(()) => Outcome::default(),
                Err(error) => {
                    Outcome::failed(format!("rotating the join tokens: {}", with_causes(&error)))
                }
            }
        });
    }

    pub(super) fn start(
        &mut self,
        errand: Errand,
        work: impl Future<Output = Outcome> + Send + 'static,
    ) {
        self.errands.begin(errand);
        let happenings = self.happenings.clone();
        tokio::spawn(async move {
            let outcome = work.await;
            // The loop only goes away when the agent stops.
            let _stopping = happenings.send(Happening::Done(outcome)).await;
        });
    }
}

/// The credentials for registries, as the files of this node say them at present.
pub(super) fn read_registries(declared: &[Registry]) -> Registries {
    let mut registries = Registries::default();
    for Registry {
        host,
        username,
        password,
    } in declared
    {
        let password = match password {
            ValueSource::FromNodeFile(path) => {
                node_file::read(path).map_err(|error| with_causes(&error))
            }
            ValueSource::Value(password) => Ok(password.clone()),
            ValueSource::FromFile(_) | ValueSource::FromEnv(_) | ValueSource::Sealed(_) => {
                Err("the password is not known here".to_owned())
            }
        };
        let credentials = password.map(|password| Credentials {
            username: username.clone(),
            password,
        });
        registries.insert(host, credentials);
    }
    registries
}

/// Whether the steps after one that failed can be done all the same.
const fn leaves_others_alone(action: &Action, error: &ApplyError) -> bool {
    use EngineError::{Late, NoLeader, Silent};
    let engine_answers = !matches!(error, ApplyError::Engine(Silent { .. } | Late | NoLeader));
    match action {
        Action::UpdateSwarm(_)
        | Action::RemoveNode(_)
        | Action::CreateNetwork(_)
        | Action::RemoveNetwork(_)
        | Action::CreateFile(_)
        | Action::RemoveFile(_)
        | Action::CreateService(_)
        | Action::UpdateService(_)
        | Action::RemoveService(_) => engine_answers,
        Action::InitSwarm(_)
        | Action::JoinSwarm(_)
        | Action::LabelNode(_)
        | Action::SetAvailability(_)
        | Action::SetRole(_)
        | Action::LeaveSwarm(_) => false,
    }
}

/// Creates or joins a swarm with this node's engine.
async fn enter(
    docker: PathBuf,
    object: Option<String>,
    action: &Action,
    token: Option<&JoinToken>,
) -> Outcome {
    let client = Client::new(&docker);
    let mut act = Act {
        object,
        word: action.word(),
        refused: None,
    };
    match apply(&client, action, token).await {
        // What was begun before, and not known to have come about, did.
        Ok(_) | Err(ApplyError::Engine(EngineError::AlreadyInSwarm)) => {}
        Err(error) => {
            let trouble = with_causes(&error);
            tracing::warn!("{}: {trouble}", action.word());
            act.refused = Some(trouble.clone());
            return Outcome {
                acts: vec![act],
                ..Outcome::failed(trouble)
            };
        }
    }
    Outcome {
        acts: vec![act],
        membership: observe::membership(&client).await.ok(),
        ..Outcome::default()
    }
}

pub(super) const fn is_init(step: &Step) -> bool {
    matches!(step.action, Action::InitSwarm(_))
}

pub(super) const fn is_join(step: &Step) -> bool {
    matches!(step.action, Action::JoinSwarm(_))
}

pub(super) const fn is_leave(step: &Step) -> bool {
    matches!(step.action, Action::LeaveSwarm(_))
}
