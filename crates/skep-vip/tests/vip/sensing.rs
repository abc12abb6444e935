//! What does not fit is told, by whom and since when, and is over when it stops.

use std::collections::BTreeSet;
use std::time::Duration;

use skep_vip::brain::Brain;
use skep_vip::configuration::{
    Authentication, ChecksumMode, HmacKeys, HmacMode, Relocation, Replay, RouterConfiguration,
};
use skep_vip::interfaces::Socket;
use skep_vip::message::{Anomaly, AnomalyKind};
use skep_vrrp::identity::{Family, Priority, Version};
use skep_vrrp::packet::{MULTICAST_IPV4, Packet};
use skep_vrrp::trailer::Unproven;

use crate::segment::{Segment, at, configure, ip, key, router};

const MEMBER: &str = "10.0.0.12";

fn ours() -> RouterConfiguration {
    RouterConfiguration {
        members: Some(vec![ip("10.0.0.11"), ip(MEMBER)]),
        ..router("web", 51, &["10.0.0.70"], 100)
    }
}

fn version_3() -> RouterConfiguration {
    RouterConfiguration {
        version: Version::V3,
        ..ours()
    }
}

/// What goes on at a host now.
fn anomalies(segment: &Segment, host: usize) -> Vec<Anomaly> {
    let reported = &segment.hosts[host].reports[&key("web")].anomalies;
    let goes_on = |anomaly: &&Anomaly| anomaly.until > segment.now;
    reported.iter().filter(goes_on).cloned().collect()
}

fn kinds(segment: &Segment, host: usize) -> Vec<AnomalyKind> {
    let anomalies = anomalies(segment, host);
    anomalies.iter().map(|anomaly| anomaly.kind).collect()
}

/// What the first of two notices of the other, which does not leave the first one alone.
fn noticed(ours: RouterConfiguration, theirs: RouterConfiguration) -> Vec<AnomalyKind> {
    let mut segment = Segment::running([ours, theirs]);
    segment.run_until(at(10_000));
    for anomaly in anomalies(&segment, 0) {
        assert_eq!(anomaly.from, ip(MEMBER));
        assert!(anomaly.count > 1 && anomaly.first < anomaly.last);
    }
    kinds(&segment, 0)
}

fn higher(theirs: RouterConfiguration) -> RouterConfiguration {
    RouterConfiguration {
        priority: Priority::new(200),
        ..theirs
    }
}

#[test]
fn members_that_agree_notice_nothing() {
    for ours in [ours(), version_3()] {
        let mut segment = Segment::running([ours.clone(), higher(ours)]);
        segment.run_until(at(10_000));
        assert_eq!(kinds(&segment, 0), []);
        // Neither does a hand-over.
        segment.hosts[1].frozen = true;
        segment.run_for(10_000);
        segment.hosts[1].frozen = false;
        segment.thaw(1);
        segment.run_for(10_000);
        assert_eq!((kinds(&segment, 0), kinds(&segment, 1)), (vec![], vec![]));
    }
}

#[test]
fn what_is_configured_in_another_way_is_named() {
    let two_seconds = Duration::from_secs(2);
    let slow = |router| RouterConfiguration {
        advertisement_interval: two_seconds,
        ..higher(router)
    };
    let password = |password: &[u8; 8]| RouterConfiguration {
        authentication: Authentication::Simple(*password),
        ..higher(ours())
    };
    let keys = HmacKeys {
        keys: [(1, vec![1])].into(),
        active_key: 1,
        mode: HmacMode::Enforce,
        replay: Replay::Time,
        window: Duration::from_secs(5),
    };
    let signed = |mode| RouterConfiguration {
        authentication: Authentication::Hmac(HmacKeys {
            mode,
            ..keys.clone()
        }),
        ..version_3()
    };
    let more = RouterConfiguration {
        addresses: router("web", 51, &["10.0.0.70", "10.0.0.71"], 100).addresses,
        ..higher(ours())
    };
    let always = RouterConfiguration {
        checksum: ChecksumMode::Always,
        ..version_3()
    };
    let never = RouterConfiguration {
        checksum: ChecksumMode::Never,
        ..higher(version_3())
    };
    let unsigned = AnomalyKind::Unproven(Unproven::NoTrailer);
    for (ours, theirs, expected) in [
        (ours(), slow(ours()), AnomalyKind::Interval(two_seconds)),
        (
            version_3(),
            slow(version_3()),
            AnomalyKind::Interval(two_seconds),
        ),
        (
            ours(),
            higher(version_3()),
            AnomalyKind::Version(Version::V3),
        ),
        (
            ours(),
            password(b"mypasswo"),
            AnomalyKind::AuthenticationType,
        ),
        (
            password(b"password"),
            password(b"mypasswo"),
            AnomalyKind::Password,
        ),
        (ours(), more, AnomalyKind::Addresses),
        (always, never, AnomalyKind::Checksum),
        (signed(HmacMode::Enforce), higher(version_3()), unsigned),
        (signed(HmacMode::Permissive), higher(version_3()), unsigned),
    ] {
        assert_eq!(noticed(ours, theirs), [expected]);
    }
}

#[test]
fn somebody_elses_use_of_the_id_is_foreign() {
    let alone = RouterConfiguration {
        members: Some(vec![ip("10.0.0.99")]),
        ..ours()
    };
    let strangers = noticed(alone.clone(), higher(ours()));
    assert_eq!(strangers, [AnomalyKind::Foreign]);
    let unknown = RouterConfiguration {
        members: None,
        ..alone
    };
    assert_eq!(noticed(unknown, higher(ours())), []);
}

#[test]
fn a_second_active_router_is_a_rival_until_it_is_silent() {
    let mut segment = Segment::running([ours(), higher(ours())]);
    segment.run_until(at(10_000));
    let recorded = segment.record(1, 1_000);
    segment.hosts[1].connected = false;
    segment.run_for(5_000);
    assert_eq!(segment.holders("10.0.0.70"), [0, 1]);
    // It claims the addresses with a priority that moves nobody.
    let (mut weak, now) = (recorded, segment.now);
    weak.message[2] = 1;
    for _ in 0..12 {
        segment.inject_right(0, &mut weak);
        segment.run_for(400);
    }
    let rivals: Vec<_> = anomalies(&segment, 0)
        .into_iter()
        .filter(|anomaly| matches!(anomaly.kind, AnomalyKind::Rival(_)))
        .collect();
    let [rival] = rivals.as_slice() else {
        panic!("one rival: {rivals:?}");
    };
    assert_eq!(rival.from, ip(MEMBER));
    assert!(rival.count >= 3 && rival.first >= now);
    segment.run_for(30_000);
    assert_eq!(kinds(&segment, 0), []);
}

#[test]
fn hand_overs_one_after_the_other_are_no_rivalry_to_a_third() {
    let often = |theirs| RouterConfiguration {
        members: None,
        version: Version::V3,
        advertisement_interval: Duration::from_millis(100),
        ..theirs
    };
    let mut segment = Segment::running([higher(ours()), ours(), ours()].map(often));
    segment.run_until(at(10_000));
    for _ in 0..5 {
        segment.hosts[0].connected = false;
        segment.run_for(1_000);
        segment.hosts[0].connected = true;
        segment.run_for(1_000);
        assert_eq!(segment.holders("10.0.0.70"), [0]);
        assert_eq!(kinds(&segment, 2), []);
    }
}

#[test]
fn a_move_that_is_taken_back_at_once_is_no_rivalry_to_a_third() {
    for (interval_ms, pause_ms) in [(10, 40), (100, 350), (200, 850), (500, 700), (1_000, 1_200)] {
        let member = |priority, relocation| RouterConfiguration {
            members: None,
            version: Version::V3,
            advertisement_interval: Duration::from_millis(interval_ms),
            relocation,
            ..router("web", 51, &["10.0.0.70"], priority)
        };
        let start = [200, 190, 180].map(|priority| member(priority, Relocation::None));
        let mut segment = Segment::running(start);
        segment.run_until(at(20_000));
        for revision in [2, 4, 6] {
            let (here, away) = (Relocation::Here, Relocation::Away);
            segment.commit(0, revision, &[member(200, away)]);
            segment.commit(1, revision, &[member(190, here)]);
            run_unrivalled(&mut segment, pause_ms);
            segment.commit(0, revision + 1, &[member(200, Relocation::None)]);
            segment.commit(1, revision + 1, &[member(190, Relocation::None)]);
            run_unrivalled(&mut segment, 4 * interval_ms + pause_ms);
            assert_eq!(segment.holders("10.0.0.70"), [0], "{interval_ms}");
        }
    }
}

/// Lets time pass while the third host sees no two that hold the addresses.
fn run_unrivalled(segment: &mut Segment, milliseconds: u64) {
    for _ in 0..milliseconds {
        segment.run_for(1);
        let kinds = kinds(segment, 2);
        let is_rival = |kind: &AnomalyKind| matches!(kind, AnomalyKind::Rival(_));
        assert!(!kinds.iter().any(is_rival), "{kinds:?}");
    }
}

#[test]
fn two_active_routers_that_do_not_hear_each_other_are_seen_by_a_third() {
    let mut segment = Segment::running([ours(), ours(), ours()]);
    segment.run_until(at(10_000));
    for (host, message) in [(1, "10.0.0.101"), (1, "10.0.0.102")]
        .iter()
        .cycle()
        .take(8)
    {
        let mut recorded = segment.record(2, 1_000);
        recorded.source = ip(message);
        segment.inject(*host, &recorded);
    }
    let rivals = kinds(&segment, 1);
    let rivals = rivals
        .iter()
        .filter(|kind| matches!(kind, AnomalyKind::Rival(_)));
    assert!(rivals.count() >= 2);
}

#[test]
fn damaged_bytes_and_far_senders_are_noticed_and_memory_is_bounded() {
    let mut segment = Segment::running([ours()]);
    segment.run_until(at(5_000));
    let now = segment.now;
    for sender in 0..=255_u8 {
        segment.act(0, |brain| {
            let packet = |hop_limit| Packet {
                source: [10, 0, 1, sender].into(),
                destination: MULTICAST_IPV4.into(),
                hop_limit,
                message: &[0x21, 51, 3],
            };
            brain.handle_packet("eth0", &packet(64), now);
            brain.handle_packet("eth0", &packet(255), now);
        });
    }
    segment.run_for(1_500);
    let anomalies = anomalies(&segment, 0);
    assert_eq!(anomalies.len(), 16);
    let kinds = anomalies.iter().map(|anomaly| anomaly.kind);
    let kinds: BTreeSet<String> = kinds.map(|kind| format!("{kind:?}")).collect();
    assert_eq!(kinds.len(), 2, "{kinds:?}");
}

#[test]
fn ids_that_only_others_use_are_told_once_and_again_after_a_while() {
    let mut segment = Segment::running([ours(), router("db", 52, &["10.0.0.80"], 100)]);
    segment.run_until(at(10_000));
    let stranger = segment.record(1, 1_000);
    let mut brain = Brain::new();
    let overheard = |brain: &mut Brain, now| {
        let report = brain.poll_segment(now)?;
        assert_eq!(brain.poll_segment(now), None, "each segment is told once");
        assert_eq!(report.interface, "eth0");
        let ids: Vec<u8> = report.ids.iter().map(|heard| heard.id.number()).collect();
        Some((report.listening_since, ids))
    };
    let hear = |brain: &mut Brain, hop_limit, now| {
        let packet = Packet {
            source: stranger.source,
            destination: MULTICAST_IPV4.into(),
            hop_limit,
            message: &stranger.message,
        };
        brain.handle_packet("eth0", &packet, now);
    };
    brain.handle_socket("eth0", Family::Ipv4, Socket::Open, at(0));
    assert_eq!(overheard(&mut brain, at(0)), Some((at(0), vec![])));
    hear(&mut brain, 64, at(1_000));
    assert_eq!(overheard(&mut brain, at(1_000)), None, "it comes from afar");
    hear(&mut brain, 255, at(2_000));
    assert_eq!(overheard(&mut brain, at(2_000)), Some((at(0), vec![52])));
    hear(&mut brain, 255, at(3_000));
    assert_eq!(overheard(&mut brain, at(3_000)), None);
    hear(&mut brain, 255, at(40_000));
    assert_eq!(overheard(&mut brain, at(40_000)), Some((at(0), vec![52])));
    // What is for a router of this node is no stranger's.
    let db = router("db", 52, &["10.0.0.80"], 90);
    configure(&mut brain, 1, &[db], at(41_000)).expect("it can run");
    hear(&mut brain, 255, at(80_000));
    assert_eq!(overheard(&mut brain, at(80_000)), None);
}
