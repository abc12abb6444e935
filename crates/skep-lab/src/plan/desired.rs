//! The lab that a desired state describes.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use anyhow::{Context as _, Result, bail, ensure};
use skep_manifest::address::InterfaceAddress;
use skep_manifest::desired::{Desired, GroupMember, Runs, VipGroup};
use skep_manifest::name::{InterfaceName, NodeName};

use super::{LabNode, LabPlan};

/// The interface of a node for which no group names one.
const INTERFACE: &str = "eth0";
/// How many addresses are tried for a node: more than a lab can have nodes.
const CANDIDATES: u128 = 4096;

/// The nodes of a desired state, on one segment.
///
/// The nodes of a `Swarm` have their addresses. Without one, the members of the VIP groups are the
/// nodes, and those without an address get the ones that follow the virtual address.
pub fn from_desired(name: &str, desired: &Desired) -> Result<LabPlan> {
    let hosts = match &desired.swarm {
        Some(swarm) => {
            let nodes = swarm.spec.nodes.iter();
            nodes.map(|node| (&node.name, node.address.0)).collect()
        }
        None => place_members(desired)?,
    };
    ensure!(
        !hosts.is_empty(),
        "the manifests name no nodes: a lab needs a Swarm, or a VipGroup with nodes as members"
    );
    let virtual_addresses: Vec<_> = virtual_addresses(desired).collect();
    let nodes = hosts.iter().map(|(name, address)| {
        Ok(LabNode {
            name: name.to_string(),
            address: *address,
            prefix_length: prefix_length(*address, &hosts, &virtual_addresses),
            interface: interface(desired, name)?,
        })
    });
    Ok(LabPlan {
        name: name.to_owned(),
        nodes: nodes.collect::<Result<_>>()?,
    })
}

fn virtual_addresses(desired: &Desired) -> impl Iterator<Item = InterfaceAddress> {
    let groups = desired.vip_groups.values();
    groups.flat_map(|group| {
        let addresses = group.declared.spec.addresses.iter();
        addresses.map(|virtual_address| virtual_address.address)
    })
}

fn members(desired: &Desired) -> impl Iterator<Item = (&VipGroup, &GroupMember)> {
    let groups = desired.vip_groups.values();
    groups.flat_map(|group| group.members.iter().map(move |member| (group, member)))
}

/// Gives every node that is a member an address.
fn place_members(desired: &Desired) -> Result<Vec<(&NodeName, IpAddr)>> {
    let given: BTreeMap<_, _> = members(desired)
        .filter_map(|(group, member)| Some((&member.name, given_address(group, member)?)))
        .collect();
    let mut taken: BTreeSet<_> = virtual_addresses(desired)
        .map(InterfaceAddress::address)
        .chain(given.values().copied())
        .collect();
    let mut hosts: Vec<(&NodeName, IpAddr)> = Vec::new();
    for (group, member) in members(desired) {
        let is_known = hosts.iter().any(|(name, _)| *name == &member.name);
        if is_known || member.runs == Runs::Elsewhere {
            continue;
        }
        let address = match given.get(&member.name) {
            Some(address) => *address,
            None => free_address(group, &taken)
                .with_context(|| format!("node `{}` has no address", member.name))?,
        };
        taken.insert(address);
        hosts.push((&member.name, address));
    }
    Ok(hosts)
}

/// The address that the manifest gives a member; the owner has the virtual address itself.
fn given_address(group: &VipGroup, member: &GroupMember) -> Option<IpAddr> {
    let named = member.source.or(member.peer_address);
    let owned = || {
        let first = group.declared.spec.addresses.first();
        first
            .filter(|_| member.owner)
            .map(|first| first.address.address())
    };
    named.map(|address| address.0).or_else(owned)
}

/// The next address of the virtual address's network that nobody has.
fn free_address(group: &VipGroup, taken: &BTreeSet<IpAddr>) -> Result<IpAddr> {
    let Some(first) = group.declared.spec.addresses.first() else {
        bail!("its group has no address");
    };
    let (address, width) = (first.address.address(), width(first.address.address()));
    let length = match u32::from(first.address.prefix_length()) {
        length if length < width => length,
        _ => usual_length(address),
    };
    let hosts = (1_u128 << (width - length).min(127)) - 1;
    let base = bits(address) & !hosts;
    let place = bits(address) & hosts;
    let mut candidates = (1..=hosts.min(CANDIDATES)).map(|step| (place + step) & hosts);
    // The first and the last address of a network are no hosts'.
    candidates
        .find_map(|host| {
            let candidate = like(address, base | host);
            (host != 0 && host != hosts && !taken.contains(&candidate)).then_some(candidate)
        })
        .with_context(|| format!("the network of {} is full", first.address))
}

/// The interface on which a node's groups are: the lab gives each node one.
fn interface(desired: &Desired, node: &NodeName) -> Result<String> {
    let named: BTreeSet<&InterfaceName> = members(desired)
        .filter(|(_, member)| member.name == *node)
        .filter_map(|(_, member)| member.interface.as_ref())
        .collect();
    match Vec::from_iter(named).as_slice() {
        [] => Ok(INTERFACE.to_owned()),
        [one] => Ok(one.to_string()),
        [one, other, ..] => bail!(
            "node `{node}` has groups on {one} and on {other}: \
             a lab gives each node one interface, bring up one part of the manifests at a time"
        ),
    }
}

/// The usual length, or what it takes to have all hosts, and the virtual addresses that have no
/// network of their own, in one network.
fn prefix_length(
    address: IpAddr,
    hosts: &[(&NodeName, IpAddr)],
    virtual_addresses: &[InterfaceAddress],
) -> u8 {
    let usual = usual_length(address);
    let hosts = hosts.iter().map(|(_, address)| *address);
    let bare = virtual_addresses
        .iter()
        .map(|bare| (bare.address(), u32::from(bare.prefix_length())))
        .filter(|(bare, length)| *length == width(*bare))
        .map(|(bare, _)| bare);
    let for_hosts = hosts
        .filter(|host| host.is_ipv4() == address.is_ipv4())
        .map(|host| common_length(address, host))
        .fold(usual, u32::min);
    // A virtual address far away is routed to, not a neighbour.
    let near = usual - 8;
    let for_all = bare
        .filter(|bare| bare.is_ipv4() == address.is_ipv4())
        .map(|bare| common_length(address, bare))
        .filter(|length| *length >= near)
        .fold(for_hosts, u32::min);
    u8::try_from(for_all).unwrap_or(u8::MAX)
}

/// How many leading bits two addresses of one family share.
fn common_length(one: IpAddr, other: IpAddr) -> u32 {
    let unused = 128 - width(one);
    (bits(one) ^ bits(other)).leading_zeros() - unused
}

const fn usual_length(address: IpAddr) -> u32 {
    match address {
        IpAddr::V4(_) => 24,
        IpAddr::V6(_) => 64,
    }
}

const fn width(address: IpAddr) -> u32 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// The address of the same family as `address` with these bits.
fn like(address: IpAddr, bits: u128) -> IpAddr {
    match address {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::from_bits(
            u32::try_from(bits & u128::from(u32::MAX)).unwrap_or(u32::MAX),
        )),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::from_bits(bits)),
    }
}

#[cfg(test)]
mod tests;
