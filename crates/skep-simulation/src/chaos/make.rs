//! A cluster made from chance.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use skep_vip::configuration::{
    Announcements, Authentication, ChecksumMode, Effect, Lease, Preemption, Relocation,
    RouterConfiguration, RouterKey, Start, TrackedInput, Transport, VirtualAddress,
};
use skep_vrrp::identity::{Family, Priority, Version, VirtualRouterId};
use skep_vrrp::packet::MULTICAST_IPV4;

use super::Repertoire;
use super::richness::{Proofs, Richness};
use crate::clock::Clock;
use crate::random::Random;
use crate::setup::{InterfaceSetup, Memory, NodeSetup, Setup};

/// The interface on segment 0, where every node is.
pub(super) const FRONT: &str = "eth0";
/// The interface on segment 1.
pub(super) const BACK: &str = "eth1";
/// The check whose failure lowers a priority.
pub(super) const WEIGHED: &str = "check/weighed";
/// The check whose failure is a fault.
pub(super) const FATAL: &str = "check/fatal";
/// How far apart two wall clocks are at most.
const CLOCKS_APART: Duration = Duration::from_secs(1);
/// What the wall clocks say when a simulation begins.
const WALL_CLOCK: Duration = Duration::from_secs(1_750_000_000);

/// A cluster, and what its misfortunes have to know.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) repertoire: Repertoire,
    pub(super) setup: Setup,
    pub(super) interval: Duration,
    /// An upper bound of the time in which an election settles.
    pub(super) settling: Duration,
    /// How far the groups are that sign, or will.
    pub(super) proofs: BTreeMap<String, Proofs>,
}

pub(super) fn cluster(repertoire: Repertoire, random: &mut Random, seed: u64) -> Plan {
    let interval = interval(random);
    let nodes = 2 + random.index(4);
    let groups = 1 + random.index(3);
    let mut setup = Setup {
        nodes: (0..nodes).map(node).collect(),
        seed,
        memory: Memory::Tail,
    };
    let richness = repertoire
        .is_rich()
        .then(|| Richness::random(random, interval));
    let mut delay = Duration::ZERO;
    let mut proofs = BTreeMap::new();
    for group in 0..groups {
        let group = Group::random(random, group, interval);
        let rich = richness.as_ref().map(|richness| richness.group(random));
        if let Some(first) = rich.as_ref().and_then(|rich| rich.proofs) {
            proofs.insert(group.name(), first);
        }
        delay = delay.max(group.preemption.delay);
        for (number, node) in setup.nodes.iter_mut().enumerate() {
            // Some nodes are members of some groups only.
            let tied = richness.as_ref().is_some_and(Richness::ties);
            if random.once_in(8) && !tied {
                continue;
            }
            let router = group.router(random);
            match &rich {
                None => node.routers.push(router),
                Some(rich) => {
                    let own = sources(number);
                    node.routers.extend(rich.routers(router, own, nodes));
                }
            }
        }
    }
    for node in setup
        .nodes
        .iter_mut()
        .filter(|_| richness.as_ref().is_some_and(Richness::ties))
    {
        // An owner owns the addresses of all that move together.
        let priority = node
            .routers
            .first()
            .map_or(Priority::DEFAULT, |first| first.priority);
        for router in &mut node.routers {
            router.priority = priority;
        }
    }
    let mut settling = delay + interval * 18 + Duration::from_secs(4);
    if repertoire.is_rich() {
        settling *= 3;
        for node in &mut setup.nodes {
            node.wall_clock += random.up_to(CLOCKS_APART);
        }
    }
    if repertoire == Repertoire::Adrift {
        for node in &mut setup.nodes {
            node.clock = Clock::ahead_by(random.pick(&[-500, -40, 0, 40, 500]));
        }
    }
    Plan {
        repertoire,
        setup,
        interval,
        settling,
        proofs,
    }
}

/// Mostly what people use; version 3 goes down to a hundredth of a second.
fn interval(random: &mut Random) -> Duration {
    match random.below(16) {
        0 => Duration::from_millis(10),
        1..=2 => Duration::from_millis(100),
        3 => Duration::from_secs(3),
        _ => Duration::from_secs(1),
    }
}

fn node(number: usize) -> NodeSetup {
    let interface = |segment: usize| InterfaceSetup {
        segment,
        sources: sources(number)[segment].to_vec(),
    };
    NodeSetup {
        name: format!("n{number}"),
        interfaces: BTreeMap::from([
            (FRONT.to_owned(), interface(0)),
            (BACK.to_owned(), interface(1)),
        ]),
        routers: Vec::new(),
        wall_clock: WALL_CLOCK,
        clock: Clock::default(),
    }
}

/// The addresses of a node's own, by segment.
pub(super) type Sources = [[IpAddr; 2]; 2];

/// The addresses of the node with this number.
pub(super) fn sources(number: usize) -> Sources {
    let last = u8::try_from(number).unwrap_or(u8::MAX) + 11;
    [0_u8, 1].map(|segment| {
        let ipv6 = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, segment.into(), last.into());
        [Ipv4Addr::new(10, 0, segment, last).into(), ipv6.into()]
    })
}

/// What the members of a group have in common.
struct Group {
    number: u8,
    interval: Duration,
    version: Version,
    interface: &'static str,
    preemption: Preemption,
    lease: Lease,
    addresses: u8,
}

impl Group {
    fn random(random: &mut Random, number: usize, interval: Duration) -> Self {
        let version = if interval >= Duration::from_secs(1) {
            random.pick(&[Version::V2, Version::V3])
        } else {
            Version::V3
        };
        Self {
            number: u8::try_from(number).unwrap_or(u8::MAX),
            interval,
            version,
            interface: random.pick(&[FRONT, FRONT, BACK]),
            preemption: Preemption {
                enabled: !random.once_in(3),
                delay: interval * random.pick(&[0, 0, 2, 7]),
            },
            lease: random.pick(&[Lease::For(Duration::from_secs(2)), Lease::Forever]),
            addresses: random.byte(1, 3),
        }
    }

    fn router(&self, random: &mut Random) -> RouterConfiguration {
        RouterConfiguration {
            key: RouterKey {
                group: self.name(),
                family: Family::Ipv4,
            },
            virtual_router_id: VirtualRouterId::new(self.number + 51)
                .expect("it is not zero: some are added"),
            version: self.version,
            interface: self.interface.to_owned(),
            source: None,
            addresses: (0..self.addresses).map(|at| self.address(at)).collect(),
            priority: priority(random),
            advertisement_interval: self.interval,
            authentication: Authentication::None,
            checksum: ChecksumMode::Auto,
            preemption: self.preemption,
            announcements: Announcements {
                count: 2,
                repeat_after: Duration::from_secs(5),
                refresh: Duration::ZERO,
                refresh_count: 1,
            },
            lease: self.lease,
            track_interface: true,
            tracking: vec![
                tracked(WEIGHED, Effect::Weight(random.pick(&[-60, -20, 30]))),
                tracked(FATAL, Effect::Fault),
            ],
            tracked_interfaces: Vec::new(),
            transport: Transport::Multicast(MULTICAST_IPV4.into()),
            routes: Vec::new(),
            start: Start::default(),
            sync_group: None,
            follows: None,
            owned_elsewhere: false,
            relocation: Relocation::None,
            members: None,
        }
    }

    fn name(&self) -> String {
        format!("group-{}", self.number)
    }

    fn address(&self, at: u8) -> VirtualAddress {
        virtual_address(Ipv4Addr::new(10, 1, self.number, at).into())
    }
}

/// Equal ones are allowed; one in sixteen is the owner.
pub(super) fn priority(random: &mut Random) -> Priority {
    if random.once_in(16) {
        return Priority::OWNER;
    }
    Priority::new(random.pick(&[1, 50, 99, 100, 101, 150, 200, 254]))
}

pub(super) const fn virtual_address(address: IpAddr) -> VirtualAddress {
    VirtualAddress {
        address,
        prefix_length: if address.is_ipv4() { 32 } else { 128 },
        interface: None,
        label: None,
        advertised: true,
    }
}

fn tracked(name: &str, effect: Effect) -> TrackedInput {
    TrackedInput {
        name: name.to_owned(),
        effect,
    }
}
