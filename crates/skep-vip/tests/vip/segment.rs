//! Hosts with one brain each on a simulated segment. What one sends, the others receive as bytes;
//! addresses are added, removed and announced on a simulated kernel.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use skep_vip::action::Action;
use skep_vip::brain::Brain;
use skep_vip::configuration::{RouterConfiguration, RouterKey};
use skep_vip::interfaces::Link;
use skep_vip::message::{Report, RouterReport, State};
use skep_vrrp::identity::Family;
use skep_vrrp::packet::{HOP_LIMIT, Packet};
use skep_vrrp::time::Instant;

mod given;

pub(crate) use given::{INTERFACE, at, configure, ip, key, micros, router};

/// What happened at a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Event {
    /// An advertisement of this virtual router with this priority.
    Sent(u8, u8),
    Added(IpAddr),
    Removed(IpAddr),
    Announced(IpAddr),
    RouteAdded(IpAddr),
    RouteRemoved(IpAddr),
}

pub(crate) struct Host {
    pub(crate) brain: Brain,
    pub(crate) address: IpAddr,
    pub(crate) connected: bool,
    /// A dead or sleeping host does nothing; what arrives waits with its time of arrival.
    pub(crate) frozen: bool,
    /// The kernel does what it is told to and does not say so.
    pub(crate) silent_kernel: bool,
    /// The virtual addresses in the simulated kernel.
    pub(crate) present: BTreeSet<(String, IpAddr)>,
    pub(crate) reports: BTreeMap<RouterKey, RouterReport>,
    waiting: Vec<(Instant, IpAddr, IpAddr, Vec<u8>)>,
}

impl Host {
    fn new(address: IpAddr) -> Self {
        let mut brain = Brain::new();
        brain.handle_link(INTERFACE, Link::Up, at(0));
        brain.handle_source(INTERFACE, Family::Ipv4, Some(address), at(0));
        brain.handle_source(INTERFACE, Family::Ipv6, Some(link_local(address)), at(0));
        Self {
            brain,
            address,
            connected: true,
            frozen: false,
            silent_kernel: false,
            present: BTreeSet::new(),
            reports: BTreeMap::new(),
            waiting: Vec::new(),
        }
    }

    /// The state of a group as it was reported last.
    pub(crate) fn state(&self, group: &str) -> Option<State> {
        self.reports.get(&key(group)).map(|report| report.state)
    }
}

/// The IPv6 address of the host with this IPv4 address.
pub(crate) fn link_local(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let number = u16::from(address.octets()[3]);
            Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, number).into()
        }
        IpAddr::V6(_) => address,
    }
}

/// What somebody wrote down on the segment.
pub(crate) struct Recorded {
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
    pub(crate) message: Vec<u8>,
}

/// What the simulated kernel did.
enum Kernel {
    Added,
    Removed,
}

struct Datagram {
    sender: usize,
    source: IpAddr,
    destination: IpAddr,
    message: Vec<u8>,
}

pub(crate) struct Segment {
    pub(crate) now: Instant,
    pub(crate) hosts: Vec<Host>,
    pub(crate) log: Vec<(Instant, usize, Event)>,
    in_flight: Vec<Datagram>,
}

impl Segment {
    /// Hosts 10.0.0.11, 10.0.0.12, ... with a working eth0 and no routers.
    pub(crate) fn of_hosts(number: usize) -> Self {
        let hosts = (0..number).map(|host| {
            let last = u8::try_from(host).expect("few hosts") + 11;
            Host::new(Ipv4Addr::new(10, 0, 0, last).into())
        });
        Self {
            now: at(0),
            hosts: hosts.collect(),
            log: Vec::new(),
            in_flight: Vec::new(),
        }
    }

    /// One host per configuration, which runs it from time 0.
    pub(crate) fn running(routers: impl IntoIterator<Item = RouterConfiguration>) -> Self {
        let routers: Vec<_> = routers.into_iter().collect();
        let mut segment = Self::of_hosts(routers.len());
        for (host, router) in routers.into_iter().enumerate() {
            segment.commit(host, 1, &[router]);
        }
        segment
    }

    pub(crate) fn commit(&mut self, host: usize, revision: u64, routers: &[RouterConfiguration]) {
        let now = self.now;
        self.act(host, |brain| {
            configure(brain, revision, routers, now).expect("the configuration can run");
        });
    }

    /// Does something to a brain, and then what the brain wants.
    pub(crate) fn act(&mut self, host: usize, act: impl FnOnce(&mut Brain)) {
        act(&mut self.hosts[host].brain);
        self.drain(host);
    }

    /// The kernel, or somebody with its powers, removes an address.
    pub(crate) fn remove_address(&mut self, host: usize, address: IpAddr) {
        assert!(
            self.hosts[host]
                .present
                .remove(&(INTERFACE.to_owned(), address))
        );
        self.act(host, |brain| {
            brain.handle_address_removed(INTERFACE, address)
        });
    }

    /// A host wakes up: what waited is handled with its age, then the timers.
    pub(crate) fn thaw(&mut self, host: usize) {
        self.hosts[host].frozen = false;
        for (received_at, source, destination, message) in
            std::mem::take(&mut self.hosts[host].waiting)
        {
            let packet = Packet {
                source,
                destination,
                hop_limit: HOP_LIMIT,
                message: &message,
            };
            self.hosts[host]
                .brain
                .handle_packet(INTERFACE, &packet, received_at);
        }
        let now = self.now;
        self.act(host, |brain| brain.handle_timeout(now));
    }

    /// Lets time pass until `end`. Timers that are due together fire before any of them hears
    /// the others.
    pub(crate) fn run_until(&mut self, end: Instant) {
        loop {
            if let Some((_, host)) = self.next_timeout().filter(|(due, _)| *due <= self.now) {
                let now = self.now;
                self.act(host, |brain| brain.handle_timeout(now));
            } else if !self.in_flight.is_empty() {
                self.deliver();
            } else if let Some((due, _)) = self.next_timeout().filter(|(due, _)| *due <= end) {
                self.now = due;
            } else {
                break;
            }
        }
        self.now = self.now.max(end);
    }

    pub(crate) fn run_for(&mut self, milliseconds: u64) {
        self.run_until(self.now + Duration::from_millis(milliseconds));
    }

    /// The hosts that have this address, dead ones included.
    pub(crate) fn holders(&self, address: &str) -> Vec<usize> {
        let wanted = (INTERFACE.to_owned(), ip(address));
        let hosts = self.hosts.iter().enumerate();
        hosts
            .filter(|(_, host)| host.present.contains(&wanted))
            .map(|(host, _)| host)
            .collect()
    }

    /// When something happened at a host for the last time.
    pub(crate) fn last(&self, host: usize, wanted: impl Fn(Event) -> bool) -> Option<Instant> {
        let mut log = self.log.iter().rev();
        log.find(|(_, who, event)| *who == host && wanted(*event))
            .map(|(when, ..)| *when)
    }

    /// What happened at a host since a moment.
    pub(crate) fn events_since(&self, host: usize, since: Instant) -> Vec<Event> {
        let log = self
            .log
            .iter()
            .filter(|(when, who, _)| *who == host && *when >= since);
        log.map(|(_, _, event)| *event).collect()
    }

    /// What a host sends next, within so many milliseconds; the others hear it too.
    pub(crate) fn record(&mut self, host: usize, milliseconds: u64) -> Recorded {
        let end = self.now + Duration::from_millis(milliseconds);
        while let Some((due, next)) = self.next_timeout().filter(|(due, _)| *due <= end) {
            self.now = due;
            self.act(next, |brain| brain.handle_timeout(due));
            let mut sent = self.in_flight.iter();
            let recorded = sent.find(|sent| sent.sender == host).map(|sent| Recorded {
                source: sent.source,
                destination: sent.destination,
                message: sent.message.clone(),
            });
            self.deliver();
            if let Some(recorded) = recorded {
                return recorded;
            }
        }
        panic!("host {host} sends nothing");
    }

    /// Somebody sends this to a host.
    pub(crate) fn inject(&mut self, host: usize, recorded: &Recorded) {
        let packet = Packet {
            source: recorded.source,
            destination: recorded.destination,
            hop_limit: HOP_LIMIT,
            message: &recorded.message,
        };
        let now = self.now;
        self.act(host, |brain| brain.handle_packet(INTERFACE, &packet, now));
    }

    /// Somebody sends this, with a right checksum, to a host.
    pub(crate) fn inject_right(&mut self, host: usize, recorded: &mut Recorded) {
        recorded.message[6..8].fill(0);
        let words = recorded.message.chunks(2);
        let mut sum: u32 = words
            .map(|word| u32::from(word[0]) << 8 | u32::from(word[1]))
            .sum();
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        let checksum = !u16::try_from(sum).expect("it was folded");
        recorded.message[6..8].copy_from_slice(&checksum.to_be_bytes());
        self.inject(host, recorded);
    }

    fn next_timeout(&self) -> Option<(Instant, usize)> {
        let hosts = self
            .hosts
            .iter()
            .enumerate()
            .filter(|(_, host)| !host.frozen);
        hosts
            .filter_map(|(number, host)| Some((host.brain.poll_timeout()?, number)))
            .min()
    }

    fn drain(&mut self, number: usize) {
        while self.carry_out(number) {}
        let host = &mut self.hosts[number];
        while let Some(report) = host.brain.poll_report() {
            match report {
                Report::Router(report) => {
                    host.reports.insert(report.key.clone(), *report);
                }
                Report::Removed(key) => {
                    host.reports.remove(&key);
                }
                Report::Process(_) | Report::Trial(_) => panic!("the shell reports that"),
            }
        }
    }

    /// Does what the brain of a host wants, and tells it what the kernel did. Whether the kernel did
    /// anything.
    fn carry_out(&mut self, number: usize) -> bool {
        let host = &mut self.hosts[number];
        let mut done = Vec::new();
        while let Some(action) = host.brain.poll_action() {
            let event = match action {
                Action::Send(sent) => {
                    assert_eq!(&*sent.interface, INTERFACE);
                    if host.connected {
                        self.in_flight.push(Datagram {
                            sender: number,
                            source: sent.source,
                            destination: sent.destination,
                            message: sent.message.to_vec(),
                        });
                    }
                    Event::Sent(sent.message[1], sent.message[2])
                }
                Action::AddAddress(holding) => {
                    let place = (holding.interface.to_string(), holding.address);
                    done.push((place.clone(), Kernel::Added));
                    host.present.insert(place);
                    Event::Added(holding.address)
                }
                Action::RemoveAddress(holding) => {
                    let place = (holding.interface.to_string(), holding.address);
                    host.present.remove(&place);
                    done.push((place, Kernel::Removed));
                    Event::Removed(holding.address)
                }
                Action::AddRoute(route) => Event::RouteAdded(route.destination),
                Action::RemoveRoute(route) => Event::RouteRemoved(route.destination),
                Action::Announce(announcement) => {
                    let key = (announcement.interface.to_string(), announcement.address);
                    assert!(
                        host.present.contains(&key),
                        "only what is present is announced"
                    );
                    Event::Announced(announcement.address)
                }
                // Announcements never wait here.
                Action::Withhold(_) => continue,
            };
            self.log.push((self.now, number, event));
        }
        if host.silent_kernel {
            return false;
        }
        for ((interface, address), what) in &done {
            match what {
                Kernel::Added => {
                    host.brain
                        .handle_address_present(interface, *address, self.now);
                }
                Kernel::Removed => {
                    host.brain
                        .handle_address_absent(interface, *address, self.now);
                }
            }
        }
        !done.is_empty()
    }

    fn deliver(&mut self) {
        for Datagram {
            sender,
            source,
            destination,
            message,
        } in std::mem::take(&mut self.in_flight)
        {
            for receiver in (0..self.hosts.len()).filter(|receiver| *receiver != sender) {
                let host = &mut self.hosts[receiver];
                let own = [host.address, link_local(host.address)];
                if !destination.is_multicast() && !own.contains(&destination) {
                    continue;
                }
                if host.connected && host.frozen {
                    host.waiting
                        .push((self.now, source, destination, message.clone()));
                } else if host.connected {
                    let packet = Packet {
                        source,
                        destination,
                        hop_limit: HOP_LIMIT,
                        message: &message,
                    };
                    host.brain.handle_packet(INTERFACE, &packet, self.now);
                    self.drain(receiver);
                }
            }
        }
    }
}
