//! What control is told, and how often.

use skep_vip::configuration::{Authentication, RouterConfiguration};
use skep_vip::message::{Counters, Reason, Report, State};
use skep_vrrp::identity::Version;
use skep_vrrp::packet::Packet;
use skep_vrrp::time::Instant;

use crate::segment::{Segment, at, configure, ip, key, router};

fn reports(segment: &mut Segment, host: usize) -> Vec<Report> {
    std::iter::from_fn(|| segment.hosts[host].brain.poll_report()).collect()
}

#[test]
fn the_newest_report_replaces_the_older_ones() {
    let mut segment = Segment::running([router("web", 51, &["10.0.0.70"], 128)]);
    let brain = &mut segment.hosts[0].brain;
    for due in [at(3_500), at(4_500), at(5_500)] {
        brain.handle_timeout(due);
    }
    let reports = reports(&mut segment, 0);
    let [Report::Router(report)] = reports.as_slice() else {
        panic!("one report: {reports:?}");
    };
    assert_eq!(
        (report.state, report.reason.clone()),
        (State::Active, Reason::Silence)
    );
    assert_eq!(report.since, at(3_500));
    assert_eq!(report.counters.sent, 3);
    let states: Vec<_> = report
        .transitions
        .iter()
        .map(|step| (step.from, step.to))
        .collect();
    assert_eq!(
        states,
        [
            (State::Fault, State::Backup),
            (State::Backup, State::Active)
        ]
    );
}

#[test]
fn who_is_heard_is_reported_at_most_once_a_second() {
    let mut segment = Segment::running([200, 100].map(|priority| {
        let mut router = router("web", 51, &["10.0.0.70"], priority);
        router.version = Version::V3;
        router.advertisement_interval = std::time::Duration::from_millis(10);
        router
    }));
    segment.run_until(at(10_000));
    let received = segment.hosts[1].reports[&key("web")].counters.received;
    let mut fetched = 0;
    for step in 0..1_000 {
        segment.hosts[0]
            .brain
            .handle_timeout(at(10_000 + step * 10));
        let mut sent = Vec::new();
        if let Some(skep_vip::action::Action::Send(advertisement)) =
            segment.hosts[0].brain.poll_action()
        {
            sent = advertisement.message.to_vec();
        }
        hear(&mut segment, &sent, 255, at(10_000 + step * 10));
        fetched += reports(&mut segment, 1).len();
    }
    assert!(received > 900, "{received}");
    assert!((10..=11).contains(&fetched), "{fetched}");
}

fn hear(segment: &mut Segment, message: &[u8], hop_limit: u8, now: Instant) {
    let (source, destination) = (ip("10.0.0.11"), ip("224.0.0.18"));
    let packet = Packet {
        source,
        destination,
        hop_limit,
        message,
    };
    segment.hosts[1].brain.handle_packet("eth0", &packet, now);
}

#[test]
fn a_router_that_is_gone_is_reported_as_removed() {
    let mut segment = Segment::running([router("web", 51, &["10.0.0.70"], 128)]);
    reports(&mut segment, 0);
    segment.hosts[0].brain.handle_shutdown(at(100));
    assert_eq!(reports(&mut segment, 0), [Report::Removed(key("web"))]);
}

/// Version 3 where the first one has version 2.
fn reborn(id: u8, version: Version) -> RouterConfiguration {
    RouterConfiguration {
        version,
        ..router("web", id, &["10.0.0.70"], 100)
    }
}

#[test]
fn of_routers_of_one_name_the_configured_one_is_reported_and_then_the_one_that_leaves() {
    let mut segment = Segment::of_hosts(1);
    segment.commit(0, 1, &[reborn(62, Version::V3)]);
    segment.run_until(at(20_100));
    let state = |segment: &Segment| segment.hosts[0].state("web");
    assert_eq!(state(&segment), Some(State::Active));
    segment.commit(0, 2, &[reborn(52, Version::V2)]);
    segment.commit(0, 3, &[reborn(52, Version::V3)]);
    assert_eq!(state(&segment), Some(State::Backup));
    segment.commit(0, 4, &[]);
    assert_eq!(state(&segment), Some(State::Leaving));
    segment.run_until(at(40_000));
    assert_eq!(state(&segment), None);
}

#[test]
fn a_router_that_is_gone_and_back_is_reported_as_running() {
    let mut segment = Segment::running([router("web", 51, &["10.0.0.70"], 128)]);
    reports(&mut segment, 0);
    let brain = &mut segment.hosts[0].brain;
    brain.handle_shutdown(at(100));
    let again = router("web", 51, &["10.0.0.70"], 128);
    configure(brain, 2, &[again], at(200)).expect("the configuration can run");
    let reports = reports(&mut segment, 0);
    assert!(
        matches!(reports.as_slice(), [Report::Router(_)]),
        "{reports:?}"
    );
}

#[test]
fn advertisements_for_a_router_that_is_gone_do_not_reach_its_successor() {
    let mut segment =
        Segment::running([200, 100].map(|priority| router("web", 51, &["10.0.0.70"], priority)));
    segment.commit(1, 2, &[router("mail", 52, &["10.0.0.80"], 100)]);
    segment.run_until(at(3_500));
    assert!(segment.hosts[0].reports[&key("web")].counters.sent > 0);
    assert_eq!(
        segment.hosts[1].reports[&key("mail")].counters,
        Counters::default()
    );
}

/// The counters of a Backup after it received `message` once.
fn counted(message: &[u8], hop_limit: u8) -> Counters {
    let mut segment = Segment::running([200, 100].map(|priority| {
        let mut router = router("web", 51, &["10.0.0.70"], priority);
        router.authentication = Authentication::Simple(*b"mypasswo");
        router
    }));
    hear(&mut segment, message, hop_limit, at(1_000));
    segment.run_until(at(1_000));
    let report = std::iter::from_fn(|| segment.hosts[1].brain.poll_report()).last();
    let report = match report {
        Some(Report::Router(report)) => *report,
        Some(Report::Removed(_) | Report::Process(_) | Report::Trial(_)) | None => {
            segment.hosts[1].reports[&key("web")].clone()
        }
    };
    report.counters
}

/// After a Backup received `message`, its counters are what `count` makes of none.
fn check_counted(message: &[u8], hop_limit: u8, count: fn(&mut Counters)) {
    let mut expected = Counters::default();
    count(&mut expected);
    assert_eq!(
        counted(message, hop_limit),
        expected,
        "{message:02x?} {hop_limit}"
    );
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal");
    (0..hex.len()).step_by(2).map(digits).collect()
}

fn valid() -> Vec<u8> {
    bytes("213364010101a6c60a0000466d7970617373776f")
}

/// The valid message with one byte changed and the checksum made right again.
fn with(position: usize, value: u8) -> Vec<u8> {
    let mut message = valid();
    let word = |message: &[u8], at: usize| i32::from(message[at]) << 8 | i32::from(message[at + 1]);
    let before = word(&message, position & !1);
    message[position] = value;
    // One's complement: what one word gains, the checksum loses.
    let sum = word(&message, 6) + before - word(&message, position & !1);
    let sum = u16::try_from(sum.rem_euclid(0xffff)).expect("less than 16 bits");
    message[6..8].copy_from_slice(&sum.to_be_bytes());
    message
}

#[test]
fn what_counts_is_counted() {
    check_counted(&valid(), 255, |counters| counters.received = 1);
    check_counted(&with(2, 0), 255, |counters| {
        counters.received = 1;
        counters.releases_received = 1;
    });
    check_counted(&with(11, 71), 255, |counters| {
        counters.received = 1;
        counters.address_list_mismatches = 1;
    });
}

#[test]
fn every_discard_is_counted_where_it_belongs() {
    let mut damaged = valid();
    damaged[7] ^= 1;
    let version_3 = bytes("31336401006460210a000046");
    check_counted(&valid(), 254, |counters| counters.discarded_ttl = 1);
    check_counted(&damaged, 255, |counters| counters.discarded_checksum = 1);
    check_counted(&valid()[..12], 255, |counters| {
        counters.discarded_malformed = 1
    });
    check_counted(&with(0, 0x41), 255, |counters| {
        counters.discarded_version = 1
    });
    check_counted(&version_3, 255, |counters| counters.discarded_version = 1);
    check_counted(&with(4, 0), 255, |counters| {
        counters.discarded_authentication = 1
    });
    check_counted(&with(4, 2), 255, |counters| {
        counters.discarded_authentication = 1
    });
    check_counted(&with(19, b'x'), 255, |counters| {
        counters.discarded_authentication = 1
    });
    check_counted(&with(5, 2), 255, |counters| counters.discarded_interval = 1);
    check_counted(&with(1, 52), 255, |_| {});
}

#[test]
fn an_advertisement_counts_on_its_own_interface_only() {
    let elsewhere = RouterConfiguration {
        interface: "eth1".to_owned(),
        ..router("mail", 51, &["10.0.1.70"], 100)
    };
    let mut segment = Segment::of_hosts(1);
    segment.commit(0, 1, &[router("web", 51, &["10.0.0.70"], 100), elsewhere]);
    let message = bytes("21336401000170840a0000460000000000000000");
    let packet = Packet {
        source: ip("10.0.0.200"),
        destination: ip("224.0.0.18"),
        hop_limit: 255,
        message: &message,
    };
    segment.act(0, |brain| {
        brain.handle_packet("eth0", &packet, at(2_000));
        brain.handle_packet("eth9", &packet, at(2_000));
    });
    let received = |group| segment.hosts[0].reports[&key(group)].counters.received;
    assert_eq!((received("web"), received("mail")), (1, 0));
}
