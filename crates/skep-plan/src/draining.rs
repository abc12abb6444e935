//! In which order a node is drained: its VIP groups are handed over, replacements of its tasks run
//! elsewhere, and only then the engine ends its tasks.
//!
//! A node that waits for replacements is paused, so that none of them starts on it. Until the engine
//! has ended the tasks of that node, services ask for as many tasks more as it runs: asked for fewer
//! before, the engine might end a replacement.

use std::collections::BTreeSet;

use skep_manifest::desired::{Declared, Desired};
use skep_manifest::service::ServiceSpec;
use skep_manifest::service::mode::Mode;
use skep_manifest::swarm::Availability;

use crate::observed::{NodeState, Observed};
use crate::roster::{Listed, Member, Roster};
use crate::tracking::leaves_drained;

/// What is next for a node that shall be drained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// It waits until something is so.
    Wait(String),
    /// It shall get no more tasks, and keeps those it has.
    Pause,
    /// Its tasks can end.
    Drain,
}

/// The nodes that shall be drained and are not yet.
pub(crate) struct Draining<'a> {
    desired: &'a Desired,
    observed: &'a Observed,
    /// The ids of the nodes that get no tasks, or end those they have, or are not there.
    unfit: BTreeSet<&'a str>,
    /// The ids of those that have tasks which are being replaced.
    replaced: Vec<&'a str>,
}

impl<'a> Draining<'a> {
    pub(crate) fn new(roster: &Roster<'a>, desired: &'a Desired, observed: &'a Observed) -> Self {
        let members = roster.members.iter();
        let shall_go = members.filter(|member| member.declared.availability == Availability::Drain);
        let going: Vec<Listed<'a>> = shall_go.filter_map(|member| member.listed).collect();
        let is_unfit = |(_, node): &(&String, &crate::observed::ClusterNode)| {
            node.state != NodeState::Ready || node.availability == Availability::Drain
        };
        let unfit = roster.cluster.nodes.iter().filter(is_unfit);
        let unfit = unfit.map(|(id, _)| id.as_str());
        let gets_no_tasks = |listed: &&Listed<'a>| {
            listed.node.availability != Availability::Active
                && listed.node.state == NodeState::Ready
        };
        Self {
            desired,
            observed,
            unfit: unfit.chain(going.iter().map(|listed| listed.id)).collect(),
            replaced: going
                .iter()
                .filter(gets_no_tasks)
                .map(|listed| listed.id)
                .collect(),
        }
    }

    /// What is next for `member`, which shall be drained and is `listed` as something else.
    pub(crate) fn next(&self, member: &Member<'_>, listed: Listed<'_>) -> Next {
        if self.is_unaware(member) {
            return Next::Wait("until its agent knows that it shall be".to_owned());
        }
        if let Some(group) = self.held_group(member) {
            return Next::Wait(format!("until vipgroup/{group} is handed over"));
        }
        // Nothing of what it runs can be seen to be replaced, or ends by itself.
        if listed.node.state != NodeState::Ready {
            return Next::Drain;
        }
        let replaceable = self.desired.services.values();
        let mut lacking = replaceable.filter(|service| {
            self.tasks_on(service, listed.id) > 0 && self.lacks_replacements(service)
        });
        match (lacking.next(), listed.node.availability) {
            (None, _) | (_, Availability::Drain) => Next::Drain,
            (Some(_), Availability::Active) => Next::Pause,
            (Some(service), Availability::Pause) => {
                let name = &service.metadata.name;
                Next::Wait(format!(
                    "until replacements of service/{name} run elsewhere"
                ))
            }
        }
    }

    /// How many tasks more than declared a service has, so that replacements run before the tasks
    /// end that they replace.
    pub(crate) fn extra_tasks(&self, service: &Declared<ServiceSpec>) -> u32 {
        if self.cannot_be_placed(service) {
            return 0;
        }
        let here = self.replaced.iter().map(|id| self.tasks_on(service, id));
        u32::try_from(here.sum::<u64>()).unwrap_or(0)
    }

    /// Whether the member may hold a group, and its agent is there and has not said what it does
    /// since it was to be drained.
    fn is_unaware(&self, member: &Member<'_>) -> bool {
        let name = &member.declared.name;
        let mut groups = self.desired.vip_groups.values();
        let may_hold = groups.any(|group| {
            let mut members = group.members.iter();
            leaves_drained(group) && members.any(|other| other.name == *name)
        });
        may_hold && member.engine.is_some() && !self.observed.groups.contains_key(name)
    }

    /// A group that the member holds, that leaves a drained node, and that another member could
    /// take over.
    fn held_group(&self, member: &Member<'_>) -> Option<&'a str> {
        let name = &member.declared.name;
        let held = &self.observed.groups.get(name)?.holds;
        let leaves = |group: &&String| {
            let declared = self.desired.vip_groups.get(group.as_str());
            declared.is_some_and(leaves_drained)
        };
        let stands_by = |group: &&String| {
            let mut others = self.observed.groups.iter();
            others.any(|(other, groups)| {
                other != name && groups.stands_by.contains(*group) && self.gets_tasks(other)
            })
        };
        let mut held = held.iter().filter(leaves).filter(stands_by);
        held.next().map(String::as_str)
    }

    fn gets_tasks(&self, name: &skep_manifest::name::NodeName) -> bool {
        let swarm = self.desired.swarm.iter();
        let mut nodes = swarm.flat_map(|swarm| &swarm.spec.nodes);
        nodes.any(|node| node.name == *name && node.availability == Availability::Active)
    }

    /// How many tasks of a service that can have more of them run on a node.
    fn tasks_on(&self, service: &Declared<ServiceSpec>, id: &str) -> u64 {
        let cluster = self.observed.cluster.as_ref();
        let placed = cluster.and_then(|cluster| cluster.placed.get(id));
        let tasks = placed.and_then(|placed| placed.get(service.metadata.name.as_str()));
        match &service.spec.mode {
            Mode::Replicated(_) => tasks.copied().unwrap_or(0),
            // The others have a task per node, or end by themselves.
            Mode::Global(_) | Mode::ReplicatedJob(_) | Mode::GlobalJob(_) => 0,
        }
    }

    /// Whether fewer tasks than declared run on other nodes, and more could.
    fn lacks_replacements(&self, service: &Declared<ServiceSpec>) -> bool {
        let Mode::Replicated(replicated) = &service.spec.mode else {
            return false;
        };
        let nodes = self.observed.cluster.iter().flat_map(|it| it.placed.keys());
        let fit = nodes.filter(|id| !self.unfit.contains(id.as_str()));
        let elsewhere: u64 = fit.map(|id| self.tasks_on(service, id)).sum();
        elsewhere < u64::from(replicated.replicas) && !self.cannot_be_placed(service)
    }

    /// Whether the engine says that tasks of a service fail or find no node: it is not waited for.
    fn cannot_be_placed(&self, service: &Declared<ServiceSpec>) -> bool {
        let cluster = self.observed.cluster.as_ref();
        let name = service.metadata.name.as_str();
        let observed = cluster.and_then(|cluster| cluster.services.get(name));
        observed.is_some_and(|observed| observed.trouble.is_some())
    }
}
