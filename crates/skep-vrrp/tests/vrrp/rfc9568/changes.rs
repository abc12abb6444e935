//! What the RFC leaves open: a router that is told something else while it runs.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use skep_vrrp::action::{Action, Purpose, Reason, State};
use skep_vrrp::addresses::AddressList;
use skep_vrrp::configuration::{Configuration, Preemption};
use skep_vrrp::dialect::{Authentication, Dialect};
use skep_vrrp::identity::{Family, Priority};

use super::{HIGHER, actions, active, backup, hear, send};
use crate::segment::{at, configuration, version_2};

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
