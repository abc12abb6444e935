//! How a group speaks, in the words of each implementation.

use std::net::Ipv4Addr;
use std::time::Duration;

use crate::frr::Router;
use crate::keepalived::Instance;

pub(crate) const ID: u8 = 53;
pub(crate) const VIP: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 70);
pub(crate) const INTERFACE: &str = "eth0";

pub(crate) const ADDRESS: &str = "10.0.0.70";

/// Kernel time stamps and timers may differ by less than that.
pub(crate) const EARLY: Duration = Duration::from_millis(1);

/// Who the other one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    Keepalived,
    Frr,
}

/// Whether a member takes over from a living one of lower priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Preemption {
    On,
    Off,
}

/// How the two speak.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dialect {
    /// The name of its lab.
    pub(crate) name: &'static str,
    pub(crate) peer: Peer,
    pub(crate) version: u8,
    pub(crate) interval: Duration,
    /// More lines of skep's group.
    pub(crate) skep: &'static [&'static str],
    /// More lines of the peer's configuration.
    pub(crate) other: &'static [&'static str],
}

impl Dialect {
    /// RFC 3768 and RFC 9568, section 6.1.
    pub(crate) fn skew(&self, priority: u8) -> Duration {
        let interval = match self.version {
            2 => Duration::from_secs(1),
            _ => self.interval,
        };
        interval * (256 - u32::from(priority)) / 256
    }

    /// As above.
    pub(crate) fn down_interval(&self, priority: u8) -> Duration {
        3 * self.interval + self.skew(priority)
    }

    /// How much the peer may be too early and too late.
    pub(crate) const fn peer_tolerance(&self) -> (Duration, Duration) {
        match self.peer {
            Peer::Keepalived => (EARLY, Duration::from_millis(100)),
            // It counts in whole centiseconds, and sends through the macvlan, whose carrier waits
            // for the kernel's one configuration lock: here all labs share it.
            Peer::Frr => (Duration::from_millis(10), Duration::from_secs(4)),
        }
    }

    /// The manifest of skep.
    pub(crate) fn manifest(&self, priority: u8, preemption: Preemption) -> String {
        let interval = self.interval.as_millis();
        let mut text = format!(
            "apiVersion: skep/v1\nkind: VipGroup\nmetadata: {{name: matrix}}\nspec:\n  \
             virtualRouterId: {ID}\n  interface: {INTERFACE}\n  addresses: [{ADDRESS}]\n  \
             version: {}\n  advertisementInterval: {interval}ms\n  \
             members: [{{node: skep, priority: {priority}}}]\n",
            self.version
        );
        for line in self.skep {
            text += &format!("  {line}\n");
        }
        if preemption == Preemption::Off {
            text += "  preemption: {enabled: false}\n";
        }
        text
    }

    /// The more lines of keepalived's instance.
    pub(crate) fn keepalived(&self, preemption: Preemption) -> String {
        let mut lines = vec![
            format!("version {}", self.version),
            format!("advert_int {}", self.interval.as_secs_f64()),
        ];
        lines.extend(self.other.iter().copied().map(str::to_owned));
        if preemption == Preemption::Off {
            lines.push("nopreempt".to_owned());
        }
        lines.iter().map(|line| format!("  {line}\n")).collect()
    }

    /// The more properties of FRR's router.
    pub(crate) fn frr(&self, preemption: Preemption) -> Vec<String> {
        let mut lines = vec![
            format!("version {}", self.version),
            format!("advertisement-interval {}", self.interval.as_millis()),
        ];
        lines.extend(self.other.iter().copied().map(str::to_owned));
        if preemption == Preemption::Off {
            lines.push("no preempt".to_owned());
        }
        lines
    }

    /// keepalived's instance at this priority.
    pub(crate) fn instance<'a>(&self, priority: u8, more: &'a str) -> Instance<'a> {
        Instance {
            interface: INTERFACE,
            virtual_router_id: ID,
            priority,
            address: ADDRESS,
            more,
        }
    }

    /// FRR's router at this priority.
    pub(crate) fn router<'a>(&self, priority: u8, more: &'a [String]) -> Router<'a> {
        Router {
            interface: INTERFACE,
            virtual_router_id: ID,
            priority,
            address: ADDRESS,
            more,
        }
    }
}
