//! Whether advertisements of VIP groups would pass between their members, and which of two is in
//! the way.

mod told;
mod untried;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use skep_manifest::desired::GroupMember;
use skep_manifest::name::{Name, NodeName};

use super::count::Count;
use super::{Asked, Carrier, Finding, Group, LaneSeen, Seen, Visit};

pub(super) use untried::untried;

/// An attempt of one member of a VIP group to be heard by another.
pub(super) struct Try<'a> {
    from: End<'a>,
    to: End<'a>,
    carrier: Carrier,
    destination: IpAddr,
    pub(super) failure: Option<Failure<'a>>,
}

/// A node's interface, with the address that it sends from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct End<'a> {
    node: &'a NodeName,
    interface: &'a str,
    source: Option<IpAddr>,
}

/// Why a member is not heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure<'a> {
    /// What was sent did not arrive.
    Lost,
    /// It did not leave the node.
    Kept(&'a str),
    /// It came from another address than the one that is listened to.
    Disguised(IpAddr),
    /// It came from further away than is accepted.
    Far(u8),
}

/// Every attempt of which it is known what became of it. Groups that share their lanes are tried
/// once.
pub(super) fn tries<'a>(asked: &'a Asked, seen: &'a Seen) -> Vec<Try<'a>> {
    let mut tries: BTreeMap<_, Try<'a>> = BTreeMap::new();
    for (name, group) in &asked.groups {
        for (from, to) in pairs(group) {
            for carrier in &group.carriers {
                let Some(one) = attempt(seen, (name, group), (from, to), *carrier) else {
                    continue;
                };
                let known = tries.entry((one.from, one.to, *carrier));
                // What fails for one of the groups is in the way.
                known
                    .and_modify(|known| known.failure = known.failure.or(one.failure))
                    .or_insert(one);
            }
        }
    }
    tries.into_values().collect()
}

/// Each two members that agents run, both ways.
fn pairs(group: &Group) -> impl Iterator<Item = (&GroupMember, &GroupMember)> {
    let agents = group
        .members
        .iter()
        .filter(|it| super::groups::is_agents(it));
    agents.flat_map(|from| group.agents_but(&from.name).map(move |to| (from, to)))
}

fn attempt<'a>(
    seen: &'a Seen,
    (name, group): (&Name, &Group),
    (from, to): (&GroupMember, &GroupMember),
    carrier: Carrier,
) -> Option<Try<'a>> {
    let lane_of = |member: &GroupMember| lane(seen, &member.name, name, carrier);
    let ((sender, sent), (receiver, received)) = (lane_of(from)?, lane_of(to)?);
    let destination = carrier.destination(to)?;
    let kept = sent.report.kept.get(&destination);
    let arrivals = received.report.arrivals.iter();
    let arrivals = arrivals.filter(|arrival| arrival.sender == sender.as_str());
    let listens_to = match carrier.multicast {
        Some(_) => None,
        None => carrier.destination(from),
    };
    let is_near = |hop_limit: u8| hop_limit >= group.minimum_hop_limit;
    let failures = arrivals.map(|arrival| match listens_to {
        Some(expected) if arrival.source != expected => Some(Failure::Disguised(arrival.source)),
        _ if is_near(arrival.hop_limit) => None,
        _ => Some(Failure::Far(arrival.hop_limit)),
    });
    let failure = match kept {
        Some(why) => Some(Failure::Kept(why)),
        // One that arrives as it shall is enough.
        None => failures
            .min_by_key(Option::is_some)
            .unwrap_or(Some(Failure::Lost)),
    };
    let end = |node, seen: &'a LaneSeen| End {
        node,
        interface: &seen.lane.lane.interface,
        source: seen.report.source,
    };
    Some(Try {
        from: end(sender, sent),
        to: end(receiver, received),
        carrier,
        destination,
        failure,
    })
}

/// The lane of a group on a node, if it could be tried.
fn lane<'a>(
    seen: &'a Seen,
    node: &NodeName,
    group: &Name,
    carrier: Carrier,
) -> Option<(&'a NodeName, &'a LaneSeen)> {
    let (node, visit) = seen.visits.get_key_value(node)?;
    let lane = lanes(visit).find(|seen| seen.lane.is_of(group, carrier))?;
    lane.report.refused.is_none().then_some((node, lane))
}

fn lanes(visit: &Visit) -> impl Iterator<Item = &LaneSeen> {
    visit.vrrp.iter().flatten()
}

/// What is wrong on the ways between members.
pub(super) fn findings(tries: &[Try<'_>]) -> Vec<Finding> {
    let carriers: BTreeSet<Carrier> = tries.iter().map(|one| one.carrier).collect();
    let mut findings = Vec::new();
    for carrier in carriers {
        let on = tries.iter().filter(|one| one.carrier == carrier);
        for part in parts(on.collect()) {
            findings.extend(of_part(carrier, &part));
        }
    }
    findings
}

/// The attempts, apart where no member has to do with those of another part.
fn parts<'a, 'b>(tries: Vec<&'b Try<'a>>) -> impl Iterator<Item = Vec<&'b Try<'a>>> {
    let mut part_of: BTreeMap<End<'_>, usize> = BTreeMap::new();
    for one in &tries {
        let next = part_of.len();
        let to = *part_of.entry(one.to).or_insert(next);
        let from = *part_of.entry(one.from).or_insert(to);
        if from != to {
            let joined = part_of.values_mut().filter(|part| **part == from);
            joined.for_each(|part| *part = to);
        }
    }
    let mut parts: BTreeMap<usize, Vec<&Try<'_>>> = BTreeMap::new();
    for one in tries {
        parts.entry(part_of[&one.to]).or_default().push(one);
    }
    parts.into_values()
}

fn of_part(carrier: Carrier, tries: &[&Try<'_>]) -> Vec<Finding> {
    let is_lost = |one: &Try<'_>| one.failure == Some(Failure::Lost);
    if tries.len() > 1 && tries.iter().all(|one| is_lost(one)) {
        return vec![told::nobody(carrier, tries)];
    }
    let mut counts_to: BTreeMap<End<'_>, Count> = BTreeMap::new();
    let mut counts_from: BTreeMap<End<'_>, Count> = BTreeMap::new();
    for one in tries {
        let to = counts_to.entry(one.to).or_default();
        let from = counts_from.entry(one.from).or_default();
        for count in [to, from] {
            count.note(is_lost(one));
        }
    }
    let mut deaf: BTreeMap<End<'_>, Vec<&Try<'_>>> = BTreeMap::new();
    let mut mute: BTreeMap<End<'_>, Vec<&Try<'_>>> = BTreeMap::new();
    let mut kept: BTreeMap<(End<'_>, &str), Vec<&Try<'_>>> = BTreeMap::new();
    let mut findings = Vec::new();
    for &one in tries {
        match one.failure {
            None => {}
            Some(Failure::Lost) if counts_to[&one.to].is_to_blame() => {
                deaf.entry(one.to).or_default().push(one);
            }
            Some(Failure::Lost) if counts_from[&one.from].is_to_blame() => {
                mute.entry(one.from).or_default().push(one);
            }
            Some(Failure::Lost) => findings.push(told::between(one)),
            Some(Failure::Kept(why)) => kept.entry((one.from, why)).or_default().push(one),
            Some(Failure::Disguised(source)) => findings.push(told::disguised(one, source)),
            Some(Failure::Far(hop_limit)) => findings.push(told::far(one, hop_limit)),
        }
    }
    findings.extend(deaf.values().map(|lost| told::deaf(lost)));
    findings.extend(mute.values().map(|lost| told::mute(lost)));
    let kept = kept.iter();
    findings.extend(kept.map(|((_, why), kept)| told::kept(kept, why)));
    findings
}
