use skep_manifest::condition::Reason;
use skep_manifest::parse::parse;
use skep_manifest::resolve::resolve;
use skep_manifest::set::Source;
use skep_vip::configuration::{Authentication, HmacKeys, HmacMode, Replay};

use super::*;

mod families;
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

fn with_keys(keys: &str) -> String {
    group(&format!(
        "authentication: {{hmac: {{keys: [{keys}], activeKey: 1, mode: permissive, replay: monotonic, window: 7s}}}}"
    ))
}

#[test]
fn the_keys_of_a_group_are_its_text_or_hexadecimal_digits() {
    let yaml = with_keys(
        "{id: 1, key: {value: \"hex:00fFa0\"}}, {id: 2, key: {value: 00ffa0}}, {id: 9, key: {fromNodeFile: /etc/skep/vrrp.key}}",
    );
    let mut site = Site::default();
    let path = "/etc/skep/vrrp.key".parse().unwrap();
    site.files.insert(path, Ok("hex:01".to_owned()));
    let routers = configured_at(&yaml, "a", &site).unwrap();
    let expected = HmacKeys {
        keys: [
            (1, vec![0, 0xff, 0xa0]),
            (2, b"00ffa0".to_vec()),
            (9, vec![1]),
        ]
        .into(),
        active_key: 1,
        mode: HmacMode::Permissive,
        replay: Replay::Monotonic,
        window: std::time::Duration::from_secs(7),
    };
    assert_eq!(routers[0].authentication, Authentication::Hmac(expected));
}

#[test]
fn a_key_that_is_none_makes_the_node_ineligible_for_its_group() {
    let long = "x".repeat(1025);
    for (value, why) in [
        ("\"\"", "it is empty"),
        ("\"hex:\"", "it is empty"),
        (
            "\"hex:0\"",
            "what follows `hex:` is not pairs of hexadecimal digits",
        ),
        (
            "\"hex:0g\"",
            "what follows `hex:` is not pairs of hexadecimal digits",
        ),
        (long.as_str(), "it is longer than 1024 bytes"),
    ] {
        let yaml = with_keys(&format!("{{id: 1, key: {{value: {value}}}}}"));
        let missing = configured(&yaml, "a").unwrap_err();
        assert_eq!(missing, Missing::Key { id: 1, why }, "{value}");
    }
}

#[test]
fn the_clusters_key_is_that_of_the_site_and_without_it_there_is_no_part_to_play() {
    let swarm = "---\napiVersion: skep/v1\nkind: Swarm\nmetadata: {name: cube}\nspec: {nodes: [{name: a, address: 10.0.0.1, role: manager}, {name: b, address: 10.0.0.2, role: worker}]}\n";
    let yaml = group("") + swarm;
    let missing = configured(&yaml, "a").unwrap_err();
    assert_eq!(missing, Missing::ClusterKey);
    assert!(missing.to_string().contains("`hmac` keys of your own"));
    let derived = HmacKeys {
        keys: [(7, vec![1; 32])].into(),
        active_key: 7,
        mode: HmacMode::Permissive,
        replay: Replay::Time,
        window: std::time::Duration::from_secs(5),
    };
    let mut site = Site::default();
    let name = "ingress".parse().unwrap();
    site.group_keys.insert(name, derived.clone());
    let routers = configured_at(&yaml, "a", &site).unwrap();
    assert_eq!(routers[0].authentication, Authentication::Hmac(derived));
    assert_eq!(routers[0].members, Some(vec!["10.0.0.2".parse().unwrap()]));
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

/// A group that names no interface.
fn floating(fields: &str) -> String {
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

#[test]
fn a_group_that_cannot_run_stops_no_other() {
    let other =
        |name: &str, fields: &str| format!("---\n{}", group(fields)).replace("ingress", name);
    let yaml = floating("")
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
fn a_secret_of_the_node_is_read_from_its_file_or_the_member_is_ineligible() {
    let yaml = group("version: 2\n authentication: {simple: {password: {fromNodeFile: /etc/key}}}");
    let files = node_files(&desired(&yaml), &"a".parse().unwrap());
    let path: AbsolutePath = "/etc/key".parse().unwrap();
    assert_eq!(files, BTreeSet::from([path.clone()]));
    assert!(node_files(&desired(&yaml), &"c".parse().unwrap()).is_empty());
    let with = |text: Result<&str, &str>| {
        let text = text.map(str::to_owned).map_err(str::to_owned);
        let site = Site {
            files: BTreeMap::from([(path.clone(), text)]),
            ..Site::default()
        };
        configured_at(&yaml, "a", &site).map(|routers| routers[0].authentication.clone())
    };
    assert_eq!(
        with(Ok("secret")),
        Ok(Authentication::Simple(*b"secret\0\0"))
    );
    let missing = with(Err("cannot read /etc/key on this node")).unwrap_err();
    assert_eq!(
        missing.to_string(),
        "cannot read /etc/key on this node: put the secret there, it is read again every second"
    );
    assert_eq!(missing.reason(), Reason::SecretMissing);
    assert!(configured(&yaml, "a").is_err());
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
