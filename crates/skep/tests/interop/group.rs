//! Seed 001: three members, each skep or keepalived, and a client.

use std::net::Ipv4Addr;
use std::time::Duration;

use rustix::process::Signal;

use crate::cluster::agent::{is_running, signal};
use crate::cluster::wire::{
    Takeover, adverts, down_interval, last_advert, skew, wait_for_advert, wait_for_takeover,
};
use crate::cluster::{Cluster, measured, ms, now, wait_until};
use crate::keepalived::{self, Instance};

pub(crate) const VIP: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 200);
pub(crate) const ID: u8 = 69;
pub(crate) const CLIENT: &str = "client";

/// Who runs a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Skep,
    Keepalived,
}

impl Takeover {
    /// Asserts that it took what the protocol says and at most 50 ms more: six labs share the
    /// processors. keepalived has 100 ms.
    pub(crate) fn assert_took_by(&self, next: Kind, protocol: Duration) {
        let late = Duration::from_millis(match next {
            Kind::Skep => 50,
            Kind::Keepalived => 100,
        });
        self.assert_took(protocol, late);
    }
}

/// A member of the group.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member {
    pub(crate) name: &'static str,
    pub(crate) priority: u8,
    pub(crate) kind: Kind,
}

/// The members of seed 001 in order of preference, of these kinds.
pub(crate) fn members(kinds: [Kind; 3]) -> [Member; 3] {
    let member = |name, priority, kind| Member {
        name,
        priority,
        kind,
    };
    [
        member("docker1", 100, kinds[0]),
        member("docker2", 75, kinds[1]),
        member("docker3", 50, kinds[2]),
    ]
}

/// The group, running.
pub(crate) struct Group {
    pub(crate) cluster: Cluster,
    pub(crate) members: [Member; 3],
    manifest: String,
    /// Lines that keepalived's instances have beside those of the seed.
    more: String,
    keepalived: Vec<(&'static str, u32)>,
    label: String,
}

impl Group {
    /// The hosts of the seed, nothing running; the manifest is given, keepalived has `more`.
    pub(crate) fn new(test: &str, kinds: [Kind; 3], manifest: String, more: &str) -> Self {
        let hosts = [
            ("docker1", Ipv4Addr::new(10, 0, 0, 11)),
            ("docker2", Ipv4Addr::new(10, 0, 0, 12)),
            ("docker3", Ipv4Addr::new(10, 0, 0, 13)),
            (CLIENT, Ipv4Addr::new(10, 0, 0, 99)),
        ];
        let words = kinds.map(|kind| match kind {
            Kind::Skep => "skep",
            Kind::Keepalived => "keepalived",
        });
        Self {
            cluster: Cluster::up(test, "ens18", &hosts),
            members: members(kinds),
            manifest,
            more: more.to_owned(),
            keepalived: Vec::new(),
            label: words.join(" "),
        }
    }

    /// Starts a member.
    pub(crate) fn start(&mut self, member: Member) {
        match member.kind {
            Kind::Skep => self.cluster.start(member.name, &self.manifest),
            Kind::Keepalived => {
                let instance = Instance {
                    interface: "ens18",
                    virtual_router_id: ID,
                    priority: member.priority,
                    address: "10.0.0.200",
                    more: &self.more,
                };
                let process = instance.start(&mut self.cluster, member.name);
                self.keepalived.push((member.name, process));
            }
        }
    }

    /// Starts all members: the first holds the address, the others hear it.
    pub(crate) fn start_all(&mut self) {
        let [first, others @ ..] = self.members;
        self.start(first);
        self.cluster.wait_for_holder(VIP, first.name);
        for member in others {
            self.start(member);
        }
        for member in others {
            match member.kind {
                Kind::Skep => self.cluster.agent(member.name).wait_until_it_hears("vi-1"),
                Kind::Keepalived => keepalived::wait_until_it_listens(&self.cluster, member.name),
            }
        }
        let since = now();
        wait_for_advert(&self.cluster.capture, ID, |advert| advert.at > since);
    }

    /// Stops a member as its operator would, and asserts that the next one follows after its skew.
    pub(crate) fn stop(&mut self, member: Member, next: Member) -> Takeover {
        let at = now();
        let process = match member.kind {
            Kind::Skep => self.cluster.agent(member.name).supervisor(),
            Kind::Keepalived => {
                let known = self
                    .keepalived
                    .iter()
                    .position(|(name, _)| *name == member.name);
                self.keepalived.swap_remove(known.expect("it runs")).1
            }
        };
        signal(process, Signal::TERM);
        wait_for_advert(&self.cluster.capture, ID, |advert| {
            advert.node == member.name && advert.at > at && advert.priority() == 0
        });
        let takeover = wait_for_takeover(&self.cluster.capture, ID, member.name, next.name);
        self.assert_held_by(next);
        assert!(wait_until(|| !is_running(process)), "{} ends", member.name);
        let what = format!("stop of {}", member.name);
        self.report(&what, next, &takeover, skew(next.priority));
        takeover
    }

    /// Cuts the power of a member and asserts that the next one follows after its down interval.
    pub(crate) fn crash(&mut self, member: Member, next: Member) {
        let prober = self.cluster.probe(CLIENT, VIP);
        self.cluster.cut_power(member.name);
        self.keepalived.retain(|(name, _)| *name != member.name);
        let takeover = wait_for_takeover(&self.cluster.capture, ID, member.name, next.name);
        self.assert_held_by(next);
        assert!(wait_until(|| self.cluster.answers(CLIENT, VIP)));
        let report = prober.stop().expect("it probed");
        let dark = report
            .longest_dark()
            .map_or(Duration::ZERO, |dark| dark.length());
        let what = format!("power cut of {} (dark {})", member.name, ms(dark));
        self.report(&what, next, &takeover, down_interval(next.priority));
    }

    /// Starts a member again and asserts that it takes over from `from`, which yields at once.
    pub(crate) fn bring_back(&mut self, member: Member, from: Member) {
        let since = now();
        self.start(member);
        let preempting = wait_for_advert(&self.cluster.capture, ID, |advert| {
            advert.node == member.name && advert.at > since
        });
        self.assert_held_by(member);
        let last = last_advert(&self.cluster.capture, ID, from.name);
        // keepalived may have its own advertisement on the way; after that it is silent.
        assert!(
            last.at < preempting.at + Duration::from_millis(20),
            "{last:?}"
        );
        let heard = adverts(&self.cluster.capture, ID);
        let ignored = heard.iter().filter(|advert| {
            advert.node == from.name && advert.at > since && advert.at < preempting.at
        });
        let name = format!("{}: return of {}", self.label, member.name);
        measured(
            &name,
            &format!(
                "preempts {} after {}, {} of its advertisements ignored",
                from.name,
                ms(preempting.at - since),
                ignored.count()
            ),
        );
    }

    /// Gives a member its power back and starts it; it shall take over from `from`.
    pub(crate) fn restore(&mut self, member: Member, from: Member) {
        self.cluster.restore_power(member.name);
        self.bring_back(member, from);
    }

    pub(crate) fn assert_held_by(&self, member: Member) {
        self.cluster.wait_for_holder(VIP, member.name);
    }

    fn report(&self, what: &str, next: Member, takeover: &Takeover, protocol: Duration) {
        measured(
            &format!("{}: {what}", self.label),
            &format!(
                "{} {} later (protocol {})",
                next.name,
                ms(takeover.took()),
                ms(protocol)
            ),
        );
        takeover.assert_took_by(next.kind, protocol);
    }
}
