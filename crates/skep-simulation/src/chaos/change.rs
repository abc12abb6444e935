//! Configurations that change on all nodes, one node after another.

use std::time::Duration;

use skep_vip::configuration::{Relocation, RouterConfiguration, VirtualAddress};
use skep_vrrp::identity::{Family, Version, VirtualRouterId};

use super::make::virtual_address;
use super::misfortune::{Misfortunes, extra_address, to_node};
use super::richness::{WINDOW, authenticate};
use crate::accord::are_tied;
use crate::cluster::Cluster;
use crate::happening::{Happening, NodeHappening};
use crate::invariants::Violation;

/// How far the other id of a group is from the first.
const OTHER_ID: u8 = 10;
/// Two wall clocks are not further apart than this, nor is a packet longer under way.
const SLACK: Duration = Duration::from_secs(5);

impl Misfortunes {
    /// Somebody without a key says something again that is too old to count. Where anybody is
    /// listened to, anybody can say anything.
    pub(super) fn replay(&mut self, cluster: &mut Cluster) -> Result<(), Violation> {
        let Some(router) = self.router() else {
            return Ok(());
        };
        let proofs = self.proofs.get(&router.key.group);
        if !proofs.is_some_and(|proofs| proofs.is_strict()) {
            return Ok(());
        }
        cluster.happen(Happening::Replay {
            key: router.key,
            // What a receiver has not heard counts as long as it remembers the sender.
            older_than: WINDOW * 2 + SLACK,
        })
    }

    /// A group goes on towards signed advertisements, or the next key.
    pub(super) fn advance_proofs(&mut self, cluster: &mut Cluster) -> Result<(), Violation> {
        let Some(router) = self.router() else {
            return Ok(());
        };
        let group = router.key.group;
        let Some(proofs) = self.proofs.get_mut(&group) else {
            return Ok(());
        };
        *proofs = proofs.next();
        let proofs = *proofs;
        self.roll(cluster, 0, |_, router| {
            if router.key.group == group {
                authenticate(router, proofs);
            }
        })
    }

    /// An operator moves a group, and what moves together with it, or lets it go back.
    pub(super) fn relocate(&mut self, cluster: &mut Cluster) -> Result<(), Violation> {
        let target = self.random.index(self.nodes.len());
        let back = self.random.once_in(3);
        let Some(moved) = self.router() else {
            return Ok(());
        };
        self.roll(cluster, target, |node, router| {
            if !are_tied(router, &moved) || router.follows.is_some() {
                return;
            }
            router.relocation = match back {
                true => Relocation::None,
                false if node == target => Relocation::Here,
                false => Relocation::Away,
            };
        })
    }

    /// A group gets another name, and stays what it is otherwise.
    pub(super) fn change_name(&mut self, cluster: &mut Cluster) -> Result<(), Violation> {
        let Some(changed) = self.router() else {
            return Ok(());
        };
        let former = changed.key.group;
        self.names += 1;
        let stem = former.rsplit('/').next().unwrap_or(&former);
        // Of groups that move together the first by name decides: that may be another one then.
        let order = self.random.below(100);
        let name = format!("{order:02}-{}/{stem}", self.names);
        if let Some(proofs) = self.proofs.remove(&former) {
            self.proofs.insert(name.clone(), proofs);
        }
        self.roll(cluster, 0, |_, router| {
            if router.key.group == former {
                router.key.group.clone_from(&name);
            }
        })
    }

    pub(super) fn change_id(&mut self, cluster: &mut Cluster) -> Result<(), Violation> {
        let Some(changed) = self.router() else {
            return Ok(());
        };
        let id = changed.virtual_router_id.number();
        let id = if id > 60 {
            id - OTHER_ID
        } else {
            id + OTHER_ID
        };
        let Ok(id) = VirtualRouterId::new(id) else {
            return Ok(());
        };
        self.change(cluster, &changed, |router| router.virtual_router_id = id)
    }

    pub(super) fn change_version(&mut self, cluster: &mut Cluster) -> Result<(), Violation> {
        let Some(changed) = self.router() else {
            return Ok(());
        };
        let routers = || self.nodes.iter().flat_map(|node| &node.routers);
        let mut routers = routers().filter(|router| router.key.group == changed.key.group);
        // Only version 3 has what this group has.
        if self.proofs.contains_key(&changed.key.group)
            || self.interval < Duration::from_secs(1)
            || routers.any(|router| router.key.family == Family::Ipv6)
        {
            return Ok(());
        }
        let version = match changed.version {
            Version::V2 => Version::V3,
            Version::V3 => Version::V2,
        };
        self.change(cluster, &changed, |router| router.version = version)
    }

    pub(super) fn change_interval(&mut self, cluster: &mut Cluster) -> Result<(), Violation> {
        let Some(changed) = self.router() else {
            return Ok(());
        };
        let first = self.interval;
        let interval = if changed.advertisement_interval == first {
            first * 2
        } else {
            first
        };
        self.change(cluster, &changed, |router| {
            router.advertisement_interval = interval;
        })
    }

    /// An address is added to a family of a group, or goes again.
    pub(super) fn change_list(&mut self, cluster: &mut Cluster) -> Result<(), Violation> {
        let Some(changed) = self.router() else {
            return Ok(());
        };
        let id = changed.virtual_router_id.number() % OTHER_ID;
        let extra = extra_address(changed.key.family, id, 9);
        let mut routers = self.nodes.iter().flat_map(|node| &node.routers);
        let has = |held: &VirtualAddress| held.address == extra;
        if routers.any(|router| router.key != changed.key && router.addresses.iter().any(has)) {
            return Ok(());
        }
        self.roll(cluster, 0, |_, router| {
            if router.key != changed.key {
                return;
            }
            let known = router.addresses.iter().position(|it| it.address == extra);
            match known {
                Some(known) => drop(router.addresses.remove(known)),
                None => router.addresses.push(virtual_address(extra)),
            }
        })
    }

    /// An address goes from one group to another one on the same interface.
    pub(super) fn hand_address_over(&mut self, cluster: &mut Cluster) -> Result<(), Violation> {
        let (Some(from), Some(to)) = (self.router(), self.router()) else {
            return Ok(());
        };
        let fits = from.key.family == to.key.family
            && from.interface == to.interface
            && from.key != to.key
            && from.addresses.len() > 1;
        let Some(moved) = from.addresses.last().cloned().filter(|_| fits) else {
            return Ok(());
        };
        let is_moved = |held: &VirtualAddress| held.address == moved.address;
        self.roll(cluster, 0, |_, router| {
            if router.key == from.key {
                router.addresses.retain(|held| !is_moved(held));
            } else if router.key == to.key && !router.addresses.iter().any(is_moved) {
                router.addresses.push(moved.clone());
            }
        })
    }

    /// A router of any node.
    fn router(&mut self) -> Option<RouterConfiguration> {
        let node = self.random.index(self.nodes.len());
        let routers = &self.nodes[node].routers;
        routers.get(self.random.index(routers.len())).cloned()
    }

    /// Both families of a group change.
    fn change(
        &mut self,
        cluster: &mut Cluster,
        changed: &RouterConfiguration,
        change: impl Fn(&mut RouterConfiguration),
    ) -> Result<(), Violation> {
        self.roll(cluster, 0, |_, router| {
            if router.key.group == changed.key.group {
                change(router);
            }
        })
    }

    /// Changes what every node is told to run, and tells them in turn, `first` first. An agent that
    /// stands still goes on: nobody is more than one change behind.
    fn roll(
        &mut self,
        cluster: &mut Cluster,
        first: usize,
        change: impl Fn(usize, &mut RouterConfiguration),
    ) -> Result<(), Violation> {
        let nodes = self.nodes.len();
        for number in (0..nodes).map(|number| (first + number) % nodes) {
            for router in &mut self.nodes[number].routers {
                change(number, router);
            }
            let routers = self.nodes[number].routers.clone();
            to_node(cluster, number, NodeHappening::Thaw)?;
            to_node(cluster, number, NodeHappening::Commit(routers))?;
            let times = self.random.pick(&[0, 0, 1, 4]);
            let pause = self.random.up_to(self.interval * times);
            cluster.run_until(cluster.now() + pause)?;
        }
        Ok(())
    }
}
