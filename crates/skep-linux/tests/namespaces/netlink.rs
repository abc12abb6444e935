//! Links, addresses and their changes in the real kernel.

use std::net::{IpAddr, Ipv4Addr};
use std::process::{Command, Stdio};
use std::time::Duration;

use skep_linux::netlink::{
    AddAddressError, Address, Assignment, Event, Events, Lifetime, Netlink, RemoveAddressError,
    SKEP_PROTOCOL, Scope,
};

use crate::namespace::Namespace;

/// More changes than the largest receive buffer holds.
const FLOOD: usize = 30_000;

fn vip(interface_index: u32) -> Assignment {
    Assignment {
        interface_index,
        address: Ipv4Addr::new(10, 0, 0, 70).into(),
        prefix_length: 32,
        label: None,
        scope: Scope::Global,
        valid: Lifetime::Forever,
        preferred: Lifetime::Forever,
    }
}

async fn tagged(netlink: &Netlink) -> Vec<Address> {
    let addresses = netlink.addresses().await.expect("a list");
    addresses
        .into_iter()
        .filter(|a| a.protocol == Some(SKEP_PROTOCOL))
        .collect()
}

/// The next event about `address`.
async fn about(events: &mut Events, address: IpAddr) -> Event {
    loop {
        let event = events.next().await.expect("the stream goes on");
        match &event {
            Event::AddressAdded(a) | Event::AddressRemoved(a, _) if a.address == address => {
                return event;
            }
            _ => {}
        }
    }
}

#[test]
fn an_address_is_added_found_by_its_tag_and_removed() {
    let (a, _b) = Namespace::pair();
    a.ip("address add 10.0.0.60/24 dev eth0");
    let index = a.index("eth0");
    a.run_async(async || {
        let netlink = Netlink::open().unwrap();
        netlink.add_address(&vip(index)).await.unwrap();
        let expected = Address {
            interface_index: index,
            address: "10.0.0.70".parse().unwrap(),
            prefix_length: 32,
            secondary: false,
            tentative: false,
            label: Some("eth0".to_owned()),
            protocol: Some(SKEP_PROTOCOL),
            valid: Lifetime::Forever,
            preferred: Lifetime::Forever,
        };
        assert_eq!(tagged(&netlink).await, [expected]);

        let again = netlink.add_address(&vip(index)).await.unwrap_err();
        assert!(
            matches!(again, AddAddressError::AlreadyPresent { .. }),
            "{again}"
        );
        netlink.replace_address(&vip(index)).await.unwrap();

        let vip = "10.0.0.70".parse().unwrap();
        let wrong_prefix = netlink.remove_address(index, vip, 24).await.unwrap_err();
        assert!(
            matches!(wrong_prefix, RemoveAddressError::NotPresent { .. }),
            "{wrong_prefix}"
        );
        netlink.remove_address(index, vip, 32).await.unwrap();
        assert_eq!(tagged(&netlink).await, []);
        let gone = netlink.remove_address(index, vip, 32).await.unwrap_err();
        assert!(
            matches!(gone, RemoveAddressError::NotPresent { .. }),
            "{gone}"
        );
    });
}

#[test]
fn label_prefix_and_lease_are_as_asked() {
    let (a, _b) = Namespace::pair();
    a.ip("address add 10.0.0.60/24 dev eth0");
    let index = a.index("eth0");
    let lease = Lifetime::For(Duration::from_secs(100));
    let assignment = Assignment {
        prefix_length: 24,
        label: Some("eth0:vip".to_owned()),
        valid: lease,
        preferred: lease,
        ..vip(index)
    };
    a.run_async(async || {
        let netlink = Netlink::open().unwrap();
        netlink.add_address(&assignment).await.unwrap();
        let found = tagged(&netlink).await.remove(0);
        assert!(found.secondary);
        assert_eq!(found.label.as_deref(), Some("eth0:vip"));
        assert!(
            matches!(found.valid, Lifetime::For(left) if left.as_secs() <= 100),
            "{found:?}"
        );

        let forever = Assignment {
            valid: Lifetime::Forever,
            preferred: Lifetime::Forever,
            ..assignment.clone()
        };
        netlink.replace_address(&forever).await.unwrap();
        assert_eq!(tagged(&netlink).await.remove(0).valid, Lifetime::Forever);

        let label = Some("eth0:a-label-too-long".to_owned());
        let error = netlink
            .add_address(&Assignment {
                label,
                ..assignment
            })
            .await
            .unwrap_err();
        assert!(
            matches!(error, AddAddressError::LabelTooLong { .. }),
            "{error}"
        );
    });
}

#[test]
fn an_ipv6_address_needs_no_duplicate_detection() {
    let (a, _b) = Namespace::pair();
    let index = a.index("eth0");
    let address: IpAddr = "fd00::70".parse().unwrap();
    a.run_async(async || {
        let netlink = Netlink::open().unwrap();
        let assignment = Assignment {
            address,
            prefix_length: 128,
            ..vip(index)
        };
        netlink.add_address(&assignment).await.unwrap();
        assert_eq!(tagged(&netlink).await.remove(0).address, address);
    });
    // An address that is still checked for duplicates cannot be bound.
    a.run(|| std::net::UdpSocket::bind((address, 0))).unwrap();
}

#[test]
fn an_address_is_local_when_what_is_sent_there_arrives() {
    let (a, _b) = Namespace::pair();
    let index = a.index("eth0");
    let addresses = ["10.0.0.70", "fd00::70"].map(|text| text.parse::<IpAddr>().unwrap());
    a.run_async(async || {
        let netlink = Netlink::open().unwrap();
        for address in addresses {
            let local = netlink.is_local(address).await;
            assert!(
                !matches!(local, Ok(true)),
                "{address} is not there: {local:?}"
            );
            let assignment = Assignment {
                address,
                prefix_length: if address.is_ipv4() { 32 } else { 128 },
                ..vip(index)
            };
            netlink.add_address(&assignment).await.unwrap();
            let taken = async {
                while !netlink.is_local(address).await.unwrap_or(false) {
                    tokio::task::yield_now().await;
                }
            };
            let patience = Duration::from_secs(10);
            let taken = tokio::time::timeout(patience, taken).await;
            assert!(taken.is_ok(), "{address} is there");
        }
    });
}

#[test]
fn an_address_for_a_missing_interface_names_it() {
    Namespace::new().run_async(async || {
        let error = Netlink::open()
            .unwrap()
            .add_address(&vip(4242))
            .await
            .unwrap_err();
        assert!(matches!(
            error,
            AddAddressError::NoInterface {
                interface_index: 4242,
                ..
            }
        ));
    });
}

#[test]
fn links_are_listed_with_their_state() {
    let (a, b) = Namespace::pair();
    let list = || a.run_async(async || Netlink::open().unwrap().links().await.unwrap());
    let eth0 = list().into_iter().find(|link| link.name == "eth0").unwrap();
    assert!(eth0.is_usable());
    assert!(eth0.hardware_address.is_some());
    b.ip("link set eth0 down");
    let eth0 = list().into_iter().find(|link| link.name == "eth0").unwrap();
    assert!(eth0.up && !eth0.carrier);
}

#[test]
fn the_stream_tells_of_addresses_that_others_add_and_remove() {
    let (a, _b) = Namespace::pair();
    a.run_async(async || {
        let mut events = Events::open().unwrap();
        let address: IpAddr = "10.0.0.70".parse().unwrap();
        a.ip("address add 10.0.0.70/32 dev eth0");
        let added = about(&mut events, address).await;
        assert!(matches!(added, Event::AddressAdded(a) if a.protocol != Some(SKEP_PROTOCOL)));
        a.ip("address del 10.0.0.70/32 dev eth0");
        assert!(matches!(
            about(&mut events, address).await,
            Event::AddressRemoved(..)
        ));
    });
}

#[test]
fn the_stream_tells_of_a_cable_that_is_pulled_and_of_a_link_that_goes() {
    let (a, b) = Namespace::pair();
    let index = a.index("eth0");
    a.run_async(async || {
        let mut events = Events::open().unwrap();
        b.ip("link set eth0 down");
        loop {
            match events.next().await.unwrap() {
                Event::LinkChanged(link) if link.index == index && !link.carrier => break,
                _ => {}
            }
        }
        b.ip("link del eth0");
        loop {
            match events.next().await.unwrap() {
                Event::LinkRemoved(link) if link.index == index => break,
                _ => {}
            }
        }
    });
}

#[test]
fn a_port_that_leaves_its_bridge_is_not_a_link_that_is_removed() {
    let (a, _b) = Namespace::pair();
    a.ip("link add br0 type bridge");
    a.ip("link set eth0 master br0");
    let index = a.index("eth0");
    a.run_async(async || {
        let mut events = Events::open().unwrap();
        a.ip("link set eth0 nomaster");
        a.ip("address add 10.0.0.70/32 dev eth0");
        loop {
            match events.next().await.unwrap() {
                Event::LinkRemoved(link) => assert_ne!(link.index, index),
                Event::AddressAdded(_) => break,
                _ => {}
            }
        }
    });
}

#[test]
fn changes_that_nobody_read_in_time_are_reported_as_lost() {
    let namespace = Namespace::new();
    namespace.run_async(async || {
        let mut events = Events::open().unwrap();
        // The runtime has one thread, which waits here: the socket is not read meanwhile.
        flood();
        let mut seen = 0;
        while events.next().await.unwrap() != Event::Overrun {
            seen += 1;
        }
        assert!(seen < 2 * FLOOD, "all {seen} changes were delivered");
    });
}

/// Adds and removes an address of the loopback interface, again and again.
fn flood() {
    use std::io::Write as _;
    let mut ip = Command::new("ip")
        .args(["-batch", "-"])
        .stdin(Stdio::piped())
        .spawn()
        .expect("iproute2 is installed");
    let lines = "address add 10.1.1.1/32 dev lo\naddress del 10.1.1.1/32 dev lo\n".repeat(FLOOD);
    ip.stdin
        .take()
        .expect("piped")
        .write_all(lines.as_bytes())
        .expect("ip reads");
    assert!(ip.wait().expect("ip ends").success());
}
