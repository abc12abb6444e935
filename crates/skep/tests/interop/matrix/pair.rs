//! skep, one peer and a client on one segment.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use rustix::process::Signal;

use super::dialect::{
    Dialect, EARLY, ID, INTERFACE, PEER_ADDRESS, Peer, Preemption, SKEP_ADDRESS, Transport,
};
use crate::cluster::agent::{is_running, signal};
use crate::cluster::wire::{Advert, adverts, last_advert, recent, wait_for_advert};
use crate::cluster::{Cluster, measured, ms, now, wait_until};
use crate::{
    frr,
    keepalived::{self, Instance},
};

pub(crate) const CLIENT: &str = "client";

const HOSTS: [(&str, Ipv4Addr); 3] = [
    ("skep", SKEP_ADDRESS),
    ("peer", PEER_ADDRESS),
    (CLIENT, Ipv4Addr::new(10, 0, 0, 99)),
];

/// How long who leaves may still be heard: skep says a last word when its successor is there.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// How late skep may be while six labs share the processors and the kernel's configuration lock.
const LATE: Duration = Duration::from_millis(50);

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Skep,
    Peer,
}

impl Side {
    pub(crate) const fn node(self) -> &'static str {
        match self {
            Self::Skep => "skep",
            Self::Peer => "peer",
        }
    }

    const fn other(self) -> Self {
        match self {
            Self::Skep => Self::Peer,
            Self::Peer => Self::Skep,
        }
    }
}

/// The two of them.
pub(crate) struct Pair {
    pub(crate) cluster: Cluster,
    pub(crate) dialect: Dialect,
    peer: Option<u32>,
}

impl Pair {
    /// The hosts, nothing running on them.
    pub(crate) fn new(dialect: Dialect) -> Self {
        let pair = Self {
            cluster: Cluster::up(dialect.name, INTERFACE, &HOSTS),
            dialect,
            peer: None,
        };
        for (node, _) in HOSTS {
            pair.give_ipv6(node);
        }
        pair.introduce(Side::Peer, Side::Skep);
        pair.introduce(Side::Skep, Side::Peer);
        pair
    }

    /// Lets one know the other's MAC address until it loses its power: what is sent by unicast to
    /// a dead host is seen, too.
    fn introduce(&self, one: Side, other: Side) {
        if self.dialect.transport == Transport::Multicast {
            return;
        }
        let show = ["ip", "-o", "link", "show", INTERFACE];
        let shown = self.cluster.say(other.node(), &show);
        let mut words = shown
            .split_whitespace()
            .skip_while(|word| *word != "link/ether");
        let hardware = words.nth(1).expect("it has a MAC address");
        let (_, address) = HOSTS[other as usize];
        let entry =
            format!("neighbour replace {address} lladdr {hardware} dev {INTERFACE} nud permanent");
        let words: Vec<_> = ["ip"].into_iter().chain(entry.split(' ')).collect();
        self.cluster.say(one.node(), &words);
    }

    /// The address of IPv6 that the lab does not give.
    fn give_ipv6(&self, node: &str) {
        let host = HOSTS.iter().find(|(name, _)| *name == node);
        let [.., last] = host.expect("it is one of them").1.octets();
        let address = format!("fd00::{last}/64");
        let add = ["ip", "addr", "add", &address, "dev", INTERFACE, "nodad"];
        if self.dialect.speaks_ipv6() {
            self.cluster.say(node, &add);
        }
    }

    pub(crate) fn start_skep(&mut self, manifest: &str) {
        self.cluster.start(Side::Skep.node(), manifest);
    }

    /// Saves another manifest for the running agent.
    pub(crate) fn edit_skep(&mut self, manifest: &str) {
        self.cluster.save(Side::Skep.node(), "skep.yaml", manifest);
    }

    pub(crate) fn start_peer(&mut self, priority: u8, preemption: Preemption) {
        let (dialect, node) = (self.dialect, Side::Peer.node());
        let process = match dialect.peer {
            Peer::Keepalived => {
                let before = keepalived::times_it_listened(&self.cluster, node);
                let instance = Instance {
                    interface: INTERFACE,
                    virtual_router_id: ID,
                    priority,
                    address: &dialect.addresses.join("\n    "),
                    more: &dialect.keepalived(preemption),
                };
                let process = instance.start(&mut self.cluster, node);
                keepalived::wait_until_it_listened(&self.cluster, node, before + 1);
                process
            }
            Peer::Frr => {
                let more = dialect.frr(preemption);
                dialect
                    .router(priority, &more)
                    .start(&mut self.cluster, node)
            }
        };
        self.peer = Some(process);
    }

    /// Stops one as its operator would, and asserts that the other follows after its skew.
    #[track_caller]
    pub(crate) fn stop(&mut self, side: Side, next_priority: u8) {
        let since = now();
        let process = match side {
            Side::Skep => self.cluster.agent(side.node()).supervisor(),
            Side::Peer => self.peer.take().expect("it runs"),
        };
        signal(process, Signal::TERM);
        let farewell = self.wait_for(side, since, |advert| advert.priority() == 0);
        let first = self.wait_for(side.other(), farewell.at, |_| true);
        assert!(wait_until(|| !is_running(process)), "{side:?} ends");
        let skew = self.dialect.skew(next_priority);
        let took = first.at.saturating_sub(farewell.at);
        self.assert_took(side.other(), &format!("stop of {side:?}"), took, skew);
    }

    /// Cuts the power of one, and asserts that the other follows after its down interval.
    #[track_caller]
    pub(crate) fn cut_power(&mut self, side: Side, next_priority: u8) {
        self.cluster.cut_power(side.node());
        if side == Side::Peer {
            self.peer = None;
        }
        let last = last_advert(&self.cluster.capture, ID, side.node());
        let first = self.wait_for(side.other(), last.at, |_| true);
        let down = self.dialect.down_interval(next_priority);
        let took = first.at.saturating_sub(last.at);
        self.assert_took(side.other(), &format!("power cut of {side:?}"), took, down);
    }

    /// Gives a host its power back; nothing runs on it.
    pub(crate) fn restore_power(&mut self, side: Side) {
        self.cluster.restore_power(side.node());
        self.give_ipv6(side.node());
        self.introduce(side, side.other());
        if (side, self.dialect.peer) == (Side::Peer, Peer::Frr) {
            frr::forget(&self.cluster, side.node());
        }
    }

    /// Asserts that from now on this one holds the address, nobody else, and that the client
    /// reaches it.
    pub(crate) fn settle(&self, step: &str, holder: Side) {
        let mut seen = Vec::new();
        let alone = wait_until(|| {
            seen = self.holders();
            seen == [holder]
        });
        assert!(
            alone,
            "{step}: {holder:?} shall hold it alone, not {seen:?}: {:#?}",
            recent(&self.cluster.capture, ID)
        );
        self.assert_peace(step, holder, 2 * self.dialect.interval);
        let answers = wait_until(|| self.cluster.answers(CLIENT, self.dialect.vip()));
        assert!(answers, "{step}: {holder:?} does not answer");
        measured(
            &format!("{}: {step}", self.dialect.name),
            &format!("held by {holder:?} alone"),
        );
    }

    /// Asserts that this one holds the address alone for longer than the other one would wait.
    pub(crate) fn assert_stays(&self, step: &str, holder: Side) {
        self.assert_peace(step, holder, 5 * self.dialect.interval);
        self.settle(step, holder);
    }

    /// Asserts that skep, which is Active, discarded nothing of what the peer said before.
    pub(crate) fn assert_understood(&self) {
        let agent = self.cluster.agent(Side::Skep.node());
        let router = agent.wait_for_state("matrix", "Active");
        for counter in [
            "discardedTransport",
            "discardedChecksum",
            "discardedTtl",
            "addressListMismatches",
        ] {
            assert_eq!(router.counters.get(counter), Some(&0), "{router:?}");
        }
    }

    /// Asserts that both come to hold the address, although skep advertises the higher priority.
    pub(crate) fn settle_apart(&self, step: &str) {
        let both = [Side::Skep, Side::Peer];
        let held = wait_until(|| self.holders() == both);
        assert!(held, "{step}: {:#?}", recent(&self.cluster.capture, ID));
        let later = now() + 5 * self.dialect.interval;
        self.wait_for(Side::Skep, later, |_| true);
        assert_eq!(self.holders(), both, "{step}");
        measured(&format!("{}: {step}", self.dialect.name), "held by both");
    }

    /// Asserts that for a time nobody else advertises or holds the address.
    fn assert_peace(&self, step: &str, holder: Side, time: Duration) {
        let since = now() + LAST_WORDS;
        self.wait_for(holder, since + time, |advert| advert.priority() > 0);
        let all = adverts(&self.cluster.capture, ID);
        let mut meanwhile = all.iter().filter(|advert| advert.at > since);
        assert!(
            meanwhile.all(|advert| advert.node == holder.node()),
            "{step}: not {holder:?} alone advertises: {all:#?}"
        );
        assert_eq!(self.holders(), [holder], "{step}");
    }

    /// Who has the address, as the kernels say.
    pub(crate) fn holders(&self) -> Vec<Side> {
        let frr = self.dialect.peer == Peer::Frr;
        let by_address = match self.dialect.vip() {
            IpAddr::V4(address) => self.cluster.holders(address),
            IpAddr::V6(address) => self.cluster.holders_ipv6(address),
        };
        let holds = |side: &Side| match side {
            Side::Peer if frr => self.peer_has_power() && frr::holds(&self.cluster, side.node()),
            Side::Skep | Side::Peer => by_address.iter().any(|node| node == side.node()),
        };
        [Side::Skep, Side::Peer].into_iter().filter(holds).collect()
    }

    fn peer_has_power(&self) -> bool {
        let alive = self.cluster.lab.is_alive(Side::Peer.node());
        alive.expect("it is a host of the lab")
    }

    #[track_caller]
    fn wait_for(&self, side: Side, since: Duration, wanted: impl Fn(&Advert) -> bool) -> Advert {
        wait_for_advert(&self.cluster.capture, ID, |advert| {
            advert.node == side.node() && advert.at > since && wanted(advert)
        })
    }

    fn assert_took(&self, by: Side, what: &str, took: Duration, protocol: Duration) {
        let name = self.dialect.name;
        measured(
            &format!("{name}: {what}"),
            &format!("{by:?} {} later (protocol {})", ms(took), ms(protocol)),
        );
        let (early, late) = match by {
            Side::Skep => (EARLY, LATE),
            Side::Peer => self.dialect.peer_tolerance(),
        };
        let expected = protocol.saturating_sub(early)..=protocol + late;
        assert!(
            expected.contains(&took),
            "{name}: {what}: {by:?} took {took:?} instead of {protocol:?}: {:#?}",
            recent(&self.cluster.capture, ID)
        );
    }
}
