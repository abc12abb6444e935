//! Raw sockets of protocol 112 across a cable.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use skep_linux::poll::{Events, Poller};
use skep_linux::vrrp_socket::{Batch, Family, Received, SendError, VrrpSocket};

use crate::announcements::PacketTap;
use crate::namespace::Namespace;

/// What Linux says when there is no such interface to send from.
const EADDRNOTAVAIL: i32 = 99;
const MULTICAST_GROUP: IpAddr = IpAddr::V4(Ipv4Addr::new(224, 0, 0, 18));
const A: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 88, 0, 1));
const A_SECOND: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 88, 0, 77));
const B: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 88, 0, 2));
const MULTICAST_GROUP_IPV6: IpAddr = IpAddr::V6(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12));
const A_IPV6: IpAddr = IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0xa));
const B_IPV6: IpAddr = IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0xb));
/// Long enough for a busy machine, never waited for when all is well.
const PATIENCE: Duration = Duration::from_secs(10);

fn segment() -> (Namespace, Namespace) {
    let (a, b) = Namespace::pair();
    a.ip("address add 10.88.0.1/24 dev eth0");
    a.ip("address add 10.88.0.77/32 dev eth0");
    b.ip("address add 10.88.0.2/24 dev eth0");
    a.ip("address add fe80::a/64 dev eth0 nodad");
    b.ip("address add fe80::b/64 dev eth0 nodad");
    (a, b)
}

fn open(namespace: &Namespace, interface: &str) -> VrrpSocket {
    let index = namespace.index(interface);
    namespace
        .run(|| VrrpSocket::open(index, Family::Ipv4, [MULTICAST_GROUP]))
        .expect("root may open raw sockets")
}

fn open_ipv6(namespace: &Namespace, interface: &str) -> VrrpSocket {
    let index = namespace.index(interface);
    namespace
        .run(|| VrrpSocket::open(index, Family::Ipv6, [MULTICAST_GROUP_IPV6]))
        .expect("root may open raw sockets")
}

/// A version 3 advertisement of `fe80::70`, without its checksum.
fn message() -> Vec<u8> {
    let address: Ipv6Addr = "fe80::70".parse().expect("an address");
    [&[0x31, 51, 100, 1, 0, 100, 0, 0][..], &address.octets()].concat()
}

/// Waits until something arrived, then takes it.
fn receive(socket: &VrrpSocket, batch: &mut Batch) -> usize {
    let poller = Poller::new().expect("a poller");
    poller.add(socket, 0).expect("the socket is pollable");
    let mut events = Events::with_capacity(1);
    let ready = poller
        .wait(&mut events, Some(PATIENCE))
        .expect("a wait")
        .count();
    assert_eq!(ready, 1, "nothing arrived within {PATIENCE:?}");
    socket.receive_batch(batch).expect("it is readable")
}

fn payloads(batch: &Batch) -> Vec<&[u8]> {
    batch.iter().map(|received| received.payload).collect()
}

#[test]
fn an_advertisement_arrives_with_its_origin() {
    let (a, b) = segment();
    let (sender, receiver) = (open(&a, "eth0"), open(&b, "eth0"));
    sender.send(A, MULTICAST_GROUP, b"advertisement").unwrap();

    let mut batch = Batch::new();
    assert_eq!(receive(&receiver, &mut batch), 1);
    let received: Vec<Received<'_>> = batch.iter().collect();
    let age = received[0].age;
    assert!(age > Duration::ZERO && age < PATIENCE, "{age:?}");
    let expected = Received {
        source: A,
        destination: MULTICAST_GROUP,
        hop_limit: 255,
        interface_index: receiver.interface_index(),
        age,
        payload: b"advertisement",
    };
    assert_eq!(received, [expected]);
    assert_eq!(receiver.receive_batch(&mut batch).unwrap(), 0);
    assert_eq!(batch.iter().count(), 0);
}

#[test]
fn any_address_of_the_interface_can_be_the_source_and_no_other() {
    let (a, b) = segment();
    let (sender, receiver) = (open(&a, "eth0"), open(&b, "eth0"));
    let error = sender
        .send(Ipv4Addr::new(10, 88, 0, 99).into(), MULTICAST_GROUP, b"x")
        .unwrap_err();
    assert!(matches!(error, SendError::Unavailable { .. }), "{error}");

    sender.send(A_SECOND, MULTICAST_GROUP, b"second").unwrap();
    let mut batch = Batch::new();
    receive(&receiver, &mut batch);
    assert_eq!(batch.iter().next().unwrap().source, A_SECOND);
}

#[test]
fn a_unicast_advertisement_arrives_too() {
    let (a, b) = segment();
    let (sender, receiver) = (open(&a, "eth0"), open(&b, "eth0"));
    sender.send(A, B, b"unicast").unwrap();
    let mut batch = Batch::new();
    receive(&receiver, &mut batch);
    let received = batch.iter().next().unwrap();
    assert_eq!(
        (received.destination, received.hop_limit, received.payload),
        (B, 255, &b"unicast"[..])
    );
}

#[test]
fn the_sender_does_not_hear_itself() {
    let (a, b) = segment();
    let (sender, receiver) = (open(&a, "eth0"), open(&b, "eth0"));
    sender.send(A, MULTICAST_GROUP, b"mine").unwrap();
    let mut batch = Batch::new();
    receive(&receiver, &mut batch);
    assert_eq!(sender.receive_batch(&mut batch).unwrap(), 0);
}

#[test]
fn an_interface_hears_only_its_own_segment() {
    let (a, b) = segment();
    a.connect(&b, "eth1");
    a.ip("address add 10.99.0.1/24 dev eth1");
    b.ip("address add 10.99.0.2/24 dev eth1");
    let (first, second) = (open(&b, "eth0"), open(&b, "eth1"));

    let on_second = open(&a, "eth1");
    on_second
        .send(
            Ipv4Addr::new(10, 99, 0, 1).into(),
            MULTICAST_GROUP,
            b"second",
        )
        .unwrap();
    let mut batch = Batch::new();
    receive(&second, &mut batch);
    assert_eq!(payloads(&batch), [b"second"]);
    on_second
        .send(
            Ipv4Addr::new(10, 99, 0, 1).into(),
            Ipv4Addr::new(10, 99, 0, 2).into(),
            b"direct",
        )
        .unwrap();
    receive(&second, &mut batch);
    assert_eq!(payloads(&batch), [b"direct"]);
    // What was sent later on the first segment is all the first socket has.
    open(&a, "eth0")
        .send(A, MULTICAST_GROUP, b"first!")
        .unwrap();
    receive(&first, &mut batch);
    assert_eq!(payloads(&batch), [b"first!"]);
}

#[test]
fn a_burst_longer_than_a_batch_arrives_whole_and_in_order() {
    let (a, b) = segment();
    let (sender, receiver) = (open(&a, "eth0"), open(&b, "eth0"));
    let mut batch = Batch::new();
    let total = batch.capacity() * 40;
    for number in 0..total {
        sender
            .send(A, MULTICAST_GROUP, &number.to_be_bytes())
            .unwrap();
    }
    let mut numbers = Vec::new();
    while numbers.len() < total {
        receive(&receiver, &mut batch);
        numbers.extend(payloads(&batch).iter().map(|p| p.to_vec()));
    }
    let expected: Vec<_> = (0..total)
        .map(|number| number.to_be_bytes().to_vec())
        .collect();
    assert_eq!(numbers, expected);
}

#[test]
fn a_filter_drops_packets_in_the_kernel() {
    let (a, b) = segment();
    let (sender, receiver) = (open(&a, "eth0"), open(&b, "eth0"));
    receiver.receive_only(*b"ye").unwrap();
    for other in [b"no".as_slice(), b"yo", b"y"] {
        sender.send(A, MULTICAST_GROUP, other).unwrap();
    }
    sender.send(A, MULTICAST_GROUP, b"yes").unwrap();
    let mut batch = Batch::new();
    receive(&receiver, &mut batch);
    assert_eq!(payloads(&batch), [b"yes"]);

    let (sender, receiver) = (open_ipv6(&a, "eth0"), open_ipv6(&b, "eth0"));
    let expected = message();
    receiver.receive_only([expected[0], expected[1]]).unwrap();
    let mut other = message();
    other[1] = !other[1];
    for message in [&other, &expected] {
        sender.send(A_IPV6, MULTICAST_GROUP_IPV6, message).unwrap();
    }
    receive(&receiver, &mut batch);
    let received: Vec<_> = batch.iter().map(|received| received.payload[1]).collect();
    assert_eq!(received, [expected[1]]);
}

#[test]
fn on_the_wire_the_header_is_a_router_s() {
    let (a, b) = segment();
    let tap = PacketTap::open(&b);
    open(&a, "eth0").send(A, MULTICAST_GROUP, b"x").unwrap();
    let frame = tap.next(|frame| frame[12..14] == [0x08, 0x00] && frame[23] == 112);
    assert_eq!(
        frame[..6],
        [0x01, 0x00, 0x5e, 0x00, 0x00, 0x12],
        "multicast MAC"
    );
    assert_eq!(frame[14], 0x45, "no IP options");
    assert_eq!(frame[15], 0xC0, "internetwork control");
    assert_eq!(frame[20..22], [0, 0], "may be, but is not fragmented");
    assert_eq!(frame[22], 255, "TTL");
}

#[test]
fn what_exceeds_the_interface_s_packet_size_is_refused_not_fragmented() {
    let (a, _b) = segment();
    let error = open(&a, "eth0")
        .send(A, MULTICAST_GROUP, &[0; 1481])
        .unwrap_err();
    assert!(matches!(error, SendError::Refused { .. }), "{error}");
}

#[test]
fn an_interface_that_is_down_is_named_as_the_cause() {
    let (a, _b) = segment();
    let sender = open(&a, "eth0");
    a.ip("link set eth0 down");
    let error = sender.send(A, MULTICAST_GROUP, b"x").unwrap_err();
    assert!(matches!(error, SendError::Unavailable { .. }), "{error:?}");
}

#[test]
fn an_interface_that_is_missing_cannot_be_opened() {
    let (a, _b) = segment();
    let error = a
        .run(|| VrrpSocket::open(4242, Family::Ipv4, []))
        .unwrap_err();
    let source = std::error::Error::source(&error).expect("the system's words");
    let missing = source.downcast_ref::<std::io::Error>();
    let missing = missing.expect("an error of the system");
    assert_eq!(
        missing.raw_os_error(),
        Some(EADDRNOTAVAIL),
        "{error}: {missing}"
    );
}

#[test]
fn an_ipv6_advertisement_arrives_with_its_origin_and_the_kernel_s_checksum() {
    let (a, b) = segment();
    let (sender, receiver) = (open_ipv6(&a, "eth0"), open_ipv6(&b, "eth0"));
    let mut batch = Batch::new();
    for destination in [MULTICAST_GROUP_IPV6, B_IPV6] {
        sender.send(A_IPV6, destination, &message()).unwrap();
        assert_eq!(receive(&receiver, &mut batch), 1);
        let received = batch.iter().next().unwrap();
        assert_eq!(
            (received.source, received.destination),
            (A_IPV6, destination)
        );
        assert_eq!(received.hop_limit, 255);
        assert_eq!(received.interface_index, receiver.interface_index());
        assert!(received.age > Duration::ZERO && received.age < PATIENCE);
        assert_ne!(received.payload[6..8], [0, 0], "checksum");
        assert_eq!(received.payload[..6], message()[..6]);
        assert_eq!(received.payload[8..], message()[8..]);
    }
    assert_eq!(
        sender.receive_batch(&mut batch).unwrap(),
        0,
        "nothing of its own"
    );
}

#[test]
fn on_the_wire_the_ipv6_header_is_a_router_s() {
    let (a, b) = segment();
    let tap = PacketTap::open(&b);
    let sender = open_ipv6(&a, "eth0");
    sender
        .send(A_IPV6, MULTICAST_GROUP_IPV6, &message())
        .unwrap();
    let frame = tap.next(|frame| frame[12..14] == [0x86, 0xDD] && frame[20] == 112);
    assert_eq!(frame[..6], [0x33, 0x33, 0, 0, 0, 0x12], "multicast MAC");
    // The kernel fills the flow label.
    assert_eq!(
        (frame[14], frame[15] >> 4),
        (0x6C, 0),
        "internetwork control"
    );
    assert_eq!(frame[21], 255, "hop limit");
}

#[test]
fn only_joined_groups_are_received() {
    let (a, b) = segment();
    let other: IpAddr = Ipv4Addr::new(224, 0, 0, 118).into();
    let index = b.index("eth0");
    let receiver = b
        .run(|| VrrpSocket::open(index, Family::Ipv4, [other]))
        .unwrap();
    // Another socket of the host joins the usual group.
    let _listener = open(&b, "eth0");
    let sender = open(&a, "eth0");
    sender.send(A, MULTICAST_GROUP, b"usual").unwrap();
    sender.send(A, other, b"other").unwrap();
    let mut batch = Batch::new();
    receive(&receiver, &mut batch);
    assert_eq!(payloads(&batch), [b"other"]);
}
