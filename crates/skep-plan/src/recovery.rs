//! Whether a swarm that lost the majority of its managers may go on with one of them.
//!
//! That is an operator's decision and never an agent's: nobody can tell managers that are gone from
//! managers that are out of reach. What is decided here is only what would be wrong whatever the
//! operator knows.

use std::collections::BTreeSet;

use skep_manifest::condition::Reason;
use skep_manifest::desired::Declared;
use skep_manifest::name::NodeName;
use skep_manifest::swarm::{Node, Role, SwarmSpec};

use crate::action::{Blocked, InitSwarm};
use crate::bootstrap;
use crate::observed::{Cluster, Engine, Membership, Observed};
use crate::ownership::{node_object, swarm_object};

/// That a majority of the managers is gone, as far as the agents that answer can tell.
///
/// # Errors
///
/// Why the swarm is not to be recovered.
pub fn majority_is_lost(
    swarm: &Declared<SwarmSpec>,
    observed: &Observed,
) -> Result<(), Box<Blocked>> {
    let refused = |message: String, remedy: &str| {
        Err(Box::new(Blocked {
            object: swarm_object(&swarm.metadata.name),
            reason: Reason::Refused,
            message,
            remedy: remedy.to_owned(),
        }))
    };
    if observed.cluster.is_some() {
        return refused(
            "it has a majority of its managers, and a leader".to_owned(),
            "nothing is to be recovered: `skep status` says what is wrong",
        );
    }
    let all = managers(swarm).count();
    let there = managers(swarm)
        .filter(|node| observed.engines.get(&node.name).is_some_and(may_vote))
        .count();
    if there * 2 > all {
        return refused(
            format!(
                "{there} of {all} managers answer, a majority: they choose a leader themselves"
            ),
            "wait; if it stays so, see that they reach each other on port 2377/tcp",
        );
    }
    Ok(())
}

/// With what the engine of `on` makes itself the only manager, keeping everything the swarm has.
///
/// `left_behind` are the ids of the nodes that a recovery left behind before.
///
/// # Errors
///
/// Why that is refused.
pub fn recovery(
    swarm: &Declared<SwarmSpec>,
    observed: &Observed,
    left_behind: &BTreeSet<String>,
    on: &NodeName,
) -> Result<InitSwarm, Box<Blocked>> {
    majority_is_lost(swarm, observed)?;
    let Some(node) = managers(swarm).find(|node| node.name == *on) else {
        return Err(Box::new(Blocked {
            object: node_object(on),
            reason: Reason::Refused,
            message: "the manifest does not declare it as a manager".to_owned(),
            remedy: "choose one of the managers that `skep recover` lists".to_owned(),
        }));
    };
    match unfit(node, observed.engines.get(on), left_behind) {
        Some(blocked) => Err(Box::new(blocked)),
        None => Ok(bootstrap::init_on(swarm, node)),
    }
}

/// The nodes that take no part in what `cluster` agrees on although their role says so: those that
/// a recovery on another one left behind.
#[must_use]
pub fn left_behind(cluster: &Cluster) -> BTreeSet<String> {
    let nodes = cluster.nodes.iter();
    let without_part =
        nodes.filter(|(_, node)| node.role == Role::Manager && node.manager.is_none());
    without_part.map(|(id, _)| id.clone()).collect()
}

fn managers(swarm: &Declared<SwarmSpec>) -> impl Iterator<Item = &Node> {
    let nodes = swarm.spec.nodes.iter();
    nodes.filter(|node| node.role == Role::Manager)
}

/// Whether an engine may be one of those that choose a leader, now or when it is unlocked.
#[must_use]
pub fn may_vote(engine: &Engine) -> bool {
    match &engine.membership {
        Membership::Active(active) => active.role == Role::Manager,
        Membership::Pending | Membership::Locked => true,
        Membership::Silent | Membership::Inactive | Membership::Error(_) => false,
    }
}

/// Why a swarm cannot go on with the engine of `node`.
fn unfit(node: &Node, engine: Option<&Engine>, left_behind: &BTreeSet<String>) -> Option<Blocked> {
    let name = &node.name;
    let blocked = |reason, message: &str, remedy: String| {
        Some(Blocked {
            object: node_object(name),
            reason,
            message: message.to_owned(),
            remedy,
        })
    };
    let Some(engine) = engine else {
        return blocked(
            Reason::AgentSilent,
            "its agent does not answer",
            format!("start skep on {name}, or choose another manager"),
        );
    };
    let by_hand = || {
        let address = node.address;
        format!(
            "if you know that it is: `docker swarm init --force-new-cluster --advertise-addr \
             {address}` on {name}"
        )
    };
    match &engine.membership {
        Membership::Active(active) if left_behind.contains(&active.node_id) => blocked(
            Reason::Refused,
            "the swarm was recovered without it, and what it has is older",
            "start the manager it was recovered on, or restore a backup of it".to_owned(),
        ),
        Membership::Active(active) if active.role == Role::Worker => blocked(
            Reason::Refused,
            "its engine is a worker, it does not have what the managers know",
            "choose a manager; if all are gone, restore a backup of one".to_owned(),
        ),
        Membership::Active(_) | Membership::Pending if engine.remembers.is_none() => blocked(
            Reason::ForeignSwarm,
            "its agent does not know whether this is the swarm of the manifest",
            by_hand(),
        ),
        Membership::Active(active)
            if active.swarm_id.is_some() && active.swarm_id != engine.remembers =>
        {
            blocked(
                Reason::ForeignSwarm,
                "its engine is in another swarm than its agent remembers",
                format!("take it out of that swarm: `docker swarm leave` on {name}"),
            )
        }
        Membership::Active(_) | Membership::Pending => None,
        Membership::Locked => blocked(
            Reason::SecretMissing,
            "its engine is locked",
            format!("have the unlock key at hand: `docker swarm unlock` on {name}, then try again"),
        ),
        Membership::Silent => blocked(
            Reason::EngineSilent,
            "its engine does not answer",
            format!("see why Docker does not answer: `systemctl status docker` on {name}"),
        ),
        Membership::Inactive => blocked(
            Reason::Refused,
            "its engine is in no swarm, there is nothing to go on with",
            format!("choose another manager, or `skep restore` a backup on {name}"),
        ),
        Membership::Error(error) => blocked(
            Reason::Refused,
            &format!("its engine is in the swarm and cannot work: {error}"),
            format!("put right what it says, or choose another manager than {name}"),
        ),
    }
}

#[cfg(test)]
mod tests;
