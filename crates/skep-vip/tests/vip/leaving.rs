//! Hand-overs: who leaves keeps the address until somebody else has it.

use std::time::Duration;

use skep_vip::action::Action;
use skep_vip::configuration::{Effect, RouterConfiguration, TrackedInput};
use skep_vip::interfaces::Link;
use skep_vip::message::{Command, Health, Reason, State};
use skep_vrrp::identity::{Priority, Version};
use skep_vrrp::time::Instant;

use crate::segment::{Event, INTERFACE, Segment, at, ip, key, router};

mod moved;

const VIP: &str = "10.0.0.70";

fn web(priority: u8) -> RouterConfiguration {
    router("web", 51, &[VIP], priority)
}

/// Version 3 with this interval.
fn fast(priority: u8, milliseconds: u64) -> RouterConfiguration {
    RouterConfiguration {
        version: Version::V3,
        advertisement_interval: Duration::from_millis(milliseconds),
        ..web(priority)
    }
}

/// Hosts with these routers; the first holds the address, all know each other.
fn settled(routers: impl IntoIterator<Item = RouterConfiguration>) -> Segment {
    let mut segment = Segment::running(routers);
    segment.run_until(at(20_100));
    assert_eq!(segment.holders(VIP), [0]);
    segment
}

/// Lets time pass in small steps; somebody has the address all the while.
fn run_held(segment: &mut Segment, milliseconds: u64) {
    for _ in 0..milliseconds {
        segment.run_for(1);
        assert!(!segment.holders(VIP).is_empty(), "{:?}", segment.now);
    }
}

/// How long two have the address at an interval of a second.
const OVERLAP: Duration = Duration::from_millis(500);

/// The hand-over from host 0 to host 1 that began at `since` went as it must.
fn check_handed_over(segment: &Segment, since: Instant) {
    check_handed_over_after(segment, since, OVERLAP);
}

fn check_handed_over_after(segment: &Segment, since: Instant, overlap: Duration) {
    let added = segment.last(1, |event| event == Event::Added(ip(VIP)));
    let removed = segment.last(0, |event| event == Event::Removed(ip(VIP)));
    let (added, removed) = (added.expect("it took over"), removed.expect("it left"));
    assert!(added >= since);
    assert_eq!(removed, added + overlap);
    let said = segment.last(0, |event| event == Event::Sent(51, 1));
    assert_eq!(said, Some(removed), "the farewell follows the removal");
    let answered = segment.events_since(1, removed);
    let announced = answered
        .iter()
        .filter(|event| **event == Event::Announced(ip(VIP)));
    assert!(
        announced.count() >= 5,
        "the farewell is answered: {answered:?}"
    );
}

fn standby(segment: &mut Segment, host: usize, priority: u8, heard_at: Instant) {
    let now = segment.now;
    let (key, priority) = (key("web"), Priority::new(priority));
    segment.act(host, |brain| {
        let standby = Command::Standby {
            key,
            priority,
            heard_at,
        };
        brain
            .handle_command(standby, now)
            .expect("no configuration");
    });
}

fn fail_check(segment: &mut Segment, host: usize, health: Health) {
    let now = segment.now;
    segment.act(host, |brain| brain.handle_input("check", health, now));
}

fn tracking(effect: Effect, priority: u8) -> RouterConfiguration {
    RouterConfiguration {
        tracking: vec![TrackedInput {
            name: "check".to_owned(),
            effect,
        }],
        ..web(priority)
    }
}

fn reason(segment: &Segment, host: usize) -> (State, Reason) {
    let report = &segment.hosts[host].reports[&key("web")];
    (report.state, report.reason.clone())
}

#[test]
fn a_stop_hands_over_in_both_versions_at_every_pace() {
    for (pair, overlap) in [
        ([web(100), web(90)], 500),
        ([fast(100, 1_000), fast(90, 1_000)], 500),
        ([fast(100, 100), fast(90, 100)], 300),
        ([fast(100, 10), fast(90, 10)], 30),
    ] {
        let mut segment = settled(pair);
        let now = segment.now;
        segment.act(0, |brain| brain.handle_shutdown(now));
        let given_up = [Event::Sent(51, 0), Event::Sent(51, 0)];
        assert_eq!(segment.events_since(0, now), given_up);
        run_held(&mut segment, 2_000);
        check_handed_over_after(&segment, now, Duration::from_millis(overlap));
        assert!(segment.hosts[0].brain.has_left());
    }
}

#[test]
fn what_a_leaving_router_was_about_to_announce_is_withheld() {
    let mut segment = settled([web(100)]);
    segment.remove_address(0, ip(VIP));
    let now = segment.now;
    let brain = &mut segment.hosts[0].brain;
    brain.handle_address_removed(INTERFACE, ip(VIP));
    brain.handle_shutdown(now);
    let mut said = Vec::new();
    while let Some(action) = brain.poll_action() {
        said.push(match action {
            Action::Send(sent) => format!("says {}", sent.message[2]),
            Action::AddAddress(holding) => format!("adds {}", holding.address),
            Action::Withhold(announcement) => format!("withholds {}", announcement.address),
            other => panic!("{other:?}"),
        });
    }
    let withheld = ["says 0", "says 0", "withholds 10.0.0.70", "adds 10.0.0.70"];
    assert_eq!(said, withheld);
}

#[test]
fn a_removed_router_hands_over_and_is_gone() {
    let mut segment = settled([web(100), web(90)]);
    let now = segment.now;
    segment.commit(0, 2, &[]);
    assert_eq!(reason(&segment, 0), (State::Leaving, Reason::Removed));
    run_held(&mut segment, 2_000);
    check_handed_over(&segment, now);
    assert_eq!(segment.hosts[0].state("web"), None);
}

#[test]
fn a_router_removed_and_configured_again_finishes_leaving_and_preempts() {
    let mut segment = settled([web(100), web(90)]);
    segment.commit(0, 2, &[]);
    run_held(&mut segment, 100);
    segment.commit(0, 3, &[web(100)]);
    assert_eq!(segment.hosts[0].state("web"), Some(State::Leaving));
    run_held(&mut segment, 1_500);
    assert_eq!(segment.hosts[0].state("web"), Some(State::Backup));
    run_held(&mut segment, 5_000);
    assert_eq!(segment.holders(VIP), [0]);
}

#[test]
fn who_preempts_has_and_announces_the_address_before_it_says_so() {
    let mut segment = settled([web(100), web(90)]);
    segment.hosts[0].connected = false;
    segment.run_for(5_000);
    assert_eq!(segment.holders(VIP), [0, 1]);
    let mut segment = Segment::of_hosts(2);
    segment.commit(1, 1, &[web(90)]);
    segment.run_until(at(10_000));
    segment.commit(0, 1, &[web(100)]);
    run_held(&mut segment, 10_000);
    assert_eq!(segment.holders(VIP), [0]);
    let events = segment.events_since(0, at(10_000));
    assert_eq!(
        events[..4],
        [
            Event::Added(ip(VIP)),
            Event::Announced(ip(VIP)),
            Event::Sent(51, 100),
            Event::Announced(ip(VIP))
        ]
    );
    let claimed = segment
        .log
        .iter()
        .find(|(_, host, event)| *host == 0 && *event == Event::Sent(51, 100));
    let claimed = claimed.expect("it claimed").0;
    let removed = segment.last(1, |event| event == Event::Removed(ip(VIP)));
    assert_eq!(removed, Some(claimed + OVERLAP));
    assert!(
        segment
            .events_since(1, claimed)
            .contains(&Event::Sent(51, 1))
    );
}

#[test]
fn a_kernel_that_says_nothing_delays_a_claim_by_an_interval_and_no_farewell_for_ever() {
    let mut segment = Segment::of_hosts(2);
    segment.commit(1, 1, &[web(90)]);
    segment.run_until(at(10_000));
    for host in &mut segment.hosts {
        host.silent_kernel = true;
    }
    segment.commit(0, 1, &[web(100)]);
    run_held(&mut segment, 10_000);
    assert_eq!(segment.holders(VIP), [0]);
    let added = segment.last(0, |event| event == Event::Added(ip(VIP)));
    let claimed = segment
        .log
        .iter()
        .find(|(_, host, event)| *host == 0 && *event == Event::Sent(51, 100));
    let (added, claimed) = (added.expect("it claimed"), claimed.expect("it did").0);
    assert_eq!(claimed, added + Duration::from_secs(1));
    let farewell = segment.last(1, |event| event == Event::Sent(51, 1));
    let removed = segment.last(1, |event| event == Event::Removed(ip(VIP)));
    let removed = removed.expect("it left");
    assert_eq!(farewell, Some(removed + Duration::from_millis(1_500)));
}

#[test]
fn without_a_successor_a_stop_releases_and_says_so() {
    for (router, patience) in [
        (web(100), 4_000),
        (fast(100, 10), 40),
        (fast(100, 40_000), 10_000),
    ] {
        let mut segment = Segment::running([router]);
        segment.run_until(at(200_000));
        let now = segment.now;
        segment.act(0, |brain| brain.handle_shutdown(now));
        segment.run_until(now + Duration::from_millis(patience - 1));
        assert_eq!(segment.holders(VIP), [0]);
        segment.run_for(1);
        assert_eq!(segment.holders(VIP), []);
        assert!(segment.hosts[0].brain.has_left());
    }
}

#[test]
fn a_failing_check_that_is_a_fault_ends_in_fault_with_and_without_a_successor() {
    let failing = Reason::InputFailing {
        name: "check".to_owned(),
    };
    let mut segment = Segment::running([tracking(Effect::Fault, 100)]);
    segment.run_until(at(10_000));
    fail_check(&mut segment, 0, Health::Failing);
    run_held(&mut segment, 3_999);
    segment.run_for(1);
    assert_eq!(segment.holders(VIP), []);
    assert_eq!(reason(&segment, 0), (State::Fault, failing));
}

#[test]
fn a_check_that_recovers_meanwhile_ends_as_backup_or_active_again() {
    let mut segment = settled([tracking(Effect::Fault, 100), web(90)]);
    fail_check(&mut segment, 0, Health::Failing);
    fail_check(&mut segment, 0, Health::Passing);
    assert_eq!(segment.hosts[0].state("web"), Some(State::Leaving));
    run_held(&mut segment, 1_500);
    assert_eq!(segment.hosts[0].state("web"), Some(State::Backup));

    let mut segment = Segment::running([tracking(Effect::Fault, 100)]);
    segment.run_until(at(10_000));
    fail_check(&mut segment, 0, Health::Failing);
    fail_check(&mut segment, 0, Health::Passing);
    run_held(&mut segment, 5_000);
    assert_eq!(reason(&segment, 0), (State::Active, Reason::NoSuccessor));
}

#[test]
fn a_link_that_goes_down_ends_leaving_at_once() {
    let mut segment = settled([web(100), web(90)]);
    let now = segment.now;
    segment.act(0, |brain| brain.handle_shutdown(now));
    segment.act(0, |brain| brain.handle_link(INTERFACE, Link::Down, now));
    assert_eq!(segment.holders(VIP), []);
    assert!(segment.hosts[0].brain.has_left());
}

#[test]
fn a_second_stop_changes_nothing() {
    let mut segment = settled([web(100), web(90)]);
    let now = segment.now;
    segment.act(0, |brain| brain.handle_shutdown(now));
    run_held(&mut segment, 300);
    let later = segment.now;
    segment.act(0, |brain| brain.handle_shutdown(later));
    assert_eq!(segment.events_since(0, later), []);
    run_held(&mut segment, 2_000);
    check_handed_over(&segment, now);
}

#[test]
fn two_that_leave_at_once_make_the_third_take_over() {
    let mut segment = settled([web(100), web(90), web(80)]);
    let now = segment.now;
    for host in [0, 1] {
        segment.act(host, |brain| brain.handle_shutdown(now));
    }
    run_held(&mut segment, 2_000);
    assert_eq!(segment.holders(VIP), [2]);
}

#[test]
fn a_farewell_of_the_predecessor_is_no_successor() {
    let mut segment = Segment::of_hosts(2);
    segment.commit(1, 1, &[web(90)]);
    segment.run_until(at(10_000));
    segment.commit(0, 1, &[web(100)]);
    // Host 0 is told to stop between its claim and the farewell of host 1.
    while segment.hosts[1].state("web") != Some(State::Leaving) {
        segment.run_for(1);
    }
    let now = segment.now;
    segment.act(0, |brain| brain.handle_shutdown(now));
    run_held(&mut segment, 3_000);
    assert_eq!(segment.holders(VIP), [1]);
}

#[test]
fn the_farewell_does_not_out_rank_a_demoted_successor() {
    let mut segment = settled([web(100), tracking(Effect::Demote(Priority::new(1)), 90)]);
    fail_check(&mut segment, 1, Health::Failing);
    // Of equal priorities the higher address wins: 10.0.0.99 beats the successor's.
    let now = segment.now;
    segment.act(0, |brain| {
        let source = Some(ip("10.0.0.99"));
        brain.handle_source(INTERFACE, skep_vrrp::identity::Family::Ipv4, source, now);
    });
    segment.act(0, |brain| brain.handle_shutdown(now));
    run_held(&mut segment, 5_000);
    assert_eq!(segment.holders(VIP), [1]);
    assert_eq!(segment.hosts[1].state("web"), Some(State::Active));
}
