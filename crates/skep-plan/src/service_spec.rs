//! A declared service in the words of the engine.
//!
//! Every field that skep owns is written, also when it is empty, so that an update overwrites what
//! is there. The fields are those of `POST /services/create`; [`crate::difference`] lists them too.

pub(crate) mod fingerprint;
pub(crate) mod image;
pub(crate) mod unsupported;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use skep_manifest::desired::Declared;
use skep_manifest::name::Name;
use skep_manifest::service::ServiceSpec;
use skep_manifest::service::mode::Mode;
use skep_manifest::service::network::{Endpoint, NetworkAttachment, NetworkReference};
use skep_manifest::service::placement::Placement;
use skep_manifest::service::port::{Port, Protocol, PublishMode};

use crate::ownership::{HASH, OBJECT, SWARM, service_object};

/// The specification that the engine gets for a service of the swarm called `swarm`, labelled as
/// skep's and with its own fingerprint.
///
/// # Errors
///
/// The fields that cannot be honoured, as they stand in the manifest.
pub(crate) fn service_spec(
    swarm: &Name,
    service: &Declared<ServiceSpec>,
) -> Result<Value, Vec<String>> {
    let unsupported = unsupported::unsupported(&service.spec);
    if !unsupported.is_empty() {
        return Err(unsupported);
    }
    let name = service.metadata.name.as_str();
    let spec = &service.spec;
    let mut labels = spec.labels.clone();
    labels.insert(SWARM.to_owned(), swarm.to_string());
    labels.insert(OBJECT.to_owned(), service_object(name));
    labels.remove(HASH);
    let mut written = json!({
        "Name": name,
        "Labels": labels,
        "TaskTemplate": {
            "ContainerSpec": {
                "Image": image::tagged(spec.image.as_str()),
                "Command": spec.command,
                "Args": spec.args,
                "Env": environment(&spec.environment),
                "Labels": spec.container_labels,
            },
            "Placement": placement(&spec.placement, spec.mode),
            "Networks": spec.networks.iter().map(network).collect::<Vec<_>>(),
        },
        "Mode": mode(spec.mode),
        "EndpointSpec": {
            "Mode": endpoint(spec.endpoint),
            "Ports": spec.ports.iter().map(port).collect::<Vec<_>>(),
        },
    });
    written["Labels"][HASH] = Value::String(fingerprint::fingerprint(&written));
    Ok(written)
}

fn environment(variables: &BTreeMap<String, String>) -> Vec<String> {
    let line = |(name, value): (&String, &String)| format!("{name}={value}");
    variables.iter().map(line).collect()
}

fn placement(placement: &Placement, mode: Mode) -> Value {
    let constraints: Vec<String> = placement
        .constraints
        .iter()
        .map(ToString::to_string)
        .collect();
    let most = match mode {
        Mode::Replicated(replicated) => replicated.max_per_node.unwrap_or(0),
        Mode::Global(_) | Mode::ReplicatedJob(_) | Mode::GlobalJob(_) => 0,
    };
    json!({"Constraints": constraints, "MaxReplicas": most})
}

fn network(attachment: &NetworkAttachment) -> Value {
    let target = match &attachment.network {
        NetworkReference::Network(name) => name.as_str(),
        NetworkReference::External(name) => name.as_str(),
    };
    json!({"Target": target, "Aliases": attachment.aliases})
}

fn mode(mode: Mode) -> Value {
    match mode {
        Mode::Replicated(replicated) => json!({"Replicated": {"Replicas": replicated.replicas}}),
        Mode::Global(_) => json!({"Global": {}}),
        Mode::ReplicatedJob(job) => json!({"ReplicatedJob": {
            "TotalCompletions": job.completions,
            "MaxConcurrent": job.concurrent.unwrap_or(job.completions),
        }}),
        Mode::GlobalJob(_) => json!({"GlobalJob": {}}),
    }
}

const fn endpoint(endpoint: Endpoint) -> &'static str {
    match endpoint {
        Endpoint::Vip => "vip",
        Endpoint::Dnsrr => "dnsrr",
    }
}

fn port(port: &Port) -> Value {
    let protocol = match port.protocol {
        Protocol::Tcp => "tcp",
        Protocol::Udp => "udp",
        Protocol::Sctp => "sctp",
    };
    let mode = match port.mode {
        PublishMode::Ingress => "ingress",
        PublishMode::Host => "host",
    };
    json!({
        "Protocol": protocol,
        "TargetPort": port.target,
        "PublishedPort": port.published.unwrap_or(0),
        "PublishMode": mode,
    })
}

#[cfg(test)]
mod tests;
