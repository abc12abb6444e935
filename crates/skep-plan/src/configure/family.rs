//! A group's share of each address family: one virtual router per family that is advertised.

use std::net::{IpAddr, Ipv6Addr};

use skep_manifest::desired::{GroupMember, Runs, VipGroup};
use skep_vip::configuration::{
    Relocation, RouterConfiguration, RouterKey, Transport, VirtualAddress, VirtualRoute,
};
use skep_vrrp::identity::{Family, Version, VirtualRouterId};
use skep_vrrp::packet::{MULTICAST_IPV4, MULTICAST_IPV6};

use super::Missing;

/// The routers of a group on one node. `whole` has the addresses, peers and routes of both
/// families; the router of the first address's family decides for the other.
///
/// A family without an advertised address has nothing to say: its addresses move with the first
/// router, as keepalived's `virtual_ipaddress_excluded` does.
pub(super) fn split(
    whole: &RouterConfiguration,
    group: &VipGroup,
    member: &GroupMember,
) -> Result<Vec<RouterConfiguration>, Missing> {
    let first = whole.addresses.first().ok_or(Missing::Addresses)?;
    let first = Family::of(first.address);
    let other = match first {
        Family::Ipv4 => Family::Ipv6,
        Family::Ipv6 => Family::Ipv4,
    };
    let is_advertised =
        |held: &VirtualAddress| held.advertised && Family::of(held.address) == other;
    if !whole.addresses.iter().any(is_advertised) {
        let mut router = share(whole, first, &[first, other])?;
        finish(&mut router, group, member)?;
        return Ok(vec![router]);
    }
    let mut leader = share(whole, first, &[first])?;
    let mut follower = share(whole, other, &[other])?;
    follower.follows = Some(first);
    // It goes where its leader goes.
    follower.relocation = Relocation::None;
    finish(&mut leader, group, member)?;
    finish(&mut follower, group, member)?;
    Ok(vec![leader, follower])
}

/// The router of one family, with the addresses and routes of these.
fn share(
    whole: &RouterConfiguration,
    of: Family,
    with: &[Family],
) -> Result<RouterConfiguration, Missing> {
    if of == Family::Ipv6 && whole.version == Version::V2 {
        return Err(Missing::Version2OverIpv6);
    }
    let is_held = |held: &&VirtualAddress| with.contains(&Family::of(held.address));
    let leads_there = |route: &&VirtualRoute| with.contains(&Family::of(route.destination));
    Ok(RouterConfiguration {
        key: RouterKey {
            group: whole.key.group.clone(),
            family: of,
        },
        source: whole.source.filter(|source| Family::of(*source) == of),
        addresses: whole.addresses.iter().filter(is_held).cloned().collect(),
        members: whole.members.clone().filter(|members| match of {
            Family::Ipv4 => members.iter().all(IpAddr::is_ipv4),
            // They advertise from link-local addresses, which no manifest knows.
            Family::Ipv6 => false,
        }),
        transport: transport(&whole.transport, of)?,
        routes: whole.routes.iter().filter(leads_there).cloned().collect(),
        ..whole.clone()
    })
}

fn transport(whole: &Transport, of: Family) -> Result<Transport, Missing> {
    match whole {
        Transport::Multicast(group) if Family::of(*group) == of => Ok(whole.clone()),
        Transport::Multicast(_) => Ok(Transport::Multicast(match of {
            Family::Ipv4 => MULTICAST_IPV4.into(),
            Family::Ipv6 => MULTICAST_IPV6.into(),
        })),
        Transport::Unicast {
            peers,
            minimum_hop_limit,
        } => {
            let peers = peers.iter().copied().filter(|peer| Family::of(*peer) == of);
            let peers: Vec<IpAddr> = peers.collect();
            if peers.is_empty() {
                return Err(Missing::Peers { family: word(of) });
            }
            Ok(Transport::Unicast {
                peers,
                minimum_hop_limit: *minimum_hop_limit,
            })
        }
    }
}

fn finish(
    router: &mut RouterConfiguration,
    group: &VipGroup,
    member: &GroupMember,
) -> Result<(), Missing> {
    match &router.transport {
        Transport::Multicast(_) => {}
        // The others listen to nobody but the address they send to.
        Transport::Unicast { .. } => {
            let of = router.key.family;
            let known = member.peer_address.map(|address| address.0);
            let known = known.filter(|address| Family::of(*address) == of);
            router.source = router.source.or(known);
        }
    }
    // What a router that skep does not run advertises is not ours to complete.
    let external = group.members.iter().any(|member| match member.runs {
        Runs::Agent => false,
        Runs::Elsewhere => true,
    });
    if router.key.family == Family::Ipv6 && !external {
        begin_with_link_local(&mut router.addresses, router.virtual_router_id);
    }
    if !router.addresses.iter().any(|held| held.advertised) && router.version == Version::V3 {
        return Err(Missing::NothingAdvertised);
    }
    Ok(())
}

/// RFC 9568 §5.2.9: the first address over IPv6 is link-local. Without one the group gets the
/// address that the virtual router's own MAC address (RFC 9568 §7.3) makes, the same on all nodes.
fn begin_with_link_local(addresses: &mut Vec<VirtualAddress>, id: VirtualRouterId) {
    let is_link_local = |held: &VirtualAddress| match held.address {
        IpAddr::V6(address) => held.advertised && address.is_unicast_link_local(),
        IpAddr::V4(_) => false,
    };
    let first = match addresses.iter().position(is_link_local) {
        Some(place) => addresses.remove(place),
        None => VirtualAddress {
            address: link_local(id).into(),
            prefix_length: 128,
            interface: None,
            label: None,
            advertised: true,
        },
    };
    addresses.insert(0, first);
}

/// `fe80::` with the EUI-64 of 00-00-5e-00-02-ID.
fn link_local(id: VirtualRouterId) -> Ipv6Addr {
    let last = 0x0200 | u16::from(id.number());
    Ipv6Addr::new(0xfe80, 0, 0, 0, 0x0200, 0x5eff, 0xfe00, last)
}

const fn word(family: Family) -> &'static str {
    match family {
        Family::Ipv4 => "IPv4",
        Family::Ipv6 => "IPv6",
    }
}
