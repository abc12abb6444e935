//! Routers on one simulated segment and one virtual clock. What one sends, the others parse.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use skep_vrrp::action::{Action, Reason, State};
use skep_vrrp::addresses::AddressList;
use skep_vrrp::configuration::{ChecksumChoice, Configuration, Preemption};
use skep_vrrp::dialect::{Authentication, Checksum, Dialect};
use skep_vrrp::identity::{Family, Priority, VirtualRouterId};
use skep_vrrp::packet::{Advertisement, HOP_LIMIT, MULTICAST_IPV4, Packet};
use skep_vrrp::time::Instant;
use skep_vrrp::virtual_router::VirtualRouter;

/// The moment `milliseconds` after the start of the clock.
pub(crate) fn at(milliseconds: u64) -> Instant {
    Instant::from_boot(Duration::from_millis(milliseconds))
}

/// Version 2, one second, no authentication.
pub(crate) fn version_2() -> Dialect {
    Dialect::v2(Duration::from_secs(1), Authentication::None).expect("one second")
}

/// Version 3 with this interval.
pub(crate) fn version_3(interval_ms: u64) -> Dialect {
    let interval = Duration::from_millis(interval_ms);
    Dialect::v3(interval, Checksum::PseudoHeader).expect("whole centiseconds")
}

/// A router for 10.0.0.70 with id 51 that preempts at once.
pub(crate) fn configuration(dialect: Dialect, priority: u8) -> Configuration {
    let address = Ipv4Addr::new(10, 0, 0, 70).into();
    Configuration {
        virtual_router_id: VirtualRouterId::new(51).expect("an id"),
        dialect,
        checksum_choice: ChecksumChoice::FollowPeer,
        priority: Priority::new(priority),
        preemption: Preemption::After(Duration::ZERO),
        forbearance: Duration::ZERO,
        addresses: AddressList::new(Family::Ipv4, &[address]).expect("one address"),
    }
}

pub(crate) struct Node {
    pub(crate) address: IpAddr,
    pub(crate) router: VirtualRouter,
    pub(crate) connected: bool,
    /// A frozen node does nothing; what arrives waits with its time of arrival.
    pub(crate) frozen: bool,
    waiting: Vec<(Instant, IpAddr, Vec<u8>)>,
}

/// What happened, when, at which node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Sent(Priority),
    Became(State, Reason),
}

pub(crate) struct Segment {
    pub(crate) now: Instant,
    pub(crate) nodes: Vec<Node>,
    pub(crate) log: Vec<(Instant, usize, Event)>,
    /// Sent and not yet received: who sent what.
    in_flight: Vec<(usize, Vec<u8>)>,
}

impl Segment {
    /// Nodes 10.0.0.60, 10.0.0.61, ... that have not started.
    pub(crate) fn new(configurations: impl IntoIterator<Item = Configuration>) -> Self {
        let nodes = configurations
            .into_iter()
            .enumerate()
            .map(|(number, configuration)| Node {
                address: Ipv4Addr::new(10, 0, 0, 60 + number as u8).into(),
                router: VirtualRouter::new(configuration),
                connected: true,
                frozen: false,
                waiting: Vec::new(),
            });
        Self {
            now: at(0),
            nodes: nodes.collect(),
            log: Vec::new(),
            in_flight: Vec::new(),
        }
    }

    /// The same, all started at time 0.
    pub(crate) fn started(configurations: impl IntoIterator<Item = Configuration>) -> Self {
        let mut segment = Self::new(configurations);
        for node in 0..segment.nodes.len() {
            segment.start(node);
        }
        segment
    }

    pub(crate) fn start(&mut self, node: usize) {
        let (address, now) = (self.nodes[node].address, self.now);
        self.act(node, |router| router.handle_startup(address, now));
    }

    pub(crate) fn stop(&mut self, node: usize) {
        let now = self.now;
        self.act(node, |router| router.handle_shutdown(now));
    }

    pub(crate) fn act(&mut self, node: usize, act: impl FnOnce(&mut VirtualRouter)) {
        act(&mut self.nodes[node].router);
        self.drain(node);
    }

    /// Thaws a node: what waited is handled with its age, then the timers.
    pub(crate) fn thaw(&mut self, node: usize) {
        self.nodes[node].frozen = false;
        for (received_at, from, message) in std::mem::take(&mut self.nodes[node].waiting) {
            self.receive(node, from, &message, received_at);
        }
        let now = self.now;
        self.act(node, |router| router.handle_timeout(now));
    }

    /// Lets time pass until `end`. Timers that are due together fire before any of them hears
    /// the others.
    pub(crate) fn run_until(&mut self, end: Instant) {
        loop {
            if let Some((_, node)) = self.next_timeout().filter(|(due, _)| *due <= self.now) {
                let now = self.now;
                self.act(node, |router| router.handle_timeout(now));
            } else if !self.in_flight.is_empty() {
                self.deliver();
            } else if let Some((due, _)) = self.next_timeout().filter(|(due, _)| *due <= end) {
                self.now = due;
            } else {
                break;
            }
        }
        self.now = end;
    }

    pub(crate) fn states(&self) -> Vec<State> {
        self.nodes.iter().map(|node| node.router.state()).collect()
    }

    /// When `node` last became Active.
    pub(crate) fn became_active_at(&self, node: usize) -> Option<Instant> {
        let mut log = self.log.iter().rev();
        let found = log.find(|(_, who, event)| {
            *who == node && matches!(event, Event::Became(State::Active, _))
        });
        found.map(|(when, ..)| *when)
    }

    /// When `node` last advertised.
    pub(crate) fn last_sent_at(&self, node: usize) -> Option<Instant> {
        let mut log = self.log.iter().rev();
        let found = log.find(|(_, who, event)| *who == node && matches!(event, Event::Sent(_)));
        found.map(|(when, ..)| *when)
    }

    fn next_timeout(&self) -> Option<(Instant, usize)> {
        let nodes = self
            .nodes
            .iter()
            .enumerate()
            .filter(|(_, node)| !node.frozen);
        nodes
            .filter_map(|(number, node)| Some((node.router.poll_timeout()?, number)))
            .min()
    }

    fn drain(&mut self, node: usize) {
        while let Some(action) = self.nodes[node].router.poll_action() {
            match action {
                Action::Became { state, reason } => {
                    self.log
                        .push((self.now, node, Event::Became(state, reason)));
                    // Addresses are in place as soon as they are wanted.
                    let now = self.now;
                    self.nodes[node].router.handle_addresses_present(now);
                }
                Action::Send { priority, .. } => self.send(node, priority),
            }
        }
    }

    fn send(&mut self, node: usize, priority: Priority) {
        let from = self.nodes[node].address;
        let mut buffer = [0; 64];
        let advertisement = self.nodes[node].router.advertisement(priority);
        let length = advertisement
            .encode(from, MULTICAST_IPV4.into(), &mut buffer)
            .expect("64 bytes suffice");
        self.log.push((self.now, node, Event::Sent(priority)));
        if self.nodes[node].connected {
            self.in_flight.push((node, buffer[..length].to_vec()));
        }
    }

    fn deliver(&mut self) {
        for (sender, message) in std::mem::take(&mut self.in_flight) {
            let from = self.nodes[sender].address;
            for receiver in (0..self.nodes.len()).filter(|receiver| *receiver != sender) {
                if self.nodes[receiver].connected && self.nodes[receiver].frozen {
                    self.nodes[receiver]
                        .waiting
                        .push((self.now, from, message.clone()));
                } else if self.nodes[receiver].connected {
                    self.receive(receiver, from, &message, self.now);
                }
            }
        }
    }

    fn receive(&mut self, node: usize, from: IpAddr, message: &[u8], received_at: Instant) {
        let destination = MULTICAST_IPV4.into();
        let packet = Packet {
            source: from,
            destination,
            hop_limit: HOP_LIMIT,
            message,
        };
        let advertisement = Advertisement::parse(&packet).expect("what a router sends is valid");
        self.act(node, |router| {
            // A rejected advertisement changes nothing, which the tests see.
            let _ = router.handle_advertisement(from, &advertisement, received_at);
        });
    }
}
