//! A service.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use skep_manifest::name::Name;
use skep_manifest::object::{Object, Resource};
use skep_manifest::service::ServiceSpec;
use skep_manifest::service::placement::Platform;

use super::{
    Note, STACK, container, declarable, declared, labels_of_others, readable, time, unsaid,
};
use crate::difference::{self, difference, is_job};
use crate::files::Files;
use crate::observed::Cluster;
use crate::ownership::{SWARM, service_object};
use crate::service_spec;

/// A service as it can be declared, and what of it a manifest does not say; or why it cannot.
pub(super) fn service(
    name: &str,
    observed: &Value,
    cluster: &Cluster,
    networks: &BTreeSet<Name>,
) -> Result<(Resource<ServiceSpec>, Vec<String>), Note> {
    let left = |message: String, remedy: &str| Note {
        object: service_object(name),
        message: format!("it is not in the manifest and stays as it is: {message}"),
        remedy: remedy.to_owned(),
    };
    if let Some(stack) = observed["Labels"][STACK].as_str() {
        let remedy = "go on with `docker stack deploy`, or declare the stack with its compose file";
        return Err(left(format!("it belongs to the stack `{stack}`"), remedy));
    }
    if is_job(observed) && observed["Labels"].get(SWARM).is_none() {
        let remedy = "go on by hand; or remove it and declare it, and it runs once more";
        return Err(left(
            "taking over a job would run it again".to_owned(),
            remedy,
        ));
    }
    let Some(own) = declarable(name) else {
        let remedy = "go on by hand, or make it anew under another name";
        return Err(left("a manifest has no such names".to_owned(), remedy));
    };
    let by_hand = "change that by hand, or go on with it by hand";
    let service: Resource<ServiceSpec> = declared(&own, written(observed, cluster, networks))
        .map_err(|message| left(message, by_hand))?;
    readable(&Object::Service(service.clone())).map_err(|message| left(message, by_hand))?;
    let wanted = service_spec::declared(name, &service.spec, &Files::default());
    let mut plain = observed.clone();
    plain["Labels"] = labels_of_others(&observed["Labels"]);
    let changes = difference(&wanted, &plain, &cluster.networks).changes;
    if !changes.is_empty() {
        let told = difference::told(&changes);
        return Err(left(format!("a manifest cannot say it: {told}"), by_hand));
    }
    Ok((service, unsaid::unsaid(&plain, &wanted)))
}

/// A service in the words of a manifest.
fn written(observed: &Value, cluster: &Cluster, networks: &BTreeSet<Name>) -> Value {
    let task = &observed["TaskTemplate"];
    let mut written = container::written(&task["ContainerSpec"]);
    let others = json!({
        "labels": labels_of_others(&observed["Labels"]),
        "mode": mode(observed),
        "ports": ports(&observed["EndpointSpec"]["Ports"]),
        "endpoint": text(&observed["EndpointSpec"]["Mode"]),
        "placement": placement(task),
        "networks": attached(&task["Networks"], cluster, networks),
        "resources": resources(&task["Resources"]),
        "restart": restart(&task["RestartPolicy"], is_job(observed)),
        "update": rollout(&observed["UpdateConfig"]),
        "rollback": rollout(&observed["RollbackConfig"]),
        "logging": logging(&task["LogDriver"]),
    });
    if let (Value::Object(written), Value::Object(others)) = (&mut written, others) {
        written.extend(others);
    }
    written
}

fn mode(observed: &Value) -> Value {
    let mode = &observed["Mode"];
    if let Some(job) = mode.get("ReplicatedJob") {
        let concurrent = job["MaxConcurrent"].as_u64().unwrap_or(1);
        let completions = job["TotalCompletions"].as_u64().unwrap_or(concurrent);
        let concurrent = (concurrent != completions).then_some(concurrent);
        return json!({"replicatedJob": {"completions": completions, "concurrent": concurrent}});
    }
    if mode.get("GlobalJob").is_some() {
        return json!({"globalJob": {}});
    }
    if mode.get("Global").is_some() {
        return json!({"global": {}});
    }
    let most = observed["TaskTemplate"]["Placement"]["MaxReplicas"].as_u64();
    json!({"replicated": {
        "replicas": mode["Replicated"]["Replicas"],
        "maxPerNode": most.filter(|most| *most > 0),
    }})
}

fn ports(ports: &Value) -> Vec<Value> {
    let port = |port: &Value| {
        json!({
            "published": number(&port["PublishedPort"]),
            "target": port["TargetPort"],
            "protocol": text(&port["Protocol"]),
            "mode": text(&port["PublishMode"]),
        })
    };
    elements(ports).map(port).collect()
}

fn placement(task: &Value) -> Value {
    let placement = &task["Placement"];
    let spread = elements(&placement["Preferences"]);
    let spread = spread.map(|preference| &preference["Spread"]["SpreadDescriptor"]);
    // Together with a digest, the command line looked them up in the registry.
    let image = task["ContainerSpec"]["Image"].as_str().unwrap_or_default();
    let platforms = elements(&placement["Platforms"]).filter(|_| !image.contains('@'));
    let platforms = platforms.map(|platform| {
        let word = |field: &str| platform[field].as_str().unwrap_or_default();
        let machine = match word("Architecture") {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        format!("{}/{machine}", word("OS"))
    });
    let platforms: Vec<String> = platforms.collect();
    let are_said = platforms.iter().all(|it| it.parse::<Platform>().is_ok());
    json!({
        "constraints": elements(&placement["Constraints"]).collect::<Vec<_>>(),
        "spread": spread.collect::<Vec<_>>(),
        "platforms": are_said.then_some(platforms),
    })
}

fn attached(attachments: &Value, cluster: &Cluster, networks: &BTreeSet<Name>) -> Vec<Value> {
    let network = |attachment: &Value| {
        let target = attachment["Target"].as_str().unwrap_or_default();
        let name = cluster.networks.get(target).map_or(target, String::as_str);
        let kind = if networks.contains(name) {
            "network"
        } else {
            "external"
        };
        json!({kind: name, "aliases": attachment["Aliases"]})
    };
    elements(attachments).map(network).collect()
}

fn resources(resources: &Value) -> Value {
    let (limits, reservations) = (&resources["Limits"], &resources["Reservations"]);
    json!({
        "limits": {
            "cpus": cpus(&limits["NanoCPUs"]),
            "memory": size(&limits["MemoryBytes"]),
            "pids": number(&limits["Pids"]),
        },
        "reservations": {
            "cpus": cpus(&reservations["NanoCPUs"]),
            "memory": size(&reservations["MemoryBytes"]),
        },
    })
}

fn cpus(value: &Value) -> Option<String> {
    const BILLION: u64 = 1_000_000_000;
    let nanos = value.as_u64().filter(|nanos| *nanos > 0)?;
    Some(format!("{}.{:09}", nanos / BILLION, nanos % BILLION))
}

/// A number of bytes; none is nothing.
pub(super) fn size(value: &Value) -> Option<String> {
    let bytes = value.as_u64().filter(|bytes| *bytes > 0)?;
    Some(bytes.to_string())
}

/// A job is restarted after failures, whatever is said.
fn restart(restart: &Value, is_job: bool) -> Value {
    let condition = text(&restart["Condition"]);
    json!({
        "condition": condition.filter(|condition| !is_job || *condition == "none"),
        "delay": time(&restart["Delay"]),
        "maxAttempts": restart["MaxAttempts"],
        "window": time(&restart["Window"]),
    })
}

/// The same for updates and for taking them back.
fn rollout(rollout: &Value) -> Value {
    if !rollout.is_object() {
        return Value::Null;
    }
    json!({
        "parallelism": rollout["Parallelism"].as_u64().unwrap_or(0),
        "delay": time(&rollout["Delay"]),
        "order": text(&rollout["Order"]),
        "onFailure": text(&rollout["FailureAction"]),
        "monitor": number(&rollout["Monitor"]).map(|_| time(&rollout["Monitor"])),
        "maxFailureRatio": rollout["MaxFailureRatio"],
    })
}

fn logging(driver: &Value) -> Option<Value> {
    let name = text(&driver["Name"])?;
    Some(json!({"driver": name, "options": driver["Options"]}))
}

/// A text; an empty one is none.
pub(super) fn text(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}

/// A number; zero is none.
pub(super) fn number(value: &Value) -> Option<u64> {
    value.as_u64().filter(|number| *number > 0)
}

pub(super) fn elements(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
