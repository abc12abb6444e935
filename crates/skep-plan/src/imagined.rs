//! A world that nobody observed: the one in which a desired state has come about. With it two
//! desired states are compared where there is no cluster.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::{Value, json};
use skep_manifest::desired::Desired;
use skep_manifest::name::NodeName;
use skep_manifest::swarm::{Availability, Role};

use crate::action::{
    Action, Change, CreateNetwork, CreateService, Executor, FileKind, JoinSwarm, Plan, Step,
};
use crate::groups::group_changes;
use crate::images;
use crate::observed::{
    Active, Cluster, ClusterFile, ClusterNetwork, ClusterNode, ClusterService, Engine, LookedUp,
    Manager, Membership, NodeState, Observed, Tasks,
};
use crate::plan;

/// After so many rounds nothing is left that could come about.
const ROUNDS_MAX: usize = 200;
/// What every registry says: the plan compares, and asks nobody.
const DIGEST: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

/// What would be done where `old` has come about and `new` is desired from here on.
#[must_use]
pub fn plan_between(old: &Desired, new: &Desired) -> Plan {
    let mut observed = come_about(old);
    admit_bare(new, &mut observed);
    tell_digests(new, &mut observed);
    Plan {
        vip_groups: group_changes(old, new),
        ..plan(new, &observed)
    }
}

/// The world in which `desired` has come about.
fn come_about(desired: &Desired) -> Observed {
    let mut observed = Observed::default();
    admit_bare(desired, &mut observed);
    for _ in 0..ROUNDS_MAX {
        tell_digests(desired, &mut observed);
        let planned = plan(desired, &observed);
        if planned.steps.is_empty() {
            break;
        }
        for step in planned.steps {
            imagine(step, &mut observed);
        }
    }
    observed
}

/// Lets an agent answer on every node, with an engine in no swarm where nothing else is known.
fn admit_bare(desired: &Desired, observed: &mut Observed) {
    let nodes = desired.swarm.iter().flat_map(|swarm| &swarm.spec.nodes);
    for node in nodes {
        let engines = &mut observed.engines;
        engines.entry(node.name.clone()).or_insert(Engine {
            is_certified: false,
            membership: Membership::Inactive,
            remembers: None,
            refused: None,
            is_stuck: false,
            // Locking waits for that.
            keeps_unlock_key: true,
        });
    }
}

/// Lets the registries answer.
fn tell_digests(desired: &Desired, observed: &mut Observed) {
    let Some(cluster) = &mut observed.cluster else {
        return;
    };
    for image in images::asked(desired, cluster).into_keys() {
        let told = LookedUp {
            digest: Some(DIGEST.to_owned()),
            trouble: None,
        };
        cluster.images.insert(image, told);
    }
}

/// Does what a step says. From bare engines on nothing is ever taken away.
fn imagine(step: Step, observed: &mut Observed) {
    if let (Action::InitSwarm(init), Executor::Node(node)) = (&step.action, &step.executor) {
        observed.cluster = Some(Cluster {
            id: "imagined".to_owned(),
            labels: init.labels.clone(),
            spec: Some(with_changes(json!({}), &init.changes)),
            foundation: Some(init.foundation.clone()),
            ..Cluster::default()
        });
        let part = Part {
            role: Role::Manager,
            availability: init.availability,
            address: init.advertise_address,
        };
        return join(node, part, observed);
    }
    if let (Action::JoinSwarm(joined), Executor::Node(node)) = (&step.action, &step.executor) {
        let JoinSwarm {
            role,
            availability,
            advertise_address: address,
            ..
        } = *joined;
        let part = Part {
            role,
            availability,
            address,
        };
        return join(node, part, observed);
    }
    if let Some(cluster) = &mut observed.cluster {
        write(step.action, cluster);
    }
}

/// What a node is in the swarm.
struct Part {
    role: Role,
    availability: Availability,
    address: IpAddr,
}

fn join(node: &NodeName, part: Part, observed: &mut Observed) {
    let Some(cluster) = &mut observed.cluster else {
        return;
    };
    let id = format!("imagined-{node}");
    let manager = Manager {
        reachable: true,
        leader: cluster.nodes.is_empty(),
    };
    let listed = ClusterNode {
        host_name: node.to_string(),
        role: part.role,
        availability: part.availability,
        labels: BTreeMap::new(),
        state: NodeState::Ready,
        manager: (part.role == Role::Manager).then_some(manager),
        address: Some(part.address),
        tasks: 0,
    };
    cluster.nodes.insert(id.clone(), listed);
    if let Some(engine) = observed.engines.get_mut(node) {
        engine.remembers = Some(cluster.id.clone());
        engine.membership = Membership::Active(Active {
            swarm_id: (part.role == Role::Manager).then(|| cluster.id.clone()),
            node_id: id,
            role: part.role,
            advertised: Some(part.address),
        });
    }
}

fn write(action: Action, cluster: &mut Cluster) {
    match action {
        Action::UpdateSwarm(update) => {
            let spec = cluster.spec.take().unwrap_or_default();
            cluster.spec = Some(with_changes(spec, &update.changes));
        }
        Action::LabelNode(label) => {
            if let Some(node) = cluster.nodes.get_mut(&label.node_id) {
                node.labels.extend(label.set);
                node.labels.retain(|key, _| !label.remove.contains(key));
            }
        }
        Action::SetAvailability(set) => {
            if let Some(node) = cluster.nodes.get_mut(&set.node_id) {
                node.availability = set.availability;
            }
        }
        Action::CreateNetwork(create) => create_network(create, cluster),
        Action::CreateFile(create) => {
            let files = match create.kind {
                FileKind::Config => &mut cluster.configs,
                FileKind::Secret => &mut cluster.secrets,
            };
            let file = ClusterFile {
                id: create.name.clone(),
                labels: create.labels,
            };
            files.insert(create.name, file);
        }
        Action::CreateService(create) => create_service(create, cluster),
        Action::InitSwarm(_)
        | Action::JoinSwarm(_)
        | Action::SetRole(_)
        | Action::LeaveSwarm(_)
        | Action::RemoveNode(_)
        | Action::RemoveNetwork(_)
        | Action::RemoveFile(_)
        | Action::UpdateService(_)
        | Action::RemoveService(_) => {}
    }
}

fn create_network(create: CreateNetwork, cluster: &mut Cluster) {
    let CreateNetwork { name, spec, .. } = create;
    let texts = |field: &str| serde_json::from_value(spec[field].clone()).unwrap_or_default();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let subnets = spec["IPAM"]["Config"].as_array().into_iter().flatten();
    let subnets: BTreeMap<String, Option<String>> = subnets
        .filter_map(|subnet| Some((text(&subnet["Subnet"])?, text(&subnet["Gateway"]))))
        .collect();
    let network = ClusterNetwork {
        id: name.clone(),
        labels: texts("Labels"),
        driver: text(&spec["Driver"]).unwrap_or_default(),
        attachable: spec["Attachable"] == true,
        internal: spec["Internal"] == true,
        ipv6: spec["EnableIPv6"] == true,
        options: texts("Options"),
        subnets,
    };
    cluster.networks.insert(name.clone(), name.clone());
    cluster.swarm_networks.insert(name, network);
}

fn create_service(create: CreateService, cluster: &mut Cluster) {
    let replicas = create.spec["Mode"]["Replicated"]["Replicas"].as_u64();
    let tasks = replicas.unwrap_or(cluster.nodes.len() as u64);
    let service = ClusterService {
        id: create.name.clone(),
        version: 1,
        spec: create.spec,
        fallback: None,
        tasks: Tasks {
            desired: tasks,
            running: tasks,
        },
        trouble: None,
    };
    cluster.services.insert(create.name, service);
}

fn with_changes(mut spec: Value, changes: &[Change]) -> Value {
    for Change { path, new, .. } in changes {
        match path.split_once('.') {
            Some((section, field)) => spec[section][field] = new.clone(),
            None => spec[path] = new.clone(),
        }
    }
    spec
}

#[cfg(test)]
mod tests;
