//! Groups of one family, of the other, and of both.

use super::*;

fn text(router: &RouterConfiguration) -> Vec<String> {
    let addresses = router.addresses.iter();
    addresses
        .map(|held| format!("{}/{}", held.address, held.prefix_length))
        .collect()
}

fn both(yaml: &str) -> (RouterConfiguration, RouterConfiguration) {
    let mut routers = configured(yaml, "a").unwrap();
    assert_eq!(routers.len(), 2, "{routers:?}");
    let follower = routers.remove(1);
    (routers.remove(0), follower)
}

#[test]
fn a_group_of_both_families_is_two_routers_and_the_first_address_decides() {
    let (leader, follower) = both(&group("addresses: [10.0.0.70, \"fd00::70\", 10.0.0.71]"));
    assert_eq!(leader.key.to_string(), "ingress/ipv4");
    assert_eq!(leader.follows, None);
    assert_eq!(text(&leader), ["10.0.0.70/32", "10.0.0.71/32"]);
    assert_eq!(follower.key.to_string(), "ingress/ipv6");
    assert_eq!(follower.follows, Some(Family::Ipv4));
    assert_eq!(
        text(&follower),
        ["fe80::200:5eff:fe00:233/128", "fd00::70/128"]
    );
    assert_eq!(
        follower.transport,
        Transport::Multicast("ff02::12".parse().unwrap())
    );
    assert_eq!(leader.virtual_router_id, follower.virtual_router_id);

    let (leader, follower) = both(&group("addresses: [\"fd00::70\", 10.0.0.70]"));
    assert_eq!(leader.key.family, Family::Ipv6);
    assert_eq!(follower.follows, Some(Family::Ipv6));
}

#[test]
fn a_link_local_address_that_is_given_comes_first_and_none_is_added() {
    let router = one(&group("addresses: [\"fd00::70/64\", \"fe80::70\"]"), "a");
    assert_eq!(text(&router), ["fe80::70/128", "fd00::70/64"]);
    assert_eq!(router.follows, None);
}

#[test]
fn beside_external_members_addresses_are_advertised_as_written() {
    let external = "addresses: [\"fd00::70\"]
        members: [{node: a, priority: 9}, {external: b, address: 10.0.0.9, priority: 8}]";
    assert_eq!(text(&one(&group(external), "a")), ["fd00::70/128"]);
}

#[test]
fn a_family_that_is_not_advertised_moves_with_the_other() {
    let router = one(
        &group("addresses: [10.0.0.70, {address: \"fd00::70\", advertised: false}]"),
        "a",
    );
    assert_eq!(text(&router), ["10.0.0.70/32", "fd00::70/128"]);
}

#[test]
fn version_3_without_anything_to_say_is_refused() {
    let silent = group("addresses: [{address: 10.0.0.70, advertised: false}]");
    assert_eq!(configured(&silent, "a"), Err(Missing::NothingAdvertised));
}

#[test]
fn routes_move_with_the_router_of_their_family() {
    let (leader, follower) = both(&group(
        "addresses: [10.0.0.70, \"fd00::70\"]
         routes: [{to: 192.0.2.0/24, via: 10.0.0.1}, {to: \"2001:db8::/32\", via: \"fd00::1\"}]",
    ));
    let destinations = |router: &RouterConfiguration| -> Vec<String> {
        let routes = router.routes.iter();
        routes.map(|route| route.destination.to_string()).collect()
    };
    assert_eq!(destinations(&leader), ["192.0.2.0"]);
    assert_eq!(destinations(&follower), ["2001:db8::"]);
}

#[test]
fn unicast_goes_to_the_other_members_from_the_address_they_know() {
    let unicast = "transport: {unicast: {minimumTtl: 254}}
        members: [{node: a, priority: 9, address: 10.0.0.61}, {node: b, priority: 8, address: 10.0.0.62}]";
    let router = one(&group(unicast), "a");
    let expected = Transport::Unicast {
        peers: vec!["10.0.0.62".parse().unwrap()],
        minimum_hop_limit: 254,
    };
    assert_eq!(router.transport, expected);
    assert_eq!(router.source, Some("10.0.0.61".parse().unwrap()));
    let alone = group(&format!("addresses: [\"fd00::70\"]\n{unicast}"));
    assert_eq!(
        configured(&alone, "a"),
        Err(Missing::Peers { family: "IPv6" })
    );
}

#[test]
fn a_multicast_group_is_for_its_family() {
    let (leader, follower) = both(&group(
        "addresses: [10.0.0.70, \"fd00::70\"]\ntransport: {multicast: {group: 224.0.0.118}}",
    ));
    assert_eq!(
        leader.transport,
        Transport::Multicast("224.0.0.118".parse().unwrap())
    );
    assert_eq!(
        follower.transport,
        Transport::Multicast("ff02::12".parse().unwrap())
    );
}

#[test]
fn a_tracked_interface_and_a_sync_group_arrive() {
    let router = one(
        &group(
            "tracking: [{interface: eth1, weight: -30, upDelay: 1s, downDelay: 2s}]\nsyncGroup: edge",
        ),
        "a",
    );
    let [tracked] = router.tracked_interfaces.as_slice() else {
        panic!("one interface: {:?}", router.tracked_interfaces);
    };
    assert_eq!(
        (tracked.interface.as_str(), tracked.effect),
        ("eth1", Effect::Weight(-30))
    );
    assert_eq!(
        (tracked.up_delay.as_secs(), tracked.down_delay.as_secs()),
        (1, 2)
    );
    assert_eq!(router.sync_group.as_deref(), Some("edge"));
}
