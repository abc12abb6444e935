//! What tests start from: moments, addresses, a router as it is unless a test says otherwise.

use std::net::IpAddr;
use std::time::Duration;

use skep_vip::acceptance::Refused;
use skep_vip::brain::Brain;
use skep_vip::configuration::{
    Announcements, Authentication, ChecksumMode, Lease, Preemption, Relocation,
    RouterConfiguration, RouterKey, Start, Transport, VirtualAddress,
};
use skep_vip::message::Command;
use skep_vrrp::identity::{Family, Priority, Version, VirtualRouterId};
use skep_vrrp::packet::MULTICAST_IPV4;
use skep_vrrp::time::Instant;

pub(crate) const INTERFACE: &str = "eth0";

/// The moment `milliseconds` after the start of the clock.
pub(crate) fn at(milliseconds: u64) -> Instant {
    Instant::from_boot(Duration::from_millis(milliseconds))
}

/// The time between two moments in microseconds.
pub(crate) fn micros(since: Instant, then: Instant) -> u128 {
    then.saturating_duration_since(since).as_micros()
}

pub(crate) fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

pub(crate) fn key(group: &str) -> RouterKey {
    RouterKey {
        group: group.to_owned(),
        family: Family::Ipv4,
    }
}

/// Version 2 on eth0, one second, no authentication, preempting at once, tracking nothing.
pub(crate) fn router(group: &str, id: u8, addresses: &[&str], priority: u8) -> RouterConfiguration {
    let address = |text: &&str| VirtualAddress {
        address: ip(text),
        prefix_length: 32,
        interface: None,
        label: None,
        advertised: true,
    };
    RouterConfiguration {
        key: key(group),
        virtual_router_id: VirtualRouterId::new(id).expect("an id"),
        version: Version::V2,
        interface: INTERFACE.to_owned(),
        source: None,
        addresses: addresses.iter().map(address).collect(),
        priority: Priority::new(priority),
        advertisement_interval: Duration::from_secs(1),
        authentication: Authentication::None,
        checksum: ChecksumMode::Auto,
        preemption: Preemption {
            enabled: true,
            delay: Duration::ZERO,
        },
        announcements: Announcements {
            count: 5,
            repeat_after: Duration::from_secs(5),
            refresh: Duration::ZERO,
            refresh_count: 1,
        },
        lease: Lease::Forever,
        track_interface: true,
        tracking: Vec::new(),
        tracked_interfaces: Vec::new(),
        transport: Transport::Multicast(MULTICAST_IPV4.into()),
        routes: Vec::new(),
        start: Start::default(),
        sync_group: None,
        follows: None,
        members: None,
        owned_elsewhere: false,
        relocation: Relocation::None,
    }
}

/// Hands a whole configuration to a brain.
pub(crate) fn configure(
    brain: &mut Brain,
    revision: u64,
    routers: &[RouterConfiguration],
    now: Instant,
) -> Result<(), Refused> {
    for router in routers {
        let router = Box::new(router.clone());
        brain.handle_command(Command::Configure { revision, router }, now)?;
    }
    let routers = u32::try_from(routers.len()).expect("few routers");
    brain.handle_command(Command::Commit { revision, routers }, now)
}
