//! What holds for all bytes and for all sequences of events.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use skep_vrrp::action::State;
use skep_vrrp::addresses::AddressList;
use skep_vrrp::dialect::{Authentication, Checksum, Dialect};
use skep_vrrp::identity::{Family, Priority, VirtualRouterId};
use skep_vrrp::packet::{Advertisement, HOP_LIMIT, MULTICAST_IPV4, MULTICAST_IPV6, Packet};

use crate::segment::{Segment, at, configuration, version_2};

fn dialects() -> impl Strategy<Value = Dialect> {
    let authentication = prop_oneof![
        Just(Authentication::None),
        any::<[u8; 8]>().prop_map(Authentication::Simple)
    ];
    let checksum = prop_oneof![Just(Checksum::Message), Just(Checksum::PseudoHeader)];
    let v2 = (1..=255_u64, authentication).prop_map(|(seconds, authentication)| {
        Dialect::v2(Duration::from_secs(seconds), authentication).expect("in range")
    });
    let v3 = (1..=4095_u64, checksum).prop_map(|(centiseconds, checksum)| {
        Dialect::v3(Duration::from_millis(centiseconds * 10), checksum).expect("in range")
    });
    prop_oneof![v2, v3]
}

proptest! {
    #[test]
    fn any_bytes_are_an_advertisement_or_a_reason_to_discard_them(
        message in vec(any::<u8>(), 0..80),
        source in any::<[u8; 4]>(),
        hop_limit in prop_oneof![Just(HOP_LIMIT), any::<u8>()],
    ) {
        let source = IpAddr::from(source);
        let destination = MULTICAST_IPV4.into();
        let _ = Advertisement::parse(&Packet { source, destination, hop_limit, message: &message });
    }

    /// Random bytes rarely have a right version and type, so this starts from valid ones.
    #[test]
    fn damaged_advertisements_never_panic_over_either_family(
        first in prop_oneof![Just(0x21), Just(0x31), any::<u8>()],
        count in 0..8_u8,
        rest in vec(any::<u8>(), 0..200),
        ipv6 in any::<bool>(),
    ) {
        let mut message = vec![first, 51, 100, count];
        message.extend(rest);
        let source = if ipv6 { Ipv6Addr::LOCALHOST.into() } else { Ipv4Addr::LOCALHOST.into() };
        let destination = if ipv6 { MULTICAST_IPV6.into() } else { MULTICAST_IPV4.into() };
        let packet = Packet { source, destination, hop_limit: HOP_LIMIT, message: &message };
        let parsed = Advertisement::parse(&packet);
        if let Ok(advertisement) = parsed {
            prop_assert_eq!(advertisement.addresses.len(), usize::from(count));
        }
    }

    #[test]
    fn what_is_encoded_parses_to_the_same(
        id in 1..=255_u8,
        priority in any::<u8>(),
        dialect in dialects(),
        addresses in vec(any::<[u8; 4]>(), 1..=255),
        source in any::<[u8; 4]>(),
        destination in any::<[u8; 4]>(),
    ) {
        let addresses: Vec<IpAddr> = addresses.into_iter().map(IpAddr::from).collect();
        let addresses = AddressList::new(Family::Ipv4, &addresses).expect("at most 255");
        let advertisement = Advertisement {
            virtual_router_id: VirtualRouterId::new(id).expect("not 0"),
            priority: Priority::new(priority),
            dialect,
            addresses: addresses.as_addresses(),
        };
        let (source, destination) = (IpAddr::from(source), IpAddr::from(destination));
        let mut buffer = [0; 1100];
        let length = advertisement.encode(source, destination, &mut buffer).expect("it fits");
        prop_assert_eq!(length, advertisement.encoded_length());
        let message = &buffer[..length];
        let packet = Packet { source, destination, hop_limit: HOP_LIMIT, message };
        prop_assert_eq!(Advertisement::parse(&packet), Ok(advertisement));
        let too_small = advertisement.encode(source, destination, &mut [0; 1100][..length - 1]);
        prop_assert!(too_small.is_err());
    }
}

/// What may happen on a segment.
#[derive(Clone, Debug)]
enum Operation {
    Pass(u64),
    Start(usize),
    Stop(usize),
    Connect(usize),
    Disconnect(usize),
    Priority(usize, u8),
    Freeze(usize),
    Thaw(usize),
}

const NODES: usize = 4;

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let operation = prop_oneof![
        4 => (1..6_000_u64).prop_map(Operation::Pass),
        1 => (0..NODES).prop_map(Operation::Start),
        1 => (0..NODES).prop_map(Operation::Stop),
        1 => (0..NODES).prop_map(Operation::Connect),
        1 => (0..NODES).prop_map(Operation::Disconnect),
        1 => (0..NODES, 1..=254_u8).prop_map(|(node, priority)| Operation::Priority(node, priority)),
        1 => (0..NODES).prop_map(Operation::Freeze),
        1 => (0..NODES).prop_map(Operation::Thaw),
    ];
    vec(operation, 0..60)
}

fn apply(segment: &mut Segment, operation: &Operation) {
    let now = segment.now;
    match *operation {
        Operation::Pass(milliseconds) => {
            segment.run_until(now + Duration::from_millis(milliseconds));
        }
        Operation::Start(node) => segment.start(node),
        Operation::Stop(node) => segment.stop(node),
        Operation::Connect(node) => segment.nodes[node].connected = true,
        Operation::Disconnect(node) => segment.nodes[node].connected = false,
        Operation::Priority(node, priority) => {
            segment.act(node, |router| {
                router.handle_priority(Priority::new(priority), now)
            });
        }
        Operation::Freeze(node) => segment.nodes[node].frozen = true,
        Operation::Thaw(node) => segment.thaw(node),
    }
}

proptest! {
    #[test]
    fn whatever_happened_exactly_the_best_connected_router_ends_up_active(
        operations in operations(),
    ) {
        let priorities = [100, 90, 80, 80];
        let mut segment =
            Segment::started(priorities.map(|priority| configuration(version_2(), priority)));
        for operation in &operations {
            apply(&mut segment, operation);
            for node in &segment.nodes {
                // A router waits for something exactly while it takes part.
                let waits = node.router.poll_timeout().is_some();
                prop_assert_eq!(waits, node.router.state() != State::Initialize);
            }
        }
        for node in 0..NODES {
            segment.nodes[node].connected = true;
            segment.thaw(node);
        }
        segment.run_until(segment.now + Duration::from_secs(15));
        let rank = |node: usize| {
            let node = &segment.nodes[node];
            (node.router.configuration().priority, node.address)
        };
        let taking_part = (0..NODES)
            .filter(|node| segment.nodes[*node].router.state() != State::Initialize);
        let best = taking_part.clone().max_by_key(|node| rank(*node));
        let active: Vec<usize> = taking_part
            .filter(|node| segment.nodes[*node].router.state() == State::Active)
            .collect();
        // Of equal priorities the one that is Active already stays (RFC 9568 §6.4.2).
        prop_assert_eq!(active.len(), usize::from(best.is_some()), "{:?}", segment.states());
        if let (Some(best), [active]) = (best, active.as_slice()) {
            prop_assert_eq!(rank(*active).0, rank(best).0);
        }
        prop_assert!(segment.now > at(0));
    }
}
