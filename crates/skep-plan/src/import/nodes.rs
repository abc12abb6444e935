//! The nodes of a swarm.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use skep_manifest::name::NodeName;
use skep_manifest::swarm::Role;

use super::Note;
use crate::observed::{Cluster, ClusterNode};
use crate::ownership::{NODE, is_label_of_skep};

/// The nodes in the words of a manifest, managers first.
pub(super) fn nodes(cluster: &Cluster, notes: &mut Vec<Note>) -> Vec<Value> {
    let mut nodes: Vec<(bool, NodeName, Value)> = Vec::new();
    let mut names = BTreeSet::new();
    for node in cluster.nodes.values() {
        match named(node, &mut names) {
            Ok((name, value)) => nodes.push((node.role == Role::Worker, name, value)),
            Err(note) => notes.push(note),
        }
    }
    nodes.sort_by(|(worker, name, _), (other_worker, other, _)| {
        (worker, name).cmp(&(other_worker, other))
    });
    nodes.into_iter().map(|(_, _, value)| value).collect()
}

fn named(node: &ClusterNode, names: &mut BTreeSet<NodeName>) -> Result<(NodeName, Value), Note> {
    let ClusterNode {
        host_name,
        role,
        availability,
        labels,
        address,
        // What it is at present.
        state: _,
        manager: _,
        tasks: _,
    } = node;
    let unlisted = |message: &str, remedy: &str| Note {
        object: format!("node/{host_name}"),
        message: format!("it is not in the manifest: {message}"),
        remedy: remedy.to_owned(),
    };
    let written = labels.get(NODE).unwrap_or(host_name).to_ascii_lowercase();
    let Ok(name) = written.parse::<NodeName>() else {
        let remedy = "give it a host name of letters, digits and `-`, and import again";
        return Err(unlisted("its host name cannot be one of a node", remedy));
    };
    let Some(address) = address else {
        let remedy = "add it with the address under which the others reach it";
        return Err(unlisted("nobody tells its address", remedy));
    };
    if !names.insert(name.clone()) {
        let remedy = "remove the entry of a node that is no more with `docker node rm`, and import \
                      again";
        return Err(unlisted("another node has the same host name", remedy));
    }
    let labels = labels.iter().filter(|(key, _)| !is_label_of_skep(key));
    let labels: Value = labels.map(|(key, value)| (key, value.as_str())).collect();
    let value = json!({
        "name": name,
        "address": address,
        "role": role,
        "availability": availability,
        "labels": labels,
    });
    Ok((name, value))
}
