//! Random manifests.

use proptest::collection::vec;
use proptest::prelude::*;
use skep_manifest::desired::Desired;

use super::NODES_MAX;
use crate::world::desired;

/// What a random manifest says of one node.
#[derive(Clone, Debug)]
struct DeclaredNode {
    /// Whether it stands in the manifest at all.
    listed: bool,
    /// In which subnet its address is.
    subnet: u8,
    manager: bool,
    availability: &'static str,
    label: Option<&'static str>,
}

/// What a random manifest says of one service.
#[derive(Clone, Debug)]
struct DeclaredService {
    tag: u8,
    replicas: Option<u32>,
    arguments: usize,
    on_host: bool,
}

fn nodes() -> impl Strategy<Value = Vec<DeclaredNode>> {
    let availability = prop_oneof![4 => Just("active"), 1 => Just("pause"), 1 => Just("drain")];
    let label = prop_oneof![Just(None), Just(Some("a")), Just(Some("b"))];
    let listed = prop_oneof![5 => Just(true), 1 => Just(false)];
    let subnet = prop_oneof![3 => Just(0), 1 => Just(1)];
    let node = (listed, subnet, any::<bool>(), availability, label);
    let node = node.prop_map(
        |(listed, subnet, manager, availability, label)| DeclaredNode {
            listed,
            subnet,
            manager,
            availability,
            label,
        },
    );
    vec(node, NODES_MAX).prop_map(|mut nodes| {
        nodes[0].listed = true;
        nodes[0].manager |= nodes.iter().all(|node| !(node.manager && node.listed));
        nodes
    })
}

fn services() -> impl Strategy<Value = Vec<DeclaredService>> {
    let replicas = prop_oneof![Just(None), (0..5_u32).prop_map(Some)];
    let service = (0..3_u8, replicas, 0..3_usize, any::<bool>());
    let service = service.prop_map(|(tag, replicas, arguments, on_host)| DeclaredService {
        tag,
        replicas,
        arguments,
        on_host,
    });
    vec(service, 0..4)
}

/// Any manifest with at least one manager.
pub(super) fn manifest() -> impl Strategy<Value = Desired> {
    (nodes(), services()).prop_map(|(nodes, services)| desired(&yaml(&nodes, &services)))
}

fn yaml(nodes: &[DeclaredNode], services: &[DeclaredService]) -> String {
    let swarm = "apiVersion: skep/v1\nkind: Swarm\nmetadata: {name: cube}\nspec:\n  nodes:\n";
    let nodes = nodes.iter().enumerate().filter(|(_, node)| node.listed);
    let nodes = nodes.map(|(index, node)| {
        let role = if node.manager { "manager" } else { "worker" };
        let (availability, subnet) = (node.availability, node.subnet);
        let zone = node
            .label
            .map_or(String::new(), |zone| format!("zone: {zone}"));
        format!(
            "    - {{name: n{index}, address: 10.0.{subnet}.{index}, role: {role}, \
             availability: {availability}, labels: {{{zone}}}}}\n"
        )
    });
    let services = services.iter().enumerate().map(|(index, service)| {
        let mode = match service.replicas {
            Some(replicas) => format!("replicated: {{replicas: {replicas}}}"),
            None => "global: {}".to_owned(),
        };
        let tag = service.tag;
        let arguments = vec!["x"; service.arguments].join(", ");
        let network = if service.on_host {
            "{external: host}"
        } else {
            ""
        };
        format!(
            "---\napiVersion: skep/v1\nkind: Service\nmetadata: {{name: s{index}}}\n\
             spec: {{image: \"nginx:{tag}\", mode: {{{mode}}}, args: [{arguments}], \
             networks: [{network}]}}\n"
        )
    });
    std::iter::once(swarm.to_owned())
        .chain(nodes)
        .chain(services)
        .collect()
}
