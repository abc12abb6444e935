//! One test per rule of RFC 9568, and of RFC 3768 where version 2 differs.
//! `docs/reference/rfc9568.md` lists the rules with the names of these tests.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use skep_vrrp::action::{Action, Purpose, Reason, State};
use skep_vrrp::addresses::{AddressList, AddressListUnfit, Addresses};
use skep_vrrp::admission::Rejection;
use skep_vrrp::configuration::{Configuration, Preemption};
use skep_vrrp::dialect::{Authentication, Checksum, Dialect};
use skep_vrrp::identity::{Family, Priority, Version, VirtualRouterId};
use skep_vrrp::packet::{
    Advertisement, Discard, HOP_LIMIT, MULTICAST_IPV4, MULTICAST_IPV6, Packet,
};
use skep_vrrp::virtual_router::VirtualRouter;

use crate::segment::{at, configuration, version_2, version_3};

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

/// `message` with byte `at` changed and the checksum made right again.
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

#[test]
fn s5_1_1_3_a_ttl_other_than_255_is_discarded() {
    for hop_limit in [0, 1, 64, 254] {
        let destination = MULTICAST_IPV4.into();
        let packet = Packet {
            source: OWN,
            destination,
            hop_limit,
            message: &MESSAGE_V2,
        };
        assert_eq!(
            Advertisement::parse(&packet),
            Err(Discard::HopLimit(hop_limit))
        );
    }
}

#[test]
fn s5_2_1_an_unknown_version_is_discarded() {
    for version in (0..16).filter(|version| ![2, 3].contains(version)) {
        let message = changed(&MESSAGE_V2, 0, version << 4 | 1);
        assert_eq!(parse(&message), Err(Discard::Version(version)));
    }
}

#[test]
fn s5_2_2_an_unknown_type_is_discarded() {
    for kind in (0..16).filter(|kind| *kind != 1) {
        assert_eq!(
            parse(&changed(&MESSAGE_V2, 0, 0x20 | kind)),
            Err(Discard::Type(kind))
        );
    }
}

#[test]
fn s5_2_3_virtual_router_id_0_is_discarded() {
    assert_eq!(
        parse(&changed(&MESSAGE_V2, 1, 0)),
        Err(Discard::VirtualRouterIdZero)
    );
}

#[test]
fn s5_2_5_a_version_3_advertisement_without_addresses_is_ignored() {
    assert_eq!(
        parse(&changed(&message_v3()[..8], 3, 0)),
        Err(Discard::NoAddresses)
    );
}

#[test]
fn rfc3768_a_version_2_advertisement_may_carry_no_addresses() {
    let message = changed(
        &[0x21, 51, 100, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        0,
        0x21,
    );
    assert!(parse(&message).expect("it is valid").addresses.is_empty());
}

#[test]
fn s5_2_6_reserved_bits_are_ignored_on_reception_and_zero_when_sent() {
    let message = changed(&message_v3(), 4, 0xf0);
    let advertisement = parse(&message).expect("it is valid");
    assert_eq!(advertisement.dialect.interval(), Duration::from_secs(1));
    let mut buffer = [0xff; 12];
    advertisement
        .encode(OWN, MULTICAST_IPV4.into(), &mut buffer)
        .expect("12 bytes suffice");
    assert_eq!(buffer[4] & 0xf0, 0);
}

#[test]
fn s5_2_7_an_interval_of_0_is_discarded() {
    assert_eq!(
        parse(&changed(&MESSAGE_V2, 5, 0)),
        Err(Discard::IntervalZero)
    );
    assert_eq!(
        parse(&changed(&message_v3(), 5, 0)),
        Err(Discard::IntervalZero)
    );
}

#[test]
fn s5_2_8_a_wrong_checksum_is_discarded() {
    for message in [MESSAGE_V2.to_vec(), message_v3()] {
        parse(&message).expect("it is valid");
        for position in 0..message.len() {
            let mut damaged = message.clone();
            damaged[position] ^= 0x10;
            assert!(parse(&damaged).is_err(), "byte {position}");
        }
        let mut damaged = message;
        damaged[7] ^= 1;
        assert_eq!(parse(&damaged), Err(Discard::Checksum));
    }
}

#[test]
fn s5_2_8_both_checksums_of_version_3_are_accepted_and_told_apart() {
    let router = backup(configuration(version_3(1000), 100));
    for checksum in [Checksum::Message, Checksum::PseudoHeader] {
        let dialect = Dialect::v3(Duration::from_secs(1), checksum).expect("one second");
        let mut buffer = [0; 12];
        heard(&router, 100, dialect)
            .encode(OWN, MULTICAST_IPV4.into(), &mut buffer)
            .expect("12 bytes suffice");
        assert_eq!(parse(&buffer).expect("it is valid").dialect, dialect);
    }
}

#[test]
fn s5_2_8_a_peer_without_pseudo_header_is_followed() {
    let mut router = backup(configuration(version_3(1000), 100));
    let plain = Dialect::v3(Duration::from_secs(1), Checksum::Message).expect("one second");
    let twin = VirtualRouter::new(router.configuration().clone());
    assert_ne!(router.advertisement(Priority::DEFAULT).dialect, plain);
    router
        .handle_advertisement(HIGHER, &heard(&twin, 200, plain), at(10))
        .expect("it is valid");
    assert_eq!(router.advertisement(Priority::DEFAULT).dialect, plain);
}

#[test]
fn s5_2_9_addresses_are_of_the_family_of_the_packet() {
    let ipv6 = "fe80::100".parse().expect("an address");
    for (family, stranger) in [(Family::Ipv4, ipv6), (Family::Ipv6, OWN)] {
        assert_eq!(
            AddressList::new(family, &[stranger]),
            Err(AddressListUnfit::Family(stranger))
        );
    }
    // What arrives over one family is read as addresses of it: 16 bytes are four or one.
    let mut message = changed(&message_v3(), 3, 4);
    message.extend([10, 0, 0, 71, 10, 0, 0, 72, 10, 0, 0, 73]);
    let message = changed(&message, 3, 4);
    let heard = parse(&message).expect("it is valid");
    assert!(heard.addresses.iter().all(|address| address.is_ipv4()));
    assert_eq!(heard.addresses.len(), 4);
    let over_ipv6 = Packet {
        source: "fe80::10".parse().expect("an address"),
        destination: MULTICAST_IPV6.into(),
        hop_limit: HOP_LIMIT,
        message: &changed(&message, 3, 1),
    };
    let heard = Advertisement::parse(&over_ipv6).expect("it is valid");
    assert!(heard.addresses.iter().all(|address| address.is_ipv6()));
    assert_eq!(heard.addresses.len(), 1);
}

#[test]
fn s6_1_the_down_interval_is_three_intervals_and_the_skew_time() {
    for (dialect, priority, down_interval_ms) in [
        (version_2(), 100, 3_609.375),
        (version_2(), 254, 3_007.812_5),
        (version_2(), 1, 3_996.093_75),
        (version_3(1000), 100, 3_609.375),
        (version_3(100), 100, 360.937_5),
        (version_3(10), 200, 32.187_5),
        (version_3(40_950), 1, 163_640.039_062),
    ] {
        let router = backup(configuration(dialect, priority));
        let difference = due_ms(&router) - down_interval_ms;
        assert!(
            difference.abs() < 0.001,
            "{dialect:?} {priority}: {}",
            due_ms(&router)
        );
    }
}

#[test]
fn rfc3768_s6_1_the_skew_time_is_parts_of_a_second_whatever_the_interval() {
    let three_seconds = Dialect::v2(Duration::from_secs(3), Authentication::None);
    let router = backup(configuration(three_seconds.expect("three seconds"), 128));
    assert_eq!(router.poll_timeout(), Some(at(9_500)));
}

#[test]
fn s6_4_1_the_owner_is_active_at_once() {
    let mut router = VirtualRouter::new(configuration(version_2(), 255));
    router.handle_startup(OWN, at(0));
    let became = Action::Became {
        state: State::Active,
        reason: Reason::Owner,
    };
    // Beside another Active router the addresses come first, and at most an interval later this.
    assert_eq!(actions(&mut router), [became]);
    router.handle_addresses_present(at(1));
    assert_eq!(actions(&mut router), [send(255, Purpose::Claim)]);
    assert_eq!(router.poll_timeout(), Some(at(1_001)));
}

#[test]
fn s6_4_1_anybody_else_starts_as_backup() {
    let mut router = VirtualRouter::new(configuration(version_2(), 254));
    assert_eq!(router.poll_timeout(), None);
    router.handle_startup(OWN, at(0));
    let became = Action::Became {
        state: State::Backup,
        reason: Reason::Started,
    };
    assert_eq!(actions(&mut router), [became]);
}

#[test]
fn s6_4_1_an_uninitialised_router_ignores_advertisements() {
    let mut router = VirtualRouter::new(configuration(version_2(), 100));
    hear(&mut router, HIGHER, 200, 10);
    router.handle_timeout(at(100_000));
    assert_eq!(
        (router.state(), actions(&mut router)),
        (State::Initialize, vec![])
    );
}

#[test]
fn s6_4_2_a_backup_that_is_shut_down_sends_nothing() {
    let mut router = backup(configuration(version_2(), 100));
    router.handle_shutdown(at(1));
    let became = Action::Became {
        state: State::Initialize,
        reason: Reason::Stopped,
    };
    assert_eq!(actions(&mut router), [became]);
    assert_eq!(router.poll_timeout(), None);
}

#[test]
fn s6_4_2_the_down_timer_makes_a_backup_advertise_first_and_become_active() {
    let mut router = backup(configuration(version_2(), 128));
    router.handle_timeout(at(3_499));
    assert_eq!(actions(&mut router), []);
    router.handle_timeout(at(3_500));
    let became = Action::Became {
        state: State::Active,
        reason: Reason::Silence,
    };
    assert_eq!(actions(&mut router), [send(128, Purpose::Claim), became]);
    assert_eq!(router.poll_timeout(), Some(at(4_500)));
}

#[test]
fn s6_4_2_priority_0_leaves_the_skew_time() {
    let mut router = backup(configuration(version_2(), 128));
    hear(&mut router, HIGHER, 0, 1_000);
    assert_eq!(router.poll_timeout(), Some(at(1_500)));
    router.handle_timeout(at(1_500));
    let became = Action::Became {
        state: State::Active,
        reason: Reason::Released,
    };
    assert_eq!(actions(&mut router), [send(128, Purpose::Claim), became]);
}

#[test]
fn s6_4_2_a_higher_or_equal_priority_resets_the_down_timer() {
    for (from, priority) in [(HIGHER, 128), (LOWER, 128), (LOWER, 129), (LOWER, 255)] {
        let mut router = backup(configuration(version_2(), 128));
        hear(&mut router, from, priority, 1_000);
        assert_eq!(router.poll_timeout(), Some(at(4_500)), "{from} {priority}");
    }
}

#[test]
fn s6_4_2_a_lower_priority_is_discarded_unless_preemption_is_off() {
    let mut router = backup(configuration(version_2(), 128));
    hear(&mut router, HIGHER, 127, 1_000);
    assert_eq!(router.poll_timeout(), Some(at(3_500)));
    router.handle_timeout(at(3_500));
    let became = Action::Became {
        state: State::Active,
        reason: Reason::Preempted,
    };
    assert_eq!(actions(&mut router), [became]);
    router.handle_addresses_present(at(3_501));
    assert_eq!(actions(&mut router), [send(128, Purpose::Claim)]);

    let mut polite = configuration(version_2(), 128);
    polite.preemption = Preemption::Disabled;
    let mut router = backup(polite);
    hear(&mut router, HIGHER, 127, 1_000);
    assert_eq!(router.poll_timeout(), Some(at(4_500)));
}

#[test]
fn s6_1_the_owner_preempts_even_when_preemption_is_off() {
    let mut polite = configuration(version_2(), 255);
    polite.preemption = Preemption::Disabled;
    let mut router = VirtualRouter::new(polite);
    router.handle_startup(OWN, at(0));
    hear(&mut router, HIGHER, 255, 100);
    router.handle_timeout(at(600));
    assert_eq!(router.state(), State::Backup);
    hear(&mut router, LOWER, 200, 1_000);
    assert_eq!(due_ms(&router).floor(), 3_103.0);
}

#[test]
fn s6_4_2_version_3_learns_the_active_routers_interval() {
    let mut router = backup(configuration(version_3(1000), 128));
    let twin = VirtualRouter::new(router.configuration().clone());
    let slow = heard(&twin, 200, version_3(4_000));
    router
        .handle_advertisement(HIGHER, &slow, at(1_000))
        .expect("it is valid");
    assert_eq!(router.poll_timeout(), Some(at(1_000 + 12_000 + 2_000)));
}

#[test]
fn rfc3768_s7_1_another_interval_is_discarded() {
    let mut router = backup(configuration(version_2(), 100));
    let twin = VirtualRouter::new(router.configuration().clone());
    let two_seconds = Duration::from_secs(2);
    let dialect = Dialect::v2(two_seconds, Authentication::None).expect("two seconds");
    let outcome = router.handle_advertisement(HIGHER, &heard(&twin, 200, dialect), at(1_000));
    assert_eq!(outcome, Err(Rejection::Interval(two_seconds)));
    assert_eq!(due_ms(&router), 3_609.375);
}

#[test]
fn rfc3768_s7_1_another_type_of_authentication_or_password_is_discarded() {
    let second = Duration::from_secs(1);
    let simple =
        |password| Dialect::v2(second, Authentication::Simple(password)).expect("one second");
    for (ours, theirs, rejection) in [
        (
            version_2(),
            simple(*b"passw123"),
            Rejection::AuthenticationType,
        ),
        (
            simple(*b"passw123"),
            version_2(),
            Rejection::AuthenticationType,
        ),
        (
            simple(*b"passw123"),
            simple(*b"passw124"),
            Rejection::Password,
        ),
    ] {
        let mut router = backup(configuration(ours, 100));
        let twin = VirtualRouter::new(router.configuration().clone());
        let outcome = router.handle_advertisement(HIGHER, &heard(&twin, 200, theirs), at(1_000));
        assert_eq!(outcome, Err(rejection));
    }
}

#[test]
fn rfc3768_an_unknown_type_of_authentication_is_discarded() {
    for kind in 2..=255 {
        let message = changed(&MESSAGE_V2, 4, kind);
        assert_eq!(parse(&message), Err(Discard::AuthenticationType(kind)));
    }
}

#[test]
fn s7_1_the_other_version_and_another_id_are_discarded() {
    let mut router = backup(configuration(version_2(), 100));
    let twin = VirtualRouter::new(router.configuration().clone());
    let outcome = router.handle_advertisement(HIGHER, &heard(&twin, 200, version_3(1000)), at(1));
    assert_eq!(outcome, Err(Rejection::Version(Version::V3)));
    let id = VirtualRouterId::new(52).expect("an id");
    let other = Advertisement {
        virtual_router_id: id,
        ..heard(&twin, 200, version_2())
    };
    let outcome = router.handle_advertisement(HIGHER, &other, at(1));
    assert_eq!(outcome, Err(Rejection::VirtualRouterId(id)));
}

#[test]
fn s7_1_an_incomplete_message_is_discarded_and_padding_is_not() {
    for message in [MESSAGE_V2.to_vec(), message_v3()] {
        parse(&message).expect("it is valid");
        for length in 0..message.len() {
            assert!(matches!(
                parse(&message[..length]),
                Err(Discard::TooShort { .. })
            ));
        }
        let mut padded = message.clone();
        padded.resize(46, 0xaa);
        assert_eq!(parse(&padded), parse(&message));
    }
}

#[test]
fn s7_1_another_list_of_addresses_is_never_a_reason_to_drop() {
    let mut router = backup(configuration(version_2(), 128));
    let twin = VirtualRouter::new(router.configuration().clone());
    for addresses in [
        [].as_slice(),
        &[[10, 0, 0, 71]],
        &[[10, 0, 0, 70], [10, 0, 0, 71]],
    ] {
        let other = Advertisement {
            addresses: Addresses::Ipv4(addresses),
            ..heard(&twin, 200, version_2())
        };
        router
            .handle_advertisement(HIGHER, &other, at(1_000))
            .expect("it counts");
        assert_eq!(router.poll_timeout(), Some(at(4_500)));
    }
}

#[test]
fn s6_4_3_shutting_down_the_active_router_releases() {
    let mut router = active();
    router.handle_shutdown(at(4_000));
    let release = send(0, Purpose::Release);
    let leaving = became(State::Leaving, Reason::Stopped);
    assert_eq!(actions(&mut router), [release, release, leaving]);
    router.handle_timeout(at(7_999));
    assert_eq!(router.state(), State::Leaving);
    router.handle_timeout(at(8_000));
    let gone = became(State::Initialize, Reason::NoSuccessor);
    assert_eq!(actions(&mut router), [gone]);
    assert_eq!(router.poll_timeout(), None);
}

#[test]
fn s6_4_3_the_active_router_advertises_every_interval() {
    let mut router = active();
    for _ in 0..5 {
        let due = router.poll_timeout().expect("an Active router advertises");
        router.handle_timeout(due);
        assert_eq!(actions(&mut router), [send(100, Purpose::Keep)]);
        assert_eq!(router.poll_timeout(), Some(due + Duration::from_secs(1)));
    }
}

#[test]
fn s6_4_3_priority_0_is_answered_at_once() {
    let mut router = active();
    hear(&mut router, HIGHER, 0, 4_000);
    assert_eq!(actions(&mut router), [send(100, Purpose::Assert)]);
    assert_eq!(router.poll_timeout(), Some(at(5_000)));
}

#[test]
fn s6_4_3_a_higher_priority_or_an_equal_one_with_a_higher_address_wins() {
    for (from, priority) in [(LOWER, 101), (LOWER, 255), (HIGHER, 100)] {
        let mut router = active();
        hear(&mut router, from, priority, 4_000);
        let reason = Reason::OutRanked {
            by: from,
            priority: Priority::new(priority),
        };
        let yields = became(State::Leaving, reason);
        assert_eq!(actions(&mut router), [yields], "{from} {priority}");
        router.handle_timeout(at(4_499));
        assert_eq!(actions(&mut router), []);
        router.handle_timeout(at(4_500));
        let handed_over = became(State::Backup, Reason::HandedOver { to: from });
        let farewell = send(1, Purpose::Farewell);
        assert_eq!(actions(&mut router), [handed_over, farewell]);
        assert_eq!(due_ms(&router), 7_609.375);
    }
}

#[test]
fn s6_4_3_addresses_are_compared_as_unsigned_numbers_in_network_order() {
    let mut router = active();
    router.handle_source(IpAddr::V4(Ipv4Addr::new(10, 0, 1, 2)));
    hear(
        &mut router,
        IpAddr::V4(Ipv4Addr::new(9, 255, 255, 255)),
        100,
        4_000,
    );
    assert_eq!(router.state(), State::Active);
    hear(
        &mut router,
        IpAddr::V4(Ipv4Addr::new(200, 0, 0, 1)),
        100,
        4_000,
    );
    assert_eq!(router.state(), State::Leaving);
}

#[test]
fn s6_4_3_a_lower_claim_is_answered_at_once() {
    for (from, priority) in [(LOWER, 100), (HIGHER, 99), (HIGHER, 1)] {
        let mut router = active();
        hear(&mut router, from, priority, 4_000);
        assert_eq!(
            actions(&mut router),
            [send(100, Purpose::Assert)],
            "{from} {priority}"
        );
        assert_eq!(router.poll_timeout(), Some(at(5_000)));
    }
}

#[test]
fn s6_4_3_the_new_backup_follows_the_successors_interval() {
    let mut router = VirtualRouter::new(configuration(version_3(1000), 128));
    router.handle_startup(OWN, at(0));
    router.handle_timeout(at(3_500));
    let twin = VirtualRouter::new(router.configuration().clone());
    let fast = heard(&twin, 200, version_3(100));
    router
        .handle_advertisement(HIGHER, &fast, at(4_000))
        .expect("it is valid");
    router.handle_timeout(at(4_500));
    assert_eq!(router.poll_timeout(), Some(at(4_350)));
}

#[test]
fn a_reflection_of_the_own_advertisement_is_not_answered() {
    let mut router = active();
    let twin = VirtualRouter::new(router.configuration().clone());
    let own = twin.advertisement(Priority::DEFAULT);
    let outcome = router.handle_advertisement(OWN, &own, at(4_000));
    assert_eq!(outcome, Err(Rejection::OwnAddress(OWN)));
    assert_eq!(actions(&mut router), []);
}

#[test]
fn a_changed_priority_moves_a_running_timer_by_the_difference() {
    let mut router = backup(configuration(version_2(), 128));
    hear(&mut router, HIGHER, 200, 1_000);
    router.handle_priority(Priority::new(64), at(2_000));
    assert_eq!(router.poll_timeout(), Some(at(4_750)));
    hear(&mut router, HIGHER, 0, 3_000);
    router.handle_priority(Priority::new(128), at(3_100));
    assert_eq!(router.poll_timeout(), Some(at(3_500)));
    assert_eq!(actions(&mut router), []);
}

#[test]
fn a_backup_that_becomes_the_owner_is_active_at_once() {
    let mut router = backup(configuration(version_2(), 128));
    router.handle_priority(Priority::OWNER, at(1_000));
    let became = Action::Became {
        state: State::Active,
        reason: Reason::Owner,
    };
    assert_eq!(actions(&mut router), [became]);
    router.handle_timeout(at(2_000));
    assert_eq!(actions(&mut router), [send(255, Purpose::Claim)]);
}

#[test]
fn another_configuration_keeps_the_state_and_what_changed_is_advertised_at_once() {
    let mut router = active();
    let address = |last| IpAddr::V4(Ipv4Addr::new(10, 0, 0, last));
    let unchanged = router.configuration().clone();
    router.handle_configuration(unchanged.clone(), at(4_000));
    let polite = Configuration {
        preemption: Preemption::Disabled,
        ..unchanged.clone()
    };
    router.handle_configuration(polite, at(4_000));
    assert_eq!(actions(&mut router), []);
    let addresses = AddressList::new(Family::Ipv4, &[address(70), address(71)]);
    let grown = Configuration {
        addresses: addresses.expect("two fit"),
        ..unchanged.clone()
    };
    router.handle_configuration(grown, at(4_000));
    assert_eq!(actions(&mut router), [send(100, Purpose::Keep)]);
    let slow = Dialect::v2(Duration::from_secs(20), Authentication::None).expect("20 seconds");
    router.handle_configuration(
        Configuration {
            dialect: slow,
            ..unchanged
        },
        at(4_100),
    );
    assert_eq!(actions(&mut router), [send(100, Purpose::Keep)]);
    assert_eq!(router.poll_timeout(), Some(at(24_100)));
}

#[test]
fn the_checklist_names_every_test_here_and_no_other() {
    let checklist = include_str!("../../../../docs/reference/rfc9568.md");
    let named = |name: &&str| {
        ["s5_", "s6_", "s7_", "rfc3768_"]
            .iter()
            .any(|prefix| name.starts_with(prefix))
    };
    let listed: BTreeSet<&str> = checklist.split('`').filter(named).collect();
    let tests = include_str!("rfc9568.rs").lines();
    let tests = tests.filter_map(|line| line.strip_prefix("fn ")?.strip_suffix("() {"));
    assert_eq!(listed, tests.filter(named).collect());
}
