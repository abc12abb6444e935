//! Links of other interfaces as inputs.

use std::time::Duration;

use skep_vip::configuration::{Effect, RouterConfiguration, TrackedInterface};
use skep_vip::interfaces::Link;
use skep_vip::message::{Health, Reason, State};
use skep_vrrp::identity::Priority;

use crate::segment::{Segment, key, router};

fn tracking(effect: Effect, delay_ms: u64) -> RouterConfiguration {
    let mut router = router("ingress", 51, &["10.0.0.70"], 100);
    router.tracked_interfaces = vec![TrackedInterface {
        interface: "eth1".to_owned(),
        effect,
        up_delay: Duration::from_millis(delay_ms),
        down_delay: Duration::from_millis(delay_ms),
    }];
    router
}

fn tell(segment: &mut Segment, link: Link) {
    let now = segment.now;
    segment.act(0, |brain| brain.handle_link("eth1", link, now));
}

fn effective(segment: &Segment) -> u8 {
    let report = &segment.hosts[0].reports[&key("ingress")];
    report.effective_priority.number()
}

#[test]
fn an_interface_that_is_missing_fails_and_one_that_is_up_passes() {
    let mut segment = Segment::running([tracking(Effect::Weight(-30), 0)]);
    assert_eq!(effective(&segment), 70);
    tell(&mut segment, Link::Up);
    assert_eq!(effective(&segment), 100);
    tell(&mut segment, Link::Down);
    assert_eq!(effective(&segment), 70);
    let report = &segment.hosts[0].reports[&key("ingress")];
    assert_eq!(report.inputs[0].name, "interface/eth1");
    assert_eq!(report.inputs[0].health, Health::Failing);
    assert_eq!(report.base_priority, Priority::new(100));
}

#[test]
fn a_link_that_was_known_before_counts_from_the_first_moment() {
    let mut segment = Segment::of_hosts(1);
    tell(&mut segment, Link::Up);
    segment.commit(0, 1, &[tracking(Effect::Fault, 2_000)]);
    assert_eq!(segment.hosts[0].state("ingress"), Some(State::Backup));
}

#[test]
fn a_flap_shorter_than_the_delay_changes_nothing_and_a_longer_one_is_a_fault() {
    let mut segment = Segment::of_hosts(1);
    tell(&mut segment, Link::Up);
    segment.commit(0, 1, &[tracking(Effect::Fault, 2_000)]);
    segment.run_for(5_000);
    tell(&mut segment, Link::Down);
    segment.run_for(1_900);
    tell(&mut segment, Link::Up);
    segment.run_for(5_000);
    assert_eq!(segment.hosts[0].state("ingress"), Some(State::Active));
    tell(&mut segment, Link::Down);
    segment.run_for(2_000);
    assert_eq!(segment.hosts[0].state("ingress"), Some(State::Leaving));
    // Nobody succeeds.
    segment.run_for(5_000);
    let report = &segment.hosts[0].reports[&key("ingress")];
    let failing = Reason::InputFailing {
        name: "interface/eth1".to_owned(),
    };
    assert_eq!((report.state, &report.reason), (State::Fault, &failing));
    tell(&mut segment, Link::Up);
    segment.run_for(1_900);
    assert_eq!(segment.hosts[0].state("ingress"), Some(State::Fault));
    segment.run_for(100);
    assert_eq!(segment.hosts[0].state("ingress"), Some(State::Backup));
}
