//! What takes a router out of the election, what ranks it lower, and how it comes back.

use skep_vip::configuration::{Effect, RouterConfiguration, TrackedInput};
use skep_vip::interfaces::{Link, Socket};
use skep_vip::message::{Command, Health, Reason, State};
use skep_vrrp::identity::{Family, Priority};

use crate::segment::{Event, INTERFACE, Segment, at, ip, key, micros, router};

fn pair(effect: Effect) -> Segment {
    let mut segment = Segment::running([100, 90].map(|priority| RouterConfiguration {
        tracking: vec![TrackedInput {
            name: "check".to_owned(),
            effect,
        }],
        ..router("web", 51, &["10.0.0.70"], priority)
    }));
    segment.run_until(at(20_100));
    assert_eq!(segment.holders("10.0.0.70"), [0]);
    segment
}

fn input(segment: &mut Segment, host: usize, health: Health) {
    let now = segment.now;
    segment.act(host, |brain| {
        let name = "check".to_owned();
        brain
            .handle_command(Command::Input { name, health }, now)
            .expect("it is no configuration");
    });
}

fn interface() -> String {
    INTERFACE.to_owned()
}

#[test]
fn a_link_that_goes_down_is_a_fault_and_releases_the_address() {
    let mut segment = pair(Effect::Fault);
    let now = segment.now;
    segment.act(0, |brain| brain.handle_link(INTERFACE, Link::Down, now));
    // Nothing can be sent there any more.
    assert_eq!(
        segment.events_since(0, now),
        [Event::Removed(ip("10.0.0.70"))]
    );
    let report = &segment.hosts[0].reports[&key("web")];
    assert_eq!(report.state, State::Fault);
    assert_eq!(
        report.reason,
        Reason::InterfaceDown {
            interface: interface()
        }
    );
    segment.run_for(5_000);
    assert_eq!(segment.holders("10.0.0.70"), [1]);
}

#[test]
fn a_link_that_returns_starts_as_backup_with_a_fresh_timer() {
    let mut segment = pair(Effect::Fault);
    segment.hosts[1].connected = false;
    let now = segment.now;
    segment.act(0, |brain| brain.handle_link(INTERFACE, Link::Down, now));
    segment.run_until(at(30_000));
    segment.act(0, |brain| {
        brain.handle_link(INTERFACE, Link::Up, at(30_000))
    });
    let report = &segment.hosts[0].reports[&key("web")];
    assert_eq!(
        (report.state, report.reason.clone()),
        (State::Backup, Reason::Recovered)
    );
    segment.run_until(at(40_000));
    let taken = segment.last(0, |event| matches!(event, Event::Added(_)));
    assert_eq!(micros(at(30_000), taken.expect("it took over")), 3_609_375);
}

#[test]
fn a_link_that_is_not_tracked_may_go_down_but_not_away() {
    let mut untracked = router("web", 51, &["10.0.0.70"], 100);
    untracked.track_interface = false;
    let mut segment = Segment::running([untracked]);
    segment.run_until(at(5_000));
    segment.act(0, |brain| {
        brain.handle_link(INTERFACE, Link::Down, at(5_000))
    });
    assert_eq!(segment.hosts[0].state("web"), Some(State::Active));
    segment.act(0, |brain| {
        brain.handle_link(INTERFACE, Link::Missing, at(5_000))
    });
    let report = &segment.hosts[0].reports[&key("web")];
    assert_eq!(
        report.reason,
        Reason::InterfaceMissing {
            interface: interface()
        }
    );
}

#[test]
fn without_source_address_or_socket_a_router_is_in_fault() {
    let mut segment = Segment::running([router("web", 51, &["10.0.0.70"], 100)]);
    segment.act(0, |brain| {
        brain.handle_source(INTERFACE, Family::Ipv4, None, at(10))
    });
    let reason = |segment: &Segment| segment.hosts[0].reports[&key("web")].reason.clone();
    assert_eq!(
        reason(&segment),
        Reason::NoSourceAddress {
            interface: interface()
        }
    );
    let message = "operation not permitted".to_owned();
    let refused = Socket::Refused {
        message: message.clone(),
    };
    segment.act(0, |brain| {
        brain.handle_socket(INTERFACE, Family::Ipv4, refused, at(20))
    });
    assert_eq!(reason(&segment), Reason::SocketRefused { message });
    let source = Some(ip("10.0.0.12"));
    segment.act(0, |brain| {
        brain.handle_source(INTERFACE, Family::Ipv4, source, at(30))
    });
    assert_eq!(segment.hosts[0].state("web"), Some(State::Fault));
    segment.act(0, |brain| {
        brain.handle_socket(INTERFACE, Family::Ipv4, Socket::Open, at(40))
    });
    assert_eq!(segment.hosts[0].state("web"), Some(State::Backup));
}

#[test]
fn another_source_address_does_not_disturb_the_router() {
    let mut segment = pair(Effect::Fault);
    let source = Some(ip("10.0.0.99"));
    let now = segment.now;
    segment.act(0, |brain| {
        brain.handle_source(INTERFACE, Family::Ipv4, source, now)
    });
    segment.run_for(5_000);
    assert_eq!(segment.holders("10.0.0.70"), [0]);
    let heard = segment.hosts[1].reports[&key("web")].heard.clone();
    assert_eq!(heard.expect("the other one is heard").from, ip("10.0.0.99"));
    // It is ranked by the new address, too: of equal priorities 10.0.0.99 beats 10.0.0.12.
    segment.commit(1, 2, &[router("web", 51, &["10.0.0.70"], 100)]);
    segment.hosts[1].connected = false;
    segment.run_for(5_000);
    assert_eq!(segment.holders("10.0.0.70"), [0, 1]);
    segment.hosts[1].connected = true;
    segment.run_for(1_000);
    assert_eq!(segment.holders("10.0.0.70"), [0]);
}

#[test]
fn a_failing_input_that_is_a_fault_gives_up_at_once_and_returns_as_backup_when_it_has_left() {
    let mut segment = pair(Effect::Fault);
    let now = segment.now;
    input(&mut segment, 0, Health::Failing);
    let given_up = [Event::Sent(51, 0), Event::Sent(51, 0)];
    assert_eq!(segment.events_since(0, now), given_up);
    let failing = Reason::InputFailing {
        name: "check".to_owned(),
    };
    let state_and_reason = |segment: &Segment| {
        let report = &segment.hosts[0].reports[&key("web")];
        (report.state, report.reason.clone())
    };
    assert_eq!(
        state_and_reason(&segment),
        (State::Leaving, failing.clone())
    );
    segment.run_for(5_000);
    assert_eq!(state_and_reason(&segment), (State::Fault, failing));
    let taken = segment.last(1, |event| matches!(event, Event::Added(_)));
    assert_eq!(micros(now, taken.expect("it took over")), 648_437);
    let removed = segment.last(0, |event| matches!(event, Event::Removed(_)));
    assert_eq!(micros(now, removed.expect("it left")), 1_148_437);
    input(&mut segment, 0, Health::Passing);
    assert_eq!(segment.hosts[0].state("web"), Some(State::Backup));
    segment.run_for(5_000);
    assert_eq!(segment.holders("10.0.0.70"), [0]);
}

#[test]
fn weights_and_demotions_move_the_address_and_give_it_back() {
    for (effect, lowered) in [
        (Effect::Weight(-30), 70),
        (Effect::Demote(Priority::new(1)), 1),
    ] {
        let mut segment = pair(effect);
        input(&mut segment, 0, Health::Failing);
        let report = &segment.hosts[0].reports[&key("web")];
        assert_eq!(report.base_priority, Priority::new(100));
        assert_eq!(report.effective_priority, Priority::new(lowered));
        segment.run_for(5_000);
        assert_eq!(segment.holders("10.0.0.70"), [1], "{effect:?}");
        input(&mut segment, 0, Health::Passing);
        segment.run_for(5_000);
        assert_eq!(segment.holders("10.0.0.70"), [0], "{effect:?}");
    }
}

#[test]
fn a_lowered_priority_outlives_a_new_configuration() {
    let tracking = vec![TrackedInput {
        name: "check".to_owned(),
        effect: Effect::Weight(-30),
    }];
    let alone = || RouterConfiguration {
        tracking: tracking.clone(),
        ..router("web", 51, &["10.0.0.70"], 100)
    };
    let mut segment = Segment::running([alone()]);
    input(&mut segment, 0, Health::Failing);
    segment.run_until(at(20_100));
    segment.commit(0, 2, &[alone()]);
    segment.run_until(at(30_000));
    let priorities = segment
        .events_since(0, at(0))
        .into_iter()
        .filter_map(|event| match event {
            Event::Sent(_, priority) => Some(priority),
            Event::Added(_)
            | Event::Removed(_)
            | Event::Announced(_)
            | Event::RouteAdded(_)
            | Event::RouteRemoved(_) => None,
        });
    let priorities: Vec<u8> = priorities.collect();
    // One a second from 3.7 s to 29.7 s: the commit brought no other one.
    assert_eq!(priorities, [70; 27]);
}

#[test]
fn an_unknown_input_neither_demotes_nor_faults() {
    for effect in [
        Effect::Fault,
        Effect::Demote(Priority::new(1)),
        Effect::Weight(-50),
    ] {
        let mut segment = pair(effect);
        let now = segment.now;
        input(&mut segment, 0, Health::Unknown);
        assert_eq!(segment.events_since(0, now), [], "{effect:?}");
    }
}

#[test]
fn an_input_heard_before_the_configuration_counts() {
    let mut segment = Segment::of_hosts(1);
    input(&mut segment, 0, Health::Failing);
    let tracking = vec![TrackedInput {
        name: "check".to_owned(),
        effect: Effect::Fault,
    }];
    segment.commit(
        0,
        1,
        &[RouterConfiguration {
            tracking,
            ..router("web", 51, &["10.0.0.70"], 255)
        }],
    );
    assert_eq!(segment.hosts[0].state("web"), Some(State::Fault));
    assert_eq!(segment.events_since(0, at(0)), []);
    input(&mut segment, 0, Health::Passing);
    assert_eq!(segment.hosts[0].reports[&key("web")].reason, Reason::Owner);
}
