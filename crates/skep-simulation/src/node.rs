//! One machine: its kernel, its interfaces, and the agent that runs on it.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;

use skep_vip::action::Holding;
use skep_vip::brain::Brain;
use skep_vip::configuration::RouterConfiguration;
use skep_vip::interfaces::Link;
use skep_vip::message::{Command, Health, State, Transition};
use skep_vrrp::identity::{Family, Priority};
use skep_vrrp::packet::{HOP_LIMIT, Packet};
use skep_vrrp::time::Instant;

use crate::kernel::{Kernel, Place};
use crate::setup::{HandPace, NodeSetup};

/// How many packets wait at most while the agent stands still; the kernel keeps the oldest.
const WAITING_MAX: usize = 20_000;

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
}

/// An interface of a machine.
#[derive(Debug)]
pub(crate) struct Interface {
    pub(crate) segment: usize,
    pub(crate) link: Link,
    pub(crate) own: Vec<IpAddr>,
    pub(crate) has_sources: bool,
}

/// The agent: its brain, and what waits for its threads.
#[derive(Debug)]
pub(crate) struct Agent {
    pub(crate) brain: Brain,
    pub(crate) frozen: bool,
    pub(crate) stopping: bool,
    waiting: Vec<Arrived>,
    pub(crate) notices: VecDeque<Notice>,
    pub(crate) changes: VecDeque<Change>,
    /// What it was told to run.
    pub(crate) configuration: Vec<Rc<RouterConfiguration>>,
    /// What it reported, by group.
    pub(crate) routers: Vec<Option<Router>>,
}

/// A virtual router as it was reported last.
#[derive(Debug)]
pub(crate) struct Router {
    pub(crate) configuration: Rc<RouterConfiguration>,
    pub(crate) state: State,
    pub(crate) effective: Priority,
    pub(crate) since: Instant,
    pub(crate) transitions: Vec<Transition>,
}

/// A packet on its way, the same for all who hear it.
#[derive(Debug)]
pub(crate) struct Datagram {
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
    pub(crate) message: Box<[u8]>,
}

/// A packet in a socket.
#[derive(Debug)]
pub(crate) struct Arrived {
    pub(crate) at: Instant,
    pub(crate) interface: Arc<str>,
    pub(crate) datagram: Rc<Datagram>,
}

/// What hand or control tells wire.
#[derive(Clone, Debug)]
pub(crate) enum Notice {
    Link(Arc<str>, Link),
    Source(Arc<str>, Family, Option<IpAddr>),
    Input(String, Health),
    Commit(Vec<RouterConfiguration>),
    AddressRemoved(Place),
    AddressPresent(Place),
    AddressAbsent(Place),
    Stop,
}

/// What wire wants of hand.
#[derive(Debug)]
pub(crate) enum Change {
    Add(Holding),
    Remove(Holding),
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
        }
    }

    /// The agent, unless there is none or it stands still.
    pub(crate) fn running(&self) -> Option<&Agent> {
        self.agent.as_deref().filter(|agent| !agent.frozen)
    }

    /// What a virtual router is, while an agent runs it.
    pub(crate) fn router(&self, group: usize) -> Option<&Router> {
        self.running()?.routers.get(group)?.as_ref()
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

impl Agent {
    /// A packet arrived in its socket.
    pub(crate) fn arrive(&mut self, arrived: Arrived) {
        if self.waiting.len() < WAITING_MAX {
            self.waiting.push(arrived);
        }
    }

    /// What wire does after a wake-up, in its order: packets, each at the moment of its arrival;
    /// timers; what hand and control say.
    pub(crate) fn wake(&mut self, revision: &mut u64, now: Instant) -> Woken {
        for arrived in self.waiting.drain(..) {
            let packet = Packet {
                source: arrived.datagram.source,
                destination: arrived.datagram.destination,
                hop_limit: HOP_LIMIT,
                message: &arrived.datagram.message,
            };
            let brain = &mut self.brain;
            brain.handle_packet(&arrived.interface, &packet, arrived.at);
        }
        if self.brain.poll_timeout().is_some_and(|due| due <= now) {
            self.brain.handle_timeout(now);
        }
        let overdue = self.brain.poll_timeout().filter(|due| *due <= now);
        let mut refused = None;
        while let Some(notice) = self.notices.pop_front() {
            let is_commit = matches!(notice, Notice::Commit(_));
            refused = self.tell(notice, revision, now).or(refused);
            // One configuration per turn: what came of it is looked at before the next.
            if is_commit {
                break;
            }
        }
        Woken { overdue, refused }
    }

    fn tell(&mut self, notice: Notice, revision: &mut u64, now: Instant) -> Option<String> {
        let brain = &mut self.brain;
        match notice {
            Notice::Link(interface, link) => brain.handle_link(&interface, link, now),
            Notice::Source(interface, family, source) => {
                brain.handle_source(&interface, family, source, now);
            }
            Notice::Input(name, health) => {
                let told = brain.handle_command(Command::Input { name, health }, now);
                return told.err().map(|refused| refused.to_string());
            }
            // Control is stopped first: a configuration that follows a stop is none.
            Notice::Commit(_) if self.stopping => {}
            Notice::Commit(routers) => {
                *revision += 1;
                let committed = commit(brain, *revision, &routers, now);
                match committed {
                    Ok(()) => self.configuration = routers.into_iter().map(Rc::new).collect(),
                    Err(refused) => return Some(refused),
                }
            }
            Notice::AddressRemoved((interface, address)) => {
                brain.handle_address_removed(&interface, address);
            }
            Notice::AddressPresent((interface, address)) => {
                brain.handle_address_present(&interface, address, now);
            }
            Notice::AddressAbsent((interface, address)) => {
                brain.handle_address_absent(&interface, address, now);
            }
            Notice::Stop => {
                self.stopping = true;
                brain.handle_shutdown(now);
            }
        }
        None
    }
}

/// What is remarkable about a wake-up.
pub(crate) struct Woken {
    /// A timer that is still due after the timers were handled.
    pub(crate) overdue: Option<Instant>,
    /// Why a configuration was refused.
    pub(crate) refused: Option<String>,
}

fn commit(
    brain: &mut Brain,
    revision: u64,
    routers: &[RouterConfiguration],
    now: Instant,
) -> Result<(), String> {
    let mut tell = |command| {
        let told = brain.handle_command(command, now);
        told.map_err(|refused| refused.to_string())
    };
    for router in routers {
        let router = Box::new(router.clone());
        tell(Command::Configure { revision, router })?;
    }
    let routers = u32::try_from(routers.len()).unwrap_or(u32::MAX);
    tell(Command::Commit { revision, routers })
}
