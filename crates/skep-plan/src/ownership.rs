//! How skep knows its own: the labels on the swarm, its nodes and its services, and what the
//! agents remember.
//!
//! What does not carry these labels is never edited and never removed.

use std::collections::BTreeMap;

use skep_manifest::desired::Declared;
use skep_manifest::name::{Name, NodeName};
use skep_manifest::swarm::SwarmSpec;

use crate::action::FileKind;
use crate::adoption;
use crate::difference;
use crate::observed::{ClusterNode, ClusterService, Observed};

/// The label that names the `Swarm` an object belongs to: on the swarm, its nodes and its services.
pub const SWARM: &str = "skep.swarm";
/// The label of a node with its name in the manifest.
pub const NODE: &str = "skep.node";
/// The label of a node that lists the labels the manifest gave it, as a JSON array: those are
/// removed when they are no longer declared, all others are somebody else's.
pub const NODE_LABELS: &str = "skep.labels";
/// The label of an object with its kind and name in the manifest: `service/web`.
pub const OBJECT: &str = "skep.object";
/// The label of an object with the fingerprint of what was declared when it was last written.
pub const HASH: &str = "skep.hash";

/// The label of a service whose image is pinned or followed: the image with its digest.
pub const IMAGE: &str = "skep.image";

/// Whether the observed cluster is the `Swarm` `swarm`: it says so itself, the manifest takes it
/// over, a node of it says so, or an agent remembers being in it.
pub(crate) fn is_our_swarm(swarm: &Declared<SwarmSpec>, observed: &Observed) -> bool {
    let name = &swarm.metadata.name;
    let Some(cluster) = &observed.cluster else {
        return false;
    };
    if let Some(label) = cluster.labels.get(SWARM) {
        return label == name.as_str();
    }
    if adoption::adopts(&swarm.spec, cluster) {
        return true;
    }
    let remembered = |id: &Option<String>| id.as_ref() == Some(&cluster.id);
    observed
        .engines
        .values()
        .any(|engine| remembered(&engine.remembers))
        || cluster
            .nodes
            .values()
            .any(|node| node_name(name, node).is_some())
}

/// The name that skep gave a node of the swarm called `swarm`.
#[must_use]
pub fn node_name(swarm: &Name, node: &ClusterNode) -> Option<NodeName> {
    if node.labels.get(SWARM)? != swarm.as_str() {
        return None;
    }
    node.labels.get(NODE)?.parse().ok()
}

/// Whether skep created a service for the swarm called `swarm`.
pub(crate) fn is_our_service(swarm: &Name, name: &str, service: &ClusterService) -> bool {
    let label = |key: &str| service.spec.get("Labels")?.get(key)?.as_str();
    label(SWARM) == Some(swarm.as_str()) && label(OBJECT) == Some(service_object(name).as_str())
}

/// Whether a service says of no `Swarm` that it is its own.
pub(crate) fn is_nobodys(service: &ClusterService) -> bool {
    service.spec["Labels"].get(SWARM).is_none()
}

/// Whether these labels are those of `object` of the swarm called `swarm`.
pub(crate) fn is_ours(swarm: &Name, object: &str, labels: &BTreeMap<String, String>) -> bool {
    let says = |key: &str, value: &str| labels.get(key).is_some_and(|label| label == value);
    says(SWARM, swarm.as_str()) && says(OBJECT, object)
}

/// Whether a label is one of skep's own.
pub(crate) fn is_label_of_skep(key: &str) -> bool {
    [SWARM, NODE, NODE_LABELS, OBJECT, HASH, IMAGE].contains(&key)
}

/// The fields of its services that skep owns, as paths in the engine's specification: whatever
/// somebody else writes there is a difference. Everything else stays as it is.
pub fn owned_fields() -> impl Iterator<Item = String> {
    difference::owned()
}

/// A node as plans and conditions name it.
#[must_use]
pub fn node_object(name: &NodeName) -> String {
    format!("node/{name}")
}

/// A service as plans, conditions and labels name it.
pub(crate) fn service_object(name: &str) -> String {
    format!("service/{name}")
}

/// A network as plans, conditions and labels name it.
pub(crate) fn network_object(name: &str) -> String {
    format!("network/{name}")
}

/// A config or secret as plans, conditions and labels name it.
pub(crate) fn file_object(kind: FileKind, name: &str) -> String {
    format!("{}/{name}", kind.word())
}

/// The swarm as plans and conditions name it.
pub(crate) fn swarm_object(name: &Name) -> String {
    format!("swarm/{name}")
}
