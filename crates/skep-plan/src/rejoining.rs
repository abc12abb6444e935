//! Nodes that leave the swarm to join it anew: one whose address changed, for the others know it by
//! the old one for ever, and one whose engine is in the swarm and stays unable to work.
//!
//! They go one at a time, when everybody else is in, and a manager stops being one before.

use std::net::IpAddr;

use skep_manifest::name::NodeName;
use skep_manifest::swarm::Availability;

use crate::action::{Action, Executor, LeaveSwarm, Plan, SetAvailability, Step, Waiting};
use crate::membership::JoinState;
use crate::observed::{Membership, NodeState};
use crate::roster::{Listed, Member, Roster};

/// Whose turn it is to join anew, and who waits.
pub(crate) struct Rejoining<'r, 'a> {
    taken: Option<Candidate<'r, 'a>>,
    waiting: Vec<(Candidate<'r, 'a>, String)>,
}

/// A node that shall join anew.
#[derive(Clone, Copy)]
struct Candidate<'r, 'a> {
    member: &'r Member<'a>,
    listed: Listed<'a>,
    why: Why,
}

#[derive(Clone, Copy)]
enum Why {
    /// The others know it by this address, which is not the declared one.
    Moved(IpAddr),
    /// Its engine cannot work, and has not been able to for long.
    Stuck,
}

impl Member<'_> {
    /// The address that its engine told the others, when it is not the declared one.
    fn old_address(&self) -> Option<IpAddr> {
        let Membership::Active(active) = &self.engine?.membership else {
            return None;
        };
        active
            .advertised
            .filter(|advertised| *advertised != self.declared.address.0)
    }

    /// Whether the others know it by another address than the declared one.
    pub(crate) fn has_moved(&self) -> bool {
        self.old_address().is_some()
    }

    /// Whether the swarm knows it by another address than the declared one.
    pub(crate) fn is_known_elsewhere(&self, listed: Listed<'_>) -> bool {
        let declared = self.declared.address.0;
        listed.node.address.is_some_and(|known| known != declared)
    }

    /// Whether its engine is on its way into the swarm and may get there.
    fn is_coming_in(&self) -> bool {
        self.engine
            .is_some_and(|engine| engine.membership == Membership::Pending && !engine.is_stuck)
    }

    /// Whether its engine is in the swarm, and nothing but leaving it lets it work again. What a
    /// manager has on its disk may be needed by a person: it is let alone.
    fn is_stuck(&self, listed: Listed<'_>) -> bool {
        let is_lost = listed.node.state == NodeState::Down && !listed.is_manager();
        is_lost && self.engine.is_some_and(|engine| engine.is_stuck)
    }
}

/// Decides whose turn it is.
pub(crate) fn rejoining<'r, 'a>(roster: &'r Roster<'a>) -> Rejoining<'r, 'a> {
    let candidate = |member: &'r Member<'a>| {
        let listed = member.listed?;
        let why = match member.old_address() {
            Some(address) => Why::Moved(address),
            None if member.is_stuck(listed) => Why::Stuck,
            None => return None,
        };
        Some(Candidate {
            member,
            listed,
            why,
        })
    };
    let mut candidates: Vec<Candidate<'r, 'a>> =
        roster.members.iter().filter_map(candidate).collect();
    // The leader goes last: every change of the leader stops the swarm's work for a moment.
    candidates.sort_by_key(|candidate| {
        let manager = candidate.listed.node.manager;
        let leads = manager.is_some_and(|manager| manager.leader);
        (candidate.listed.is_manager(), leads)
    });
    let unsettled = roster.members.iter().filter(|member| {
        let comes = matches!(member.join_state(roster), JoinState::Joinable);
        comes || member.is_coming_in() || member.listed.is_some_and(Listed::is_changing)
    });
    let mut before: Vec<&NodeName> = unsettled.map(|member| &member.declared.name).collect();
    let mut rejoining = Rejoining {
        taken: None,
        waiting: Vec::new(),
    };
    for candidate in candidates {
        let own = &candidate.member.declared.name;
        if let Some(other) = before.iter().find(|other| **other != own) {
            let until = format!("until {other} is in the swarm as declared");
            rejoining.waiting.push((candidate, until));
        } else {
            before.push(own);
            rejoining.taken = Some(candidate);
        }
    }
    rejoining
}

impl<'r, 'a> Rejoining<'r, 'a> {
    /// The node whose turn it is.
    pub(crate) fn member(&self) -> Option<&'r Member<'a>> {
        Some(self.taken?.member)
    }

    /// Plans what the node does whose turn it is, once it is no manager.
    pub(crate) fn plan(&self, plan: &mut Plan) {
        plan.waiting
            .extend(self.waiting.iter().map(|(candidate, until)| Waiting {
                object: candidate.member.object(),
                what: candidate.what(),
                until: until.clone(),
            }));
        let Some(candidate) = self.taken else { return };
        let Listed { id, node } = candidate.listed;
        let name = &candidate.member.declared.name;
        // It stands in the line of the managers, which tells of it.
        if candidate.listed.is_manager() {
            return;
        }
        let is_drained = node.availability == Availability::Drain;
        let (executor, action, because) = if node.state == NodeState::Ready && !is_drained {
            let drain = SetAvailability {
                node: name.clone(),
                node_id: id.to_owned(),
                availability: Availability::Drain,
            };
            let because = "its tasks go elsewhere before it leaves".to_owned();
            (Executor::Writer, Action::SetAvailability(drain), because)
        } else if node.state == NodeState::Ready && node.tasks > 0 {
            plan.waiting.push(Waiting {
                object: candidate.member.object(),
                what: candidate.what(),
                until: format!("until its tasks have ended, {} are left", node.tasks),
            });
            return;
        } else {
            let leave = LeaveSwarm {
                node_id: id.to_owned(),
            };
            let because = candidate.because();
            (
                Executor::Node(name.clone()),
                Action::LeaveSwarm(leave),
                because,
            )
        };
        plan.steps.push(Step {
            object: candidate.member.object(),
            executor,
            action,
            because,
        });
    }
}

impl Candidate<'_, '_> {
    fn what(&self) -> String {
        match self.why {
            Why::Moved(_) => format!("leave and join again as {}", self.member.declared.address.0),
            Why::Stuck => "leave and join again".to_owned(),
        }
    }

    fn because(&self) -> String {
        match self.why {
            Why::Moved(old) => format!("the others know it as {old}, it joins again"),
            Why::Stuck => "its engine cannot work in the swarm, it joins again".to_owned(),
        }
    }
}
