//! Who holds the address, and from when on.

use std::time::Duration;

use skep_vip::configuration::Authentication;
use skep_vip::message::{Reason, State};
use skep_vrrp::identity::Priority;

use crate::segment::{Event, Segment, at, ip, key, micros, router};

/// docker1 to docker3: id 69, password passw123, priorities 100, 75, 50.
fn seed_001() -> Segment {
    Segment::running([100, 75, 50].map(|priority| {
        let mut router = router("vi-1", 69, &["10.0.0.200"], priority);
        router.authentication = Authentication::Simple(*b"passw123");
        router
    }))
}

/// cube01 to cube04: id 51, password mypasswo, priorities 100, 90, 80, 70.
fn seed_003() -> Segment {
    Segment::running([100, 90, 80, 70].map(|priority| {
        let mut router = router("ingress", 51, &["10.0.0.70"], priority);
        router.authentication = Authentication::Simple(*b"mypasswo");
        router
    }))
}

fn sent(event: Event) -> bool {
    matches!(event, Event::Sent(..))
}

fn added(event: Event) -> bool {
    matches!(event, Event::Added(_))
}

#[test]
fn seed_001_starts_stops_and_returns_as_the_table_says() {
    let mut segment = seed_001();
    segment.run_until(at(10_400));
    assert_eq!(segment.holders("10.0.0.200"), [0]);
    assert_eq!(
        micros(at(0), segment.last(0, added).expect("docker1 holds it")),
        3_609_375
    );

    segment.act(0, |brain| brain.handle_shutdown(at(10_400)));
    assert_eq!(
        segment.last(0, |event| event == Event::Sent(69, 0)),
        Some(at(10_400))
    );
    segment.run_until(at(15_000));
    assert_eq!(segment.holders("10.0.0.200"), [1]);
    assert_eq!(
        micros(
            at(10_400),
            segment.last(1, added).expect("docker2 took over")
        ),
        707_031
    );

    let mut docker1 = router("vi-1", 69, &["10.0.0.200"], 100);
    docker1.authentication = Authentication::Simple(*b"passw123");
    segment.commit(0, 2, &[docker1]);
    segment.run_until(at(20_000));
    assert_eq!(segment.holders("10.0.0.200"), [0]);
    assert_eq!(
        micros(at(15_000), segment.last(0, added).expect("docker1 is back")),
        3_609_375
    );
}

#[test]
fn seed_001_crashes_are_noticed_as_the_table_says() {
    let mut segment = seed_001();
    segment.run_until(at(10_400));
    for (dead, down_interval) in [(0, 3_707_031), (1, 3_804_687)] {
        let last = segment.last(dead, sent).expect("it advertised");
        segment.hosts[dead].frozen = true;
        segment.hosts[dead].connected = false;
        segment.run_for(6_000);
        let taken = segment
            .last(dead + 1, added)
            .expect("the next one took over");
        assert_eq!(micros(last, taken), down_interval);
    }
}

#[test]
fn seed_003_is_taken_over_from_60_to_63_as_the_table_says() {
    let mut segment = seed_003();
    segment.run_until(at(10_400));
    assert_eq!(
        micros(at(0), segment.last(0, added).expect("cube01 holds it")),
        3_609_375
    );
    for (dead, down_interval) in [(0, 3_648_437), (1, 3_687_500), (2, 3_726_562)] {
        let last = segment.last(dead, sent).expect("it advertised");
        segment.hosts[dead].frozen = true;
        segment.hosts[dead].connected = false;
        segment.run_for(8_000);
        let taken = segment
            .last(dead + 1, added)
            .expect("the next one took over");
        assert_eq!(micros(last, taken), down_interval);
    }
    assert_eq!(segment.hosts[3].state("ingress"), Some(State::Active));
}

#[test]
fn seed_003_stops_hand_over_after_the_skew_time() {
    let mut segment = seed_003();
    segment.run_until(at(10_400));
    for (stopped, skew_time) in [(0, 648_437), (1, 687_500), (2, 726_562)] {
        let now = segment.now;
        segment.act(stopped, |brain| brain.handle_shutdown(now));
        segment.run_for(5_000);
        let taken = segment
            .last(stopped + 1, added)
            .expect("the next one took over");
        assert_eq!(micros(now, taken), skew_time);
        assert_eq!(segment.holders("10.0.0.70"), [stopped + 1]);
    }
}

#[test]
fn a_new_active_router_advertises_then_holds_then_announces_and_announces_again() {
    let mut segment = Segment::running([router("web", 51, &["10.0.0.70", "10.0.0.71"], 128)]);
    segment.run_until(at(3_500));
    let (a, b) = (ip("10.0.0.70"), ip("10.0.0.71"));
    let mut expected = vec![Event::Sent(51, 128), Event::Added(a), Event::Added(b)];
    for _ in 0..5 {
        expected.extend([Event::Announced(a), Event::Announced(b)]);
    }
    assert_eq!(segment.events_since(0, at(0)), expected);
    segment.run_until(at(8_499));
    let silent = segment.events_since(0, at(3_501));
    assert!(
        !silent
            .iter()
            .any(|event| matches!(event, Event::Announced(_)))
    );
    segment.run_until(at(60_000));
    let again = segment
        .log
        .iter()
        .filter(|(when, _, event)| *when > at(3_500) && matches!(event, Event::Announced(_)));
    let times: Vec<_> = again.map(|(when, ..)| *when).collect();
    assert_eq!(times, [at(8_500); 10]);
}

#[test]
fn a_claim_of_lower_priority_is_answered_with_an_advertisement_and_announcements() {
    let mut segment =
        Segment::running([100, 90].map(|priority| router("web", 51, &["10.0.0.70"], priority)));
    segment.run_until(at(20_000));
    segment.hosts[0].connected = false;
    segment.run_until(at(30_000));
    assert_eq!(segment.holders("10.0.0.70"), [0, 1]);
    segment.hosts[0].connected = true;
    // The worse one is the first to advertise after the partition.
    segment.run_until(at(30_800));
    assert_eq!(segment.holders("10.0.0.70"), [0]);
    let mut answer = vec![Event::Sent(51, 100)];
    answer.extend([Event::Announced(ip("10.0.0.70")); 5]);
    // The claim is answered, and so is the farewell a moment later.
    let expected = [answer.clone(), answer].concat();
    assert_eq!(segment.events_since(0, at(30_000)), expected);
    let by = segment.hosts[0].address;
    let out_ranked = Reason::OutRanked {
        by,
        priority: Priority::new(100),
    };
    let transitions = &segment.hosts[1].reports[&key("web")].transitions;
    let reasons = transitions.iter().rev().map(|one| &one.reason);
    let handed_over = Reason::HandedOver { to: by };
    assert!(reasons.take(2).eq([&handed_over, &out_ranked]));
}

#[test]
fn claims_are_answered_at_once_and_announced_at_most_once_a_second() {
    let mut segment = Segment::running([router("web", 51, &["10.0.0.70"], 128)]);
    segment.run_until(at(9_900));
    let mut deaf = Segment::running([router("web", 51, &["10.0.0.70"], 90)]);
    deaf.run_until(at(9_900));
    let claim = claim_of(&mut deaf);
    let start = segment.now;
    for _ in 0..50 {
        let now = segment.now;
        segment.act(0, |brain| hear(brain, &claim, now));
        segment.now = now + Duration::from_millis(10);
    }
    let events = segment.events_since(0, start);
    assert_eq!(events.iter().filter(|event| sent(**event)).count(), 50);
    let announced = events
        .iter()
        .filter(|event| matches!(event, Event::Announced(_)));
    assert_eq!(announced.count(), 5);
}

/// The next advertisement of the only host of a segment.
fn claim_of(segment: &mut Segment) -> Vec<u8> {
    let brain = &mut segment.hosts[0].brain;
    let due = brain.poll_timeout().expect("it is active");
    brain.handle_timeout(due);
    loop {
        match brain.poll_action().expect("it advertises") {
            skep_vip::action::Action::Send(sent) => return sent.message.to_vec(),
            skep_vip::action::Action::AddAddress(_)
            | skep_vip::action::Action::RemoveAddress(_)
            | skep_vip::action::Action::AddRoute(_)
            | skep_vip::action::Action::RemoveRoute(_)
            | skep_vip::action::Action::Announce(_)
            | skep_vip::action::Action::Withhold(_) => {}
        }
    }
}

fn hear(brain: &mut skep_vip::brain::Brain, message: &[u8], now: skep_vrrp::time::Instant) {
    let packet = skep_vrrp::packet::Packet {
        source: ip("10.0.0.99"),
        destination: ip("224.0.0.18"),
        hop_limit: 255,
        message,
    };
    brain.handle_packet("eth0", &packet, now);
}

#[test]
fn a_priority_edited_while_running_moves_the_address() {
    let mut segment =
        Segment::running([100, 90].map(|priority| router("web", 51, &["10.0.0.70"], priority)));
    segment.run_until(at(20_000));
    let last = segment.last(0, sent).expect("it is active");
    segment.commit(0, 2, &[router("web", 51, &["10.0.0.70"], 50)]);
    assert_eq!(
        segment.last(0, |event| event == Event::Sent(51, 50)),
        Some(at(20_000))
    );
    segment.run_until(at(30_000));
    assert_eq!(segment.holders("10.0.0.70"), [1]);
    assert_eq!(
        micros(last, segment.last(1, added).expect("it took over")),
        3_648_437
    );
}

#[test]
fn a_host_that_slept_finds_its_successor_and_releases_the_address() {
    let mut segment =
        Segment::running([100, 90].map(|priority| router("web", 51, &["10.0.0.70"], priority)));
    segment.run_until(at(20_000));
    segment.hosts[0].frozen = true;
    segment.run_until(at(30_000));
    assert_eq!(segment.holders("10.0.0.70"), [0, 1]);
    segment.thaw(0);
    assert_eq!(segment.holders("10.0.0.70"), [1]);
    let successor = segment.hosts[1].address;
    let transitions = &segment.hosts[0].reports[&key("web")].transitions;
    let reasons = transitions.iter().rev().map(|one| &one.reason);
    let handed_over = Reason::HandedOver { to: successor };
    let overslept = Reason::Overslept { successor };
    assert!(reasons.take(2).eq([&handed_over, &overslept]));
    assert_eq!(
        segment.events_since(0, at(30_000)),
        [Event::Removed(ip("10.0.0.70")), Event::Sent(51, 1)]
    );
}

#[test]
fn a_host_that_slept_alone_keeps_the_address_and_announces_it() {
    let mut segment = Segment::running([router("web", 51, &["10.0.0.70"], 100)]);
    segment.run_until(at(20_000));
    segment.hosts[0].frozen = true;
    segment.run_until(at(30_000));
    segment.thaw(0);
    let mut expected = vec![Event::Sent(51, 100)];
    expected.extend([Event::Announced(ip("10.0.0.70")); 5]);
    assert_eq!(segment.events_since(0, at(30_000)), expected);
}

#[test]
fn two_hundred_and_fifty_five_routers_each_keep_their_own_time() {
    let all = |priority: fn(u8) -> u8| -> Vec<_> {
        (1..=255_u8)
            .map(|id| {
                router(
                    &id.to_string(),
                    id,
                    &[&format!("10.1.0.{id}")],
                    priority(id),
                )
            })
            .collect()
    };
    let mut segment = Segment::of_hosts(2);
    segment.commit(0, 1, &all(|_| 254));
    segment.commit(1, 1, &all(|id| id.clamp(1, 253)));
    segment.run_until(at(10_000));
    assert_eq!(segment.hosts[0].present.len(), 255);
    let last = segment.last(0, sent).expect("it is active");
    segment.hosts[0].frozen = true;
    segment.hosts[0].connected = false;
    segment.run_until(at(20_000));
    assert_eq!(segment.hosts[1].present.len(), 255);
    for id in 1..=255_u8 {
        let address = ip(&format!("10.1.0.{id}"));
        let taken = segment
            .last(1, |event| event == Event::Added(address))
            .expect("it took over");
        let skew_time = (256 - u128::from(id.clamp(1, 253))) * 1_000_000 / 256;
        assert_eq!(micros(last, taken), 3_000_000 + skew_time, "id {id}");
    }
}
