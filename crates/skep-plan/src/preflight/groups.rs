//! How the advertisements of VIP groups would travel from a node.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use skep_manifest::address::Address;
use skep_manifest::desired::{GroupMember, Runs, VipGroup};
use skep_manifest::name::{Name, NodeName};
use skep_manifest::vip_group::transport::Transport;
use skep_vip::message::trial::{DESTINATIONS_MAX, LANES_MAX, Lane};
use skep_vrrp::identity::Family;
use skep_vrrp::packet::{HOP_LIMIT, MULTICAST_IPV4, MULTICAST_IPV6};

use super::Asked;
use crate::configure::interface;
use crate::site::Site;

/// What a VIP group needs of the network between its members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// What its advertisements travel by, one per family that is advertised.
    pub carriers: BTreeSet<Carrier>,
    /// The lowest TTL or hop limit that its members accept.
    pub minimum_hop_limit: u8,
    /// Its addresses, the first one first: they say where it is when no interface is named.
    pub addresses: Vec<IpAddr>,
    /// Its members.
    pub members: Vec<GroupMember>,
}

/// What advertisements travel by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Carrier {
    /// The family of the addresses.
    pub family: Family,
    /// The multicast group; without one they are sent to each member.
    pub multicast: Option<IpAddr>,
}

/// How the advertisements of some groups leave and reach a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupLane {
    /// The groups.
    pub groups: BTreeSet<Name>,
    /// What they travel by.
    pub carrier: Carrier,
    /// Where that is on the node.
    pub lane: Lane,
}

/// A group that has no place on a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unplaced {
    /// The group.
    pub group: Name,
    /// Why.
    pub why: String,
}

/// The lanes of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lanes {
    /// Those that it has.
    pub lanes: Vec<GroupLane>,
    /// The groups that have none.
    pub unplaced: Vec<Unplaced>,
}

impl Group {
    /// What `group` needs.
    pub(super) fn of(group: &VipGroup) -> Self {
        let spec = &group.declared.spec;
        let carrier = |address: IpAddr| match spec.transport {
            Transport::Multicast(multicast) => Carrier::multicast(address, multicast.group.0),
            Transport::Unicast(_) => Carrier {
                family: Family::of(address),
                multicast: None,
            },
        };
        let advertised = spec.addresses.iter().filter(|held| held.is_advertised());
        // The router of the first address's family runs in any case.
        let decide = spec.addresses.first().into_iter().chain(advertised);
        Self {
            carriers: decide.map(|held| carrier(held.address.address())).collect(),
            minimum_hop_limit: match spec.transport {
                Transport::Multicast(_) => HOP_LIMIT,
                Transport::Unicast(unicast) => unicast.minimum_ttl,
            },
            addresses: spec
                .addresses
                .iter()
                .map(|held| held.address.address())
                .collect(),
            members: group.members.clone(),
        }
    }

    /// The members that an agent runs, with the one of `node` left out.
    pub(super) fn agents_but(&self, node: &NodeName) -> impl Iterator<Item = &GroupMember> {
        let agents = self.members.iter().filter(|member| is_agents(member));
        agents.filter(move |member| member.name != *node)
    }

    /// The part of `node`, if an agent runs it.
    pub(super) fn part(&self, node: &NodeName) -> Option<&GroupMember> {
        let mut agents = self.members.iter().filter(|member| is_agents(member));
        agents.find(|member| member.name == *node)
    }
}

pub(super) const fn is_agents(member: &GroupMember) -> bool {
    match member.runs {
        Runs::Agent => true,
        Runs::Elsewhere => false,
    }
}

impl Carrier {
    /// By the group's own multicast group, where it is one of the family, or the standard's.
    fn multicast(address: IpAddr, own: IpAddr) -> Self {
        let family = Family::of(address);
        let standard = match family {
            Family::Ipv4 => MULTICAST_IPV4.into(),
            Family::Ipv6 => MULTICAST_IPV6.into(),
        };
        let is_own = Family::of(own) == family;
        Self {
            family,
            multicast: Some(if is_own { own } else { standard }),
        }
    }

    /// Where what is for `member` is sent to.
    pub(super) fn destination(self, member: &GroupMember) -> Option<IpAddr> {
        self.multicast
            .or_else(|| self.of_family(member.peer_address))
    }

    /// What `member` sends from, as far as the manifest says it.
    pub(super) fn source(self, member: &GroupMember) -> Option<IpAddr> {
        let source = self.of_family(member.source);
        match self.multicast {
            Some(_) => source,
            // The others listen to nobody but the address that they send to.
            None => source.or_else(|| self.of_family(member.peer_address)),
        }
    }

    fn of_family(self, address: Option<Address>) -> Option<IpAddr> {
        let address = address.map(|address| address.0);
        address.filter(|address| Family::of(*address) == self.family)
    }
}

impl fmt::Display for Carrier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let family = match self.family {
            Family::Ipv4 => "IPv4",
            Family::Ipv6 => "IPv6",
        };
        match self.multicast {
            Some(group) => write!(formatter, "{family} to {group}"),
            None => write!(formatter, "{family} by unicast"),
        }
    }
}

impl GroupLane {
    /// Whether advertisements of `group` travel by it.
    pub(super) fn is_of(&self, group: &Name, carrier: Carrier) -> bool {
        self.carrier == carrier && self.groups.contains(group)
    }
}

impl Asked {
    /// How the advertisements of the groups that `own` shares with other agents would travel.
    #[must_use]
    pub fn lanes(&self, own: &NodeName, site: &Site) -> Lanes {
        let mut lanes = Lanes::default();
        let mut destinations = 0;
        for (name, group) in &self.groups {
            let Some(member) = group.part(own) else {
                continue;
            };
            if group.agents_but(own).next().is_none() {
                continue;
            }
            let interface = match &member.interface {
                Some(interface) => Ok(interface.to_string()),
                None => interface::find(name, &group.addresses, member, site),
            };
            match interface {
                Ok(interface) => {
                    for lane in group.lanes(member, &interface) {
                        destinations += lane.1.destinations.len();
                        if destinations <= DESTINATIONS_MAX {
                            lanes.add(name, lane);
                        }
                    }
                }
                Err(missing) => lanes.unplaced.push(Unplaced {
                    group: name.clone(),
                    why: missing.to_string(),
                }),
            }
        }
        lanes
    }
}

impl Group {
    fn lanes(&self, member: &GroupMember, interface: &str) -> Vec<(Carrier, Lane)> {
        let lane = |carrier: &Carrier| {
            let others = self.agents_but(&member.name);
            let lane = Lane {
                interface: interface.to_owned(),
                family: carrier.family,
                group: carrier.multicast,
                source: carrier.source(member),
                destinations: others.filter_map(|it| carrier.destination(it)).collect(),
            };
            (*carrier, lane)
        };
        self.carriers.iter().map(lane).collect()
    }
}

impl Lanes {
    /// Adds a lane of a group to those of others that are the same, as far as there is room.
    fn add(&mut self, group: &Name, (carrier, lane): (Carrier, Lane)) {
        let is_same = |known: &&mut GroupLane| {
            known.carrier == carrier
                && known.lane.interface == lane.interface
                && known.lane.source == lane.source
        };
        if let Some(known) = self.lanes.iter_mut().find(is_same) {
            known.groups.insert(group.clone());
            known.lane.destinations.extend(lane.destinations);
        } else if self.lanes.len() < LANES_MAX {
            let groups = [group.clone()].into();
            self.lanes.push(GroupLane {
                groups,
                carrier,
                lane,
            });
        }
    }
}
