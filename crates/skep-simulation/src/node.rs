//! One machine: its kernel, its interfaces, and the agent that runs on it.

mod agent;

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use skep_vip::brain::Brain;
use skep_vip::configuration::RouterConfiguration;
use skep_vip::interfaces::Link;
use skep_vip::message::{Health, State};
use skep_vrrp::identity::{Family, VirtualRouterId};
use skep_vrrp::time::Instant;

use crate::clock::Clock;
use crate::kernel::{Kernel, Place};
use crate::setup::{HandPace, NodeSetup};
pub(crate) use agent::{Agent, Arrived, Beginning, Change, Datagram, Notice, Router};

/// A machine.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) interfaces: BTreeMap<Arc<str>, Interface>,
    pub(crate) kernel: Kernel,
    pub(crate) powered: bool,
    pub(crate) agent: Option<Box<Agent>>,
    /// Grows whenever hand's turns that were scheduled no longer count.
    pub(crate) epoch: u64,
    /// Grows whenever the leases are renewed again.
    pub(crate) renewals: u64,
    pub(crate) pace: HandPace,
    /// What control tells an agent that starts.
    pub(crate) configuration: Vec<RouterConfiguration>,
    pub(crate) inputs: BTreeMap<String, Health>,
    pub(crate) revision: u64,
    /// What its wall clock said at the beginning.
    wall_clock: Duration,
    /// What its agent takes for the time: all that agent tells is told by it.
    clock: Clock,
    /// What its supervisor kept of a data plane that ended: the routers that were Active, each with
    /// the time of its last advertisement.
    pub(crate) journal: Option<Journal>,
}

/// The routers that were Active when a data plane ended, each with the time of its last
/// advertisement.
pub(crate) type Journal = BTreeMap<Identity, Instant>;

/// As what a supervisor knows a router, whatever its name.
pub(crate) type Identity = (String, Family, VirtualRouterId);

/// An interface of a machine.
#[derive(Debug)]
pub(crate) struct Interface {
    pub(crate) segment: usize,
    pub(crate) link: Link,
    pub(crate) own: Vec<IpAddr>,
    pub(crate) has_sources: bool,
}

impl Node {
    pub(crate) fn new(setup: NodeSetup) -> Self {
        let interfaces = setup.interfaces.into_iter().map(|(name, interface)| {
            let interface = Interface {
                segment: interface.segment,
                link: Link::Up,
                own: interface.sources,
                has_sources: true,
            };
            (Arc::from(name), interface)
        });
        Self {
            name: setup.name,
            interfaces: interfaces.collect(),
            kernel: Kernel::default(),
            powered: false,
            agent: None,
            epoch: 0,
            renewals: 0,
            pace: HandPace::Prompt,
            configuration: setup.routers,
            inputs: BTreeMap::new(),
            revision: 0,
            wall_clock: setup.wall_clock,
            clock: setup.clock,
            journal: None,
        }
    }

    /// What its agent takes for the time at that moment.
    pub(crate) fn time(&self, moment: Instant) -> Instant {
        self.clock.read(moment)
    }

    /// What its wall clock says then.
    pub(crate) fn wall_clock(&self, moment: Instant) -> Duration {
        self.wall_clock + moment.since_boot()
    }

    /// When its agent has to wake up.
    pub(crate) fn next_timer(&self) -> Option<Instant> {
        let due = self.running()?.brain.poll_timeout()?;
        Some(self.clock.reaches(due))
    }

    /// The agent, unless there is none or it stands still.
    pub(crate) fn running(&self) -> Option<&Agent> {
        self.agent.as_deref().filter(|agent| !agent.frozen)
    }

    /// What a virtual router is, while an agent runs it.
    pub(crate) fn router(&self, group: usize) -> Option<&Router> {
        self.running()?.routers.get(group)?.as_ref()
    }

    /// The interface on which it hears what is sent to this address on a segment.
    pub(crate) fn hears(&self, segment: usize, destination: IpAddr) -> Option<Arc<str>> {
        let mut interfaces = self.interfaces.iter();
        let hears = interfaces.find(|(_, interface)| {
            interface.segment == segment
                && (destination.is_multicast() || interface.own.contains(&destination))
        });
        hears.map(|(name, _)| Arc::clone(name))
    }

    /// What of its data plane is written down for the next one.
    pub(crate) fn journal(&self) -> Journal {
        let agent = self.agent.iter();
        let routers = agent.flat_map(|agent| agent.routers.iter().zip(&agent.advertised));
        routers
            .filter_map(|(router, advertised)| Some((router.as_ref()?, (*advertised)?)))
            .filter(|(router, _)| router.state == State::Active)
            .map(|(router, at)| (identity(&router.configuration), at))
            .collect()
    }

    /// How many changes of addresses hand has still to make.
    pub(crate) fn changes_left(&self) -> u32 {
        let changes = self.agent.as_ref().map_or(0, |agent| agent.changes.len());
        u32::try_from(changes).unwrap_or(u32::MAX)
    }

    /// An agent that was just started, and everything it is told at first.
    pub(crate) fn started(&self, groups: usize) -> Agent {
        let mut notices = VecDeque::new();
        for (name, interface) in &self.interfaces {
            notices.push_back(Notice::Link(Arc::clone(name), interface.link));
            for family in [Family::Ipv4, Family::Ipv6] {
                let source = interface.source(family);
                notices.push_back(Notice::Source(Arc::clone(name), family, source));
            }
        }
        notices.push_back(Notice::Commit(self.configuration.clone()));
        for (name, health) in &self.inputs {
            notices.push_back(Notice::Input(name.clone(), *health));
        }
        Agent {
            brain: Brain::new(),
            frozen: false,
            stopping: false,
            waiting: Vec::new(),
            notices,
            changes: VecDeque::new(),
            configuration: Vec::new(),
            routers: (0..groups).map(|_| None).collect(),
            advertised: vec![None; groups],
            beginning: Beginning::Untold,
            shadows: Vec::new(),
        }
    }
}

impl Interface {
    /// Whether packets pass.
    pub(crate) fn carries(&self) -> bool {
        self.link == Link::Up
    }

    /// What it offers to advertise from.
    pub(crate) fn source(&self, family: Family) -> Option<IpAddr> {
        let fits = |address: &&IpAddr| match family {
            Family::Ipv4 => address.is_ipv4(),
            Family::Ipv6 => address.is_ipv6(),
        };
        let source = self.own.iter().find(fits).copied();
        source.filter(|_| self.has_sources && self.link != Link::Missing)
    }
}

/// By what the supervisor knows a router.
pub(crate) fn identity(router: &RouterConfiguration) -> Identity {
    let interface = router.interface.clone();
    (interface, router.key.family, router.virtual_router_id)
}

/// Where the addresses of a router go.
pub(crate) fn places(router: &RouterConfiguration) -> impl Iterator<Item = Place> {
    router.addresses.iter().map(|held| {
        let interface = held.interface.as_ref().unwrap_or(&router.interface);
        (interface.as_str().into(), held.address)
    })
}
