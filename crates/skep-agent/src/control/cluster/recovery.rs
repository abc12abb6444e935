//! A swarm that lost the majority of its managers: what is known of it, going on with this node's
//! engine when an operator says so, and joining anew where the swarm went on without it.
//!
//! A manager that comes back after a recovery still has the swarm as it was, and two of them are a
//! majority of that one. So the recovery is told from agent to agent and kept on every disk, and
//! who was left behind gives up what it has as soon as it hears from the swarm that went on.

mod order;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use skep_api::cluster::{PeerReport, Telling};
use skep_api::recovery::{LogPosition, RecoverAnswer, Recovered, RecoveryReport, Refusal};
use skep_manifest::desired::Declared;
use skep_manifest::name::NodeName;
use skep_manifest::swarm::SwarmSpec;
use skep_plan::action::{Blocked, InitSwarm};
use skep_plan::observed::{Membership, Observed};
use skep_plan::recovery::{left_behind, majority_is_lost, may_vote, recovery};
use skep_swarm::engine::Client;
use skep_swarm::recovery::leave_by_force;
use skep_vrrp::time::Instant;

use crate::control::cluster::apply::Outcome;
use crate::control::cluster::errands::Errand;
use crate::control::cluster::store::{KeptRecovery, Store, StoreError};
use crate::control::cluster::view::FRESH;
use crate::control::cluster::{Cluster, managers};
use crate::control::desired::Accepted;
use crate::control::understand::with_causes;

/// What this agent knows of a majority that is lost, and does about it.
pub(super) struct Recovery {
    kept: KeptRecovery,
    /// Since when this node's engine, a manager, has had no leader.
    leaderless_since: Option<Instant>,
    /// How many services the swarm had when the engine last told.
    services: Option<usize>,
    /// Who was granted to recover the swarm, and when.
    claim: Option<(NodeName, Instant)>,
    attempt: Option<Attempt>,
}

/// The last order of an operator.
struct Attempt {
    number: u64,
    /// How it ended, when it did.
    answer: RecoverAnswer,
}

/// What is known of a manager beside its engine.
pub(in crate::control) struct Known {
    pub(in crate::control) generation: Option<u64>,
    pub(in crate::control) report: RecoveryReport,
}

impl Recovery {
    pub(super) fn open(store: &Store) -> Result<Self, StoreError> {
        Ok(Self {
            kept: store.recovery()?,
            leaderless_since: None,
            services: None,
            claim: None,
            attempt: None,
        })
    }
}

impl Cluster {
    /// Takes note of whether this node's engine has a leader.
    pub(super) fn follow_majority(&mut self, accepted: Option<&Accepted>, now: Instant) {
        let Some(sight) = &self.sight else { return };
        let Some(swarm) = &sight.cluster else {
            let waits = sight.trouble.is_some() && sight.membership.is_manager();
            let is_leaderless = waits || sight.membership == Membership::Pending;
            let since = self.recovery.leaderless_since.unwrap_or(now);
            let is_in = self.remembered.is_some();
            self.recovery.leaderless_since = (is_leaderless && is_in).then_some(since);
            return;
        };
        self.recovery.leaderless_since = None;
        self.recovery.services = Some(swarm.services.len());
        let own = accepted.and_then(|accepted| accepted.node.as_ref());
        if let (true, true, Some(own)) = (self.recovery.kept.has_begun, self.leads(), own) {
            let left_behind = left_behind(swarm);
            self.complete_recovery(own.clone(), left_behind);
        }
    }

    /// The swarm has a leader again, which is this node's engine.
    fn complete_recovery(&mut self, on: NodeName, left_behind: BTreeSet<String>) {
        let kept = &mut self.recovery.kept;
        kept.has_begun = false;
        if !left_behind.is_empty() {
            let before = kept.recovered.take();
            let (number, mut all) = before.map_or_else(Default::default, |before| {
                (before.number, before.left_behind)
            });
            all.extend(left_behind);
            tracing::warn!(left_behind = ?all, "the swarm went on with this node as its only manager");
            kept.recovered = Some(Recovered {
                number: number + 1,
                on,
                left_behind: all,
            });
        }
        self.keep_recovery();
    }

    /// Learns from another agent that the swarm went on with one manager.
    pub(super) fn learn_of_recovery(&mut self, told: Option<Recovered>) {
        let known = self.recovery.kept.recovered.as_ref();
        let number = |recovered: &Recovered| recovered.number;
        if let Some(told) = told.filter(|told| Some(told.number) > known.map(number)) {
            self.recovery.kept.recovered = Some(told);
            self.keep_recovery();
        }
    }

    fn keep_recovery(&self) {
        if let Err(error) = self.store.keep_recovery(&self.recovery.kept) {
            tracing::error!("{}", with_causes(&error));
        }
    }

    /// Whether the swarm went on without this node's engine, which still has what it was before, and
    /// can be joined anew.
    pub(super) fn is_left_behind(&self, now: Instant) -> bool {
        let Some(recovered) = &self.recovery.kept.recovered else {
            return false;
        };
        let remembered = self.remembered.as_ref();
        let own = match &self.engine().membership {
            Membership::Active(active) => Some(active.node_id.clone()),
            Membership::Pending | Membership::Error(_) | Membership::Locked => {
                remembered.and_then(|remembered| remembered.node_id.clone())
            }
            Membership::Silent | Membership::Inactive => None,
        };
        let went_on = |(report, heard_at): &(Arc<PeerReport>, Instant)| {
            let is_fresh = now.saturating_duration_since(*heard_at) < FRESH;
            let same = |telling: &Telling| {
                remembered.is_some_and(|remembered| remembered.swarm_id == telling.id)
            };
            let has_part = match &report.engine.membership {
                Membership::Active(active) => !recovered.left_behind.contains(&active.node_id),
                Membership::Silent | Membership::Inactive | Membership::Pending => false,
                Membership::Error(_) | Membership::Locked => false,
            };
            is_fresh && has_part && report.tells.as_ref().is_some_and(same)
        };
        let mut reports = self
            .peers
            .iter()
            .filter_map(|(_, peer)| peer.latest.as_ref());
        own.is_some_and(|own| recovered.left_behind.contains(&own)) && reports.any(went_on)
    }

    /// Gives up what this node's engine has of a swarm that went on without it.
    pub(super) fn start_leaving_by_force(&mut self) {
        if self.errands.is_busy() {
            return;
        }
        let docker = self.docker.clone();
        self.start(Errand::Leave, async move {
            tracing::warn!(
                "the swarm went on without this node: leaving what it was, to join anew"
            );
            match leave_by_force(&Client::new(&docker)).await {
                Ok(()) => Outcome::default(),
                Err(error) => Outcome::failed(format!("leaving by force: {}", with_causes(&error))),
            }
        });
    }

    /// What this agent tells others of a majority that is lost.
    pub(in crate::control) fn recovery_report(&self, now: Instant) -> RecoveryReport {
        let log = self.sight.as_ref().and_then(|sight| sight.log);
        let since = self.recovery.leaderless_since;
        RecoveryReport {
            leaderless_ms: since.map(|since| milliseconds(now.saturating_duration_since(since))),
            log: log.map(|log| LogPosition {
                term: log.term,
                index: log.index,
            }),
            services: self.recovery.services,
            recovered: self.recovery.kept.recovered.clone(),
        }
    }

    /// What is known of the manager `node`.
    pub(in crate::control) fn known_of_manager(
        &self,
        own: Option<&NodeName>,
        node: &NodeName,
        now: Instant,
    ) -> Known {
        if own == Some(node) {
            return Known {
                generation: self.held.as_ref().map(|held| held.generation.id.number),
                report: self.recovery_report(now),
            };
        }
        let report = self.peer(node).map(|(report, _)| report);
        Known {
            generation: report.and_then(|report| Some(report.generation.as_ref()?.number)),
            report: report.map_or_else(RecoveryReport::default, |report| report.recovery.clone()),
        }
    }

    /// How long the managers that answer have had no leader, when nobody tells of one.
    pub(in crate::control) fn leaderless_ms(&self, now: Instant) -> Option<u64> {
        let reports = self
            .peers
            .iter()
            .filter_map(|(_, peer)| peer.latest.as_ref());
        let fresh = reports.filter(|(_, at)| now.saturating_duration_since(*at) < FRESH);
        let fresh: Vec<&PeerReport> = fresh.map(|(report, _)| &**report).collect();
        if self.swarm().is_some() || fresh.iter().any(|report| report.tells.is_some()) {
            return None;
        }
        let theirs = fresh
            .iter()
            .filter_map(|report| report.recovery.leaderless_ms);
        theirs.chain(self.recovery_report(now).leaderless_ms).max()
    }

    /// How many managers answer whose engines are in the swarm.
    pub(in crate::control) fn managers_answering(
        &self,
        swarm: &SwarmSpec,
        own: Option<&NodeName>,
        now: Instant,
    ) -> usize {
        let engines = self.observed(own, now).engines;
        let managers = managers(swarm).into_iter();
        managers
            .filter(|name| engines.get(name).is_some_and(may_vote))
            .count()
    }

    /// Why there is nothing to recover, if there is not.
    pub(in crate::control) fn nothing_to_recover(
        &self,
        swarm: &Declared<SwarmSpec>,
        own: Option<&NodeName>,
        now: Instant,
    ) -> Option<Refusal> {
        let judged = majority_is_lost(swarm, &self.told_by_anybody(own, now));
        judged.err().map(|blocked| refusal(*blocked))
    }

    /// Why the swarm cannot go on with `on`, if it cannot.
    pub(in crate::control) fn recovery_refused(
        &self,
        swarm: &Declared<SwarmSpec>,
        own: Option<&NodeName>,
        on: &NodeName,
        now: Instant,
    ) -> Option<Refusal> {
        let judged = self.judge_recovery(swarm, own, on, now);
        judged.err().map(|blocked| refusal(*blocked))
    }

    fn judge_recovery(
        &self,
        swarm: &Declared<SwarmSpec>,
        own: Option<&NodeName>,
        on: &NodeName,
        now: Instant,
    ) -> Result<InitSwarm, Box<Blocked>> {
        let recovered = self.recovery.kept.recovered.as_ref();
        let left_behind = recovered.map(|recovered| recovered.left_behind.clone());
        let observed = self.told_by_anybody(own, now);
        recovery(swarm, &observed, &left_behind.unwrap_or_default(), on)
    }

    /// What is observed, where a swarm that any manager tells of counts: an engine that was cut off
    /// from the others has no say in whether they have a leader.
    fn told_by_anybody(&self, own: Option<&NodeName>, now: Instant) -> Observed {
        let observed = self.observed(own, now);
        let told = || self.swarm_by_peers(now).cloned();
        Observed {
            cluster: observed.cluster.or_else(told),
            ..observed
        }
    }
}

fn refusal(blocked: Blocked) -> Refusal {
    Refusal {
        message: format!("{}: {}", blocked.object, blocked.message),
        remedy: blocked.remedy,
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
