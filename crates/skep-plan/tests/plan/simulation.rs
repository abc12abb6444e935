//! What the world looks like after a step: a swarm that always obeys, and stores a specification
//! the way the engine does.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::{Value, json};
use skep_manifest::swarm::{Availability, Role};
use skep_plan::action::{
    Action, Change, CreateFile, CreateNetwork, Executor, FileKind, Plan, Step,
};
use skep_plan::observed::{
    Cluster, ClusterFile, ClusterNetwork, ClusterService, Membership, NodeState, Tasks,
};

use crate::world::{World, manager};

/// The id under which the simulated engine knows the swarm's `host` network.
const HOST_NETWORK: &str = "pmakbvolvacijymnomig0gurt";

impl World {
    /// Executes all steps of a plan in order.
    pub(crate) fn execute(&mut self, plan: &Plan) {
        for step in &plan.steps {
            self.step(step);
        }
    }

    /// Executes one step; what the engine would refuse, panics.
    pub(crate) fn step(&mut self, step: &Step) {
        match (&step.action, &step.executor) {
            (Action::InitSwarm(init), Executor::Node(node)) => {
                assert_eq!(self.engine(node.as_str()).membership, Membership::Inactive);
                self.swarms += 1;
                self.observed.cluster = Some(Cluster {
                    id: format!("swarm-{}", self.swarms),
                    labels: init.labels.clone(),
                    spec: Some(with_changes(&json!({}), &init.changes)),
                    foundation: Some(init.foundation.clone()),
                    ..Cluster::default()
                });
                let id = self.enlist(node.as_str(), Role::Manager, init.availability);
                self.tell_address(&id, init.advertise_address);
                self.admit(node, id, Role::Manager);
            }
            (Action::JoinSwarm(join), Executor::Node(node)) => {
                assert_eq!(self.engine(node.as_str()).membership, Membership::Inactive);
                assert!(!join.remote_addresses.is_empty(), "somebody must be asked");
                let id = self.enlist(node.as_str(), join.role, join.availability);
                self.tell_address(&id, join.advertise_address);
                self.admit(node, id, join.role);
            }
            (Action::LeaveSwarm(leave), Executor::Node(node)) => {
                let listed = self.cluster().nodes.get_mut(&leave.node_id);
                let listed = listed.expect("a node");
                assert_eq!(listed.role, Role::Worker, "a manager does not leave");
                listed.state = NodeState::Down;
                if let Some(engine) = self.observed.engines.get_mut(node) {
                    engine.membership = Membership::Inactive;
                }
                self.wiped.insert(node.clone());
            }
            (action, Executor::Writer) => self.write(action),
            (action, executor) => panic!("{executor:?} cannot do {action:?}"),
        }
        self.elect();
    }

    fn write(&mut self, action: &Action) {
        let services = &mut self.cluster().services;
        match action {
            Action::LabelNode(label) => {
                let nodes = &mut self.cluster().nodes;
                let node = nodes.get_mut(&label.node_id).expect("a node");
                node.labels.extend(label.set.clone());
                node.labels.retain(|key, _| !label.remove.contains(key));
            }
            Action::SetAvailability(set) => {
                let node = self.cluster().nodes.get_mut(&set.node_id).expect("a node");
                node.availability = set.availability;
            }
            Action::SetRole(set) => self.set_role(&set.node_id, set.role),
            Action::CreateNetwork(create) => self.create_network(create),
            Action::RemoveNetwork(remove) => {
                let specs = services.values().map(|service| service.spec.to_string());
                let is_used = specs.into_iter().any(|spec| spec.contains(&remove.id));
                assert!(!is_used, "services are in {}", remove.name);
                self.cluster().swarm_networks.remove(&remove.name);
            }
            Action::CreateFile(create) => self.create_file(create),
            Action::RemoveFile(remove) => {
                let specs = services.values().map(|service| service.spec.to_string());
                let is_used = specs.into_iter().any(|spec| spec.contains(&remove.name));
                assert!(!is_used, "services have {}", remove.name);
                self.files(remove.kind)
                    .remove(&remove.name)
                    .expect("it is there");
            }
            Action::CreateService(create) => {
                assert!(!services.contains_key(&create.name), "names are taken once");
                let service = ClusterService {
                    id: format!("service-{}", create.name),
                    version: 1,
                    spec: json!({}),
                    fallback: None,
                    tasks: Tasks::default(),
                    trouble: None,
                };
                services.insert(create.name.clone(), service);
                self.store(&create.name, &create.spec);
            }
            Action::UpdateService(update) => {
                let service = services.get_mut(&update.name).expect("a service");
                assert_eq!(service.version, update.version, "update out of sequence");
                service.version += 1;
                self.store(&update.name, &update.spec);
            }
            Action::RemoveService(remove) => {
                services.remove(&remove.name).expect("a service");
            }
            Action::UpdateSwarm(update) => {
                let spec = self.cluster().spec.take().expect("it is told");
                let spec = with_changes(&spec, &update.changes);
                if let Ok(labels) = serde_json::from_value(spec["Labels"].clone()) {
                    self.cluster().labels = labels;
                }
                self.cluster().spec = Some(spec);
            }
            Action::RemoveNode(remove) => {
                let node = self.cluster().nodes.remove(&remove.node_id);
                let node = node.expect("a node");
                assert_eq!(node.state, NodeState::Down, "only dead nodes are removed");
                assert_eq!(node.manager, None, "a manager is not removed");
            }
            Action::InitSwarm(_) | Action::JoinSwarm(_) | Action::LeaveSwarm(_) => {
                panic!("a node does that itself")
            }
        }
    }

    /// What the others know a node by from here on.
    fn tell_address(&mut self, node_id: &str, address: IpAddr) {
        self.advertised.insert(node_id.to_owned(), address);
        let node = self.cluster().nodes.get_mut(node_id).expect("a node");
        node.address = Some(address);
    }

    fn create_network(&mut self, create: &CreateNetwork) {
        let CreateNetwork { name, spec, .. } = create;
        let word = |field: &str| spec[field].as_str().unwrap_or_default().to_owned();
        let texts = |field: &str| serde_json::from_value(spec[field].clone()).expect("texts");
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let subnets = spec["IPAM"]["Config"].as_array().expect("a list");
        let mut subnets: BTreeMap<String, Option<String>> = subnets
            .iter()
            .map(|it| (text(&it["Subnet"]).expect("a text"), text(&it["Gateway"])))
            .collect();
        if subnets.is_empty() {
            // The next one of the pool.
            subnets.insert("10.0.1.0/24".to_owned(), Some("10.0.1.1".to_owned()));
        }
        let mut options: BTreeMap<String, String> = texts("Options");
        options.insert(
            "com.docker.network.driver.overlay.vxlanid_list".to_owned(),
            "4097".to_owned(),
        );
        let network = ClusterNetwork {
            id: format!("id-of-{name}"),
            labels: texts("Labels"),
            driver: word("Driver"),
            attachable: spec["Attachable"] == true,
            internal: spec["Internal"] == true,
            ipv6: spec["EnableIPv6"] == true,
            options,
            subnets,
        };
        let cluster = self.cluster();
        cluster.networks.insert(network.id.clone(), name.clone());
        let former = cluster.swarm_networks.insert(name.clone(), network);
        assert_eq!(former, None, "names are taken once");
    }

    fn create_file(&mut self, create: &CreateFile) {
        assert!(
            !create.content.reveal().is_empty(),
            "the engine takes no empty file"
        );
        let file = ClusterFile {
            id: format!("id-of-{}", create.name),
            labels: create.labels.clone(),
        };
        self.files(create.kind).insert(create.name.clone(), file);
    }

    pub(crate) fn files(&mut self, kind: FileKind) -> &mut BTreeMap<String, ClusterFile> {
        match kind {
            FileKind::Config => &mut self.cluster().configs,
            FileKind::Secret => &mut self.cluster().secrets,
        }
    }

    pub(crate) fn set_role(&mut self, node_id: &str, role: Role) {
        let node = self.cluster().nodes.get_mut(node_id).expect("a node");
        node.role = role;
        node.manager = manager(role);
        let swarm = self.cluster().id.clone();
        for engine in self.observed.engines.values_mut() {
            if let Membership::Active(active) = &mut engine.membership
                && active.node_id == node_id
            {
                active.role = role;
                active.swarm_id = (role == Role::Manager).then(|| swarm.clone());
            }
        }
    }

    /// Stores a specification the way engine 20.10 was seen to, and starts its tasks.
    fn store(&mut self, name: &str, spec: &Value) {
        let nodes = self.cluster().nodes.values();
        let ready = nodes.filter(|node| {
            node.state == NodeState::Ready && node.availability == Availability::Active
        });
        let ready = ready.count() as u64;
        let mut stored = without_empty(spec);
        let known = self.cluster().swarm_networks.clone();
        let template = &mut stored["TaskTemplate"];
        template["ForceUpdate"] = json!(0);
        template["Runtime"] = json!("container");
        template["ContainerSpec"]["Isolation"] = json!("default");
        let networks = template.get_mut("Networks").and_then(Value::as_array_mut);
        for attached in networks.into_iter().flatten() {
            let name = attached["Target"].as_str().expect("a name").to_owned();
            if name == "host" {
                attached["Target"] = json!(HOST_NETWORK);
            } else if let Some(network) = known.get(&name) {
                attached["Target"] = json!(network.id);
            }
        }
        let replicas = stored["Mode"]["Replicated"]["Replicas"].as_u64();
        self.cluster()
            .networks
            .insert(HOST_NETWORK.to_owned(), "host".to_owned());
        let service = self.service(name);
        service.spec = stored;
        service.tasks = Tasks {
            desired: replicas.unwrap_or(ready),
            running: replicas.unwrap_or(ready),
        };
    }

    /// The first reachable manager leads when nobody does.
    fn elect(&mut self) {
        let managers = self.cluster().nodes.values_mut();
        let mut managers: Vec<_> = managers.filter_map(|node| node.manager.as_mut()).collect();
        if !managers.iter().any(|manager| manager.leader)
            && let Some(first) = managers.iter_mut().find(|manager| manager.reachable)
        {
            first.leader = true;
        }
    }
}

fn with_changes(spec: &Value, changes: &[Change]) -> Value {
    let mut changed = spec.clone();
    for Change { path, new, .. } in changes {
        match path.split_once('.') {
            Some((section, field)) => changed[section][field] = new.clone(),
            None => changed[path] = new.clone(),
        }
    }
    changed
}

/// The engine leaves out what is empty, but for a mode, a number of replicas and the labels of the
/// service itself.
fn without_empty(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| match name.as_str() {
                "Mode" => (name, value.clone()),
                _ => (name, without_empty(value)),
            });
            let kept = fields.filter(|(name, value)| match value {
                Value::Array(values) => !values.is_empty(),
                Value::Object(fields) => !fields.is_empty() || *name == "Placement",
                value => *value != json!(0),
            });
            Value::Object(kept.map(|(name, value)| (name.clone(), value)).collect())
        }
        Value::Array(values) => values.iter().map(without_empty).collect(),
        value => value.clone(),
    }
}
