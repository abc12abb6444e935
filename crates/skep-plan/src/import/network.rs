//! The networks of the whole swarm.

use serde_json::{Value, json};
use skep_manifest::network::NetworkSpec;
use skep_manifest::object::{Object, Resource};

use super::{Note, STACK, declarable, declared, labels_of_others, readable};
use crate::networks::{ENCRYPTED, NOTED_BY_ENGINE, changes};
use crate::observed::ClusterNetwork;
use crate::ownership::network_object;

/// A network as it can be declared; otherwise services name it with `external`, which is told.
pub(super) fn network(
    name: &str,
    there: &ClusterNetwork,
    notes: &mut Vec<Note>,
) -> Option<Resource<NetworkSpec>> {
    let mut leave = |message: String| {
        notes.push(Note {
            object: network_object(name),
            message: format!("it stays as it is, and services name it with `external`: {message}"),
            remedy: "nothing: services go on using it".to_owned(),
        });
        None
    };
    if let Some(stack) = there.labels.get(STACK) {
        return leave(format!("it belongs to the stack `{stack}`"));
    }
    let Some(own) = declarable(name) else {
        return leave("its name cannot be one in a manifest".to_owned());
    };
    let network: Resource<NetworkSpec> = match declared(&own, written(there)) {
        Ok(network) => network,
        Err(message) => return leave(message),
    };
    if let Err(message) = readable(&Object::Network(network.clone())) {
        return leave(message);
    }
    match changes(&network.spec, there).first() {
        Some(change) => leave(format!("a manifest cannot say {}", change.path)),
        None => Some(network),
    }
}

fn written(there: &ClusterNetwork) -> Value {
    let ClusterNetwork {
        id: _,
        labels,
        driver,
        attachable,
        internal,
        ipv6,
        options,
        subnets,
    } = there;
    let others = options.iter();
    let others = others.filter(|(key, _)| ![ENCRYPTED, NOTED_BY_ENGINE].contains(&key.as_str()));
    let others: Value = others.map(|(key, value)| (key, value.as_str())).collect();
    let subnets = subnets.iter();
    let subnets = subnets.map(|(subnet, gateway)| json!({"subnet": subnet, "gateway": gateway}));
    json!({
        "driver": driver,
        "attachable": attachable,
        "internal": internal,
        "encrypted": options.contains_key(ENCRYPTED),
        "ipv6": ipv6,
        "subnets": subnets.collect::<Vec<_>>(),
        "options": others,
        "labels": labels_of_others(&json!(labels)),
    })
}
