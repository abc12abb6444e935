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

fn inspect(manifests: &Manifests<'_>, findings: &mut Vec<Finding>) {
    let mut routers: BTreeMap<(u8, Family), Routers<'_>> = BTreeMap::new();
    let ids: BTreeSet<u8> = manifests.groups.iter().filter_map(number).collect();
    for group in &manifests.groups {
        let Some(id) = number(group) else {
            continue;
        };
        let mut told = None;
        for family in families(group.spec) {
            let seats = manifests.seats(group);
            let earlier = routers.entry((id, family)).or_default();
            if let Some((other, meeting)) = earlier.clash(group, &seats)
                && told.replace(other.name) != Some(other.name)
            {
                findings.push(report((other, group), id, &meeting, &ids));
            }
            earlier.add(group, seats);
        }
    }
}

/// The groups of one id and family, found by where they are: most of many groups never meet.
#[derive(Default)]
struct Routers<'a> {
    groups: Vec<(&'a Declaration<'a, VipGroupSpec>, BTreeSet<&'a NodeName>)>,
    /// The places of the groups, by node and interface.
    on: BTreeMap<&'a NodeName, BTreeMap<Option<&'a InterfaceName>, Vec<usize>>>,
    /// The same by interface, whatever the node.
    by_interface: BTreeMap<Option<&'a InterfaceName>, Vec<usize>>,
}

impl<'a> Routers<'a> {
    fn add(&mut self, group: &'a Declaration<'a, VipGroupSpec>, seats: Vec<Seat<'a>>) {
        let place = self.groups.len();
        for seat in &seats {
            let here = self.on.entry(seat.node).or_default();
            here.entry(seat.interface).or_default().push(place);
        }
        let interfaces: BTreeSet<_> = seats.iter().map(|seat| seat.interface).collect();
        for interface in interfaces {
            self.by_interface.entry(interface).or_default().push(place);
        }
        let nodes = seats.into_iter().map(|seat| seat.node).collect();
        self.groups.push((group, nodes));
    }

    /// The first group that a group of these seats meets, and where.
    fn clash(
        &self,
        group: &Declaration<'_, VipGroupSpec>,
        seats: &[Seat<'a>],
    ) -> Option<(&'a Declaration<'a, VipGroupSpec>, Meeting<'a>)> {
        let hears = |place: &usize| {
            let (other, _) = &self.groups[*place];
            other.name != group.name && hear_each_other(other.spec, group.spec)
        };
        let on_a_node = seats.iter().filter_map(|seat| {
            let here = self.on.get(seat.node)?;
            let (place, interface) = first(here, seat.interface, hears)?;
            Some((place, Meeting::On(seat.node, seat.interface.or(interface))))
        });
        let shares_none = |place: &usize| {
            let (_, nodes) = &self.groups[*place];
            !seats.iter().any(|seat| nodes.contains(seat.node))
        };
        let interfaces: BTreeSet<_> = seats.iter().map(|seat| seat.interface).collect();
        let elsewhere = interfaces.into_iter().filter_map(|own| {
            let is_apart = |place: &usize| hears(place) && shares_none(place);
            let (place, interface) = first(&self.by_interface, own, is_apart)?;
            Some((place, Meeting::Perhaps(own.or(interface))))
        });
        let met = on_a_node.chain(elsewhere);
        let (place, meeting) = met.min_by_key(|(place, _)| *place)?;
        Some((self.groups[place].0, meeting))
    }
}

/// The first place for which `holds`, among those whose interface may be this one.
fn first<'a>(
    places: &BTreeMap<Option<&'a InterfaceName>, Vec<usize>>,
    interface: Option<&'a InterfaceName>,
    holds: impl Fn(&usize) -> bool,
) -> Option<(usize, Option<&'a InterfaceName>)> {
    let first_of = |(interface, places): (&Option<&'a InterfaceName>, &Vec<usize>)| {
        let place = places.iter().find(|place| holds(place))?;
        Some((*place, *interface))
    };
    // An interface that is not written may be any.
    let found: Vec<_> = match interface {
        Some(_) => [interface, None]
            .iter()
            .filter_map(|key| first_of(places.get_key_value(key)?))
            .collect(),
        None => places.iter().filter_map(first_of).collect(),
    };
    found.into_iter().min_by_key(|(place, _)| *place)
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
