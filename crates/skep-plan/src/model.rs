//! The model of a swarm: what it is when an action has been carried out, where there is no engine to
//! carry it out.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::Value;
use skep_manifest::name::NodeName;
use skep_manifest::swarm::{Availability, Role};

use crate::action::{Action, Change, CreateNetwork, CreateService, FileKind};
use crate::observed::{
    Active, Cluster, ClusterFile, ClusterNetwork, ClusterNode, ClusterService, Manager, Membership,
    NodeState, Observed, Tasks,
};

/// What a node is in the swarm.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// Its role.
    pub role: Role,
    /// Whether it gets tasks.
    pub availability: Availability,
    /// Where the others reach it.
    pub address: IpAddr,
}

/// Lets a node be in the swarm, if there is one; the first one leads.
pub fn join(node: &NodeName, part: Part, observed: &mut Observed) {
    let Some(cluster) = &mut observed.cluster else {
        return;
    };
    let id = format!("model-{node}");
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

/// Carries an action out, if it makes something: says whether it does.
pub fn carry_out(action: Action, cluster: &mut Cluster) -> bool {
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
        | Action::RemoveService(_) => return false,
    }
    true
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

/// `spec` as it is after these changes.
pub(crate) fn with_changes(mut spec: Value, changes: &[Change]) -> Value {
    for Change { path, new, .. } in changes {
        match path.split_once('.') {
            Some((section, field)) => spec[section][field] = new.clone(),
            None => spec[path] = new.clone(),
        }
    }
    spec
}
