use std::time::Duration;

use skep_vip::configuration::RouterKey;
use skep_vip::message::{Authenticated, Counters, State};
use skep_vrrp::identity::{Family, Priority, VirtualRouterId};

use super::*;

fn at(seconds: u64) -> Instant {
    Instant::from_boot(Duration::from_secs(seconds))
}

/// What a Backup reports that noticed `kind` from second 100 to 110.
fn report(kind: AnomalyKind) -> RouterReport {
    RouterReport {
        key: RouterKey {
            group: "ingress".to_owned(),
            family: Family::Ipv4,
        },
        revision: 1,
        virtual_router_id: VirtualRouterId::new(51).expect("an id"),
        interface: "eth0".to_owned(),
        source: None,
        state: State::Backup,
        reason: skep_vip::message::Reason::Started,
        since: at(1),
        base_priority: Priority::DEFAULT,
        effective_priority: Priority::DEFAULT,
        inputs: Vec::new(),
        heard: None,
        holding: Vec::new(),
        transitions: Vec::new(),
        counters: Counters::default(),
        authentication: Authenticated::None,
        keys: Vec::new(),
        anomalies: vec![Anomaly {
            from: [10, 0, 0, 9].into(),
            kind,
            count: 11,
            first: at(100),
            last: at(110),
            until: at(120),
        }],
    }
}

#[test]
fn what_is_over_is_not_told_any_more() {
    let report = report(AnomalyKind::Foreign);
    let told = status(&report, at(115));
    assert_eq!((told[0].since_ms, told[0].last_ms), (15_000, 5_000));
    assert_eq!(told[0].count, 11);
    assert_eq!(status(&report, at(120)), []);
}

#[test]
fn every_kind_has_a_reason_and_a_sentence_that_names_the_sender() {
    let two_seconds = Duration::from_secs(2);
    for (kind, reason, words) in [
        (AnomalyKind::Foreign, Reason::ForeignAdvertisements, "id 51"),
        (
            AnomalyKind::Interval(two_seconds),
            Reason::IntervalMismatch,
            "every 2s",
        ),
        (
            AnomalyKind::Version(Version::V2),
            Reason::VersionMismatch,
            "version 2",
        ),
        (
            AnomalyKind::AuthenticationType,
            Reason::AuthenticationMismatch,
            "another way",
        ),
        (
            AnomalyKind::Password,
            Reason::AuthenticationMismatch,
            "another password",
        ),
        (
            AnomalyKind::Unproven(Unproven::Stale),
            Reason::AuthenticationMismatch,
            "set the clocks",
        ),
        (
            AnomalyKind::Addresses,
            Reason::AddressesMismatch,
            "other addresses",
        ),
        (
            AnomalyKind::Checksum,
            Reason::ChecksumMismatch,
            "pseudoHeader",
        ),
        (
            AnomalyKind::OwnAddress,
            Reason::OwnAddressHeard,
            "own address",
        ),
        (
            AnomalyKind::HopLimit(64),
            Reason::DamagedAdvertisements,
            "TTL 64",
        ),
        (
            AnomalyKind::Damaged,
            Reason::DamagedAdvertisements,
            "no advertisement",
        ),
        (
            AnomalyKind::Rival(Priority::new(7)),
            Reason::TwoActive,
            "priority 7",
        ),
    ] {
        let told = status(&report(kind), at(115));
        assert_eq!(told[0].reason, reason);
        assert!(told[0].message.contains("10.0.0.9"), "{}", told[0].message);
        assert!(told[0].message.contains(words), "{}", told[0].message);
    }
}

#[test]
fn what_the_other_said_before_this_one_took_over_is_no_second_holder() {
    let both_held = |ours_ms, since_ms, age_ms| {
        let node = "b".to_owned();
        let other = OtherHolder {
            node,
            since_ms,
            age_ms,
        };
        both_held_ms(ours_ms, &other) >= SETTLED_MS
    };
    // The node that was drained said so just before it gave up.
    assert!(!both_held(3_100, 60_000, 2_900));
    assert!(!both_held(60_000, 100, 500), "it moves");
    assert!(both_held(4_000, 60_000, 900));
    assert!(both_held(60_000, 3_000, 900));
}
