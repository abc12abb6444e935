//! Whom an agent asks how it is, so that all agents together ask in proportion to the nodes.
//!
//! A manager's agent asks everybody: what it decides about the swarm rests on what the nodes say
//! themselves. Any other agent asks two of those, which tell it of the rest, and the members of its
//! own VIP groups.

use std::collections::BTreeSet;

use skep_manifest::desired::{Desired, Runs};
use skep_manifest::name::NodeName;
use skep_manifest::swarm::{Node, Role};

/// How many managers' agents tell another agent of the rest: one of them may fall silent.
pub const RELAYS: usize = 2;

/// How many members of its own VIP groups an agent asks itself; a relay tells it of the others.
pub const MEMBERS_MAX: usize = 8;

/// How many nodes an agent asks when no manager's agent answers.
pub const STRANDED_MAX: usize = 8;

/// What an agent knows of another one at present.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Acquaintance {
    /// It was not heard for a while.
    Silent,
    /// It answers.
    Heard,
    /// Its engine tells of the swarm.
    Tells,
    /// Its engine leads the swarm.
    Leads,
}

/// The nodes whose agents the one of `own` asks how they are, given what it knows of each.
#[must_use]
pub fn asked<'a>(
    desired: &'a Desired,
    own: Option<&NodeName>,
    acquaintance: impl Fn(&NodeName) -> Acquaintance,
) -> BTreeSet<&'a NodeName> {
    let nodes = desired
        .swarm
        .as_ref()
        .map_or(&[][..], |swarm| &swarm.spec.nodes);
    let is_own = |node: &&'a Node| Some(&node.name) == own;
    let others = || nodes.iter().filter(|node| !is_own(node));
    if nodes.iter().find(is_own).map(|node| node.role) == Some(Role::Manager) {
        return others().map(|node| &node.name).collect();
    }
    let mut asked = relays(nodes, own, acquaintance);
    if let Some(own) = own {
        asked.extend(members(desired, nodes, own));
    }
    asked
}

/// The managers whose agents tell a node of all others. Each node begins at another one, so that
/// they share the work.
fn relays<'a>(
    nodes: &'a [Node],
    own: Option<&NodeName>,
    acquaintance: impl Fn(&NodeName) -> Acquaintance,
) -> BTreeSet<&'a NodeName> {
    let managers: Vec<&NodeName> = managers(nodes).collect();
    let is_own = |node: &Node| Some(&node.name) == own;
    let index = nodes.iter().position(is_own).unwrap_or(0);
    let first = index.checked_rem(managers.len()).unwrap_or(0);
    let heard = |name: &&&NodeName| acquaintance(name) > Acquaintance::Silent;
    let in_turn = managers[first..].iter().chain(&managers[..first]);
    let answering: Vec<&NodeName> = in_turn.filter(heard).copied().collect();
    if answering.is_empty() {
        let others = nodes.iter().filter(|node| !is_own(node)).take(STRANDED_MAX);
        return managers
            .into_iter()
            .chain(others.map(|node| &node.name))
            .collect();
    }
    if answering.len() < RELAYS {
        return managers.into_iter().collect();
    }
    let mut chosen: BTreeSet<&NodeName> = answering.iter().take(RELAYS).copied().collect();
    if chosen
        .iter()
        .all(|name| acquaintance(name) < Acquaintance::Tells)
    {
        let telling = answering
            .iter()
            .max_by_key(|name| acquaintance(name))
            .copied();
        chosen.extend(telling.filter(|name| acquaintance(name) >= Acquaintance::Tells));
    }
    chosen
}

/// The other members of the groups of `own`, the first of them.
fn members<'a>(
    desired: &'a Desired,
    nodes: &'a [Node],
    own: &NodeName,
) -> impl Iterator<Item = &'a NodeName> {
    let groups = desired.vip_groups.values();
    let of_own = groups.filter(|group| group.members.iter().any(|member| member.name == *own));
    let members = of_own.flat_map(|group| &group.members);
    let others: BTreeSet<&NodeName> = members
        .filter(|member| member.runs == Runs::Agent && member.name != *own)
        .map(|member| &member.name)
        .collect();
    let nodes = nodes.iter().map(|node| &node.name);
    nodes
        .filter(move |name| others.contains(name))
        .take(MEMBERS_MAX)
}

fn managers(nodes: &[Node]) -> impl Iterator<Item = &NodeName> {
    let managers = nodes.iter().filter(|node| node.role == Role::Manager);
    managers.map(|node| &node.name)
}

#[cfg(test)]
mod tests;
