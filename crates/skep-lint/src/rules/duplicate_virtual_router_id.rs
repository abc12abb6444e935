//! Two VIP groups use one virtual router id on the same network segment.
//!
//! ## What it does
//!
//! Compares the groups that have the same `virtualRouterId` and an address of the same family,
//! whatever their version of VRRP. Groups that share a node are compared by the interface they
//! use there; where the interface is not written it may be the same. Groups that share no node
//! may live on different segments, which no manifest says: equal interface names are a warning.
//! Groups that send to different multicast groups do not hear each other.
//!
//! ## Why is this bad?
//!
//! The id is all that tells virtual routers of a segment apart. Each group takes the other's
//! advertisements for its own: the one with the lower priority gives up its addresses, and
//! nobody holds them.
//!
//! ## Example
//!
//! ```yaml
//! kind: VipGroup
//! metadata: {name: web}
//! spec: {virtualRouterId: 51, interface: eth0, addresses: [10.0.0.70], members: [cube01, cube02]}
//! ---
//! kind: VipGroup
//! metadata: {name: database}
//! spec: {virtualRouterId: 51, interface: eth0, addresses: [10.0.0.71], members: [cube01, cube02]}
//! ```
//!
//! Use instead:
//!
//! ```yaml
//! kind: VipGroup
//! metadata: {name: database}
//! spec: {virtualRouterId: 52, interface: eth0, addresses: [10.0.0.71], members: [cube01, cube02]}
//! ```

use std::collections::{BTreeMap, BTreeSet};

use skep_manifest::name::{InterfaceName, NodeName};
use skep_manifest::priority::VirtualRouterId;
use skep_manifest::problem::Severity;
use skep_manifest::vip_group::VipGroupSpec;
use skep_manifest::vip_group::transport::Transport;

use crate::family::Family;
use crate::finding::Finding;
use crate::manifests::{Declaration, Manifests, Seat};
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule {
    id: "duplicate-virtual-router-id",
    severity: Severity::Error,
    source: include_str!("duplicate_virtual_router_id.rs"),
    inspect,
};

/// A virtual router of one family on the nodes of a group.
struct Router<'a> {
    group: &'a Declaration<'a, VipGroupSpec>,
    seats: Vec<Seat<'a>>,
}

fn inspect(manifests: &Manifests<'_>, findings: &mut Vec<Finding>) {
    let mut routers: BTreeMap<(u8, Family), Vec<Router<'_>>> = BTreeMap::new();
    let ids: BTreeSet<u8> = manifests.groups.iter().filter_map(number).collect();
    for group in &manifests.groups {
        let Some(id) = number(group) else {
            continue;
        };
        let mut told = None;
        for family in families(group.spec) {
            let seats = manifests.seats(group.spec);
            let earlier = routers.entry((id, family)).or_default();
            let clash = earlier.iter().find_map(|other| {
                let apart = other.group.name == group.name
                    || !hear_each_other(other.group.spec, group.spec);
                let meeting = meet(&other.seats, &seats).filter(|_| !apart)?;
                Some((other.group, meeting))
            });
            if let Some((other, meeting)) = clash
                && told.replace(other.name) != Some(other.name)
            {
                findings.push(report((other, group), id, &meeting, &ids));
            }
            earlier.push(Router { group, seats });
        }
    }
}

fn number(group: &Declaration<'_, VipGroupSpec>) -> Option<u8> {
    match group.spec.virtual_router_id {
        VirtualRouterId::Number(number) => Some(number.get()),
        VirtualRouterId::Auto => None,
    }
}

/// RFC 9568 §5.2.3: ids of IPv4 and IPv6 are two spaces.
fn families(group: &VipGroupSpec) -> BTreeSet<Family> {
    let addresses = group.addresses.iter().map(|entry| entry.address.address());
    addresses.map(Family::of).collect()
}

fn hear_each_other(one: &VipGroupSpec, other: &VipGroupSpec) -> bool {
    match (one.transport, other.transport) {
        (Transport::Multicast(one), Transport::Multicast(other)) => one.group == other.group,
        (Transport::Unicast(_), _) | (_, Transport::Unicast(_)) => true,
    }
}

/// Where two groups meet.
enum Meeting<'a> {
    /// On a node that is a member of both.
    On(&'a NodeName, Option<&'a InterfaceName>),
    /// On different nodes, whose interfaces have this name, if the segment is the same.
    Perhaps(Option<&'a InterfaceName>),
}

fn meet<'a>(one: &[Seat<'a>], other: &[Seat<'a>]) -> Option<Meeting<'a>> {
    let nodes: BTreeMap<&NodeName, Option<&InterfaceName>> =
        one.iter().map(|seat| (seat.node, seat.interface)).collect();
    let shared: Vec<_> = other
        .iter()
        .filter_map(|seat| Some((seat, *nodes.get(seat.node)?)))
        .collect();
    if !shared.is_empty() {
        return shared
            .iter()
            .find(|(seat, interface)| may_be_same(seat.interface, *interface))
            .map(|(seat, interface)| Meeting::On(seat.node, seat.interface.or(*interface)));
    }
    let interfaces: BTreeSet<_> = one.iter().map(|seat| seat.interface).collect();
    let mut pairs = other
        .iter()
        .flat_map(|seat| interfaces.iter().map(move |one| (seat.interface, *one)));
    pairs
        .find(|(one, other)| may_be_same(*one, *other))
        .map(|(one, other)| Meeting::Perhaps(one.or(other)))
}

fn may_be_same(one: Option<&InterfaceName>, other: Option<&InterfaceName>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one == other,
        (None, _) | (_, None) => true,
    }
}

fn report(
    (first, second): (
        &Declaration<'_, VipGroupSpec>,
        &Declaration<'_, VipGroupSpec>,
    ),
    id: u8,
    meeting: &Meeting<'_>,
    ids: &BTreeSet<u8>,
) -> Finding {
    let on = |interface: &Option<&InterfaceName>| match interface {
        Some(interface) => format!("on `{interface}` of "),
        None => "on ".to_owned(),
    };
    let (where_they_meet, severity) = match meeting {
        Meeting::On(node, interface) => (
            format!("{}node `{node}`, so each", on(interface)),
            Severity::Error,
        ),
        Meeting::Perhaps(interface) => (
            format!(
                "{}different nodes: if these are on one network segment, each",
                on(interface)
            ),
            Severity::Warning,
        ),
    };
    let free = (id..=u8::MAX)
        .chain(1..id)
        .find(|candidate| !ids.contains(candidate));
    let example = free.map_or(String::new(), |free| format!(", such as {free}"));
    let mut help = format!(
        "give `{}` an id that nobody else on the segment uses{example}",
        second.name
    );
    if severity == Severity::Warning {
        help.push_str(&format!(
            "; if the segments differ, say so with `# skep: ignore[{}] REASON` above the line",
            RULE.id
        ));
    }
    Finding::new(
        &RULE,
        second.document.span("/spec/virtualRouterId"),
        format!(
            "groups `{}` and `{}` both use virtual router id {id} {where_they_meet} takes the other's advertisements for its own",
            first.name, second.name
        ),
    )
    .severity(severity)
    .related(
        first.document.span("/spec/virtualRouterId"),
        format!("used first here, by group `{}`", first.name),
    )
    .help(help)
}
