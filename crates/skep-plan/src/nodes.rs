//! The labels and the availability of the nodes that are in the swarm.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use skep_manifest::name::Name;
use skep_manifest::swarm::{Availability, Node};

use crate::action::{Action, Executor, LabelNode, Plan, SetAvailability, Step, Waiting};
use crate::draining::{Draining, Next};
use crate::observed::ClusterNode;
use crate::ownership::{NODE, NODE_LABELS, SWARM};
use crate::rejoining::Rejoining;
use crate::roster::{Listed, Member, Roster};

/// Plans the labels: those that skep knows its nodes by, and those of the manifest. A label the
/// manifest gave and gives no longer is removed; all others are left alone.
pub(crate) fn plan_labels(roster: &Roster<'_>, plan: &mut Plan) {
    plan.steps.extend(
        roster
            .members
            .iter()
            .filter_map(|member| labels(roster.swarm, member)),
    );
}

/// Plans the availability.
pub(crate) fn plan_availability(
    roster: &Roster<'_>,
    rejoining: &Rejoining<'_, '_>,
    draining: &Draining<'_>,
    plan: &mut Plan,
) {
    // A node that is to leave is drained, whatever is declared; it joins again as declared.
    let leaves = |member: &Member<'_>| {
        let going = rejoining.member();
        going.is_some_and(|going| going.declared.name == member.declared.name)
    };
    let staying = roster.members.iter().filter(|member| !leaves(member));
    for member in staying {
        availability(member, draining, plan);
    }
}

fn labels(swarm: &Name, member: &Member<'_>) -> Option<Step> {
    let Listed { id, node } = member.listed?;
    let wanted = wanted_labels(swarm, member.declared);
    let set: BTreeMap<String, String> = wanted
        .iter()
        .filter(|(key, value)| node.labels.get(*key) != Some(value))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let remove: Vec<String> = given_labels(node)
        .into_iter()
        .filter(|key| node.labels.contains_key(key) && !wanted.contains_key(key))
        .collect();
    if set.is_empty() && remove.is_empty() {
        return None;
    }
    Some(Step {
        object: member.object(),
        executor: Executor::Writer,
        because: if node.labels.contains_key(NODE) {
            "its labels differ".to_owned()
        } else {
            "it is not known by its name yet".to_owned()
        },
        action: Action::LabelNode(LabelNode {
            node: member.declared.name.clone(),
            node_id: id.to_owned(),
            set,
            remove,
        }),
    })
}

fn wanted_labels(swarm: &Name, node: &Node) -> BTreeMap<String, String> {
    let mut labels = node.labels.clone();
    labels.remove(NODE_LABELS);
    if !labels.is_empty() {
        let keys: Vec<&String> = labels.keys().collect();
        let keys = json!(keys).to_string();
        labels.insert(NODE_LABELS.to_owned(), keys);
    }
    labels.insert(NODE.to_owned(), node.name.to_string());
    labels.insert(SWARM.to_owned(), swarm.to_string());
    labels
}

/// The labels that the manifest gave a node, and the list of them.
fn given_labels(node: &ClusterNode) -> BTreeSet<String> {
    let list = node.labels.get(NODE_LABELS);
    let keys = list.and_then(|keys| serde_json::from_str::<BTreeSet<String>>(keys).ok());
    let mut keys = keys.unwrap_or_default();
    keys.insert(NODE_LABELS.to_owned());
    keys
}

fn availability(member: &Member<'_>, draining: &Draining<'_>, plan: &mut Plan) {
    let Some(listed) = member.listed else {
        return;
    };
    let (wanted, is) = (member.declared.availability, listed.node.availability);
    if wanted == is {
        return;
    }
    let words = (availability_word(wanted), availability_word(is));
    let because = format!("shall be {}, it is {}", words.0, words.1);
    let next = match wanted {
        Availability::Active | Availability::Pause => Ok((wanted, because)),
        Availability::Drain => match draining.next(member, listed) {
            Next::Drain => Ok((wanted, because)),
            Next::Pause => Ok((
                Availability::Pause,
                "it shall be drained: replacements of its tasks start elsewhere".to_owned(),
            )),
            Next::Wait(until) => Err(until),
        },
    };
    match next {
        Ok((availability, because)) => plan.steps.push(Step {
            object: member.object(),
            executor: Executor::Writer,
            action: Action::SetAvailability(SetAvailability {
                node: member.declared.name.clone(),
                node_id: listed.id.to_owned(),
                availability,
            }),
            because,
        }),
        Err(until) => plan.waiting.push(Waiting {
            object: member.object(),
            what: "drain".to_owned(),
            until,
        }),
    }
}

pub(crate) const fn availability_word(availability: Availability) -> &'static str {
    match availability {
        Availability::Active => "active",
        Availability::Pause => "paused",
        Availability::Drain => "drained",
    }
}
