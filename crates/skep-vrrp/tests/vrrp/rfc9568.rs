//! One test per rule of RFC 9568, and of RFC 3768 where version 2 differs.
//! `docs/reference/rfc9568.md` lists the rules with the names of these tests.

mod active;
mod backup;
mod changes;
mod packet_format;
mod parameters;
mod reception;

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use skep_vrrp::action::{Action, Purpose, Reason, State};
use skep_vrrp::configuration::Configuration;
use skep_vrrp::dialect::Dialect;
use skep_vrrp::identity::Priority;
use skep_vrrp::packet::{Advertisement, Discard, HOP_LIMIT, MULTICAST_IPV4, Packet};
use skep_vrrp::virtual_router::VirtualRouter;

use crate::segment::{at, configuration, version_2};

const OWN: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 60));
const LOWER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 9));
const HIGHER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 200));

/// A valid message of version 2 for 10.0.0.70: id 51, priority 100, one second, no password.
const MESSAGE_V2: [u8; 20] = [
    0x21, 51, 100, 1, 0, 1, 0x70, 0x84, 10, 0, 0, 70, 0, 0, 0, 0, 0, 0, 0, 0,
];

fn parse(message: &[u8]) -> Result<Advertisement<'_>, Discard> {
    let destination = MULTICAST_IPV4.into();
    Advertisement::parse(&Packet {
        source: OWN,
        destination,
        hop_limit: HOP_LIMIT,
        message,
    })
}

/// `message` with the byte at `position` changed and the checksum made right again.
fn changed(message: &[u8], position: usize, value: u8) -> Vec<u8> {
    let mut message = message.to_vec();
    message[position] = value;
    message[6..8].fill(0);
    let mut sum: u32 = message
        .chunks(2)
        .map(|word| u32::from(word[0]) << 8 | u32::from(word[1]))
        .sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    message[6..8].copy_from_slice(&(!(sum as u16)).to_be_bytes());
    message
}

/// A valid message of version 3 whose checksum covers the message alone.
fn message_v3() -> Vec<u8> {
    changed(&[0x31, 51, 100, 1, 0, 100, 0, 0, 10, 0, 0, 70], 0, 0x31)
}

fn heard(router: &VirtualRouter, priority: u8, dialect: Dialect) -> Advertisement<'_> {
    Advertisement {
        dialect,
        ..router.advertisement(Priority::new(priority))
    }
}

/// The router hears this priority at this time.
fn hear(router: &mut VirtualRouter, from: IpAddr, priority: u8, milliseconds: u64) {
    let twin = VirtualRouter::new(router.configuration().clone());
    let advertisement = twin.advertisement(Priority::new(priority));
    router
        .handle_advertisement(from, &advertisement, at(milliseconds))
        .expect("it is valid");
}

fn actions(router: &mut VirtualRouter) -> Vec<Action> {
    std::iter::from_fn(|| router.poll_action()).collect()
}

fn backup(configuration: Configuration) -> VirtualRouter {
    let mut router = VirtualRouter::new(configuration);
    router.handle_startup(OWN, at(0));
    actions(&mut router);
    router
}

/// Active since 3 s 609 375 µs, priority 100, version 2.
fn active() -> VirtualRouter {
    let mut router = backup(configuration(version_2(), 100));
    let due = router.poll_timeout().expect("a Backup waits");
    router.handle_timeout(due);
    actions(&mut router);
    assert_eq!(router.state(), State::Active);
    router
}

fn became(state: State, reason: Reason) -> Action {
    Action::Became { state, reason }
}

fn send(priority: u8, purpose: Purpose) -> Action {
    Action::Send {
        priority: Priority::new(priority),
        purpose,
    }
}

fn due_ms(router: &VirtualRouter) -> f64 {
    router
        .poll_timeout()
        .expect("a timer runs")
        .since_boot()
        .as_secs_f64()
        * 1000.0
}

/// The text of every file of these tests.
const TESTS: [&str; 6] = [
    include_str!("rfc9568/active.rs"),
    include_str!("rfc9568/backup.rs"),
    include_str!("rfc9568/changes.rs"),
    include_str!("rfc9568/packet_format.rs"),
    include_str!("rfc9568/parameters.rs"),
    include_str!("rfc9568/reception.rs"),
];

#[test]
fn the_checklist_names_every_test_here_and_no_other() {
    let checklist = include_str!("../../../../docs/reference/rfc9568.md");
    let named = |name: &&str| {
        ["s5_", "s6_", "s7_", "rfc3768_"]
            .iter()
            .any(|prefix| name.starts_with(prefix))
    };
    let listed: BTreeSet<&str> = checklist.split('`').filter(named).collect();
    let tests = TESTS.iter().flat_map(|text| text.lines());
    let tests = tests.filter_map(|line| line.strip_prefix("fn ")?.strip_suffix("() {"));
    assert_eq!(listed, tests.filter(named).collect());
}
