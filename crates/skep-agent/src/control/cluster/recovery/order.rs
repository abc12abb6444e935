//! An operator's order to go on with this node's engine alone.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

use skep_api::path;
use skep_api::peer::Peer;
use skep_api::recovery::{Claim, ClaimAnswer, RecoverAnswer, RecoverRequest, Refusal};
use skep_manifest::desired::Declared;
use skep_manifest::name::NodeName;
use skep_manifest::swarm::SwarmSpec;
use skep_plan::action::InitSwarm;
use skep_swarm::apply::ApplyError;
use skep_swarm::backup::{About, Backup};
use skep_swarm::engine::{Client, EngineError};
use skep_swarm::recovery::{directory, force_new_cluster};
use skep_vrrp::time::Instant;
use tokio::task::spawn_blocking;

use super::{Attempt, Recovery, milliseconds, refusal};
use crate::control::cluster::apply::Outcome;
use crate::control::cluster::errands::Errand;
use crate::control::cluster::store::Store;
use crate::control::cluster::view::FRESH;
use crate::control::cluster::{Cluster, managers};
use crate::control::understand::with_causes;

/// How long an agent that let another one recover the swarm keeps from doing it itself: a copy and
/// an engine that stops and starts need a few seconds.
const CLAIM: Duration = Duration::from_secs(120);

impl Recovery {
    /// Why this agent leaves it to another one, if it does.
    fn claimed(&self, by_other_than: &NodeName, now: Instant) -> Option<String> {
        let (on, at) = self.claim.as_ref()?;
        let counts = on != by_other_than && now.saturating_duration_since(*at) < CLAIM;
        counts.then(|| format!("the swarm is being recovered on {on}"))
    }
}

impl Cluster {
    /// Whether another agent may recover the swarm, and this one leaves it to that.
    pub(in crate::control) fn handle_claim(&mut self, claim: &Claim, now: Instant) -> ClaimAnswer {
        if self.errands.running() == Some(Errand::Recover) || self.recovery.kept.has_begun {
            return ClaimAnswer::Refused("it recovers the swarm itself".to_owned());
        }
        if let Some(why) = self.recovery.claimed(&claim.on, now) {
            return ClaimAnswer::Refused(why);
        }
        if self.swarm().is_some() {
            return ClaimAnswer::Refused("its engine has a leader".to_owned());
        }
        self.recovery.claim = Some((claim.on.clone(), now));
        ClaimAnswer::Granted
    }

    /// Makes this node's engine the only manager of the swarm, as an operator ordered; asked again,
    /// tells how far that is.
    pub(in crate::control) fn recover(
        &mut self,
        request: &RecoverRequest,
        swarm: &Declared<SwarmSpec>,
        now: Instant,
    ) -> RecoverAnswer {
        let RecoverRequest {
            on,
            confirm,
            attempt: number,
        } = request;
        if let Some(attempt) = &self.recovery.attempt
            && attempt.number == *number
        {
            // What the engine was told to do has come about when it is seen.
            return match attempt.answer.clone() {
                RecoverAnswer::Done { .. } if self.recovery.kept.has_begun => {
                    RecoverAnswer::Working
                }
                answer => answer,
            };
        }
        let refused = |message: String, remedy: &str| {
            RecoverAnswer::Refused(Refusal {
                message,
                remedy: remedy.to_owned(),
            })
        };
        let name = &swarm.metadata.name;
        if confirm != name.as_str() {
            let message = format!("the swarm is called `{name}`, and `{confirm}` was confirmed");
            return refused(message, "type the name of the swarm");
        }
        if self.errands.running().is_some() {
            let message = format!("the agent of {on} is busy");
            return refused(message, "try again in a few seconds");
        }
        if let Some(why) = self.recovery.claimed(on, now) {
            return refused(
                why,
                "wait until that has ended: `skep recover` says how it is",
            );
        }
        let init = match self.judge_recovery(swarm, Some(on), on, now) {
            Ok(init) => init,
            Err(blocked) => return RecoverAnswer::Refused(refusal(*blocked)),
        };
        self.recovery.kept.has_begun = true;
        self.keep_recovery();
        self.recovery.attempt = Some(Attempt {
            number: *number,
            answer: RecoverAnswer::Working,
        });
        self.start_recovery(init, swarm, on, now);
        RecoverAnswer::Working
    }

    fn start_recovery(
        &mut self,
        init: InitSwarm,
        swarm: &Declared<SwarmSpec>,
        on: &NodeName,
        now: Instant,
    ) {
        let others: Vec<Peer> = managers(&swarm.spec)
            .iter()
            .filter_map(|name| self.peers.get(name))
            .filter(|other| {
                let latest = other.latest.as_ref();
                latest.is_some_and(|(_, at)| now.saturating_duration_since(*at) < FRESH)
            })
            .map(|other| other.peer.clone())
            .collect();
        let about = About {
            swarm: Some(swarm.metadata.name.to_string()),
            node: Some(on.to_string()),
            generation: self.held.as_ref().map(|held| held.generation.id.number),
            made_at_ms: UNIX_EPOCH.elapsed().map_or(0, milliseconds),
            is_locked: false,
        };
        let claim = Claim { on: on.clone() };
        let (client, store) = (self.peers.client(), self.store.clone());
        let docker = Client::new(&self.docker);
        self.start(Errand::Recover, async move {
            for other in others {
                match client.post(&other, path::CLAIM, &claim).await {
                    Ok(ClaimAnswer::Granted) => {}
                    Ok(ClaimAnswer::Refused(why)) => {
                        return Outcome::failed(format!("{} refuses: {why}", other.node));
                    }
                    Err(error) => return Outcome::failed(with_causes(&error)),
                }
            }
            let backup = match back_up(&docker, store, about).await {
                Ok(backup) => backup,
                Err(why) => return Outcome::failed(format!("nothing was changed: {why}")),
            };
            tracing::warn!(backup = %backup.display(), "making this engine the only manager");
            match force_new_cluster(&docker, &init).await {
                // An engine that is late goes on with it; what came of it is seen.
                Ok(()) | Err(ApplyError::Engine(EngineError::Late)) => Outcome {
                    backup: Some(backup),
                    ..Outcome::default()
                },
                Err(error) => Outcome::failed(format!(
                    "the engine refuses: {} (what it had is in {})",
                    with_causes(&error),
                    backup.display()
                )),
            }
        });
    }

    /// The engine was told to become the only manager, or was not.
    pub(in crate::control::cluster) fn handle_recovery_tried(&mut self, outcome: &Outcome) {
        let answer = match (&outcome.backup, &outcome.trouble) {
            (Some(backup), None) => RecoverAnswer::Done {
                backup: backup.clone(),
            },
            (_, trouble) => {
                self.recovery.kept.has_begun = false;
                self.keep_recovery();
                RecoverAnswer::Failed(trouble.clone().unwrap_or_default())
            }
        };
        if let Some(attempt) = &mut self.recovery.attempt {
            attempt.answer = answer;
        }
    }
}

/// Copies what the engine has, and says where that is.
async fn back_up(docker: &Client, store: Store, about: About) -> Result<PathBuf, String> {
    let swarm = directory(docker).await;
    let swarm = swarm.map_err(|error| with_causes(&error))?;
    let made = spawn_blocking(move || {
        let directory = store.backups();
        let path = directory.join(format!("{}.skep-backup", about.made_at_ms));
        let made = fs::create_dir_all(&directory).map_err(|error| with_causes(&error));
        made?;
        Backup::make(&swarm, store.directory(), about)
            .and_then(|backup| backup.write(&path))
            .map_err(|error| with_causes(&error))?;
        Ok(path)
    });
    made.await.map_err(|error| with_causes(&error))?
}
