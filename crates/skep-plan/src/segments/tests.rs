use skep_manifest::parse::parse;
use skep_manifest::resolve::resolve;
use skep_manifest::set::Source;

use super::*;

const MANIFEST: &str = "apiVersion: skep/v1
kind: Swarm
metadata: {name: cube}
spec: {nodes: [{name: a, address: 10.0.0.1, role: manager}, {name: b, address: 10.0.0.2, role: worker}]}
---
apiVersion: skep/v1
kind: VipGroup
metadata: {name: found}
spec: {addresses: [10.0.1.70], members: [a, b]}
---
apiVersion: skep/v1
kind: VipGroup
metadata: {name: named}
spec: {addresses: [10.0.2.70], members: [{node: a, interface: vlan2}, {node: b, interface: vlan3}]}
";

fn check(node: &str, interfaces: &[(&str, &[&str])], expected: &[&str]) {
    let set = parse(vec![Source {
        name: "skep.yaml".to_owned(),
        text: MANIFEST.as_bytes().to_vec(),
    }]);
    let (desired, problems) = resolve(&set);
    assert!(problems.is_empty(), "{problems:?}");
    let interfaces: Vec<LocalInterface> = interfaces
        .iter()
        .map(|(name, addresses)| LocalInterface {
            name: (*name).to_owned(),
            addresses: addresses.iter().map(|own| own.parse().unwrap()).collect(),
        })
        .collect();
    let found = segments(&desired, &node.parse().unwrap(), &interfaces);
    let expected: BTreeSet<String> = expected.iter().map(|&name| name.to_owned()).collect();
    assert_eq!(found, expected);
}

#[test]
fn a_node_listens_where_nodes_and_virtual_addresses_are() {
    let interfaces: [(&str, &[&str]); 4] = [
        ("lo", &["127.0.0.1/8"]),
        ("eth0", &["fd00::1/64", "10.0.0.1/24"]),
        ("eth1", &["10.0.1.1/24"]),
        ("docker0", &["172.17.0.1/16"]),
    ];
    check("a", &interfaces, &["eth0", "eth1"]);
}

#[test]
fn a_node_listens_where_the_manifest_puts_its_own_routers() {
    let interfaces: [(&str, &[&str]); 2] = [("vlan2", &[]), ("vlan3", &[])];
    check("a", &interfaces, &["vlan2"]);
    check("b", &interfaces, &["vlan3"]);
    check("c", &interfaces, &[]);
}
