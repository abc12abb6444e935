//! Gratuitous ARP across a cable, and the tap that sees it.

use std::io::Read as _;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use skep_linux::announce::{Announcer, Role};
use skep_linux::netlink::Netlink;
use socket2::{Domain, Protocol, Socket, Type};

use crate::namespace::Namespace;

/// `ETH_P_ALL` in network byte order: every frame.
const EVERY_FRAME: i32 = 0x0003_u16.to_be() as i32;
const PATIENCE: Duration = Duration::from_secs(10);

/// Reads every frame of a namespace.
pub(crate) struct PacketTap {
    socket: Socket,
}

impl PacketTap {
    pub(crate) fn open(namespace: &Namespace) -> Self {
        let kind = Type::RAW;
        let socket = namespace
            .run(|| Socket::new(Domain::PACKET, kind, Some(Protocol::from(EVERY_FRAME))))
            .expect("root may open packet sockets");
        socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        Self { socket }
    }

    /// The next frame that is wanted.
    pub(crate) fn next(&self, wanted: impl Fn(&[u8]) -> bool) -> Vec<u8> {
        let mut buffer = [0; 2048];
        loop {
            let length = (&self.socket).read(&mut buffer).expect("the frame arrives");
            if length >= 34 && wanted(&buffer[..length]) {
                return buffer[..length].to_vec();
            }
        }
    }
}

#[test]
fn the_segment_sees_the_announcement_as_it_was_made() {
    let (a, b) = Namespace::pair();
    let tap = PacketTap::open(&b);
    let index = a.index("eth0");
    let links = a.run_async(async || Netlink::open().unwrap().links().await.unwrap());
    let mac = links
        .iter()
        .find(|link| link.index == index)
        .unwrap()
        .hardware_address
        .unwrap();

    let announcer = a.run(|| Announcer::open(index)).unwrap();
    announcer
        .announce(mac, Ipv4Addr::new(10, 0, 0, 70).into(), Role::Host)
        .unwrap();

    let frame = tap.next(|frame| frame[12..14] == [0x08, 0x06]);
    let expected = [
        &[0xFF; 6][..],
        &mac,
        &[0x08, 0x06, 0, 1, 0x08, 0x00, 6, 4, 0, 1],
        &mac,
        &[10, 0, 0, 70],
        &[0xFF; 6],
        &[10, 0, 0, 70],
    ]
    .concat();
    assert_eq!(frame, expected);
}

#[test]
fn an_announcement_moves_the_neighbour_s_entry() {
    let (a, b) = Namespace::pair();
    b.ip("address add 10.0.0.2/24 dev eth0");
    b.ip("neighbour add 10.0.0.70 lladdr 02:00:00:00:00:99 dev eth0 nud reachable");
    let index = a.index("eth0");
    let announcer = a.run(|| Announcer::open(index)).unwrap();
    let tap = PacketTap::open(&b);
    announcer
        .announce(
            [2, 0, 0, 0, 0, 1],
            Ipv4Addr::new(10, 0, 0, 70).into(),
            Role::Host,
        )
        .unwrap();
    tap.next(|frame| frame[12..14] == [0x08, 0x06]);
    let table = b
        .run(|| std::fs::read_to_string("/proc/thread-self/net/arp"))
        .unwrap();
    assert!(table.contains("02:00:00:00:00:01"), "{table}");
}

#[test]
fn an_ipv6_announcement_moves_the_neighbour_s_entry() {
    let (a, b) = Namespace::pair();
    b.ip("address add fd00::2/64 dev eth0 nodad");
    b.ip("neighbour add fd00::70 lladdr 02:00:00:00:00:99 dev eth0 nud reachable");
    let announcer = a.run(|| Announcer::open(a.index("eth0"))).unwrap();
    let tap = PacketTap::open(&b);
    let address: Ipv6Addr = "fd00::70".parse().unwrap();
    announcer
        .announce([2, 0, 0, 0, 0, 1], address.into(), Role::Host)
        .unwrap();
    tap.next(|frame| frame[12..14] == [0x86, 0xDD] && frame[20] == 58 && frame[54] == 136);
    let table = b.output("neighbour show dev eth0");
    assert!(
        table.contains("fd00::70 lladdr 02:00:00:00:00:01"),
        "{table}"
    );
}

#[test]
fn an_interface_that_forwards_is_a_router_s() {
    let (a, _b) = Namespace::pair();
    let forwarding = "/proc/sys/net/ipv6/conf/eth0/forwarding";
    for (value, role) in [("1", Role::Router), ("0", Role::Host)] {
        a.run(|| std::fs::write(forwarding, value)).unwrap();
        assert_eq!(a.run(|| Role::observe("eth0")), role);
    }
}

#[test]
fn an_announcement_on_a_missing_interface_is_an_error() {
    let (a, _b) = Namespace::pair();
    let error = a.run(|| Announcer::open(4242)).unwrap_err();
    assert_eq!(error.interface_index, 4242);
}
