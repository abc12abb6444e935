//! Raw sockets of protocol 112 across a cable.

use std::net::Ipv4Addr;
use std::time::Duration;

use skep_linux::poll::{Events, Poller};
use skep_linux::vrrp_socket::{Batch, MULTICAST_GROUP, Received, SendError, VrrpSocket};

use crate::announcements::PacketTap;
use crate::namespace::Namespace;

const A: Ipv4Addr = Ipv4Addr::new(10, 88, 0, 1);
const A_SECOND: Ipv4Addr = Ipv4Addr::new(10, 88, 0, 77);
const B: Ipv4Addr = Ipv4Addr::new(10, 88, 0, 2);
/// Long enough for a busy machine, never waited for when all is well.
const PATIENCE: Duration = Duration::from_secs(10);

fn segment() -> (Namespace, Namespace) {
    let (a, b) = Namespace::pair();
    a.ip("address add 10.88.0.1/24 dev eth0");
    a.ip("address add 10.88.0.77/32 dev eth0");
    b.ip("address add 10.88.0.2/24 dev eth0");
    (a, b)
}

fn open(namespace: &Namespace, interface: &str) -> VrrpSocket {
    let index = namespace.index(interface);
    namespace
        .run(|| VrrpSocket::open(index))
        .expect("root may open raw sockets")
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
        ttl: 255,
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
        .send(Ipv4Addr::new(10, 88, 0, 99), MULTICAST_GROUP, b"x")
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
        (received.destination, received.ttl, received.payload),
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
        .send(Ipv4Addr::new(10, 99, 0, 1), MULTICAST_GROUP, b"second")
        .unwrap();
    let mut batch = Batch::new();
    receive(&second, &mut batch);
    assert_eq!(payloads(&batch), [b"second"]);
    on_second
        .send(
            Ipv4Addr::new(10, 99, 0, 1),
            Ipv4Addr::new(10, 99, 0, 2),
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
    // Accept if the first byte of the payload, after a header without options, is `y`.
    let program = [
        socket2::SockFilter::new(0x30, 0, 0, 20),
        socket2::SockFilter::new(0x15, 0, 1, u32::from(b'y')),
        socket2::SockFilter::new(0x06, 0, 0, 0xFFFF),
        socket2::SockFilter::new(0x06, 0, 0, 0),
    ];
    receiver.attach_filter(&program).unwrap();
    sender.send(A, MULTICAST_GROUP, b"no").unwrap();
    sender.send(A, MULTICAST_GROUP, b"yes").unwrap();
    let mut batch = Batch::new();
    receive(&receiver, &mut batch);
    assert_eq!(payloads(&batch), [b"yes"]);
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
    let error = a.run(|| VrrpSocket::open(4242)).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("interface 4242"), "{text}");
}
