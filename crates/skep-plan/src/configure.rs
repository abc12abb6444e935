//! The share of the desired VIP groups that belongs to one node.

use std::net::IpAddr;

use skep_manifest::desired::{Desired, GroupMember, Runs, VipGroup};
use skep_manifest::name::{Name, NodeName};
use skep_manifest::priority::VirtualRouterId as DeclaredId;
use skep_manifest::value_source::ValueSource;
use skep_manifest::vip_group::VipGroupSpec;
use skep_manifest::vip_group::address::Route as DeclaredRoute;
use skep_manifest::vip_group::authentication::Authentication as DeclaredAuthentication;
use skep_manifest::vip_group::timing::Lease as DeclaredLease;
use skep_manifest::vip_group::tracking::{Effect as DeclaredEffect, Influence, Tracking};
use skep_manifest::vip_group::transport::{
    PseudoHeader, Transport as DeclaredTransport, Version as DeclaredVersion,
};
use skep_vip::configuration::{
    Announcements, Authentication, ChecksumMode, Effect, Lease, Preemption, Relocation,
    RouterConfiguration, RouterKey, Start, TrackedInput, TrackedInterface, Transport,
    VirtualAddress, VirtualRoute,
};
use skep_vrrp::identity::{Family, Priority, Version, VirtualRouterId};

/// Why a VIP group cannot be run on a node.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("VIP group `{group}` on node `{node}`: {missing}")]
pub struct ConfigureError {
    /// The group.
    pub group: Name,
    /// The node.
    pub node: NodeName,
    /// What stands in the way.
    pub missing: Missing,
}

/// What stands in the way of running a group on a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// The interface is not given.
    #[error("finding the interface by subnet is not supported yet: give `interface`")]
    Interface,
    /// The virtual router id is to be chosen.
    #[error("choosing the virtual router id is not supported yet: give `virtualRouterId`")]
    VirtualRouterId,
    /// The member has no priority.
    #[error("the member has no priority")]
    Priority,
    /// An address is of IPv6.
    #[error("IPv6 addresses are not supported yet")]
    Ipv6,
    /// The authentication is not one the data plane knows.
    #[error("this authentication is not supported yet: use `none` or `simple`")]
    Authentication,
    /// The password does not stand in the manifest.
    #[error("this source of the password is not supported yet: use `value`")]
    Password,
    /// An input is not one the data plane is told about.
    #[error("tracking is supported for checks only yet")]
    Tracking,
}

/// The virtual routers that `node` runs, by key.
///
/// # Errors
///
/// [`ConfigureError`] for the first group that asks for what the data plane cannot do.
pub fn configure(
    desired: &Desired,
    node: &NodeName,
) -> Result<Vec<RouterConfiguration>, ConfigureError> {
    let mut routers = Vec::new();
    for (name, group) in &desired.vip_groups {
        let mut members = group.members.iter();
        let is_here = |member: &&GroupMember| match member.runs {
            Runs::Agent => member.name == *node,
            Runs::Elsewhere => false,
        };
        if let Some(member) = members.find(is_here) {
            let router = router(name, group, member).map_err(|missing| ConfigureError {
                group: name.clone(),
                node: node.clone(),
                missing,
            })?;
            routers.push(router);
        }
    }
    Ok(routers)
}

fn router(
    name: &Name,
    group: &VipGroup,
    member: &GroupMember,
) -> Result<RouterConfiguration, Missing> {
    let spec = &group.declared.spec;
    let interface = member.interface.as_ref().ok_or(Missing::Interface)?;
    let priority = member.priority.ok_or(Missing::Priority)?;
    Ok(RouterConfiguration {
        key: RouterKey {
            group: name.to_string(),
            family: Family::Ipv4,
        },
        virtual_router_id: virtual_router_id(spec.virtual_router_id)?,
        version: match spec.version {
            DeclaredVersion::V2 => Version::V2,
            DeclaredVersion::V3 => Version::V3,
        },
        interface: interface.to_string(),
        source: member.source.map(|address| address.0),
        addresses: addresses(spec)?,
        priority: Priority::new(priority.number()),
        advertisement_interval: spec.advertisement_interval.time(),
        authentication: authentication(&group.authentication)?,
        checksum: match spec.checksum.pseudo_header {
            PseudoHeader::Auto => ChecksumMode::Auto,
            PseudoHeader::Always => ChecksumMode::Always,
            PseudoHeader::Never => ChecksumMode::Never,
        },
        preemption: Preemption {
            enabled: spec.preemption.enabled,
            delay: spec.preemption.delay.time(),
        },
        announcements: Announcements {
            count: spec.announcements.count,
            repeat_after: spec.announcements.repeat_after.time(),
            refresh: spec.announcements.refresh.time(),
            refresh_count: spec.announcements.refresh_count,
        },
        lease: match spec.lease {
            DeclaredLease::For(time) => Lease::For(time.time()),
            DeclaredLease::Forever => Lease::Forever,
        },
        track_interface: spec.track_interface,
        tracking: tracking(&group.tracking)?,
        tracked_interfaces: tracked_interfaces(&group.tracking),
        transport: transport(group, member),
        routes: spec.routes.iter().map(route).collect(),
        start: Start {
            delay: spec.start.delay.time(),
            listen_first: spec.start.listen_first,
        },
        sync_group: spec.sync_group.as_ref().map(ToString::to_string),
        follows: None,
        members: other_members(group, member),
        relocation: Relocation::None,
    })
}

/// The peers of a unicast group are the other members that say where they are.
fn transport(group: &VipGroup, member: &GroupMember) -> Transport {
    match group.declared.spec.transport {
        DeclaredTransport::Multicast(multicast) => Transport::Multicast(multicast.group.0),
        DeclaredTransport::Unicast(unicast) => {
            let others = group.members.iter().filter(|other| *other != member);
            Transport::Unicast {
                peers: others
                    .filter_map(|other| Some(other.peer_address?.0))
                    .collect(),
                minimum_hop_limit: unicast.minimum_ttl,
            }
        }
    }
}

/// Where the other members advertise from, unless one of them does not say so. The address under
/// which a member is reached is the one it advertises from, unless it fixes another.
fn other_members(group: &VipGroup, member: &GroupMember) -> Option<Vec<IpAddr>> {
    let others = group.members.iter().filter(|other| *other != member);
    others
        .map(|other| Some(other.source.or(other.peer_address)?.0))
        .collect()
}

fn route(declared: &DeclaredRoute) -> VirtualRoute {
    VirtualRoute {
        destination: declared.to.base(),
        prefix_length: declared.to.prefix_length(),
        via: declared.via.map(|gateway| gateway.0),
        interface: declared.interface.as_ref().map(ToString::to_string),
        table: declared.table,
    }
}

fn tracked_interfaces(declared: &[Tracking]) -> Vec<TrackedInterface> {
    let interfaces = declared.iter().filter_map(|tracking| match tracking {
        Tracking::Interface(tracked) => Some(TrackedInterface {
            interface: tracked.interface.to_string(),
            effect: effect(tracking.influence()),
            up_delay: tracked.up_delay.time(),
            down_delay: tracked.down_delay.time(),
        }),
        Tracking::Check(_) | Tracking::Service(_) | Tracking::External(_) | Tracking::Swarm(_) => {
            None
        }
    });
    interfaces.collect()
}

const fn effect(influence: Influence) -> Effect {
    match influence {
        Influence::Weight(weight) => Effect::Weight(weight.number()),
        Influence::Effect(DeclaredEffect::Demote) => Effect::Demote,
        Influence::Effect(DeclaredEffect::Fault) => Effect::Fault,
    }
}

fn virtual_router_id(id: DeclaredId) -> Result<VirtualRouterId, Missing> {
    match id {
        DeclaredId::Auto => Err(Missing::VirtualRouterId),
        DeclaredId::Number(number) => {
            VirtualRouterId::new(number.get()).map_err(|_zero| Missing::VirtualRouterId)
        }
    }
}

fn addresses(spec: &VipGroupSpec) -> Result<Vec<VirtualAddress>, Missing> {
    let address = |declared: &skep_manifest::vip_group::address::VirtualAddress| {
        let IpAddr::V4(_) = declared.address.address() else {
            return Err(Missing::Ipv6);
        };
        Ok(VirtualAddress {
            address: declared.address.address(),
            prefix_length: declared.address.prefix_length(),
            interface: declared.interface.as_ref().map(ToString::to_string),
            label: declared.label.as_ref().map(ToString::to_string),
            advertised: declared.advertised,
        })
    };
    spec.addresses.iter().map(address).collect()
}

fn authentication(declared: &DeclaredAuthentication) -> Result<Authentication, Missing> {
    match declared {
        DeclaredAuthentication::None(_) => Ok(Authentication::None),
        // A group of a swarm is authenticated by default, and by nothing as long as the data plane
        // has no HMAC; lint says so.
        DeclaredAuthentication::Cluster(_) => Ok(Authentication::None),
        DeclaredAuthentication::Simple(simple) => match &simple.password {
            ValueSource::Value(password) => Ok(Authentication::Simple(eight_bytes(password))),
            ValueSource::FromFile(_)
            | ValueSource::FromEnv(_)
            | ValueSource::Sealed(_)
            | ValueSource::FromNodeFile(_) => Err(Missing::Password),
        },
        DeclaredAuthentication::Hmac(_) => Err(Missing::Authentication),
    }
}

/// The password as it stands in a packet: eight bytes, what is longer is cut as every other
/// implementation cuts it.
fn eight_bytes(password: &str) -> [u8; 8] {
    let mut bytes = [0; 8];
    for (byte, written) in bytes.iter_mut().zip(password.bytes()) {
        *byte = written;
    }
    bytes
}

fn tracking(declared: &[Tracking]) -> Result<Vec<TrackedInput>, Missing> {
    let mut inputs = Vec::new();
    for tracking in declared {
        match tracking {
            Tracking::Check(check) => inputs.push(TrackedInput {
                name: check_input(&check.check),
                effect: effect(tracking.influence()),
            }),
            // Implied by a swarm; an explicit one is refused by lint.
            Tracking::Swarm(_) => {}
            Tracking::Interface(_) | Tracking::Service(_) | Tracking::External(_) => {
                return Err(Missing::Tracking);
            }
        }
    }
    Ok(inputs)
}

/// The name under which the data plane knows the health check `name`.
#[must_use]
pub fn check_input(name: &Name) -> String {
    format!("check/{name}")
}

#[cfg(test)]
mod tests;
