//! Addresses are present exactly while their router is Active or Leaving.

use std::time::Duration;

use skep_vip::action::Action;
use skep_vip::brain::Brain;
use skep_vip::configuration::{Lease, RouterConfiguration, VirtualAddress};
use skep_vip::interfaces::Link;
use skep_vrrp::identity::Family;

use crate::segment::{Event, INTERFACE, Segment, at, configure, ip, router};

#[test]
fn an_address_somebody_removed_is_back_at_once_and_announced() {
    let mut segment = Segment::running([router("web", 51, &["10.0.0.70", "10.0.0.71"], 100)]);
    segment.run_until(at(20_100));
    let address = ip("10.0.0.70");
    segment.remove_address(0, address);
    let mut expected = vec![Event::Added(address)];
    expected.extend([Event::Announced(address); 5]);
    assert_eq!(segment.events_since(0, at(20_100)), expected);
}

#[test]
fn an_address_that_is_not_held_stays_away() {
    let mut segment = Segment::running([router("web", 51, &["10.0.0.70"], 100)]);
    segment.act(0, |brain| {
        brain.handle_address_removed(INTERFACE, ip("10.0.0.70"));
        brain.handle_address_removed("eth7", ip("10.0.0.70"));
        brain.handle_address_removed(INTERFACE, ip("10.0.0.99"));
    });
    assert_eq!(segment.events_since(0, at(0)), []);
}

#[test]
fn what_is_taken_and_lost_before_anything_was_done_is_neither_added_nor_announced() {
    let mut segment = Segment::running([router("web", 51, &["10.0.0.70"], 128)]);
    segment.act(0, |brain| {
        brain.handle_timeout(at(3_500));
        brain.handle_link(INTERFACE, Link::Down, at(3_500));
    });
    assert_eq!(segment.events_since(0, at(0)), [Event::Sent(51, 128)]);
}

#[test]
fn a_shutdown_gives_up_everywhere_and_releases_when_nobody_takes_over() {
    let mut segment = Segment::of_hosts(1);
    segment.commit(
        0,
        1,
        &[
            router("web", 51, &["10.0.0.70"], 100),
            router("mail", 52, &["10.0.0.80"], 100),
        ],
    );
    segment.run_until(at(20_100));
    segment.act(0, |brain| brain.handle_shutdown(at(20_100)));
    let given_up = [(51, 0), (51, 0), (52, 0), (52, 0)].map(|(id, zero)| Event::Sent(id, zero));
    assert_eq!(segment.events_since(0, at(20_100)), given_up);
    assert!(!segment.hosts[0].brain.has_left());
    segment.run_until(at(30_000));
    let released = [
        Event::Removed(ip("10.0.0.70")),
        Event::Removed(ip("10.0.0.80")),
    ];
    assert_eq!(segment.events_since(0, at(20_101)), released);
    assert_eq!(
        segment.last(0, |event| event == released[0]),
        Some(at(24_100))
    );
    assert!(segment.hosts[0].brain.has_left());
    assert_eq!(segment.hosts[0].brain.poll_timeout(), None);
    assert_eq!(segment.hosts[0].brain.holdings().count(), 0);
}

#[test]
fn an_address_is_put_in_place_exactly_as_it_is_configured() {
    let mut brain = Brain::new();
    brain.handle_link(INTERFACE, Link::Up, at(0));
    brain.handle_source(INTERFACE, Family::Ipv4, Some(ip("10.0.0.11")), at(0));
    let elsewhere = VirtualAddress {
        address: ip("10.10.10.2"),
        prefix_length: 24,
        interface: Some("eth1".to_owned()),
        label: Some("eth1:v".to_owned()),
        advertised: false,
    };
    let lease = Lease::For(Duration::from_secs(2));
    let mut configuration = RouterConfiguration {
        lease,
        ..router("web", 51, &["10.0.0.70"], 255)
    };
    configuration.addresses.push(elsewhere);
    configure(&mut brain, 1, &[configuration], at(0)).expect("the configuration can run");
    let (mut added, mut announced) = (Vec::new(), Vec::new());
    while let Some(action) = brain.poll_action() {
        match action {
            Action::AddAddress(holding) => added.push(holding),
            Action::Announce(announcement) => announced.push(announcement.address),
            other => panic!("it has not got the addresses yet: {other:?}"),
        }
    }
    assert_eq!(added.len(), 2);
    assert_eq!(announced, [ip("10.0.0.70"), ip("10.10.10.2")]);
    assert_eq!(added[1].address, ip("10.10.10.2"));
    assert_eq!((&*added[1].interface, added[1].prefix_length), ("eth1", 24));
    assert_eq!(
        (added[1].label.as_deref(), added[1].lease),
        (Some("eth1:v"), lease)
    );
    for (told, holding) in added.iter().enumerate() {
        assert_eq!(brain.poll_action(), None, "{told} are there");
        brain.handle_address_present(&holding.interface, holding.address, at(1));
    }
    let Some(Action::Send(sent)) = brain.poll_action() else {
        panic!("the owner advertises as soon as it has the addresses");
    };
    assert_eq!(
        (sent.source, sent.destination),
        (ip("10.0.0.11"), ip("224.0.0.18"))
    );
    assert_eq!(
        sent.message[3], 1,
        "an address that is not advertised is not counted"
    );
}
