//! What is not tried of VIP groups, and why.

use std::collections::BTreeSet;

use skep_manifest::name::{Name, NodeName};

use super::{Group, lanes, pairs};
use crate::preflight::groups::is_agents;
use crate::preflight::{Asked, Finding, GroupLane, Seen, Severity, Subject};

/// How many pairs of nodes are named: beyond, a number says as much.
const PAIRS_SHOWN_MAX: usize = 3;

/// What cannot be tried on a node, and what needs no trying.
pub(in crate::preflight) fn untried(asked: &Asked, seen: &Seen) -> Vec<Finding> {
    let mut findings = unready(seen);
    findings.extend(asked.groups.iter().filter_map(external));
    let groups = asked.groups.iter();
    findings.extend(groups.filter_map(|(name, group)| left_out(seen, name, group)));
    findings.extend(strangers(asked));
    findings
}

/// What stands in the way on single nodes.
fn unready(seen: &Seen) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (node, visit) in &seen.visits {
        let mut problem = |message: String, remedy: String| {
            findings.push(Finding {
                severity: Severity::Problem,
                nodes: vec![node.clone()],
                ..note(message, remedy)
            });
        };
        for unplaced in &visit.unplaced {
            problem(
                format!(
                    "the VIP group {} has no place on {node}: {}",
                    unplaced.group, unplaced.why
                ),
                format!("`ip -br address` on {node} shows its interfaces and their addresses"),
            );
        }
        if let Err(why) = &visit.vrrp {
            problem(
                format!("{node} cannot try VRRP: {why}"),
                format!("its log on {node} says more: journalctl -u skep"),
            );
        }
        let refused =
            lanes(visit).filter_map(|seen| Some((&seen.lane, seen.report.refused.as_ref()?)));
        for (GroupLane { carrier, lane, .. }, why) in refused {
            problem(
                format!(
                    "{node} cannot speak VRRP on {} ({carrier}): {why}",
                    lane.interface
                ),
                format!(
                    "correct `interface` in the group, or mend it on {node}: `ip -br address` shows \
                     what there is"
                ),
            );
        }
    }
    findings
}

/// That members without an agent cannot be asked.
fn external((name, group): (&Name, &Group)) -> Option<Finding> {
    let others = group.members.iter().filter(|member| !is_agents(member));
    let others: Vec<&str> = others.map(|member| member.name.as_str()).collect();
    if others.is_empty() {
        return None;
    }
    Some(note(
        format!(
            "VRRP with {} in the VIP group {name} was not tried: no agent runs there",
            others.join(", ")
        ),
        "let IP protocol 112 pass; once applied, `skep describe vip` shows who is heard".to_owned(),
    ))
}

/// That more was asked for than is tried at once.
fn left_out(seen: &Seen, name: &Name, group: &Group) -> Option<Finding> {
    let is_out = |node: &NodeName| {
        let visit = seen.visits.get(node)?;
        let unplaced = visit
            .unplaced
            .iter()
            .any(|unplaced| unplaced.group == *name);
        let mut known = lanes(visit);
        let has = known.any(|seen| seen.lane.groups.contains(name));
        (visit.vrrp.is_ok() && !unplaced && !has).then(|| node.clone())
    };
    let nodes: BTreeSet<NodeName> = pairs(group)
        .filter_map(|(from, _)| is_out(&from.name))
        .collect();
    let first = nodes.first()?;
    Some(note(
        format!("VRRP for the VIP group {name} was not tried: {first} has too many groups to try all"),
        "let IP protocol 112 pass between its members; once applied, `skep status` names the member \
         that is not heard"
            .to_owned(),
    ))
}

/// The nodes that never advertise to each other.
fn strangers(asked: &Asked) -> Option<Finding> {
    let mut met: BTreeSet<(&NodeName, &NodeName)> = BTreeSet::new();
    for group in asked.groups.values() {
        met.extend(pairs(group).map(|(from, to)| (&from.name, &to.name)));
    }
    // Without any there is nothing to try, and nobody expects it.
    if asked.groups.is_empty() {
        return None;
    }
    let names: Vec<&NodeName> = asked.nodes.iter().map(|node| &node.name).collect();
    let later = |(at, one)| names.iter().skip(at + 1).map(move |other| (one, *other));
    let strangers = names.iter().copied().enumerate().flat_map(later);
    let strangers: Vec<_> = strangers.filter(|pair| !met.contains(pair)).collect();
    let shown = strangers.iter().take(PAIRS_SHOWN_MAX);
    let mut shown: Vec<String> = shown
        .map(|(one, other)| format!("{one} and {other}"))
        .collect();
    let hidden = strangers.len().saturating_sub(PAIRS_SHOWN_MAX);
    if hidden > 0 {
        shown.push(format!("{hidden} more pairs"));
    }
    (!shown.is_empty()).then(|| {
        note(
            format!(
                "VRRP was not tried between {}: no VIP group has both as members",
                shown.join(", ")
            ),
            "nothing: they do not advertise to each other".to_owned(),
        )
    })
}

fn note(message: String, remedy: String) -> Finding {
    Finding {
        severity: Severity::Note,
        subject: Subject::Network,
        nodes: Vec::new(),
        path: None,
        message,
        remedy,
    }
}
