//! What other agents and the command line are told.

use std::collections::BTreeSet;

use skep_api::cluster::{
    Announcement, Entrusted, Grant, GrantRequest, PeerReport, Vote, VoteRequest,
};
use skep_api::generation::Held;
use skep_api::status::{AgentStatus, VipGroupStatus};
use skep_api::told::{Known, Told};
use skep_api::trust::name::Standing;
use skep_vrrp::time::Instant;

use crate::control::cluster::{Cluster, keeper};
use crate::control::git::GitOptions;
use crate::control::listener::Caller;
use crate::control::now;
use crate::control::question::{Answer, Trouble, answer};
use crate::control::state::Control;
use crate::control::status;

impl Control {
    pub(super) fn answer_status(&self, to: Answer<AgentStatus>) {
        answer(to, Ok(status::agent_status(&self.knowledge(), now())));
    }

    /// Tells a peer how this agent is, as far as the peer does not know that.
    pub(super) fn answer_report(&self, known: &Known, caller: &Caller, to: Answer<Told>) {
        let cluster = self.cluster.as_ref();
        let told = cluster.map(|cluster| self.tell_peer(cluster, known, caller, now()));
        answer(to, told.ok_or_else(|| self.standalone()));
    }

    fn tell_peer(&self, cluster: &Cluster, known: &Known, caller: &Caller, now: Instant) -> Told {
        let accepted = self.desired.accepted();
        let groups = status::vip_groups(&self.knowledge(), now).into_iter();
        let report = PeerReport {
            vip_groups: groups.filter_map(VipGroupStatus::for_peers).collect(),
            moves: self.moves.all(now),
            overheard: self.observed.overheard(now),
            feeding: status::feeding(&self.knowledge(), now),
            recovery: cluster.recovery_report(now),
            passing: accepted.map_or_else(BTreeSet::new, |it| cluster.passing(it, now)),
            keys: cluster.keys_told(self.keys_in_force()),
            entrusted: match (caller.standing, accepted) {
                (Standing::Certified, Some(accepted)) => {
                    cluster.entrusted_to(&caller.node, accepted)
                }
                (Standing::Certified, None) | (Standing::KeyHolder, _) => Entrusted::default(),
            },
            ..cluster.report()
        };
        let digest = report.digest(status::age_ms(Instant::default(), now));
        let is_known = known.report.as_ref() == Some(&digest);
        let swarm_digest = cluster.told_digest();
        let lacks_swarm = known.swarm.is_some() && known.swarm != swarm_digest;
        let swarm = cluster.told_swarm().filter(|_| lacks_swarm);
        let position = known.relayed.as_ref();
        Told {
            digest,
            report: (!is_known).then(|| Box::new(report)),
            swarm_digest,
            swarm: swarm.map(Box::new),
            relayed: position.map(|position| cluster.relayed(position, now)),
        }
    }

    pub(super) fn answer_generation(&self, caller: &Caller, to: Answer<Held>) {
        let held = self.cluster.as_ref().and_then(Cluster::held).cloned();
        let none = || Trouble("this agent has no desired state yet".to_owned());
        let held = held.ok_or_else(none);
        let known = self.cluster.as_ref().zip(self.desired.accepted());
        let held = match (caller.standing, known) {
            (Standing::KeyHolder, _) => held,
            (Standing::Certified, Some((cluster, accepted))) => {
                held.and_then(|held| cluster.hand_out(held, &caller.node, &accepted.desired))
            }
            (Standing::Certified, None) => Err(none()),
        };
        answer(to, held);
    }

    pub(super) fn handle_announcement(
        &mut self,
        announcement: Announcement,
        caller: &Caller,
        to: Answer<()>,
    ) {
        if let Some(cluster) = &mut self.cluster {
            match caller.standing {
                Standing::KeyHolder => {
                    cluster.handle_announced(announcement, self.desired.accepted(), now());
                }
                Standing::Certified => {
                    cluster.handle_hint(&caller.node, self.desired.accepted(), now());
                }
            }
        }
        answer(to, Ok(()));
    }

    pub(super) fn handle_vote(&self, request: &VoteRequest, to: Answer<Vote>) {
        let accepted = self.desired.accepted();
        let first = accepted.and_then(|accepted| keeper(&accepted.desired));
        let own = self.desired.node();
        let stands = first.is_some_and(|first| Some(&first.name) == own);
        let vote = self
            .cluster
            .as_ref()
            .map(|cluster| cluster.handle_vote(request, own, stands));
        answer(to, vote.ok_or_else(|| self.standalone()));
    }

    pub(super) fn handle_grant(
        &mut self,
        request: &GrantRequest,
        caller: &Caller,
        to: Answer<Grant>,
    ) {
        if caller.standing == Standing::Certified && caller.node != request.node {
            let other = format!("{} cannot join as {}", caller.node, request.node);
            return answer(to, Err(Trouble(other)));
        }
        match (&mut self.cluster, self.desired.accepted()) {
            (Some(cluster), Some(accepted)) => {
                cluster.handle_grant((request, caller.standing), accepted, now(), to);
            }
            _ => answer(
                to,
                Err(Trouble("this agent has no desired state yet".to_owned())),
            ),
        }
    }

    /// The answer to questions that only an agent of a cluster can answer.
    pub(super) fn standalone(&self) -> Trouble {
        let git = self.options.git.as_ref().map(GitOptions::name);
        let source = git.unwrap_or_else(|| self.options.manifests.display().to_string());
        Trouble(format!(
            "this agent has no cluster.key, so it is standalone: it runs what {source} holds and \
             nothing else (change that, move a VIP group with `skep move`, or stop the agent)"
        ))
    }

    pub(super) const fn knowledge(&self) -> status::Knowledge<'_> {
        status::Knowledge {
            options: &self.options,
            desired: &self.desired,
            observed: &self.observed,
            checks: &self.checks,
            moves: &self.moves,
            notifications: &self.notifications,
            cluster: self.cluster.as_ref(),
            watched: self.watched.as_ref(),
            awaited: self.awaited.as_ref(),
        }
    }
}
