//! §6.4.3: a router that is Active.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use skep_vrrp::action::{Purpose, Reason, State};
use skep_vrrp::identity::Priority;
use skep_vrrp::virtual_router::VirtualRouter;

use super::{HIGHER, LOWER, OWN, actions, active, became, due_ms, hear, heard, send};
use crate::segment::{at, configuration, version_3};

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
