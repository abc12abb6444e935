//! A VIP group tracks something with a weight that can never change who holds the addresses.
//!
//! ## What it does
//!
//! Looks for weights in `tracking` that, together with all other weights of the group, never put
//! one member below or above another: the group has one member, all others are owners of the
//! addresses, or the priorities are too far apart. It counts what can fail at the same time, on
//! both members.
//!
//! ## Why is this bad?
//!
//! The check runs, fails and is shown as failing, and the addresses stay where they are. A weight
//! that only makes two priorities equal moves nothing either: a Backup takes over from a lower
//! priority, not from the same. The owner's priority is 255 whatever fails.
//!
//! ## Example
//!
//! ```yaml
//! members:
//!   - {node: lb1, priority: 100}
//!   - {node: lb2, priority: 90}
//! tracking: [{check: web, weight: -10}]
//! ```
//!
//! Use instead:
//!
//! ```yaml
//! members:
//!   - {node: lb1, priority: 100}
//!   - {node: lb2, priority: 90}
//! tracking: [{check: web, weight: -20}]
//! ```

use std::collections::BTreeSet;

use skep_manifest::desired::{GroupMember, Runs};
use skep_manifest::problem::Severity;
use skep_manifest::vip_group::VipGroupSpec;
use skep_manifest::vip_group::tracking::Influence;

use crate::finding::Finding;
use crate::manifests::{Declaration, Manifests};
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule {
    id: "weight-that-never-matters",
    severity: Severity::Warning,
    source: include_str!("weight_that_never_matters.rs"),
    inspect,
};

/// With more weights than that every sum can be reached, or nobody can tell what was meant.
const WEIGHTS_MAX: usize = 16;

fn inspect(manifests: &Manifests<'_>, findings: &mut Vec<Finding>) {
    for group in &manifests.groups {
        let Some(resolved) = manifests.desired.vip_groups.get(group.name) else {
            continue;
        };
        let weights = weights(group.spec);
        let Some(ranks) = ranks(&resolved.members).filter(|_| weights.len() <= WEIGHTS_MAX) else {
            continue;
        };
        for (at, (index, weight)) in weights.iter().enumerate() {
            let others = weights.iter().enumerate().filter(|(other, _)| *other != at);
            let others: Vec<i32> = others.map(|(_, (_, weight))| *weight).collect();
            if !matters(*weight, &others, &ranks) {
                findings.push(report(group, *index, *weight, &resolved.members, &ranks));
            }
        }
    }
}

/// The weights of a group, each with its place among what is tracked.
fn weights(spec: &VipGroupSpec) -> Vec<(usize, i32)> {
    let tracking = spec.tracking.iter().enumerate();
    tracking
        .filter_map(|(index, tracked)| match tracked.influence() {
            Influence::Weight(weight) => Some((index, i32::from(weight.number()))),
            Influence::Effect(_) => None,
        })
        .collect()
}

/// A priority that some member has in the beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    priority: i32,
    runs: Runs,
    /// Whether more than one member has it.
    is_shared: bool,
}

/// The priorities of those who are no owners; nothing when one of them is not known.
fn ranks(members: &[GroupMember]) -> Option<Vec<Rank>> {
    let mut ranks: Vec<Rank> = Vec::new();
    for member in members.iter().filter(|member| !is_owner(member)) {
        let (priority, runs) = (i32::from(member.priority?.number()), member.runs);
        let known = ranks
            .iter_mut()
            .find(|rank| (rank.priority, rank.runs) == (priority, runs));
        match known {
            Some(rank) => rank.is_shared = true,
            None => ranks.push(Rank {
                priority,
                runs,
                is_shared: false,
            }),
        }
    }
    Some(ranks)
}

fn is_owner(member: &GroupMember) -> bool {
    member.owner || member.priority == Some(skep_manifest::priority::Priority::OWNER)
}

/// Whether `weight` can change the order of two members, whatever the other weights do meanwhile.
fn matters(weight: i32, others: &[i32], ranks: &[Rank]) -> bool {
    let one = |runs| ranks.iter().filter(move |rank| rank.runs == runs);
    one(Runs::Agent).any(|rank| {
        [Runs::Agent, Runs::Elsewhere].into_iter().any(|runs| {
            let leads = leads(weight, others, runs);
            let mut rivals = one(runs).filter(|rival| *rival != rank || rank.is_shared);
            rivals.any(|rival| {
                let gap = rank.priority - rival.priority;
                // Equal priorities move nothing, unless they are so from the beginning.
                let least = if gap < 0 { 1 } else { 0 };
                let (from, to) = (least - gap, weight.abs() - 1 - gap);
                from <= to && leads.range(from..=to).next().is_some()
            })
        })
    })
}

/// By how much a member can be ahead of a rival that `runs` like this, their priorities aside,
/// when it has all that `weight` can give: every other weight counts for it, for the rival, for
/// both or for none. Weights mean nothing to routers that skep does not run.
fn leads(weight: i32, others: &[i32], runs: Runs) -> BTreeSet<i32> {
    let mut leads = BTreeSet::from([weight.max(0)]);
    let mut add = |changes: &[i32]| {
        let more = leads
            .iter()
            .flat_map(|lead| changes.iter().map(move |change| lead + change));
        leads = more.collect();
    };
    match runs {
        Runs::Agent => {
            add(&[0, -weight]);
            others.iter().for_each(|other| add(&[-other, 0, *other]));
        }
        Runs::Elsewhere => others.iter().for_each(|other| add(&[0, *other])),
    }
    leads
}

fn report(
    group: &Declaration<'_, VipGroupSpec>,
    index: usize,
    weight: i32,
    members: &[GroupMember],
    ranks: &[Rank],
) -> Finding {
    let name = group.name;
    let mut priorities: Vec<i32> = ranks.iter().map(|rank| rank.priority).collect();
    priorities.sort_unstable();
    let gap = priorities.windows(2).map(|pair| pair[1] - pair[0]).min();
    let (why, remedy) = match (members, gap) {
        ([_], _) => (
            format!("`{name}` has one member"),
            "remove it, or add a member that can take over".to_owned(),
        ),
        (_, None) => (
            "the owner of the addresses keeps its priority of 255".to_owned(),
            "remove it, or leave out the weight: a check that fails then takes the member out of the election".to_owned(),
        ),
        (_, Some(gap)) => (
            format!("the closest members are {gap} apart"),
            format!(
                "use a weight beyond {}, or `effect: demote`, which puts the member below all others",
                if weight < 0 { -gap } else { gap }
            ),
        ),
    };
    let pointer = format!("/spec/tracking/{index}/weight");
    let message = format!("a weight of {weight} never changes who holds the addresses: {why}");
    Finding::new(&RULE, group.document.span(&pointer), message).help(remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether each of these weights matters to nodes of these priorities beside external routers
    /// of those.
    fn check(weights: &[i32], nodes: &[i32], external: &[i32], expected: &[bool]) {
        let rank = |runs| {
            move |priority: &i32| Rank {
                priority: *priority,
                runs,
                is_shared: false,
            }
        };
        let mut ranks: Vec<Rank> = nodes.iter().map(rank(Runs::Agent)).collect();
        ranks.extend(external.iter().map(rank(Runs::Elsewhere)));
        let found: Vec<bool> = (0..weights.len())
            .map(|at| {
                let mut others = weights.to_vec();
                let weight = others.remove(at);
                matters(weight, &others, &ranks)
            })
            .collect();
        assert_eq!(found, expected, "{weights:?} {nodes:?} {external:?}");
    }

    #[test]
    fn a_weight_matters_when_it_crosses_a_gap_alone_or_with_others() {
        check(&[-11], &[100, 90], &[], &[true]);
        check(&[-10], &[100, 90], &[], &[false]);
        check(&[11], &[100, 90], &[], &[true]);
        check(&[10], &[100, 90], &[], &[false]);
        check(&[-10], &[100, 90, 85], &[], &[true]);
        check(&[-6, -6], &[100, 90], &[], &[true, true]);
        check(&[-5, -5], &[100, 90], &[], &[false, false]);
        check(&[-50, -1], &[100, 90], &[], &[true, false]);
        check(&[-20, 15], &[100, 90], &[], &[true, true]);
        check(&[-100], &[100], &[], &[false]);
        check(&[-100], &[], &[], &[false]);
    }

    #[test]
    fn a_router_that_skep_does_not_run_has_no_weights() {
        check(&[-11], &[100], &[90], &[true]);
        check(&[-10], &[100], &[90], &[false]);
        check(&[-50], &[90], &[100], &[false]);
        check(&[11], &[90], &[100], &[true]);
        check(&[11], &[100], &[90], &[false]);
    }

    #[test]
    fn members_of_the_same_rank_are_separated_by_any_weight() {
        let shared = Rank {
            priority: 100,
            runs: Runs::Agent,
            is_shared: true,
        };
        assert!(matters(-1, &[], &[shared]));
        assert!(matters(1, &[], &[shared]));
    }
}
