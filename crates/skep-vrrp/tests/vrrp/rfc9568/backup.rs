//! §6.4.1 and §6.4.2: a router that starts, and one that is Backup.

use skep_vrrp::action::{Action, Purpose, Reason, State};
use skep_vrrp::configuration::Preemption;
use skep_vrrp::virtual_router::VirtualRouter;

use super::{HIGHER, LOWER, OWN, actions, backup, hear, heard, send};
use crate::segment::{at, configuration, version_2, version_3};

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
fn s6_4_2_version_3_learns_the_active_routers_interval() {
    let mut router = backup(configuration(version_3(1000), 128));
    let twin = VirtualRouter::new(router.configuration().clone());
    let slow = heard(&twin, 200, version_3(4_000));
    router
        .handle_advertisement(HIGHER, &slow, at(1_000))
        .expect("it is valid");
    assert_eq!(router.poll_timeout(), Some(at(1_000 + 12_000 + 2_000)));
}
