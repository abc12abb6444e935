//! An address of a VIP group lies outside of the network that its interface is in.
//!
//! ## What it does
//!
//! Compares the group's addresses with those of its members, of the same family. Where a member's
//! own `address` on the interface is written, it must be in the network that the prefix of the
//! virtual address spans; an address without a prefix length counts as outside when even the
//! first 16 bits (IPv6: 48) differ. Where no `interface` is written, the nodes' addresses in the
//! `Swarm` are compared in the same way, all of them; where one is written, only if the first
//! 16 bits (48) are equal and the rest of a written prefix is not.
//!
//! ## Why is this bad?
//!
//! Nobody on the segment asks for such an address: routers send its packets elsewhere, and the
//! announcements reach no one. Without `interface`, no node has an interface to put it on.
//!
//! ## Example
//!
//! ```yaml
//! kind: Swarm
//! spec:
//!   nodes: [{name: cube01, address: 10.0.0.60, role: manager}]
//! ---
//! kind: VipGroup
//! spec:
//!   addresses: [10.0.1.70/24]
//!   members: [cube01]
//! ```
//!
//! Use instead:
//!
//! ```yaml
//! kind: VipGroup
//! spec:
//!   addresses: [10.0.0.70/24]
//!   members: [cube01]
//! ```

use std::net::IpAddr;

use skep_manifest::address::InterfaceAddress;
use skep_manifest::desired::{GroupMember, Runs};
use skep_manifest::problem::Severity;
use skep_manifest::vip_group::address::VirtualAddress;

use crate::family::Family;
use crate::finding::Finding;
use crate::manifests::Manifests;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule {
    id: "virtual-address-outside-subnet",
    severity: Severity::Warning,
    source: include_str!("virtual_address_outside_subnet.rs"),
    inspect,
};

fn inspect(manifests: &Manifests<'_>, findings: &mut Vec<Finding>) {
    for group in &manifests.groups {
        let Some(resolved) = manifests.desired.vip_groups.get(group.name) else {
            continue;
        };
        for (index, entry) in group.spec.addresses.iter().enumerate() {
            let virtual_address = entry.address;
            let Some(known) = outside(entry, &resolved.members) else {
                continue;
            };
            let network = if is_host(virtual_address) {
                String::new()
            } else {
                format!(", in {}", virtual_address.subnet())
            };
            findings.push(
                Finding::new(
                    &RULE,
                    group.document.span(&format!("/spec/addresses/{index}/address")),
                    format!(
                        "`{}`{network}, is not in the network of {}: nobody there would ask for it",
                        virtual_address.address(),
                        known.describe()
                    ),
                )
                .help(match known {
                    Known::Source(..) => {
                        "take an address of that network, or correct the member's `address` or the length of the prefix"
                    }
                    Known::Nodes(..) => {
                        "take an address of that network; if the nodes have another interface for it, name that as `interface`"
                    }
                }),
            );
        }
    }
}

/// What is known of the interface that does not fit.
enum Known<'a> {
    /// The address a member has on it.
    Source(&'a GroupMember, IpAddr),
    /// The nodes' addresses, of which this is the first.
    Nodes(&'a GroupMember, IpAddr),
}

impl Known<'_> {
    fn describe(&self) -> String {
        match self {
            Self::Source(member, address) => {
                format!("`{}`, whose `address` is {address}", member.name)
            }
            Self::Nodes(member, address) => format!("the nodes (`{}`: {address})", member.name),
        }
    }
}

fn outside<'a>(entry: &VirtualAddress, members: &'a [GroupMember]) -> Option<Known<'a>> {
    let family = Family::of(entry.address.address());
    let here = members.iter().filter(|member| {
        let elsewhere = entry.interface.is_some() && entry.interface != member.interface;
        member.runs == Runs::Agent && !elsewhere
    });
    let addresses = |address: fn(&GroupMember) -> Option<IpAddr>| {
        let known = here.clone().filter_map(move |it| Some((it, address(it)?)));
        known.filter(move |(_, address)| Family::of(*address) == family)
    };
    let mut sources = addresses(|member| member.source.map(|it| it.0));
    let stray = sources.find(|(_, source)| !may_share_network(entry.address, *source));
    if let Some((member, source)) = stray {
        return Some(Known::Source(member, source));
    }
    let mut nodes = addresses(|member| member.peer_address.map(|it| it.0));
    let (first, address) = nodes.next()?;
    let is_outside = |node: IpAddr| {
        let fits = may_share_network(entry.address, node);
        let chosen = first.interface.is_some() || entry.interface.is_some();
        !fits && (!chosen || is_near(entry.address.address(), node))
    };
    let all = is_outside(address) && nodes.all(|(_, node)| is_outside(node));
    all.then_some(Known::Nodes(first, address))
}

/// Whether both can be on one network, as far as the prefix says.
fn may_share_network(virtual_address: InterfaceAddress, other: IpAddr) -> bool {
    if is_host(virtual_address) {
        is_near(virtual_address.address(), other)
    } else {
        virtual_address.subnet().contains(other)
    }
}

fn is_host(address: InterfaceAddress) -> bool {
    match Family::of(address.address()) {
        Family::Ipv4 => address.prefix_length() == 32,
        Family::Ipv6 => address.prefix_length() == 128,
    }
}

/// Whether two addresses begin alike, as those of one site do.
fn is_near(one: IpAddr, other: IpAddr) -> bool {
    match (one, other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => one.octets()[..2] == other.octets()[..2],
        (IpAddr::V6(one), IpAddr::V6(other)) => one.octets()[..6] == other.octets()[..6],
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}
