//! A data plane that starts where another one ended a moment ago.

use skep_vip::configuration::{Effect, RouterConfiguration, Setting, TrackedInput};
use skep_vip::message::{Command, Health, Reason, State};
use skep_vrrp::identity::Priority;

use crate::segment::{Event, Segment, at, ip, key, router};

fn tracking() -> RouterConfiguration {
    RouterConfiguration {
        tracking: vec![TrackedInput {
            name: "check".to_owned(),
            effect: Effect::Fault,
        }],
        ..router("web", 51, &["10.0.0.70"], 100)
    }
}

/// A host at ten seconds whose router was Active and advertised this long ago.
fn adopting(router: &RouterConfiguration, silent_ms: u64, health: Health) -> Segment {
    let mut segment = Segment::of_hosts(1);
    segment.run_until(at(10_000));
    segment.act(0, |brain| {
        brain.handle_adoption(key("web"), at(10_000 - silent_ms));
        let name = "check".to_owned();
        brain
            .handle_command(Command::Input { name, health }, at(10_000))
            .expect("it is no configuration");
    });
    segment.commit(0, 1, std::slice::from_ref(router));
    segment
}

#[test]
fn who_was_active_until_a_moment_ago_advertises_at_once_and_keeps_its_addresses() {
    let segment = adopting(&tracking(), 1_999, Health::Passing);
    let events = segment.events_since(0, at(10_000));
    assert_eq!(
        events[..2],
        [Event::Sent(51, 100), Event::Added(ip("10.0.0.70"))]
    );
    let report = &segment.hosts[0].reports[&key("web")];
    assert_eq!(
        (report.state, &report.reason),
        (State::Active, &Reason::Adopted)
    );
    assert_eq!(report.transitions.len(), 1);
}

#[test]
fn who_was_silent_for_two_intervals_starts_as_backup() {
    let segment = adopting(&tracking(), 2_000, Health::Passing);
    assert_eq!(segment.events_since(0, at(10_000)), []);
    assert_eq!(segment.hosts[0].state("web"), Some(State::Backup));
}

#[test]
fn an_input_that_is_known_to_fail_is_not_forgotten() {
    let segment = adopting(&tracking(), 100, Health::Failing);
    assert_eq!(segment.events_since(0, at(10_000)), []);
    assert_eq!(segment.hosts[0].state("web"), Some(State::Fault));
}

#[test]
fn another_configuration_adopts_nothing() {
    let mut segment = adopting(
        &router("mail", 52, &["10.0.0.80"], 100),
        100,
        Health::Passing,
    );
    segment.commit(0, 2, &[tracking()]);
    assert_eq!(segment.hosts[0].state("web"), Some(State::Backup));
    assert_eq!(segment.events_since(0, at(10_000)), []);
}

#[test]
fn an_interface_that_would_lose_other_addresses_is_a_fault_for_who_shares_their_subnet() {
    let mut beside = router("web", 51, &["10.0.0.70"], 100);
    beside.addresses[0].prefix_length = 24;
    beside.priority = Priority::new(100);
    let alone = router("mail", 52, &["10.0.0.80"], 100);
    let mut segment = Segment::of_hosts(1);
    segment.commit(0, 1, &[beside, alone]);
    segment.run_until(at(5_000));
    segment.act(0, |brain| {
        brain.handle_setting(
            "eth0",
            Setting::KeepOthers,
            Some("read only".to_owned()),
            at(5_000),
        );
    });
    assert_eq!(segment.hosts[0].state("web"), Some(State::Leaving));
    assert_eq!(segment.hosts[0].state("mail"), Some(State::Active));
    segment.run_until(at(10_000));
    assert_eq!(segment.hosts[0].state("web"), Some(State::Fault));
    assert!(segment.holders("10.0.0.70").is_empty());
    segment.act(0, |brain| {
        brain.handle_setting("eth0", Setting::KeepOthers, None, at(10_000))
    });
    assert_eq!(segment.hosts[0].state("web"), Some(State::Backup));
}

#[test]
fn who_would_not_hear_the_owner_come_back_does_not_stand_in_for_it() {
    let mut beside = router("web", 51, &["10.0.0.70"], 100);
    beside.owned_elsewhere = true;
    let alone = router("mail", 52, &["10.0.0.80"], 100);
    let mut segment = Segment::of_hosts(1);
    segment.commit(0, 1, &[beside, alone]);
    segment.act(0, |brain| {
        brain.handle_setting(
            "eth0",
            Setting::HearOwner,
            Some("read only".to_owned()),
            at(0),
        );
    });
    segment.run_until(at(10_000));
    assert_eq!(segment.hosts[0].state("web"), Some(State::Fault));
    assert_eq!(segment.hosts[0].state("mail"), Some(State::Active));
    segment.act(0, |brain| {
        brain.handle_setting("eth0", Setting::HearOwner, None, at(10_000))
    });
    assert_eq!(segment.hosts[0].state("web"), Some(State::Backup));
}
