//! How a group speaks, in the words of each implementation.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use crate::frr::Router;

pub(crate) const ID: u8 = 53;
pub(crate) const INTERFACE: &str = "eth0";

/// What the group holds, unless it speaks IPv6.
pub(crate) const ADDRESS: &str = "10.0.0.70";
/// What it holds then. keepalived wants a link-local address first, as RFC 9568 section 5.2.9 does.
pub(crate) const ADDRESSES_OF_IPV6: &[&str] = &["fe80::70", "fd00::70"];

/// The link-local address that follows from the id: skep is not given it, the peer is.
pub(crate) const DERIVED: &str = "fe80::200:5eff:fe00:235";

/// Where the two are.
pub(crate) const SKEP_ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 60);
pub(crate) const PEER_ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 61);

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

/// How advertisements travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    Multicast,
    Unicast,
}

/// How the two speak.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dialect {
    /// The name of its lab.
    pub(crate) name: &'static str,
    pub(crate) peer: Peer,
    pub(crate) version: u8,
    pub(crate) interval: Duration,
    pub(crate) transport: Transport,
    /// The client asks the last one.
    pub(crate) addresses: &'static [&'static str],
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

    /// The address that the client asks.
    pub(crate) fn vip(&self) -> IpAddr {
        let address = self.addresses.last().and_then(|last| last.parse().ok());
        address.expect("there is an address")
    }

    pub(crate) fn speaks_ipv6(&self) -> bool {
        self.vip().is_ipv6()
    }

    /// The manifest of skep.
    pub(crate) fn manifest(&self, priority: u8, preemption: Preemption) -> String {
        let interval = self.interval.as_millis();
        let addresses = self.addresses.iter().copied();
        let given: Vec<&str> = addresses.filter(|address| *address != DERIVED).collect();
        let addresses = given.join(", ");
        let members = match self.transport {
            Transport::Multicast => format!("[{{node: skep, priority: {priority}}}]"),
            // The address of the other one is all that is asked of it.
            Transport::Unicast => format!(
                "[{{node: skep, priority: {priority}, address: {SKEP_ADDRESS}}}, \
                 {{node: peer, priority: 1, address: {PEER_ADDRESS}}}]\n  \
                 transport: {{unicast: {{}}}}"
            ),
        };
        let mut text = format!(
            "apiVersion: skep/v1\nkind: VipGroup\nmetadata: {{name: matrix}}\nspec:\n  \
             virtualRouterId: {ID}\n  interface: {INTERFACE}\n  addresses: [{addresses}]\n  \
             version: {}\n  advertisementInterval: {interval}ms\n  \
             members: {members}\n",
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
        if self.transport == Transport::Unicast {
            lines.push(format!("unicast_src_ip {PEER_ADDRESS}"));
            lines.push(format!("unicast_peer {{\n {SKEP_ADDRESS}\n }}"));
        }
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

    /// FRR's router at this priority.
    pub(crate) fn router<'a>(&self, priority: u8, more: &'a [String]) -> Router<'a> {
        Router {
            interface: INTERFACE,
            virtual_router_id: ID,
            priority,
            addresses: self.addresses,
            more,
        }
    }
}
