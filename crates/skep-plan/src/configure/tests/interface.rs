//! Groups that name no interface.

use skep_manifest::condition::Reason;

use super::*;

/// A group that names no interface.
pub(super) fn floating(fields: &str) -> String {
    group(fields).replace("  interface: eth0\n", "")
}

#[test]
fn the_interface_is_the_one_in_whose_network_the_first_address_lies() {
    let found = |yaml: &str, interfaces: &[&str]| {
        configured_at(yaml, "a", &site(interfaces)).map(|routers| routers[0].interface.clone())
    };
    let docker = "docker0 172.17.0.1/16";
    let lan = ["lo 127.0.0.1/8", "eth0 10.0.0.60/24 192.0.2.7/24", docker];
    assert_eq!(found(&floating(""), &lan), Ok("eth0".to_owned()));
    let second = floating("addresses: [192.0.2.70, 172.17.0.9]");
    assert_eq!(found(&second, &lan), Ok("eth0".to_owned()));
    let none = found(&floating(""), &[docker, "eth1"]).unwrap_err();
    assert_eq!(
        none.to_string(),
        "no interface of this node is in the network of 10.0.0.70 (there is docker0 with 172.17.0.1/16): give `interface` in the group or for this member"
    );
    assert_eq!(none.reason(), Reason::InterfaceDown);
    let two = ["eth0 10.0.0.60/24", "wlan0 10.0.0.61/24"];
    assert_eq!(
        found(&floating(""), &two).unwrap_err().to_string(),
        "eth0, wlan0 of this node are all in the network of 10.0.0.70: give `interface` in the group or for this member"
    );
    // What is given is not looked for.
    let named = floating("members: [{node: a, interface: wlan0}, b]");
    assert_eq!(found(&named, &two), Ok("wlan0".to_owned()));
}

#[test]
fn a_virtual_address_on_an_interface_does_not_make_it_the_interface() {
    let yaml = floating("addresses: [10.0.0.70/24]");
    let moved = site(&["eth0 10.0.0.60/24", "dummy0 10.0.0.70/24"]);
    assert_eq!(
        configured_at(&yaml, "a", &moved).unwrap()[0].interface,
        "eth0"
    );
    let yaml = floating("addresses: [10.0.0.70/24]\n members: [{node: a, owner: true}, b]");
    let own = site(&["eth1 10.0.0.70/24"]);
    assert_eq!(
        configured_at(&yaml, "a", &own).unwrap()[0].interface,
        "eth1"
    );
}

#[test]
fn an_interface_that_lost_its_addresses_stays_the_one_that_was_found() {
    let (yaml, node) = (floating(""), "a".parse().unwrap());
    let first = configure(&desired(&yaml), &node, &site(&["eth0 10.0.0.60/24"]));
    let later = Site {
        found: first.found,
        ..site(&["eth0"])
    };
    let later = configure(&desired(&yaml), &node, &later);
    assert_eq!(later.routers[0].interface, "eth0");
    assert_eq!(later.found.len(), 1);
}
