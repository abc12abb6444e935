//! Two members of each kind and a client on one segment.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use rustix::process::Signal;

use crate::cluster::agent::{is_running, signal};
use crate::cluster::wire::{Advert, adverts, wait_for_advert};
use crate::cluster::{Cluster, now, wait_until};
use crate::keepalived::{self, Instance};

pub(crate) const CLIENT: &str = "client";
const INTERFACE: &str = "eth0";

/// The priorities of the members.
pub(crate) const FIRST: u8 = 100;
pub(crate) const SECOND: u8 = 90;

/// Whose group it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Keepalived,
    Skep,
}

/// Both, in the order of the table.
pub(crate) const KINDS: [Kind; 2] = [Kind::Keepalived, Kind::Skep];

impl Kind {
    /// Its two members, the better one first.
    pub(crate) const fn nodes(self) -> [&'static str; 2] {
        match self {
            Self::Keepalived => ["keepalived1", "keepalived2"],
            Self::Skep => ["skep1", "skep2"],
        }
    }

    pub(crate) const fn id(self) -> u8 {
        match self {
            Self::Keepalived => 71,
            Self::Skep => 72,
        }
    }

    pub(crate) const fn vip(self) -> Ipv4Addr {
        Ipv4Addr::new(10, 0, 0, 128 + self.id())
    }
}

/// How often advertisements are sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    pub(crate) name: &'static str,
    pub(crate) version: u8,
    pub(crate) interval: Duration,
}

impl Timing {
    pub(crate) const fn new(name: &'static str, version: u8, interval: Duration) -> Self {
        Self {
            name,
            version,
            interval,
        }
    }

    /// RFC 3768 and RFC 9568, section 6.1; in version 2 only a second is used.
    pub(crate) fn down_interval(self, priority: u8) -> Duration {
        3 * self.interval + self.interval * (256 - u32::from(priority)) / 256
    }
}

/// All of them on one segment.
pub(crate) struct Site {
    pub(crate) cluster: Cluster,
    pub(crate) timing: Timing,
    keepalived: BTreeMap<&'static str, u32>,
}

impl Site {
    /// The hosts, nothing running on them.
    pub(crate) fn new(timing: Timing) -> Self {
        let names = KINDS.iter().flat_map(|kind| kind.nodes()).chain([CLIENT]);
        let addresses = (11..).map(|last| Ipv4Addr::new(10, 0, 0, last));
        let hosts: Vec<_> = names.zip(addresses).collect();
        Self {
            cluster: Cluster::up("bench", INTERFACE, &hosts),
            timing,
            keepalived: BTreeMap::new(),
        }
    }

    /// Both groups; the better members hold the addresses.
    pub(crate) fn start_all(&mut self) {
        for kind in KINDS {
            let [first, second] = kind.nodes();
            self.start(kind, first, FIRST);
            self.wait_for_holder(kind, first);
            self.start(kind, second, SECOND);
        }
        for kind in KINDS {
            let [first, second] = kind.nodes();
            self.wait_until_it_listens(kind, second);
            self.wait_for(kind, first, now(), |_| true);
        }
    }

    pub(crate) fn start(&mut self, kind: Kind, node: &'static str, priority: u8) {
        match kind {
            Kind::Skep => self.cluster.start(node, &self.manifest(node, priority)),
            Kind::Keepalived => {
                let more = self.more();
                let instance = instance(priority, &more);
                let process = instance.start(&mut self.cluster, node);
                self.keepalived.insert(node, process);
            }
        }
    }

    /// Gives a running member another priority; returns the moment before.
    pub(crate) fn change(&mut self, kind: Kind, node: &'static str, priority: u8) -> Duration {
        match kind {
            Kind::Skep => {
                let manifest = self.manifest(node, priority);
                self.cluster.save(node, "skep.yaml", &manifest)
            }
            Kind::Keepalived => {
                let more = self.more();
                let at = now();
                instance(priority, &more).save(&self.cluster, node);
                signal(self.keepalived[node], Signal::HUP);
                at
            }
        }
    }

    /// Asks a member to stop.
    pub(crate) fn stop(&self, kind: Kind, node: &'static str) -> u32 {
        let process = self.process(kind, node);
        signal(process, Signal::TERM);
        process
    }

    /// The first process of a running member.
    pub(crate) fn process(&self, kind: Kind, node: &'static str) -> u32 {
        match kind {
            Kind::Skep => self.cluster.agent(node).supervisor(),
            Kind::Keepalived => self.keepalived[node],
        }
    }

    pub(crate) fn wait_for(
        &self,
        kind: Kind,
        node: &str,
        since: Duration,
        wanted: impl Fn(&Advert) -> bool,
    ) -> Advert {
        wait_for_advert(&self.cluster.capture, kind.id(), |advert| {
            advert.node == node && advert.at > since && wanted(advert)
        })
    }

    /// Waits until any member advertised after a moment.
    pub(crate) fn wait_for_any(&self, kind: Kind, since: Duration) {
        wait_for_advert(&self.cluster.capture, kind.id(), |advert| advert.at > since);
    }

    /// The last advertisement of a member before a moment.
    pub(crate) fn last_before(&self, kind: Kind, node: &str, moment: Duration) -> Advert {
        let all = adverts(&self.cluster.capture, kind.id());
        let last = all
            .into_iter()
            .rfind(|advert| advert.node == node && advert.at < moment);
        last.expect("it advertised")
    }

    pub(crate) fn wait_for_holder(&self, kind: Kind, node: &str) {
        self.cluster.wait_for_holder(kind.vip(), node);
    }

    pub(crate) fn wait_until_it_answers(&self, kind: Kind) {
        let answers = wait_until(|| self.cluster.answers(CLIENT, kind.vip()));
        assert!(answers, "{} does not answer", kind.vip());
    }

    /// Waits until the second member would take over.
    fn wait_until_it_listens(&self, kind: Kind, node: &str) {
        match kind {
            Kind::Skep => self.cluster.agent(node).wait_until_it_hears("bench"),
            Kind::Keepalived => keepalived::wait_until_it_listens(&self.cluster, node),
        }
    }

    fn manifest(&self, node: &str, priority: u8) -> String {
        let (id, vip, interval) = (
            Kind::Skep.id(),
            Kind::Skep.vip(),
            self.timing.interval.as_millis(),
        );
        format!(
            "apiVersion: skep/v1\nkind: VipGroup\nmetadata: {{name: bench}}\nspec:\n  \
             virtualRouterId: {id}\n  interface: {INTERFACE}\n  addresses: [{vip}]\n  \
             version: {}\n  advertisementInterval: {interval}ms\n  \
             members: [{{node: {node}, priority: {priority}}}]\n",
            self.timing.version
        )
    }

    fn more(&self) -> String {
        let Timing {
            version, interval, ..
        } = self.timing;
        let seconds = interval.as_secs_f64();
        format!("  version {version}\n  advert_int {seconds}")
    }
}

fn instance(priority: u8, more: &str) -> Instance<'_> {
    Instance {
        interface: INTERFACE,
        virtual_router_id: Kind::Keepalived.id(),
        priority,
        address: "10.0.0.199",
        more,
    }
}

/// Waits for the end of a process.
pub(crate) fn wait_for_end(process: u32) {
    assert!(wait_until(|| !is_running(process)), "{process} ends");
}
