use skep_manifest::parse::parse;
use skep_manifest::resolve::resolve;
use skep_manifest::set::Source;

use super::*;

/// Seed 001: three managers, one group by priorities.
const SEED_001: &str = include_str!("../../../../manifests/seeds/001/skep.yaml");
/// Seed 003: four nodes, one group by priorities.
const SEED_003: &str = include_str!("../../../../manifests/seeds/003/skep.yaml");

fn desired(yaml: &str) -> Desired {
    let source = Source {
        name: "skep.yaml".to_owned(),
        text: yaml.as_bytes().to_vec(),
    };
    let set = parse(vec![source]);
    assert!(set.problems.is_empty(), "{:?}\n{yaml}", set.problems);
    let (desired, problems) = resolve(&set);
    assert!(problems.is_empty(), "{problems:?}\n{yaml}");
    desired
}

/// A group of nodes `a` and `b` on `eth0`, with what is given beside or instead of that.
fn group(fields: &str) -> String {
    let mut text =
        "apiVersion: skep/v1\nkind: VipGroup\nmetadata: {name: ingress}\nspec:\n".to_owned();
    let defaults = [
        ("virtualRouterId", "51"),
        ("interface", "eth0"),
        ("addresses", "[10.0.0.70]"),
        ("members", "[a, b]"),
    ];
    for (field, value) in defaults {
        let given = |line: &str| line.trim().starts_with(&format!("{field}:"));
        if !fields.lines().any(given) {
            text.push_str(&format!("  {field}: {value}\n"));
        }
    }
    for line in fields
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
    {
        text.push_str(&format!("  {line}\n"));
    }
    text
}

fn configured(yaml: &str, node: &str) -> Result<Vec<RouterConfiguration>, Missing> {
    let node = node.parse().unwrap();
    configure(&desired(yaml), &node).map_err(|error| error.missing)
}

fn one(yaml: &str, node: &str) -> RouterConfiguration {
    let mut routers = configured(yaml, node).unwrap();
    assert_eq!(routers.len(), 1);
    routers.remove(0)
}

#[test]
fn seed_001_is_one_router_per_node_with_its_own_priority() {
    for (node, priority) in [("docker1", 100), ("docker2", 75), ("docker3", 50)] {
        let router = one(SEED_001, node);
        assert_eq!(router.key.to_string(), "vi-1/ipv4");
        assert_eq!(router.virtual_router_id, VirtualRouterId::new(69).unwrap());
        assert_eq!(router.version, Version::V2);
        assert_eq!(router.interface, "ens18");
        assert_eq!(router.priority, Priority::new(priority));
        assert_eq!(router.authentication, Authentication::Simple(*b"passw123"));
        let address = VirtualAddress {
            address: "10.0.0.200".parse().unwrap(),
            prefix_length: 32,
            interface: None,
            label: None,
            advertised: true,
        };
        assert_eq!(router.addresses, [address]);
    }
}

#[test]
fn seed_003_gets_the_defaults_of_the_language() {
    for (node, priority) in [
        ("cube01", 100),
        ("cube02", 90),
        ("cube03", 80),
        ("cube04", 70),
    ] {
        let router = one(SEED_003, node);
        assert_eq!(router.priority, Priority::new(priority));
        assert_eq!(router.advertisement_interval.as_millis(), 1000);
        assert_eq!(router.authentication, Authentication::Simple(*b"mypasswo"));
        assert_eq!(router.checksum, ChecksumMode::Auto);
        assert!(router.preemption.enabled && router.preemption.delay.is_zero());
        assert_eq!(router.announcements.count, 5);
        assert_eq!(router.announcements.repeat_after.as_secs(), 5);
        assert_eq!(router.lease, Lease::For(std::time::Duration::from_secs(2)));
        assert!(router.track_interface && router.tracking.is_empty());
        assert_eq!(router.source, None);
    }
}

#[test]
fn a_node_that_is_no_member_runs_nothing() {
    assert_eq!(configured(SEED_003, "cube05"), Ok(vec![]));
    let external =
        "members: [{node: a, priority: 9}, {external: b, address: 10.0.0.9, priority: 8}]";
    assert_eq!(configured(&group(external), "b"), Ok(vec![]));
}

#[test]
fn members_without_priorities_are_ranked_in_their_order() {
    let yaml = group("");
    assert_eq!(one(&yaml, "a").priority, Priority::new(200));
    assert_eq!(one(&yaml, "b").priority, Priority::new(190));
}

#[test]
fn the_owner_has_the_priority_of_owners() {
    let yaml = group("members: [{node: a, owner: true}, {node: b, priority: 100}]");
    assert_eq!(one(&yaml, "a").priority, Priority::OWNER);
}

#[test]
fn a_password_is_cut_or_filled_to_eight_bytes() {
    for (password, sent) in [
        ("123456789", b"12345678"),
        ("12345678", b"12345678"),
        ("1234", b"1234\0\0\0\0"),
    ] {
        let yaml = group(&format!(
            "version: 2\n authentication: {{simple: {{password: {{value: \"{password}\"}}}}}}"
        ));
        let router = one(&yaml, "a");
        assert_eq!(router.authentication, Authentication::Simple(*sent));
    }
}

#[test]
fn checks_count_with_their_effect_or_their_weight() {
    let check = "---\napiVersion: skep/v1\nkind: HealthCheck\nmetadata: {name: NAME}\nspec: {tcp: {port: 80}}\n";
    let mut yaml = group(
        "tracking: [{check: one}, {check: two, effect: demote}, {check: three, weight: -30}, {check: four, effect: fault}]",
    );
    for name in ["one", "two", "three", "four"] {
        yaml.push_str(&check.replace("NAME", name));
    }
    let inputs: Vec<(String, Effect)> = one(&yaml, "a")
        .tracking
        .into_iter()
        .map(|input| (input.name, input.effect))
        .collect();
    assert_eq!(
        inputs,
        [
            ("check/one".to_owned(), Effect::Fault),
            ("check/two".to_owned(), Effect::Demote),
            ("check/three".to_owned(), Effect::Weight(-30)),
            ("check/four".to_owned(), Effect::Fault),
        ]
    );
}

#[test]
fn every_setting_of_a_router_arrives() {
    let router = one(
        &group(
            "version: 3
             addresses: [{address: 10.10.10.2/24, interface: eth1, label: \"eth1:v\", advertised: false}]
             members: [{node: a, priority: 7, interface: ens3, address: 10.0.0.61}]
             advertisementInterval: 100ms
             checksum: {pseudoHeader: never}
             preemption: {enabled: false, delay: 3s}
             announcements: {count: 2, repeatAfter: 1s}
             lease: forever
             trackInterface: false",
        ),
        "a",
    );
    assert_eq!(router.version, Version::V3);
    assert_eq!(router.interface, "ens3");
    assert_eq!(router.source, Some("10.0.0.61".parse().unwrap()));
    assert_eq!(router.advertisement_interval.as_millis(), 100);
    assert_eq!(router.checksum, ChecksumMode::Never);
    assert!(!router.preemption.enabled);
    assert_eq!(router.preemption.delay.as_secs(), 3);
    assert_eq!(
        (
            router.announcements.count,
            router.announcements.repeat_after.as_secs()
        ),
        (2, 1)
    );
    assert_eq!(router.lease, Lease::Forever);
    assert!(!router.track_interface);
    let [address] = router.addresses.as_slice() else {
        panic!("one address: {:?}", router.addresses);
    };
    assert_eq!(address.interface.as_deref(), Some("eth1"));
    assert_eq!(address.label.as_deref(), Some("eth1:v"));
    assert_eq!((address.prefix_length, address.advertised), (24, false));
}

#[test]
fn what_the_data_plane_cannot_do_is_refused_by_name() {
    let swarm = "---\napiVersion: skep/v1\nkind: Swarm\nmetadata: {name: cube}\nspec: {nodes: [{name: a, address: 10.0.0.1, role: manager}]}\n";
    let hmac =
        "authentication: {hmac: {keys: [{id: 1, key: {value: 0123456789abcdef}}], activeKey: 1}}";
    for (yaml, missing) in [
        (
            group("").replace("  interface: eth0\n", ""),
            Missing::Interface,
        ),
        (
            group("virtualRouterId: auto\nmembers: [a]") + swarm,
            Missing::VirtualRouterId,
        ),
        (group("addresses: [\"fd00::70\"]"), Missing::Ipv6),
        (group(hmac), Missing::Authentication),
        (
            group("version: 2\n authentication: {simple: {password: {fromNodeFile: /etc/key}}}"),
            Missing::Password,
        ),
        (group("tracking: [{interface: eth1}]"), Missing::Tracking),
    ] {
        assert_eq!(configured(&yaml, "a"), Err(missing), "{yaml}");
    }
}

#[test]
fn an_error_names_the_group_the_node_and_the_remedy() {
    let yaml = group("addresses: [10.0.0.70]").replace("  interface: eth0\n", "");
    let error = configure(&desired(&yaml), &"a".parse().unwrap()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "VIP group `ingress` on node `a`: finding the interface by subnet is not supported yet: give `interface`"
    );
}
