use skep_manifest::parse::parse;
use skep_manifest::resolve::resolve;
use skep_manifest::set::Source;
use skep_vip::configuration::Authentication;

use super::*;

mod authentication;
mod families;
mod interface;

use crate::site::LocalInterface;

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
    configured_at(yaml, node, &Site::default())
}

fn configured_at(yaml: &str, node: &str, site: &Site) -> Result<Vec<RouterConfiguration>, Missing> {
    let Configured {
        routers, refused, ..
    } = configure(&desired(yaml), &node.parse().unwrap(), site);
    match refused.into_iter().next() {
        None => Ok(routers),
        Some(error) => Err(error.missing),
    }
}

/// A site with these interfaces: `eth0 10.0.0.60/24 10.0.1.1/24`.
fn site(interfaces: &[&str]) -> Site {
    let interface = |text: &&str| {
        let mut words = text.split(' ');
        LocalInterface {
            name: words.next().unwrap().to_owned(),
            addresses: words.map(|word| word.parse().unwrap()).collect(),
        }
    };
    Site {
        interfaces: interfaces.iter().map(interface).collect(),
        ..Site::default()
    }
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
        let tracked: Vec<&str> = router.tracking.iter().map(|it| &*it.name).collect();
        assert_eq!(tracked, ["swarm/engine+availability@ingress"]);
        assert!(router.track_interface);
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
    assert!(!one(&yaml, "a").owned_elsewhere);
    assert!(one(&yaml, "b").owned_elsewhere);
    assert!(!one(&group(""), "a").owned_elsewhere);
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
            ("check/two".to_owned(), Effect::Demote(Priority::new(2))),
            ("check/three".to_owned(), Effect::Weight(-30)),
            ("check/four".to_owned(), Effect::Fault),
        ]
    );
}

#[test]
fn what_the_engine_answers_counts_in_one_group_and_by_the_member_s_rank() {
    let swarm = "---\napiVersion: skep/v1\nkind: Swarm\nmetadata: {name: cube}\nspec: {nodes: [{name: a, address: 10.0.0.1, role: manager}, {name: b, address: 10.0.0.2, role: worker}]}\n";
    let yaml = group("authentication: {none: {}}\n tracking: [{external: {service: web}}]") + swarm;
    for (node, rank) in [("a", 2), ("b", 1)] {
        let demoted = Effect::Demote(Priority::new(rank));
        let inputs: Vec<(String, Effect)> = one(&yaml, node)
            .tracking
            .into_iter()
            .map(|input| (input.name, input.effect))
            .collect();
        let expected = ["service/web@ingress", "swarm/engine+availability@ingress"];
        assert_eq!(inputs, expected.map(|name| (name.to_owned(), demoted)));
    }
}

#[test]
fn every_setting_of_a_router_arrives() {
    let router = one(
        &group(
            "version: 3
             addresses: [{address: 10.10.10.2/24, interface: eth1, label: \"eth1:v\", advertised: false}, 10.0.0.70]
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
    let [address, _advertised] = router.addresses.as_slice() else {
        panic!("two addresses: {:?}", router.addresses);
    };
    assert_eq!(address.interface.as_deref(), Some("eth1"));
    assert_eq!(address.label.as_deref(), Some("eth1:v"));
    assert_eq!((address.prefix_length, address.advertised), (24, false));
}

#[test]
fn what_the_data_plane_cannot_do_is_refused_by_name() {
    let swarm = "---\napiVersion: skep/v1\nkind: Swarm\nmetadata: {name: cube}\nspec: {nodes: [{name: a, address: 10.0.0.1, role: manager}]}\n";
    for (yaml, missing) in [
        (
            group("virtualRouterId: auto\nmembers: [a]") + swarm,
            Missing::VirtualRouterId,
        ),
        (
            group("version: 2\n authentication: {simple: {password: {sealed: skep1.QQ}}}"),
            Missing::Sealed,
        ),
    ] {
        assert_eq!(configured(&yaml, "a"), Err(missing), "{yaml}");
    }
}

#[test]
fn an_error_names_the_group_the_node_and_the_remedy() {
    let yaml = group("version: 2\n authentication: {simple: {password: {fromEnv: PASSWORD}}}");
    let configured = configure(&desired(&yaml), &"a".parse().unwrap(), &Site::default());
    assert_eq!(
        configured.refused[0].to_string(),
        "VIP group `ingress` on node `a`: `fromEnv: PASSWORD` was not read when the manifest was submitted: apply it again"
    );
}

#[test]
fn a_group_that_cannot_run_stops_no_other() {
    let other =
        |name: &str, fields: &str| format!("---\n{}", group(fields)).replace("ingress", name);
    let yaml = interface::floating("")
        + &other("other", "virtualRouterId: 52\naddresses: [10.0.0.71]")
        + &other("same-id", "virtualRouterId: 52\naddresses: [10.0.0.72]")
        + &other("z", "virtualRouterId: 53\naddresses: [10.0.0.71]");
    let configured = configure(&desired(&yaml), &"a".parse().unwrap(), &Site::default());
    let run: Vec<&str> = configured
        .routers
        .iter()
        .map(|router| router.key.group.as_str())
        .collect();
    assert_eq!(run, ["other"]);
    let refused: Vec<String> = configured
        .refused
        .iter()
        .map(|error| format!("{} {}", error.group, error.missing))
        .collect();
    assert_eq!(
        refused,
        [
            "ingress no interface of this node is in the network of 10.0.0.70 (none has an address): give `interface` in the group or for this member",
            "same-id `other` uses virtual router id 52 on eth0 too: give one of them another number",
            "z `other` has the address 10.0.0.71 too: remove it from one of them",
        ]
    );
}

#[test]
fn a_moved_group_is_here_on_its_target_and_away_on_the_others() {
    let site = Site {
        moves: BTreeMap::from([("ingress".parse().unwrap(), "b".parse().unwrap())]),
        ..Site::default()
    };
    for (node, relocation) in [("a", Relocation::Away), ("b", Relocation::Here)] {
        let routers = configured_at(&group(""), node, &site).unwrap();
        assert_eq!(routers[0].relocation, relocation);
    }
    assert_eq!(one(&group(""), "a").relocation, Relocation::None);
}
