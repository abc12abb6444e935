//! Passwords and keys, and where they come from.

use skep_manifest::condition::Reason;
use skep_vip::configuration::{HmacKeys, HmacMode, Replay};

use super::*;

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
