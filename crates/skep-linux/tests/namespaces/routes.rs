//! Routes in the real kernel.

use skep_linux::netlink::{Netlink, Route, RouteError};

use crate::namespace::Namespace;

fn route(
    destination: &str,
    gateway: Option<&str>,
    index: Option<u32>,
    table: Option<u32>,
) -> Route {
    Route {
        destination: destination.parse().expect("an address"),
        prefix_length: if destination.contains(':') { 64 } else { 24 },
        gateway: gateway.map(|address| address.parse().expect("an address")),
        interface_index: index,
        table,
    }
}

#[test]
fn routes_are_added_found_by_their_tag_and_removed() {
    let (a, _b) = Namespace::pair();
    a.ip("address add 10.0.0.60/24 dev eth0");
    a.ip("address add fd00::60/64 dev eth0 nodad");
    a.ip("route add 203.0.113.0/24 via 10.0.0.1");
    let index = Some(a.index("eth0"));
    a.run_async(async || {
        let netlink = Netlink::open().unwrap();
        let routes = [
            route("192.0.2.0", Some("10.0.0.1"), index, None),
            route("198.51.100.0", None, index, Some(100)),
            route("192.0.2.0", Some("10.0.0.2"), index, Some(100_000)),
            route("2001:db8::", Some("fd00::1"), index, Some(100)),
        ];
        for route in &routes {
            netlink.add_route(route).await.unwrap();
            let error = netlink.add_route(route).await.unwrap_err();
            assert!(
                matches!(error, RouteError::AlreadyPresent { .. }),
                "{error:?}"
            );
        }
        let mut found = netlink.routes().await.unwrap();
        found.sort_by_key(|route| (route.destination, route.table));
        let mut expected = routes.to_vec();
        expected.sort_by_key(|route| (route.destination, route.table));
        assert_eq!(found, expected);
        for route in &routes {
            netlink.remove_route(route).await.unwrap();
            let error = netlink.remove_route(route).await.unwrap_err();
            assert!(matches!(error, RouteError::NotPresent { .. }), "{error:?}");
        }
        assert_eq!(netlink.routes().await.unwrap(), []);
    });
    assert!(a.output("route show").contains("203.0.113.0/24"));
}

#[test]
fn the_interface_is_found_by_the_gateway() {
    let (a, _b) = Namespace::pair();
    a.ip("address add 10.0.0.60/24 dev eth0");
    a.run_async(async || {
        let netlink = Netlink::open().unwrap();
        let by_gateway = route("192.0.2.0", Some("10.0.0.1"), None, None);
        netlink.add_route(&by_gateway).await.unwrap();
        netlink.remove_route(&by_gateway).await.unwrap();
        let unreachable = route("192.0.2.0", Some("10.9.9.9"), None, None);
        let error = netlink.add_route(&unreachable).await.unwrap_err();
        assert!(matches!(error, RouteError::Refused { .. }), "{error:?}");
    });
}

#[test]
fn a_route_of_somebody_else_is_neither_replaced_nor_removed() {
    let (a, _b) = Namespace::pair();
    a.ip("address add 10.0.0.60/24 dev eth0");
    a.ip("route add 192.0.2.0/24 via 10.0.0.1 dev eth0");
    let index = Some(a.index("eth0"));
    a.run_async(async || {
        let netlink = Netlink::open().unwrap();
        let same = route("192.0.2.0", Some("10.0.0.1"), index, None);
        let error = netlink.add_route(&same).await.unwrap_err();
        assert!(
            matches!(error, RouteError::AlreadyPresent { .. }),
            "{error:?}"
        );
        let error = netlink.remove_route(&same).await.unwrap_err();
        assert!(matches!(error, RouteError::NotPresent { .. }), "{error:?}");
    });
}
