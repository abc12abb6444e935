//! Networks: the engine creates and removes them, and changes none.
//!
//! A network that no service is in is made anew when it differs; one that services are in would
//! take them off the network first, and that is for a person to say.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use skep_manifest::condition::Reason;
use skep_manifest::desired::{Declared, Desired};
use skep_manifest::name::Name;
use skep_manifest::network::{NetworkSpec, NetworkSubnet};
use skep_manifest::swarm::SwarmSpec;

use crate::action::{Action, Blocked, Change, CreateNetwork, Executor, Plan, RemoveNetwork, Step};
use crate::adoption;
use crate::difference::told;
use crate::observed::{Cluster, ClusterNetwork};
use crate::ownership::{HASH, OBJECT, SWARM, is_label_of_skep, is_ours, network_object};
use crate::service_spec::fingerprint::fingerprint;

/// What the engine notes among a network's options by itself.
pub(crate) const NOTED_BY_ENGINE: &str = "com.docker.network.driver.overlay.vxlanid_list";
/// The option that encrypts; its value means nothing.
pub(crate) const ENCRYPTED: &str = "encrypted";

/// Plans what is missing or can be made anew, and returns the networks that no service can be in
/// until somebody did something.
pub(crate) fn plan_creation<'a>(
    swarm: &Declared<SwarmSpec>,
    desired: &'a Desired,
    cluster: &Cluster,
    plan: &mut Plan,
) -> BTreeSet<&'a Name> {
    let mut missing = BTreeSet::new();
    let users = users(cluster);
    let adopts = adoption::adopts(&swarm.spec, cluster);
    let swarm = &swarm.metadata.name;
    for network in desired.networks.values() {
        let name = &network.metadata.name;
        let object = network_object(name.as_str());
        let Some(there) = cluster.swarm_networks.get(name.as_str()) else {
            let because = "the swarm does not have it";
            plan.steps.push(create(swarm, network, because));
            continue;
        };
        let changes = changes(&network.spec, there);
        if !is_ours(swarm, &object, &there.labels) {
            let is_nobodys = !there.labels.contains_key(SWARM);
            if adopts && is_nobodys && changes.is_empty() {
                continue;
            }
            plan.blocked.push(if adopts && is_nobodys {
                not_as_declared(object, &changes)
            } else {
                taken(name, object)
            });
            missing.insert(name);
            continue;
        }
        if changes.is_empty() {
            continue;
        }
        match users.get(there.id.as_str()) {
            Some(users) => plan.blocked.push(unchangeable(object, users, &changes)),
            None => {
                let because = "the engine cannot change a network: it is removed and created again";
                plan.steps.push(remove(name.as_str(), there, because));
                plan.steps.push(create(swarm, network, because));
            }
        }
    }
    missing
}

/// Plans the removal of what is declared no more and no service is in.
pub(crate) fn plan_removal(swarm: &Name, desired: &Desired, cluster: &Cluster, plan: &mut Plan) {
    let users = users(cluster);
    for (name, network) in &cluster.swarm_networks {
        let is_stale = is_ours(swarm, &network_object(name), &network.labels)
            && !desired.networks.contains_key(name.as_str());
        if is_stale && !users.contains_key(network.id.as_str()) {
            let because = "it is not declared any more";
            plan.steps.push(remove(name, network, because));
        }
    }
}

/// The services that are in each network or may go back to it, by the network's id.
fn users(cluster: &Cluster) -> BTreeMap<&str, Vec<&str>> {
    let ids: BTreeMap<&str, &str> = cluster
        .swarm_networks
        .iter()
        .map(|(name, network)| (name.as_str(), network.id.as_str()))
        .collect();
    let mut users: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (service, observed) in &cluster.services {
        let specs = [Some(&observed.spec), observed.fallback.as_ref()];
        let lists = specs
            .into_iter()
            .flatten()
            .flat_map(|spec| [&spec["TaskTemplate"]["Networks"], &spec["Networks"]]);
        let attachments = lists.filter_map(Value::as_array).flatten();
        for target in attachments.filter_map(|attached| attached["Target"].as_str()) {
            let id = ids.get(target).copied().unwrap_or(target);
            let users = users.entry(id).or_default();
            if users.last() != Some(&service.as_str()) {
                users.push(service);
            }
        }
    }
    users
}

fn create(swarm: &Name, network: &Declared<NetworkSpec>, because: &str) -> Step {
    let name = network.metadata.name.as_str();
    let nothing = ClusterNetwork {
        driver: String::new(),
        ..ClusterNetwork::default()
    };
    Step {
        object: network_object(name),
        executor: Executor::Writer,
        action: Action::CreateNetwork(CreateNetwork {
            name: name.to_owned(),
            spec: specification(swarm, name, &network.spec),
            fields: changes(&network.spec, &nothing),
        }),
        because: because.to_owned(),
    }
}

fn remove(name: &str, network: &ClusterNetwork, because: &str) -> Step {
    Step {
        object: network_object(name),
        executor: Executor::Writer,
        action: Action::RemoveNetwork(RemoveNetwork {
            name: name.to_owned(),
            id: network.id.clone(),
        }),
        because: because.to_owned(),
    }
}

/// A declared network in the words of the engine: the fields of `POST /networks/create`.
fn specification(swarm: &Name, name: &str, spec: &NetworkSpec) -> Value {
    let subnets = spec
        .subnets
        .iter()
        .map(|NetworkSubnet { subnet, gateway }| {
            let mut written = json!({"Subnet": subnet.to_string()});
            if let Some(gateway) = gateway {
                written["Gateway"] = json!(gateway.0.to_string());
            }
            written
        });
    let mut written = json!({
        "Name": name,
        "CheckDuplicate": true,
        "Driver": spec.driver,
        "Scope": "swarm",
        "Attachable": spec.attachable,
        "Internal": spec.internal,
        "EnableIPv6": spec.ipv6,
        "IPAM": {"Config": subnets.collect::<Vec<_>>()},
        "Options": options(spec),
        "Labels": spec.labels,
    });
    written["Labels"][SWARM] = json!(swarm.as_str());
    written["Labels"][OBJECT] = json!(network_object(name));
    written["Labels"][HASH] = Value::String(fingerprint(&written));
    written
}

fn options(spec: &NetworkSpec) -> BTreeMap<String, String> {
    let mut options = spec.options.clone();
    if spec.encrypted {
        options.insert(ENCRYPTED.to_owned(), String::new());
    }
    options
}

/// What differs, in the words of the manifest.
pub(crate) fn changes(spec: &NetworkSpec, there: &ClusterNetwork) -> Vec<Change> {
    let NetworkSpec {
        driver,
        attachable,
        internal,
        encrypted,
        ipv6,
        subnets,
        options,
        labels,
    } = spec;
    let is_encrypted = there.options.contains_key(ENCRYPTED);
    let mut fields = vec![
        ("driver".to_owned(), json!(there.driver), json!(driver)),
        (
            "attachable".to_owned(),
            json!(there.attachable),
            json!(attachable),
        ),
        (
            "internal".to_owned(),
            json!(there.internal),
            json!(internal),
        ),
        (
            ENCRYPTED.to_owned(),
            json!(is_encrypted),
            json!(*encrypted || options.contains_key(ENCRYPTED)),
        ),
        ("ipv6".to_owned(), json!(there.ipv6), json!(ipv6)),
    ];
    // Without any the engine chooses, and what it chose is as declared.
    if !subnets.is_empty() {
        let (old, new) = (there_subnets(there, subnets), declared_subnets(subnets));
        fields.push(("subnets".to_owned(), json!(old), json!(new)));
    }
    let keys: BTreeSet<&String> = options.keys().chain(there.options.keys()).collect();
    fields.extend(keys.into_iter().filter_map(|key| {
        let is_noted = key == ENCRYPTED || (key == NOTED_BY_ENGINE && !options.contains_key(key));
        let (old, new) = (there.options.get(key), options.get(key));
        (!is_noted).then(|| (format!("options.{key}"), json!(old), json!(new)))
    }));
    let keys: BTreeSet<&String> = labels.keys().chain(there.labels.keys()).collect();
    fields.extend(keys.into_iter().filter_map(|key| {
        let (old, new) = (there.labels.get(key), labels.get(key));
        (!is_label_of_skep(key)).then(|| (format!("labels.{key}"), json!(old), json!(new)))
    }));
    let changes = fields
        .into_iter()
        .map(|(path, old, new)| Change { path, old, new });
    changes.filter(|change| change.old != change.new).collect()
}

fn declared_subnets(subnets: &[NetworkSubnet]) -> BTreeMap<String, Option<String>> {
    let entry = |NetworkSubnet { subnet, gateway }: &NetworkSubnet| {
        (
            subnet.to_string(),
            gateway.map(|gateway| gateway.0.to_string()),
        )
    };
    subnets.iter().map(entry).collect()
}

/// The subnets that are there; a gateway that the manifest leaves to the engine is left out.
fn there_subnets(
    there: &ClusterNetwork,
    declared: &[NetworkSubnet],
) -> BTreeMap<String, Option<String>> {
    let declared = declared_subnets(declared);
    let is_open = |subnet: &String| declared.get(subnet).is_some_and(Option::is_none);
    let entry = |(subnet, gateway): (&String, &Option<String>)| {
        let gateway = gateway.clone().filter(|_| !is_open(subnet));
        (subnet.clone(), gateway)
    };
    there.subnets.iter().map(entry).collect()
}

fn taken(name: &Name, object: String) -> Blocked {
    Blocked {
        object,
        reason: Reason::Refused,
        message: "there is a network of this name that skep did not create".to_owned(),
        remedy: format!(
            "name it with `external: {name}` where services are in it, remove it with \
             `docker network rm {name}`, or rename this one"
        ),
    }
}

fn not_as_declared(object: String, changes: &[Change]) -> Blocked {
    Blocked {
        object,
        reason: Reason::Refused,
        message: format!(
            "the engine cannot change a network that was made by hand: {}",
            told(changes)
        ),
        remedy: "declare it as it is, as `skep import swarm` says it, or under another name"
            .to_owned(),
    }
}

fn unchangeable(object: String, users: &[&str], changes: &[Change]) -> Blocked {
    let changes: Vec<String> = changes
        .iter()
        .map(|Change { path, old, new }| format!("{path}: {old} -> {new}"))
        .collect();
    let (verb, users) = match users {
        [user] => ("is", (*user).to_owned()),
        users => ("are", users.join(", ")),
    };
    Blocked {
        object,
        reason: Reason::Refused,
        message: format!(
            "the engine cannot change a network, and {users} {verb} in it: {}",
            changes.join(", ")
        ),
        remedy: "declare it under another name, and its services move there task by task; or take \
                 them out of it, and it is made anew"
            .to_owned(),
    }
}
