//! Advertisements that travel from one member to each other one.

use std::net::IpAddr;

use skep_vip::acceptance::{Refused, Unfit};
use skep_vip::brain::Brain;
use skep_vip::configuration::{RouterConfiguration, Transport};
use skep_vrrp::packet::{HOP_LIMIT, MULTICAST_IPV4, Packet};

use crate::segment::{INTERFACE, Segment, at, configure, ip, key, router};

const HOSTS: [&str; 3] = ["10.0.0.11", "10.0.0.12", "10.0.0.13"];

fn unicast(host: usize, priority: u8) -> RouterConfiguration {
    let others = HOSTS.iter().enumerate().filter(|(other, _)| *other != host);
    let mut router = router("ingress", 51, &["10.0.0.70"], priority);
    router.transport = Transport::Unicast {
        peers: others.map(|(_, address)| ip(address)).collect(),
        minimum_hop_limit: 255,
    };
    router
}

fn segment() -> Segment {
    Segment::running(
        [100, 90, 80]
            .into_iter()
            .enumerate()
            .map(|(host, priority)| unicast(host, priority)),
    )
}

/// An advertisement of priority 250 for the router of [`unicast`].
fn hear(segment: &mut Segment, source: &str, destination: IpAddr, hop_limit: u8) {
    let message = [
        0x21, 51, 250, 1, 0, 1, 0xDA, 0x83, 10, 0, 0, 70, 0, 0, 0, 0, 0, 0, 0, 0,
    ];
    let packet = Packet {
        source: ip(source),
        destination,
        hop_limit,
        message: &message,
    };
    let now = segment.now;
    segment.act(0, |brain| brain.handle_packet(INTERFACE, &packet, now));
    segment.run_for(1_500);
}

#[test]
fn every_peer_hears_the_active_router() {
    let mut segment = segment();
    segment.run_until(at(10_000));
    assert_eq!(segment.holders("10.0.0.70"), [0]);
    for host in [1, 2] {
        let heard = segment.hosts[host].reports[&key("ingress")].heard.clone();
        assert_eq!(heard.map(|heard| heard.from), Some(ip(HOSTS[0])));
    }
    segment.hosts[0].frozen = true;
    segment.run_for(5_000);
    assert_eq!(segment.holders("10.0.0.70"), [0, 1]);
}

#[test]
fn one_advertisement_to_two_peers_is_counted_once() {
    let mut segment = segment();
    segment.run_until(at(3_700));
    let counters = segment.hosts[0].reports[&key("ingress")].counters;
    assert_eq!(counters.sent, 1);
}

#[test]
fn a_stranger_s_advertisement_is_refused_and_counted() {
    let mut segment = segment();
    segment.run_until(at(10_000));
    hear(&mut segment, "10.0.0.99", ip(HOSTS[0]), HOP_LIMIT);
    hear(&mut segment, HOSTS[1], MULTICAST_IPV4.into(), HOP_LIMIT);
    hear(&mut segment, HOSTS[1], ip(HOSTS[0]), 254);
    assert_eq!(segment.holders("10.0.0.70"), [0]);
    let counters = segment.hosts[0].reports[&key("ingress")].counters;
    assert_eq!(
        (counters.discarded_transport, counters.discarded_ttl),
        (2, 1)
    );
    assert_eq!(counters.received, 0);
}

#[test]
fn a_peer_s_advertisement_counts() {
    let mut segment = segment();
    segment.run_until(at(10_000));
    hear(&mut segment, HOSTS[1], ip(HOSTS[0]), HOP_LIMIT);
    let counters = segment.hosts[0].reports[&key("ingress")].counters;
    assert_eq!((counters.received, counters.discarded_checksum), (1, 0));
}

#[test]
fn a_transport_that_leads_nowhere_is_refused() {
    let nobody = Transport::Unicast {
        peers: Vec::new(),
        minimum_hop_limit: 255,
    };
    for (transport, expected) in [
        (nobody, Unfit::NoPeer),
        (
            Transport::Multicast(ip("10.0.0.61")),
            Unfit::Group(ip("10.0.0.61")),
        ),
        (
            Transport::Multicast(ip("ff02::12")),
            Unfit::Destination(ip("ff02::12")),
        ),
    ] {
        let mut router = unicast(0, 100);
        router.transport = transport;
        let refused = configure(&mut Brain::new(), 1, &[router], at(0));
        let unfit = match refused {
            Err(Refused::Router { unfit, .. }) => Some(unfit),
            _ => None,
        };
        assert_eq!(unfit, Some(expected));
    }
}
