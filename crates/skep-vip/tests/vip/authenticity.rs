//! Groups whose advertisements are signed: who counts, who does not, and what clocks may do.

use std::collections::BTreeMap;
use std::time::Duration;

use skep_vip::acceptance::{Refused, Unfit};
use skep_vip::brain::Brain;
use skep_vip::configuration::{Authentication, HmacKeys, HmacMode, Replay, RouterConfiguration};
use skep_vip::message::{Counters, State};
use skep_vrrp::identity::Version;

use crate::segment::{Segment, at, configure, key, router};

const YEAR_2026: Duration = Duration::from_secs(1_790_000_000);
const HOUR: Duration = Duration::from_secs(3_600);

/// A key that says its id.
fn keys(ids: &[u8], mode: HmacMode) -> HmacKeys {
    let keys = ids.iter().map(|id| (*id, vec![*id; 32]));
    HmacKeys {
        keys: keys.collect(),
        active_key: ids[0],
        mode,
        replay: Replay::Time,
        window: Duration::from_secs(5),
    }
}

fn signed(priority: u8, keys: HmacKeys) -> RouterConfiguration {
    RouterConfiguration {
        version: Version::V3,
        authentication: Authentication::Hmac(keys),
        ..router("web", 51, &["10.0.0.70"], priority)
    }
}

fn unsigned(priority: u8) -> RouterConfiguration {
    RouterConfiguration {
        authentication: Authentication::None,
        ..signed(priority, keys(&[1], HmacMode::Enforce))
    }
}

fn counters(segment: &Segment, host: usize) -> Counters {
    segment.hosts[host].reports[&key("web")].counters
}

/// The wall clock of a host says this from now on.
fn set_clock(segment: &mut Segment, host: usize, since_1970: Duration) {
    let now = segment.now;
    segment.act(host, |brain| brain.handle_wake(since_1970, now));
}

/// Two members with the same key and the right time; the first holds the address.
fn pair() -> Segment {
    let mut segment =
        Segment::running([100, 90].map(|rank| signed(rank, keys(&[1], HmacMode::Enforce))));
    for host in 0..2 {
        set_clock(&mut segment, host, YEAR_2026);
    }
    segment.run_until(at(20_100));
    assert_eq!(segment.holders("10.0.0.70"), [0]);
    segment
}

#[test]
fn members_with_the_key_elect_one_and_hand_over() {
    let mut segment = pair();
    assert!(counters(&segment, 1).received >= 10);
    let proven = Counters {
        sent: 0,
        received: 0,
        became_active: 0,
        ..counters(&segment, 1)
    };
    assert_eq!(proven, Counters::default());
    segment.hosts[0].connected = false;
    segment.run_for(5_000);
    assert_eq!(segment.holders("10.0.0.70"), [0, 1]);
    segment.hosts[0].connected = true;
    segment.run_for(5_000);
    assert_eq!(segment.holders("10.0.0.70"), [0]);
}

#[test]
fn who_has_no_key_or_another_one_does_not_count() {
    for (outsider, counted) in [
        (unsigned(200), "unproven_no_trailer"),
        (
            signed(200, keys(&[2], HmacMode::Enforce)),
            "unproven_unknown_key",
        ),
        (
            signed(
                200,
                HmacKeys {
                    keys: BTreeMap::from([(1, b"guessed".to_vec())]),
                    ..keys(&[1], HmacMode::Enforce)
                },
            ),
            "unproven_wrong_code",
        ),
    ] {
        let mut segment = Segment::running([signed(100, keys(&[1], HmacMode::Enforce)), outsider]);
        segment.run_until(at(10_000));
        let report = &segment.hosts[0].reports[&key("web")];
        assert_eq!(report.state, State::Active, "{counted}");
        assert_eq!(report.heard, None, "{counted}");
        let counters = report.counters;
        let count = match counted {
            "unproven_no_trailer" => counters.unproven_no_trailer,
            "unproven_unknown_key" => counters.unproven_unknown_key,
            _ => counters.unproven_wrong_code,
        };
        assert!(count >= 5, "{counted}: {counters:?}");
        assert_eq!(counters.received, 0, "{counted}");
    }
}

#[test]
fn permissive_members_sign_and_count_whoever_does_not() {
    let permissive = keys(&[1], HmacMode::Permissive);
    let mut segment = Segment::running([unsigned(100), signed(90, permissive)]);
    segment.run_until(at(10_000));
    assert_eq!(segment.holders("10.0.0.70"), [0]);
    assert!(counters(&segment, 1).unproven_no_trailer >= 5);
    assert!(counters(&segment, 1).received >= 5);
    // What it signs counts for those who do not look at it.
    segment.hosts[0].frozen = true;
    segment.run_for(5_000);
    segment.hosts[0].frozen = false;
    assert_eq!(segment.hosts[1].state("web"), Some(State::Active));
}

#[test]
fn a_group_takes_on_keys_step_by_step_without_an_election() {
    let mut segment = Segment::running([unsigned(100), unsigned(90)]);
    segment.run_until(at(10_000));
    let steps = [
        keys(&[1], HmacMode::ReceiveOnly),
        keys(&[1], HmacMode::Permissive),
        keys(&[1], HmacMode::Enforce),
        // The next key is there before it signs, and the old one until nobody signs with it.
        keys(&[1, 2], HmacMode::Enforce),
        keys(&[2, 1], HmacMode::Enforce),
        keys(&[2], HmacMode::Enforce),
    ];
    for (revision, step) in (2..).zip(steps) {
        for (host, priority) in [(0, 100), (1, 90)] {
            segment.commit(host, revision, &[signed(priority, step.clone())]);
            segment.run_for(3_300);
        }
    }
    assert_eq!(segment.holders("10.0.0.70"), [0]);
    for host in 0..2 {
        let transitions = &segment.hosts[host].reports[&key("web")].transitions;
        let expected = if host == 0 { 2 } else { 1 };
        assert_eq!(transitions.len(), expected, "{transitions:?}");
    }
    assert_eq!(counters(&segment, 1).unproven_replayed, 0);
    assert_eq!(counters(&segment, 1).unproven_unknown_key, 0);
}

#[test]
fn no_step_of_a_clock_makes_a_second_active() {
    for (host, step) in [(0, HOUR), (1, HOUR)] {
        for clock in [YEAR_2026 + step, YEAR_2026 - step] {
            let mut segment = pair();
            set_clock(&mut segment, host, clock);
            segment.run_for(60_000);
            assert_eq!(segment.holders("10.0.0.70"), [0], "host {host}: {clock:?}");
            assert_eq!(segment.hosts[1].state("web"), Some(State::Backup));
        }
    }
}

#[test]
fn a_board_without_a_clock_hears_the_others() {
    let mut segment =
        Segment::running([100, 200].map(|rank| signed(rank, keys(&[1], HmacMode::Enforce))));
    set_clock(&mut segment, 1, YEAR_2026);
    segment.run_until(at(20_000));
    assert_eq!(segment.holders("10.0.0.70"), [1]);
}

#[test]
fn a_recorded_advertisement_does_not_count_again() {
    let mut segment = pair();
    // The attacker repeats what the Active router says while that one is cut off.
    let recorded = segment.record(0, 1_000);
    segment.hosts[0].connected = false;
    let heard_before = counters(&segment, 1).received;
    for _ in 0..20 {
        segment.inject(1, &recorded);
        segment.run_for(1_000);
    }
    assert_eq!(segment.hosts[1].state("web"), Some(State::Active));
    let counters = counters(&segment, 1);
    assert_eq!(counters.received, heard_before);
    // First it is known, then, when the sender is forgotten, it is too old.
    assert!(counters.unproven_replayed > 0 && counters.unproven_stale > 0);
}

#[test]
fn its_own_advertisement_coming_back_is_called_that() {
    let mut segment = pair();
    let recorded = segment.record(0, 1_000);
    segment.inject(0, &recorded);
    segment.run_for(2_000);
    let counters = counters(&segment, 0);
    assert_eq!(counters.discarded_own_address, 1);
    assert_eq!(counters.unproven_replayed, 0);
}

#[test]
fn keys_that_cannot_work_are_refused() {
    let mut lost = keys(&[1], HmacMode::Enforce);
    lost.active_key = 7;
    let mut empty = keys(&[1], HmacMode::Enforce);
    empty.keys.insert(2, Vec::new());
    let version_2 = RouterConfiguration {
        version: Version::V2,
        ..signed(100, keys(&[1], HmacMode::Enforce))
    };
    for (router, expected) in [
        (signed(100, lost), Unfit::SigningKeyMissing(7)),
        (signed(100, empty), Unfit::KeyEmpty(2)),
        (version_2, Unfit::HmacInVersion2),
    ] {
        let refused = configure(&mut Brain::new(), 1, &[router], at(0));
        assert!(
            matches!(&refused, Err(Refused::Router { unfit, .. }) if *unfit == expected),
            "{refused:?}"
        );
    }
}
