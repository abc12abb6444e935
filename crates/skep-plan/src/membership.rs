//! Which nodes join the swarm, and why others do not.

use std::net::IpAddr;

use skep_manifest::condition::Reason;
use skep_manifest::name::{Name, NodeName};
use skep_manifest::swarm::{Availability, Role};

use crate::action::{Action, Blocked, Executor, JoinSwarm, Plan, Step, Waiting};
use crate::observed::{Engine, Membership};
use crate::ownership::node_object;
use crate::quorum::Turn;
use crate::roster::{Member, Roster};

/// Where a node of the manifest stands.
pub(crate) enum JoinState {
    /// It is in the swarm.
    Listed,
    /// It can join.
    Joinable,
    /// It cannot.
    Blocked(Blocked),
}

impl Member<'_> {
    pub(crate) fn join_state(&self, roster: &Roster<'_>) -> JoinState {
        let Some(engine) = self.engine else {
            return match self.listed {
                Some(_) => JoinState::Listed,
                None => JoinState::Blocked(agent_silent(self)),
            };
        };
        if let Some(blocked) = trouble(&self.declared.name, &engine.membership) {
            return JoinState::Blocked(blocked);
        }
        if self.listed.is_some() {
            return JoinState::Listed;
        }
        if let Membership::Active(_) = &engine.membership {
            return JoinState::Blocked(self.elsewhere(engine, roster));
        }
        match &engine.remembers {
            Some(id) if *id != roster.cluster.id => {
                JoinState::Blocked(self.remembers_another(id, roster.swarm))
            }
            Some(_) | None => JoinState::Joinable,
        }
    }

    pub(crate) fn object(&self) -> String {
        node_object(&self.declared.name)
    }

    /// Its engine is in a swarm, but not in the list of this one.
    fn elsewhere(&self, engine: &Engine, roster: &Roster<'_>) -> Blocked {
        let name = &self.declared.name;
        if engine.remembers.as_ref() == Some(&roster.cluster.id) {
            return Blocked {
                object: self.object(),
                reason: Reason::InProgress,
                message: "the swarm does not list it yet".to_owned(),
                remedy: format!(
                    "wait; if it was removed from the swarm: `docker swarm leave --force` on {name}"
                ),
            };
        }
        Blocked {
            object: self.object(),
            reason: Reason::ForeignSwarm,
            message: format!("its engine is in another swarm than `{}`", roster.swarm),
            remedy: format!(
                "if nobody needs that swarm, take it out: {}; or list another node",
                leaving(name, &engine.membership)
            ),
        }
    }

    fn remembers_another(&self, id: &str, swarm: &Name) -> Blocked {
        Blocked {
            object: self.object(),
            reason: Reason::ForeignSwarm,
            message: format!("its agent remembers the swarm {id}, which is not `{swarm}`"),
            remedy: format!(
                "if that swarm is gone for good, remove the agent's state directory on {}",
                self.declared.name
            ),
        }
    }
}

/// The command that takes the engine of `node` out of the swarm it is in.
pub(crate) fn leaving(node: &NodeName, membership: &Membership) -> String {
    let option = if membership.is_manager() {
        " --force"
    } else {
        ""
    };
    format!("`docker swarm leave{option}` on {node}")
}

/// What keeps the engine of `node` from working in a swarm, and from joining one.
pub(crate) fn trouble(node: &NodeName, membership: &Membership) -> Option<Blocked> {
    let (reason, message, remedy) = match membership {
        Membership::Inactive | Membership::Active(_) => return None,
        Membership::Silent => (
            Reason::EngineSilent,
            "its engine does not answer".to_owned(),
            format!("see why Docker does not answer: `systemctl status docker` on {node}"),
        ),
        Membership::Pending => (
            Reason::InProgress,
            "its engine is on its way into a swarm".to_owned(),
            format!("wait; if it stays so: `docker swarm leave --force` on {node}"),
        ),
        Membership::Error(error) => (
            Reason::Refused,
            format!("its engine is in a swarm and cannot work: {error}"),
            format!("put right what it says, or `docker swarm leave --force` on {node}"),
        ),
        Membership::Locked => (
            Reason::SecretMissing,
            "its engine is in a swarm and locked".to_owned(),
            format!(
                "unlock it: `docker swarm unlock` on {node}, with the key that \
                 `docker swarm unlock-key` says on another manager"
            ),
        ),
    };
    Some(Blocked {
        object: node_object(node),
        reason,
        message,
        remedy,
    })
}

fn agent_silent(member: &Member<'_>) -> Blocked {
    let name = &member.declared.name;
    Blocked {
        object: member.object(),
        reason: Reason::AgentSilent,
        message: "its agent does not answer".to_owned(),
        remedy: format!(
            "start skep on {name} and see that {} is reached",
            member.declared.address
        ),
    }
}

/// Plans the joins of this pass: the manager whose turn it is, or all workers.
///
/// Workers come after the managers, so that a swarm that is being made has its quorum first; a
/// manager that was refused holds up nobody.
pub(crate) fn plan(roster: &Roster<'_>, turn: &Turn<'_, '_>, plan: &mut Plan) {
    let managers = manager_addresses(roster);
    if let Some(member) = turn.joins() {
        join(member, &managers, plan);
    }
    for member in &roster.members {
        match member.join_state(roster) {
            JoinState::Listed => {}
            JoinState::Blocked(blocked) => {
                plan.blocked.push(told_of_loss(blocked, member, roster));
            }
            JoinState::Joinable => {
                plan.blocked.extend(refusal(member));
                match member.declared.role {
                    Role::Manager => {}
                    Role::Worker if turn.takes_in_a_manager() => plan.waiting.push(Waiting {
                        object: member.object(),
                        what: "join as worker".to_owned(),
                        until: "until the managers have joined".to_owned(),
                    }),
                    Role::Worker => join(member, &managers, plan),
                }
            }
        }
    }
}

/// Whether nodes are joining or about to, apart from those that were refused.
pub(crate) fn is_growing(roster: &Roster<'_>, turn: &Turn<'_, '_>) -> bool {
    let comes = |member: &Member<'_>| {
        member.declared.role == Role::Worker
            && !member.was_refused()
            && matches!(member.join_state(roster), JoinState::Joinable)
    };
    turn.takes_in_a_manager() || roster.members.iter().any(comes)
}

/// That the engine refused to join, while it is tried again.
fn refusal(member: &Member<'_>) -> Option<Blocked> {
    let refused = member.engine?.refused.as_ref()?;
    Some(Blocked {
        object: member.object(),
        reason: Reason::Refused,
        message: format!("joining failed and is tried again: {refused}"),
        remedy: format!(
            "see that {} reaches the managers on ports 2377/tcp, 7946/tcp+udp and 4789/udp",
            member.declared.name
        ),
    })
}

/// Plans that a node joins, when there is a manager it can ask.
fn join(member: &Member<'_>, managers: &[IpAddr], plan: &mut Plan) {
    let node = member.declared;
    if managers.is_empty() {
        plan.blocked.push(Blocked {
            object: member.object(),
            reason: Reason::QuorumLost,
            message: "it can ask no manager: none is reachable at a known address".to_owned(),
            remedy: "start the managers that are down".to_owned(),
        });
        return;
    }
    let word = node.role.word();
    plan.steps.push(Step {
        object: member.object(),
        executor: Executor::Node(node.name.clone()),
        action: Action::JoinSwarm(JoinSwarm {
            role: node.role,
            advertise_address: node.address.0,
            data_path_address: node.data_path_address.unwrap_or(node.address).0,
            availability: node.availability,
            remote_addresses: managers.to_vec(),
        }),
        because: match node.availability {
            Availability::Active => format!("declared as {word}, its engine is in no swarm"),
            Availability::Pause => format!("declared as paused {word}, its engine is in no swarm"),
            Availability::Drain => format!("declared as drained {word}, its engine is in no swarm"),
        },
    });
}

/// Where the managers are reached: as declared, otherwise as the swarm knows them.
fn manager_addresses(roster: &Roster<'_>) -> Vec<IpAddr> {
    let declared = roster.members.iter().filter_map(|member| {
        let listed = member.listed.filter(|listed| listed.is_reachable())?;
        Some((listed.id, member.declared.address.0))
    });
    let known: Vec<(&str, IpAddr)> = declared.collect();
    let others = roster
        .managers()
        .filter(|listed| listed.is_reachable() && known.iter().all(|(id, _)| *id != listed.id));
    let others = others.filter_map(|listed| listed.node.address);
    let others = others.filter(|address| !address.is_unspecified());
    known
        .iter()
        .map(|(_, address)| *address)
        .chain(others)
        .collect()
}

/// `blocked` of `member`; that a manager is kept away by another swarm costs more than a node.
fn told_of_loss(mut blocked: Blocked, member: &Member<'_>, roster: &Roster<'_>) -> Blocked {
    let declared = roster.members.iter();
    let declared = declared.filter(|it| it.declared.role == Role::Manager);
    let (wanted, there) = (declared.count(), roster.managers().count());
    let bears = |managers: usize| managers.saturating_sub(1) / 2;
    let is_manager = member.declared.role == Role::Manager;
    if is_manager && blocked.reason == Reason::ForeignSwarm && bears(there) < bears(wanted) {
        let loss = match bears(there) {
            0 => "the loss of any stops every change".to_owned(),
            bears => format!("it bears the loss of {bears} and not of {}", bears + 1),
        };
        let also = format!("; with {there} of {wanted} managers {loss}");
        blocked.message.push_str(&also);
    }
    blocked
}
