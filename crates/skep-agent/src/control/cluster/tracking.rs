//! What this node's engine, its tasks and the swarm say about who shall hold VIP groups.

use std::collections::BTreeSet;
use std::time::Duration;

use skep_api::cluster::PeerReport;
use skep_manifest::desired::{Runs, VipGroup};
use skep_manifest::name::{Name, NodeName};
use skep_manifest::swarm::Availability;
use skep_plan::observed::{Cluster as Swarm, Membership};
use skep_plan::tracking::{Facts, counts, judge};
use skep_vip::message::{Command, Health};
use skep_vrrp::time::Instant;

use crate::control::cluster::{Cluster, TasksSeen, own_node};
use crate::control::desired::Accepted;
use crate::control::status::is_fault;

/// What a peer said of its own inputs counts for this long.
const FRESH: Duration = Duration::from_secs(3);

/// What a manager last told of the swarm, kept while nobody can tell.
#[derive(Default)]
pub(super) struct Told {
    /// The id of this node's engine in the swarm.
    node_id: Option<String>,
    /// Whether that is a manager.
    is_manager: bool,
    /// Whether this node gets tasks, and when that was said.
    availability: Option<(Availability, Instant)>,
    /// When a manager could tell.
    at: Option<Instant>,
}

impl Told {
    /// A manager told of the swarm at `at`.
    fn take(&mut self, swarm: &Swarm, at: Instant) {
        self.at = Some(at);
        let own = self.node_id.as_ref().and_then(|id| swarm.nodes.get(id));
        if let Some(own) = own {
            self.availability = Some((own.availability, at));
        }
    }

    /// The engine's part in the swarm is this; one that does not say leaves what was known.
    fn follow(&mut self, membership: &Membership) {
        match membership {
            Membership::Active(active) => {
                self.node_id = Some(active.node_id.clone());
                self.is_manager = membership.is_manager();
            }
            Membership::Inactive => *self = Self::default(),
            Membership::Silent
            | Membership::Pending
            | Membership::Error(_)
            | Membership::Locked => {}
        }
    }
}

impl Cluster {
    /// What the data plane, which knows `known` of its inputs, has to be told about those that the
    /// engine and the swarm answer.
    pub(in crate::control) fn inputs(
        &self,
        accepted: &Accepted,
        known: impl Fn(&str) -> Option<Health>,
        now: Instant,
    ) -> Vec<Command> {
        let facts = self.facts(accepted);
        let mut inputs = Vec::new();
        for (name, group) in self.own_groups(accepted) {
            for judged in judge(name, group, &facts, now) {
                let others_pass = || self.passes_elsewhere(name, group, &judged.name, now);
                let health =
                    known(&judged.name).and_then(|known| counts(&judged, known, others_pass()));
                inputs.extend(health.map(|health| Command::Input {
                    name: judged.name,
                    health,
                }));
            }
        }
        inputs
    }

    /// The inputs that pass here, as peers are told.
    pub(in crate::control) fn passing(
        &self,
        accepted: &Accepted,
        now: Instant,
    ) -> BTreeSet<String> {
        let facts = self.facts(accepted);
        let groups = self.own_groups(accepted);
        let judged = groups.flat_map(|(name, group)| judge(name, group, &facts, now));
        let passing = judged.filter(|judged| judged.health == Health::Passing);
        passing.map(|judged| judged.name).collect()
    }

    /// Why the input called `input` does not pass.
    pub(in crate::control) fn complaint(
        &self,
        accepted: &Accepted,
        input: &str,
        now: Instant,
    ) -> Option<String> {
        let (_, name) = input.rsplit_once('@')?;
        let (name, group) = accepted.desired.vip_groups.get_key_value(name)?;
        let judged = judge(name, group, &self.facts(accepted), now);
        judged
            .into_iter()
            .find(|judged| judged.name == input)?
            .complaint
    }

    pub(in crate::control) fn handle_tasks_seen(&mut self, seen: TasksSeen) {
        self.tasks.handle_seen(seen);
    }

    /// Takes note of the engine's own word about the swarm.
    pub(super) fn take_told_by_engine(&mut self) {
        if let Some(sight) = &self.sight {
            self.told.follow(&sight.membership);
            if let Some(swarm) = &sight.cluster {
                self.told.take(swarm, sight.began);
            }
        }
    }

    /// Takes note of what the peer `name` told of the swarm at `now`: one whose own engine can tell
    /// believes nobody else.
    pub(super) fn take_told_by_peer(&mut self, name: &NodeName, now: Instant) {
        let Some(peer) = self.peers.get(name) else {
            return;
        };
        let latest = peer.latest.as_ref().filter(|(_, at)| *at == now);
        let tells = latest.is_some_and(|(report, _)| report.tells.is_some());
        if !tells || self.told.is_manager {
            return;
        }
        self.told.at = Some(now);
        if let Some(told) = peer.swarm.as_ref().filter(|told| told.is_current) {
            self.told.take(&told.swarm, now);
        }
    }

    fn facts(&self, accepted: &Accepted) -> Facts<'_> {
        let own = own_node(accepted);
        Facts {
            known_since: self.tasks.known_since,
            answered_at: self.tasks.answered_at,
            answering_since: self.tasks.answering_since,
            running: &self.tasks.running,
            ran_before: &self.tasks.ran_before,
            declared: own.map_or(Availability::Active, |own| own.availability),
            availability: self.told.availability,
            quorum_at: self.told.at,
            is_manager: self.told.is_manager,
        }
    }

    /// Whether another member that takes part in `group` was just heard to pass `input`.
    fn passes_elsewhere(&self, name: &Name, group: &VipGroup, input: &str, now: Instant) -> bool {
        let takes_part = |report: &PeerReport| {
            let mut groups = report.vip_groups.iter();
            let theirs = groups.find(|theirs| theirs.name == name.as_str());
            theirs.is_some_and(|theirs| {
                !theirs.routers.is_empty() && !theirs.routers.iter().any(is_fault)
            })
        };
        let mut members = group.members.iter();
        members.any(|member| {
            let latest = self
                .peers
                .get(&member.name)
                .and_then(|it| it.latest.as_ref());
            latest.is_some_and(|(report, heard_at)| {
                now.saturating_duration_since(*heard_at) <= FRESH
                    && report.passing.contains(input)
                    && takes_part(report)
            })
        })
    }

    /// The groups of which this node is a member.
    fn own_groups<'a>(
        &self,
        accepted: &'a Accepted,
    ) -> impl Iterator<Item = (&'a Name, &'a VipGroup)> + use<'a> {
        accepted.desired.vip_groups.iter().filter(|(_, group)| {
            let mut members = group.members.iter();
            members.any(|member| {
                member.runs == Runs::Agent && Some(&member.name) == accepted.node.as_ref()
            })
        })
    }
}
