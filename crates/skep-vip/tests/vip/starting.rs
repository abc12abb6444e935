//! What a router does before it first takes part.

use std::time::Duration;

use skep_vip::configuration::{RouterConfiguration, Start};
use skep_vip::interfaces::Link;
use skep_vip::message::Command;
use skep_vip::message::trial::{Stage, Trial};
use skep_vrrp::identity::Priority;
use skep_vrrp::packet::{MULTICAST_IPV4, Packet};

use crate::segment::{Event, INTERFACE, Segment, at, key, micros, router};

fn starting(priority: u8, delay_s: u64, listen_first: bool) -> RouterConfiguration {
    RouterConfiguration {
        start: Start {
            delay: Duration::from_secs(delay_s),
            listen_first,
        },
        ..router("web", 51, &["10.0.0.70"], priority)
    }
}

/// When a host took the address, in microseconds since `since`.
fn taken(segment: &Segment, host: usize, since: u64) -> Option<u128> {
    let added = segment.last(host, |event| matches!(event, Event::Added(_)));
    added.map(|added| micros(at(since), added))
}

#[test]
fn a_delayed_router_claims_nothing_before_and_listens_meanwhile() {
    let mut segment = Segment::running([starting(100, 30, false)]);
    segment.run_until(at(29_999));
    assert_eq!(segment.events_since(0, at(0)), []);
    segment.run_until(at(40_000));
    assert_eq!(taken(&segment, 0, 0), Some(30_000_000));

    let mut segment = Segment::running([starting(100, 30, false), starting(200, 0, false)]);
    segment.run_until(at(60_000));
    assert_eq!(segment.holders("10.0.0.70"), [1]);
    assert_eq!(taken(&segment, 0, 0), None);
}

#[test]
fn a_delayed_owner_waits_too_and_then_does_not_ask() {
    let mut segment = Segment::running([starting(255, 30, false)]);
    segment.run_until(at(29_999));
    assert_eq!(segment.events_since(0, at(0)), []);
    segment.run_until(at(30_000));
    assert_eq!(segment.holders("10.0.0.70"), [0]);
}

#[test]
fn who_hears_nothing_at_all_listens_for_two_down_intervals() {
    let mut segment = Segment::running([starting(100, 0, true)]);
    segment.run_until(at(20_000));
    assert_eq!(taken(&segment, 0, 0), Some(2 * 3_609_375));
}

#[test]
fn whoever_is_heard_proves_that_the_interface_delivers() {
    let mut segment = Segment::of_hosts(2);
    segment.commit(1, 1, &[router("other", 52, &["10.0.0.80"], 255)]);
    segment.run_until(at(10_000));
    segment.commit(0, 1, &[starting(100, 0, true)]);
    segment.run_until(at(20_000));
    assert_eq!(taken(&segment, 0, 10_000), Some(3_609_375));
}

#[test]
fn a_trial_proves_nothing_and_tells_nobody_of_a_router() {
    let mut segment = Segment::running([starting(100, 0, true)]);
    let trial = Trial {
        token: "a1".to_owned(),
        sender: "cube02".to_owned(),
        lanes: Vec::new(),
        stage: Stage::Listening,
    };
    let message = trial.message();
    segment.act(0, |brain| {
        let packet = Packet {
            source: "10.0.0.99".parse().expect("an address"),
            destination: MULTICAST_IPV4.into(),
            hop_limit: 255,
            message: &message,
        };
        brain.handle_packet(INTERFACE, &packet, at(0));
    });
    segment.run_until(at(20_000));
    assert_eq!(taken(&segment, 0, 0), Some(2 * 3_609_375));
}

#[test]
fn a_member_that_waits_as_well_proves_it_too() {
    let mut segment = Segment::running([starting(100, 0, true)]);
    segment.act(0, |brain| {
        let standby = Command::Standby {
            key: key("web"),
            priority: Priority::new(90),
            heard_at: at(1_000),
        };
        brain
            .handle_command(standby, at(1_000))
            .expect("it is no configuration");
    });
    segment.run_until(at(20_000));
    assert_eq!(taken(&segment, 0, 0), Some(3_609_375));
}

#[test]
fn a_link_that_returns_has_to_prove_itself_again() {
    let mut segment = Segment::of_hosts(2);
    segment.commit(1, 1, &[router("other", 52, &["10.0.0.80"], 255)]);
    segment.commit(0, 1, &[starting(100, 0, true)]);
    segment.run_until(at(20_000));
    segment.hosts[1].connected = false;
    for (when, link) in [(20_000, Link::Down), (30_000, Link::Up)] {
        segment.run_until(at(when));
        segment.act(0, |brain| brain.handle_link(INTERFACE, link, at(when)));
    }
    segment.run_until(at(50_000));
    assert_eq!(taken(&segment, 0, 30_000), Some(2 * 3_609_375));
}
