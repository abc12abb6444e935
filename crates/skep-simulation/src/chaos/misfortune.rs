//! Misfortunes made from chance, and their end.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use skep_vip::interfaces::Link;
use skep_vip::message::Health;
use skep_vrrp::identity::Family;

use super::Repertoire;
use super::make::{BACK, FATAL, FRONT, Plan, WEIGHED, priority, virtual_address};
use super::richness::Proofs;
use crate::accord::are_tied;
use crate::cluster::Cluster;
use crate::happening::{Happening, NodeHappening, Presence};
use crate::invariants::Violation;
use crate::network::Path;
use crate::random::Random;
use crate::setup::{HandPace, NodeSetup};

/// Where names change, one misfortune in so many is that.
const NAMES: u64 = 8;

/// What happens to a cluster from outside, one thing after another.
pub(super) struct Misfortunes {
    repertoire: Repertoire,
    pub(super) random: Random,
    pub(super) interval: Duration,
    settling: Duration,
    /// What the nodes are told to run, unless something is wrong.
    pub(super) nodes: Vec<NodeSetup>,
    segments: usize,
    pub(super) proofs: BTreeMap<String, Proofs>,
    /// How many names were given to groups.
    pub(super) names: u32,
}

impl Misfortunes {
    pub(super) fn new(plan: &Plan, random: Random) -> Self {
        Self {
            repertoire: plan.repertoire,
            random,
            interval: plan.interval,
            settling: plan.settling,
            nodes: plan.setup.nodes.clone(),
            segments: 2,
            proofs: plan.proofs.clone(),
            names: 0,
        }
    }

    /// The nodes are switched on, at different moments.
    pub(super) fn begin(&mut self, cluster: &mut Cluster) -> Result<(), Violation> {
        for node in 0..self.nodes.len() {
            let pause = self.random.up_to(self.interval * 4);
            cluster.run_until(cluster.now() + pause)?;
            to_node(cluster, node, NodeHappening::Start)?;
        }
        Ok(())
    }

    /// How long nothing happens: hardly, for some advertisements, or until everything has settled.
    pub(super) fn pause(&mut self) -> Duration {
        match self.random.below(8) {
            0 => Duration::ZERO,
            1 => self.random.up_to(Duration::from_millis(2)),
            2..=3 => self.random.up_to(self.interval),
            4..=5 => self.random.up_to(self.interval * 5),
            6 => self.random.up_to(self.interval * 20),
            _ => self.settling + self.random.up_to(self.interval * 20),
        }
    }

    /// The next misfortune, or an end of all of them.
    pub(super) fn strike(&mut self, cluster: &mut Cluster) -> Result<(), Violation> {
        let node = self.random.index(self.nodes.len());
        if self.repertoire.is_rich() && self.random.once_in(3) {
            return self.strike_whole(cluster, node);
        }
        match self.random.below(24) {
            0 => to_node(cluster, node, NodeHappening::PowerCut),
            1 => to_node(cluster, node, NodeHappening::Kill),
            2 => to_node(cluster, node, NodeHappening::Stop),
            3..=5 => to_node(cluster, node, NodeHappening::Start),
            6 => to_node(cluster, node, NodeHappening::Freeze),
            7 => to_node(cluster, node, NodeHappening::Thaw),
            8 => self.stand_still(cluster, node),
            9 => self.change_link(cluster, node),
            10 => self.change_sources(cluster, node),
            11..=12 => self.change_input(cluster, node),
            13..=14 => self.change_configuration(cluster, node),
            15 => self.remove_address(cluster, node),
            16 => self.change_hand(cluster, node),
            17 => self.partition(cluster),
            18 => self.change_path(cluster),
            19 => self.change_all_paths(cluster),
            20..=21 => self.heal(cluster),
            _ => self.repair(cluster),
        }
    }

    /// The next misfortune, which may be that a group gets another name.
    pub(super) fn strike_or_rename(&mut self, cluster: &mut Cluster) -> Result<(), Violation> {
        if self.random.once_in(NAMES) {
            return self.change_name(cluster);
        }
        self.strike(cluster)
    }

    fn strike_whole(&mut self, cluster: &mut Cluster, node: usize) -> Result<(), Violation> {
        match self.random.below(16) {
            0..=2 => self.crash(cluster, node),
            3 => to_node(cluster, node, NodeHappening::Lapse),
            4 => self.flap(cluster, node),
            5..=6 => self.replay(cluster),
            7..=8 => self.advance_proofs(cluster),
            9..=10 => self.relocate(cluster),
            11 => self.change_id(cluster),
            12 => self.change_version(cluster),
            13 => self.change_interval(cluster),
            14 => self.change_list(cluster),
            _ => self.hand_address_over(cluster),
        }
    }

    /// The data plane ends, and its supervisor starts it again.
    fn crash(&mut self, cluster: &mut Cluster, node: usize) -> Result<(), Violation> {
        to_node(cluster, node, NodeHappening::Crash)?;
        let pause = self.random.pick(&[
            Duration::from_millis(5),
            self.interval,
            self.interval * 2,
            self.interval * 5,
        ]);
        let pause = self.random.up_to(pause);
        // A process needs this long to begin.
        cluster.run_until(cluster.now() + Duration::from_millis(1) + pause)?;
        to_node(cluster, node, NodeHappening::Start)
    }

    /// A link goes and comes back.
    fn flap(&mut self, cluster: &mut Cluster, node: usize) -> Result<(), Violation> {
        let name = self.interface();
        to_node(cluster, node, NodeHappening::Link(name.clone(), Link::Down))?;
        let times = self.random.pick(&[1, 4]);
        let pause = self.random.up_to(self.interval * times);
        cluster.run_until(cluster.now() + pause)?;
        to_node(cluster, node, NodeHappening::Link(name, Link::Up))
    }

    /// The agent stands still for a moment, as threads do on a busy machine.
    fn stand_still(&mut self, cluster: &mut Cluster, node: usize) -> Result<(), Violation> {
        to_node(cluster, node, NodeHappening::Freeze)?;
        let times = self.random.pick(&[1, 3, 10]);
        let pause = self.random.up_to(self.interval * times);
        cluster.run_until(cluster.now() + pause)?;
        to_node(cluster, node, NodeHappening::Thaw)
    }

    fn change_link(&mut self, cluster: &mut Cluster, node: usize) -> Result<(), Violation> {
        let link = self
            .random
            .pick(&[Link::Up, Link::Up, Link::Down, Link::Missing]);
        let name = self.interface();
        to_node(cluster, node, NodeHappening::Link(name, link))
    }

    fn change_sources(&mut self, cluster: &mut Cluster, node: usize) -> Result<(), Violation> {
        let presence = self.random.pick(&[Presence::Present, Presence::Absent]);
        let name = self.interface();
        to_node(cluster, node, NodeHappening::Sources(name, presence))
    }

    fn change_input(&mut self, cluster: &mut Cluster, node: usize) -> Result<(), Violation> {
        let name = self.random.pick(&[WEIGHED, WEIGHED, FATAL]).to_owned();
        let health = self.random.pick(&[Health::Passing, Health::Failing]);
        to_node(cluster, node, NodeHappening::Input(name, health))
    }

    /// A priority, an address or a membership changes.
    fn change_configuration(
        &mut self,
        cluster: &mut Cluster,
        node: usize,
    ) -> Result<(), Violation> {
        let mut routers = self.nodes[node].routers.clone();
        let chosen = self.random.index(routers.len());
        if let Some(router) = routers.get_mut(chosen) {
            match self.random.below(4) {
                0..=1 => {
                    let priority = priority(&mut self.random);
                    let chosen = router.clone();
                    let tied = routers.iter_mut().filter(|it| are_tied(it, &chosen));
                    tied.for_each(|router| router.priority = priority);
                }
                2 => {
                    let id = router.virtual_router_id.number();
                    let extra = extra_address(router.key.family, id, self.random.byte(1, 2));
                    router.addresses.push(virtual_address(extra));
                }
                _ => {
                    let gone = routers.remove(chosen);
                    // What moves together goes together: who decides is the same everywhere.
                    routers.retain(|router| !are_tied(router, &gone));
                }
            }
        }
        to_node(cluster, node, NodeHappening::Commit(routers))
    }

    fn remove_address(&mut self, cluster: &mut Cluster, node: usize) -> Result<(), Violation> {
        let routers = &self.nodes[node].routers;
        let Some(router) = routers.get(self.random.index(routers.len())) else {
            return Ok(());
        };
        let address = router.addresses[self.random.index(router.addresses.len())].address;
        let interface = router.interface.clone();
        to_node(cluster, node, NodeHappening::Remove(interface, address))
    }

    fn change_hand(&mut self, cluster: &mut Cluster, node: usize) -> Result<(), Violation> {
        let paces = [HandPace::Prompt, HandPace::Busy, HandPace::Stalled];
        let pace = self.random.pick(&paces);
        to_node(cluster, node, NodeHappening::Hand(pace))
    }

    /// Every segment falls into two halves.
    fn partition(&mut self, cluster: &mut Cluster) -> Result<(), Violation> {
        let sides: Vec<u64> = self.nodes.iter().map(|_| self.random.below(2)).collect();
        self.set_paths(cluster, |from, to| {
            let apart = sides[from] != sides[to];
            if apart { Path::CUT } else { Path::CLEAN }
        })
    }

    /// One direction between two nodes changes.
    fn change_path(&mut self, cluster: &mut Cluster) -> Result<(), Violation> {
        let path = self.path();
        cluster.happen(Happening::Path {
            segment: self.random.index(self.segments),
            from: self.random.index(self.nodes.len()),
            to: self.random.index(self.nodes.len()),
            path,
        })
    }

    fn change_all_paths(&mut self, cluster: &mut Cluster) -> Result<(), Violation> {
        let path = self.path();
        self.set_paths(cluster, |_, _| path)
    }

    fn heal(&mut self, cluster: &mut Cluster) -> Result<(), Violation> {
        self.set_paths(cluster, |_, _| Path::CLEAN)
    }

    /// Everything is as it should be again.
    fn repair(&mut self, cluster: &mut Cluster) -> Result<(), Violation> {
        self.heal(cluster)?;
        for node in 0..self.nodes.len() {
            for interface in [FRONT, BACK] {
                let name = interface.to_owned();
                to_node(cluster, node, NodeHappening::Link(name.clone(), Link::Up))?;
                to_node(
                    cluster,
                    node,
                    NodeHappening::Sources(name, Presence::Present),
                )?;
            }
            for check in [WEIGHED, FATAL] {
                let passing = NodeHappening::Input(check.to_owned(), Health::Passing);
                to_node(cluster, node, passing)?;
            }
            let routers = self.nodes[node].routers.clone();
            to_node(cluster, node, NodeHappening::Hand(HandPace::Prompt))?;
            to_node(cluster, node, NodeHappening::Thaw)?;
            to_node(cluster, node, NodeHappening::Commit(routers))?;
            to_node(cluster, node, NodeHappening::Start)?;
        }
        Ok(())
    }

    fn set_paths(
        &self,
        cluster: &mut Cluster,
        path: impl Fn(usize, usize) -> Path,
    ) -> Result<(), Violation> {
        let nodes = self.nodes.len();
        for segment in 0..self.segments {
            for (from, to) in (0..nodes).flat_map(|from| (0..nodes).map(move |to| (from, to))) {
                let path = path(from, to);
                cluster.happen(Happening::Path {
                    segment,
                    from,
                    to,
                    path,
                })?;
            }
        }
        Ok(())
    }

    fn path(&mut self) -> Path {
        match self.random.below(4) {
            0 => Path::CUT,
            1 => Path::CLEAN,
            _ => Path {
                cut: false,
                loss_permille: self.random.pick(&[0, 50, 300, 900]),
                duplicates_permille: self.random.pick(&[0, 100]),
                latency_max: self.interval / self.random.pick(&[1, 4, 50]),
            },
        }
    }

    fn interface(&mut self) -> String {
        self.random.pick(&[FRONT, BACK]).to_owned()
    }
}

/// An address that a group does not have from the beginning.
pub(super) fn extra_address(family: Family, id: u8, number: u8) -> IpAddr {
    match family {
        Family::Ipv4 => Ipv4Addr::new(10, 2, id, number).into(),
        Family::Ipv6 => Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 2, id.into(), number.into()).into(),
    }
}

pub(super) fn to_node(
    cluster: &mut Cluster,
    node: usize,
    what: NodeHappening,
) -> Result<(), Violation> {
    cluster.happen(Happening::Node { node, what })
}
