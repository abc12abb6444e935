use skep_manifest::parse::parse;
use skep_manifest::resolve::resolve;
use skep_manifest::set::Source;

use super::from_desired;

/// The nodes of the lab that `manifest` describes, a line each, or why there is none.
fn check(manifest: &str, expected: &str) {
    let set = parse(vec![Source {
        name: "test.yaml".to_owned(),
        text: manifest.as_bytes().to_vec(),
    }]);
    assert_eq!(set.problems, [], "the manifest is sound");
    let (desired, problems) = resolve(&set);
    assert_eq!(problems, [], "the manifest is consistent");
    let lines = match from_desired("test", &desired) {
        Ok(plan) => plan
            .nodes
            .iter()
            .map(|node| {
                let (address, length) = (node.address, node.prefix_length);
                format!("{} {address}/{length} {}", node.name, node.interface)
            })
            .collect::<Vec<_>>()
            .join("\n"),
        Err(error) => format!("{error:#}"),
    };
    assert_eq!(lines, expected);
}

fn group(name: &str, id: u8, spec: &str) -> String {
    format!(
        "---\napiVersion: skep/v1\nkind: VipGroup\nmetadata: {{name: {name}}}\n\
         spec:\n  virtualRouterId: {id}\n  {spec}\n"
    )
}

fn swarm(nodes: &str) -> String {
    format!(
        "---\napiVersion: skep/v1\nkind: Swarm\nmetadata: {{name: cube}}\nspec: {{nodes: [{nodes}]}}\n"
    )
}

#[test]
fn a_swarm_s_nodes_have_their_addresses_in_one_network_with_the_vips() {
    let nodes = "{name: cube01, address: 10.0.0.60, role: manager}, \
                 {name: cube02, address: 10.0.0.61, role: worker}";
    let web = group(
        "web",
        1,
        "addresses: [10.0.0.70]\n  members: [cube01, cube02]",
    );
    check(
        &format!("{}{web}", swarm(nodes)),
        "cube01 10.0.0.60/24 eth0\ncube02 10.0.0.61/24 eth0",
    );
}

#[test]
fn the_network_is_as_wide_as_its_nodes_and_near_vips_are_apart() {
    let nodes = "{name: a, address: 10.0.0.60, role: manager}, \
                 {name: b, address: 10.0.1.61, role: worker}";
    check(&swarm(nodes), "a 10.0.0.60/23 eth0\nb 10.0.1.61/23 eth0");
    let near = group("near", 1, "addresses: [10.0.9.1]\n  members: [a, b]");
    check(
        &format!("{}{near}", swarm(nodes)),
        "a 10.0.0.60/20 eth0\nb 10.0.1.61/20 eth0",
    );
    let far = group("far", 1, "addresses: [192.0.2.1]\n  members: [a, b]");
    check(
        &format!("{}{far}", swarm(nodes)),
        "a 10.0.0.60/23 eth0\nb 10.0.1.61/23 eth0",
    );
}

#[test]
fn members_without_a_swarm_get_the_addresses_that_follow_the_vip() {
    check(
        &group(
            "web",
            1,
            "interface: ens18\n  addresses: [10.0.0.70]\n  members: [pi1, pi2]",
        ),
        "pi1 10.0.0.71/24 ens18\npi2 10.0.0.72/24 ens18",
    );
    check(
        &group("web", 1, "addresses: [10.0.0.254/24]\n  members: [a, b]"),
        "a 10.0.0.1/24 eth0\nb 10.0.0.2/24 eth0",
    );
    check(
        &group("web", 1, "addresses: [\"fd00::70\"]\n  members: [a, b]"),
        "a fd00::71/64 eth0\nb fd00::72/64 eth0",
    );
}

#[test]
fn given_addresses_are_kept_and_nobody_else_gets_them() {
    check(
        &group(
            "web",
            1,
            "addresses: [10.0.0.70]\n  members: [{node: a, priority: 90}, \
             {node: b, priority: 80, address: 10.0.0.71}, \
             {external: router, priority: 10, address: 10.0.0.72}]",
        ),
        "a 10.0.0.73/24 eth0\nb 10.0.0.71/24 eth0",
    );
}

#[test]
fn a_full_network_is_named() {
    check(
        &group("web", 1, "addresses: [10.0.0.1/30]\n  members: [a, b]"),
        "node `b` has no address: the network of 10.0.0.1/30 is full",
    );
}

#[test]
fn two_interfaces_on_one_node_are_refused() {
    let inside = group(
        "in",
        1,
        "interface: eth1\n  addresses: [10.0.0.1]\n  members: [a, b]",
    );
    let outside = group(
        "out",
        2,
        "interface: eth0\n  addresses: [10.0.0.2]\n  members: [a, b]",
    );
    check(
        &format!("{inside}{outside}"),
        "node `a` has groups on eth0 and on eth1: a lab gives each node one interface, \
         bring up one part of the manifests at a time",
    );
}

#[test]
fn manifests_without_nodes_make_no_lab() {
    check(
        "",
        "the manifests name no nodes: a lab needs a Swarm, or a VipGroup with nodes as members",
    );
}
