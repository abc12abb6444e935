//! The share of the desired VIP groups that belongs to one node.

mod authentication;
mod clash;
mod family;
pub(crate) mod interface;
mod missing;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use skep_manifest::desired::{Desired, GroupMember, Runs, VipGroup};
use skep_manifest::name::{Name, NodeName};
use skep_manifest::priority::{Priority as DeclaredPriority, VirtualRouterId as DeclaredId};
use skep_manifest::value_source::{AbsolutePath, ValueSource};
use skep_manifest::vip_group::VipGroupSpec;
use skep_manifest::vip_group::address::Route as DeclaredRoute;
use skep_manifest::vip_group::timing::Lease as DeclaredLease;
use skep_manifest::vip_group::tracking::{Effect as DeclaredEffect, Influence, Tracking};
use skep_manifest::vip_group::transport::{
    PseudoHeader, Transport as DeclaredTransport, Version as DeclaredVersion,
};
use skep_vip::configuration::{
    Announcements, ChecksumMode, Effect, Lease, Preemption, Relocation, RouterConfiguration,
    RouterKey, Start, TrackedInput, TrackedInterface, Transport, VirtualAddress, VirtualRoute,
};
use skep_vrrp::identity::{Family, Priority, Version, VirtualRouterId};

use self::authentication::authentication;
pub use self::missing::{ConfigureError, Missing};
use crate::site::Site;
use crate::tracking::{input, rank_from_below};

/// A node's virtual routers, and the groups it cannot run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Configured {
    /// The virtual routers, by key.
    pub routers: Vec<RouterConfiguration>,
    /// The groups of which the node is a member and cannot run its part: it is ineligible there.
    pub refused: Vec<ConfigureError>,
    /// The interfaces that were found for groups that name none.
    pub found: BTreeMap<Name, String>,
}

/// The virtual routers that `node` runs. A group that cannot be run stops no other.
#[must_use]
pub fn configure(desired: &Desired, node: &NodeName, site: &Site) -> Configured {
    let mut configured = Configured::default();
    for (name, group, member) in memberships(desired, node) {
        let whole = router(name, group, member, site);
        match whole.and_then(|whole| family::split(&whole, group, member)) {
            Ok(routers) => {
                if let (None, Some(router)) = (&member.interface, routers.first()) {
                    let found = router.interface.clone();
                    configured.found.insert(name.clone(), found);
                }
                configured.routers.extend(routers);
            }
            Err(missing) => configured.refuse(name, node, missing),
        }
    }
    clash::refuse(&mut configured, node);
    configured
}

/// The files that `node` has to read for its virtual routers.
#[must_use]
pub fn node_files(desired: &Desired, node: &NodeName) -> BTreeSet<AbsolutePath> {
    let sources = memberships(desired, node)
        .flat_map(|(_, group, _)| group.authentication.values())
        .cloned();
    let path = |source| match source {
        ValueSource::FromNodeFile(path) => Some(path),
        ValueSource::Value(_)
        | ValueSource::FromFile(_)
        | ValueSource::FromEnv(_)
        | ValueSource::Sealed(_) => None,
    };
    sources.filter_map(path).collect()
}

/// The groups of which `node` is a member, with its part in them.
fn memberships<'a>(
    desired: &'a Desired,
    node: &'a NodeName,
) -> impl Iterator<Item = (&'a Name, &'a VipGroup, &'a GroupMember)> {
    let is_here = move |member: &&GroupMember| match member.runs {
        Runs::Agent => member.name == *node,
        Runs::Elsewhere => false,
    };
    let groups = desired.vip_groups.iter();
    groups.filter_map(move |(name, group)| {
        let member = group.members.iter().find(is_here)?;
        Some((name, group, member))
    })
}

impl Configured {
    fn refuse(&mut self, group: &Name, node: &NodeName, missing: Missing) {
        self.refused.push(ConfigureError {
            group: group.clone(),
            node: node.clone(),
            missing,
        });
    }
}

/// The group on this node, with both families still in one.
fn router(
    name: &Name,
    group: &VipGroup,
    member: &GroupMember,
    site: &Site,
) -> Result<RouterConfiguration, Missing> {
    let spec = &group.declared.spec;
    let interface = match &member.interface {
        Some(interface) => interface.to_string(),
        None => {
            let addresses = spec.addresses.iter().map(|held| held.address.address());
            interface::find(name, &addresses.collect::<Vec<_>>(), member, site)?
        }
    };
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
        interface,
        source: member.source.map(|address| address.0),
        addresses: addresses(spec),
        priority: Priority::new(priority.number()),
        advertisement_interval: spec.advertisement_interval.time(),
        authentication: authentication(name, &group.authentication, site)?,
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
        tracking: tracking(name, group, member),
        tracked_interfaces: tracked_interfaces(group, member),
        transport: transport(group, member),
        routes: spec.routes.iter().map(route).collect(),
        start: Start {
            delay: spec.start.delay.time(),
            listen_first: spec.start.listen_first,
        },
        sync_group: spec.sync_group.as_ref().map(ToString::to_string),
        follows: None,
        owned_elsewhere: is_owned_elsewhere(group, member),
        members: other_members(group, member),
        relocation: relocation(name, member, site),
    })
}

/// Where an operator moved the group, as seen from this member.
fn relocation(name: &Name, member: &GroupMember, site: &Site) -> Relocation {
    match site.moves.get(name) {
        None => Relocation::None,
        Some(target) if *target == member.name => Relocation::Here,
        Some(_) => Relocation::Away,
    }
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
/// Whether another member owns the addresses.
fn is_owned_elsewhere(group: &VipGroup, member: &GroupMember) -> bool {
    let mut others = group.members.iter().filter(|other| *other != member);
    others.any(|other| other.priority == Some(DeclaredPriority::OWNER))
}

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

fn tracked_interfaces(group: &VipGroup, member: &GroupMember) -> Vec<TrackedInterface> {
    let interfaces = group.tracking.iter().filter_map(|tracking| match tracking {
        Tracking::Interface(tracked) => Some(TrackedInterface {
            interface: tracked.interface.to_string(),
            effect: effect(tracking.influence(), group, member),
            up_delay: tracked.up_delay.time(),
            down_delay: tracked.down_delay.time(),
        }),
        Tracking::Check(_) | Tracking::Service(_) | Tracking::External(_) | Tracking::Swarm(_) => {
            None
        }
    });
    interfaces.collect()
}

fn effect(influence: Influence, group: &VipGroup, member: &GroupMember) -> Effect {
    match influence {
        Influence::Weight(weight) => Effect::Weight(weight.number()),
        Influence::Effect(DeclaredEffect::Demote) => {
            Effect::Demote(Priority::new(rank_from_below(group, &member.name)))
        }
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

fn addresses(spec: &VipGroupSpec) -> Vec<VirtualAddress> {
    let address = |declared: &skep_manifest::vip_group::address::VirtualAddress| VirtualAddress {
        address: declared.address.address(),
        prefix_length: declared.address.prefix_length(),
        interface: declared.interface.as_ref().map(ToString::to_string),
        label: declared.label.as_ref().map(ToString::to_string),
        advertised: declared.is_advertised(),
    };
    spec.addresses.iter().map(address).collect()
}

/// What stands behind a value source on this node.
fn value<'a>(source: &'a ValueSource, site: &'a Site) -> Result<&'a str, Missing> {
    match source {
        ValueSource::Value(value) => Ok(value),
        ValueSource::FromNodeFile(path) => match site.files.get(path) {
            Some(Ok(text)) => Ok(text),
            Some(Err(why)) => Err(Missing::Secret { why: why.clone() }),
            None => Err(Missing::Secret {
                why: format!("{path} was not read yet"),
            }),
        },
        ValueSource::FromFile(path) => Err(Missing::Unread {
            source_name: format!("fromFile: {path}"),
        }),
        ValueSource::FromEnv(name) => Err(Missing::Unread {
            source_name: format!("fromEnv: {name}"),
        }),
        ValueSource::Sealed(_) => Err(Missing::Sealed),
    }
}

fn tracking(name: &Name, group: &VipGroup, member: &GroupMember) -> Vec<TrackedInput> {
    let tracked = group.tracking.iter().filter_map(|tracking| {
        let name = match tracking {
            Tracking::Check(check) => check_input(&check.check),
            // What the data plane sees itself.
            Tracking::Interface(_) => return None,
            Tracking::Service(_) | Tracking::External(_) | Tracking::Swarm(_) => {
                input(name, tracking)?
            }
        };
        Some(TrackedInput {
            name,
            effect: effect(tracking.influence(), group, member),
        })
    });
    tracked.collect()
}

/// The name under which the data plane knows the health check `name`.
#[must_use]
pub fn check_input(name: &Name) -> String {
    format!("check/{name}")
}

#[cfg(test)]
mod tests;
