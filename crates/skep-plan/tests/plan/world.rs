//! A desired and an observed state that can be made and changed in few words.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use serde_json::Value;
use skep_manifest::desired::Desired;
use skep_manifest::name::NodeName;
use skep_manifest::parse::parse;
use skep_manifest::resolve::resolve;
use skep_manifest::set::Source;
use skep_manifest::swarm::{Availability, Role};
use skep_plan::observed::{
    Active, Cluster, ClusterNode, ClusterService, Engine, Manager, Membership, NodeGroups,
    NodeState, Observed, Tasks,
};

/// The desired state of a manifest, which must be free of problems.
pub(crate) fn desired(yaml: &str) -> Desired {
    let source = Source {
        name: "skep.yaml".to_owned(),
        text: yaml.as_bytes().to_vec(),
    };
    let set = parse(vec![source]);
    assert!(set.problems.is_empty(), "{:?}\n{yaml}", set.problems);
    let (desired, problems) = resolve(&set);
    assert!(problems.is_empty(), "{problems:?}\n{yaml}");
    desired
}

pub(crate) fn node_name(text: &str) -> NodeName {
    text.parse().expect("a node's name")
}

/// An engine in this state that never was in a swarm.
pub(crate) fn engine(membership: Membership) -> Engine {
    Engine {
        membership,
        remembers: None,
        refused: None,
        is_stuck: false,
        keeps_unlock_key: false,
        is_certified: false,
    }
}

/// What is observed, and what the simulation needs to go on.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    pub(crate) observed: Observed,
    /// How many swarms were created.
    pub(crate) swarms: usize,
    /// How many nodes ever joined.
    pub(crate) nodes: u8,
    /// The nodes whose engines left or lost their state and did not join again.
    pub(crate) wiped: BTreeSet<NodeName>,
    /// The addresses that nodes joined with, by their ids.
    pub(crate) advertised: BTreeMap<String, IpAddr>,
}

impl World {
    /// The swarm.
    pub(crate) fn cluster(&mut self) -> &mut Cluster {
        self.observed.cluster.as_mut().expect("there is a swarm")
    }

    /// The engine of a node.
    pub(crate) fn engine(&mut self, node: &str) -> &mut Engine {
        let engine = self.observed.engines.get_mut(node);
        engine.expect("the agent of this node answers")
    }

    /// The newest entry in the swarm's list with this host name.
    pub(crate) fn listed(&mut self, host_name: &str) -> &mut ClusterNode {
        let nodes = self.cluster().nodes.values_mut();
        let mut own = nodes.filter(|node| node.host_name == host_name);
        own.next_back().expect("the swarm lists this node")
    }

    /// What a node does about VIP groups.
    pub(crate) fn groups(&mut self, node: &str) -> &mut NodeGroups {
        let node = node.parse().expect("a name");
        self.observed.groups.entry(node).or_default()
    }

    /// So many tasks of a service run on a node.
    pub(crate) fn place(&mut self, node: &str, service: &str, tasks: u64) {
        let nodes = &self.cluster().nodes;
        let is_it = |(_, listed): &(&String, &ClusterNode)| listed.host_name == node;
        let id = nodes.iter().find(is_it).expect("the swarm lists this node");
        let id = id.0.clone();
        let placed = self.cluster().placed.entry(id).or_default();
        placed.insert(service.to_owned(), tasks);
    }

    pub(crate) fn service(&mut self, name: &str) -> &mut ClusterService {
        let service = self.cluster().services.get_mut(name);
        service.expect("the swarm has this service")
    }

    /// Enters a node into the swarm's list; returns its id.
    pub(crate) fn enlist(
        &mut self,
        host_name: &str,
        role: Role,
        availability: Availability,
    ) -> String {
        self.nodes += 1;
        let id = format!("node-{:02}-{host_name}", self.nodes);
        let node = ClusterNode {
            host_name: host_name.to_owned(),
            role,
            availability,
            labels: BTreeMap::new(),
            state: NodeState::Ready,
            manager: manager(role),
            address: Some([192, 0, 2, self.nodes].into()),
            tasks: 0,
        };
        self.cluster().nodes.insert(id.clone(), node);
        id
    }

    /// Takes from everything what tells that skep made it.
    pub(crate) fn forget_skep(&mut self) {
        let is_others = |key: &String| !key.starts_with("skep.");
        for engine in self.observed.engines.values_mut() {
            engine.remembers = None;
        }
        let cluster = self.cluster();
        cluster.labels.retain(|key, _| is_others(key));
        for node in cluster.nodes.values_mut() {
            node.labels.retain(|key, _| is_others(key));
        }
        for network in cluster.swarm_networks.values_mut() {
            network.labels.retain(|key, _| is_others(key));
        }
        for service in cluster.services.values_mut() {
            let labels = service.spec["Labels"].as_object_mut().expect("labels");
            labels.retain(|key, _| is_others(key));
        }
    }

    /// Creates a service as somebody else would.
    pub(crate) fn foreign_service(&mut self, name: &str, spec: Value) {
        let service = ClusterService {
            id: format!("service-{name}"),
            version: 1,
            spec,
            fallback: None,
            tasks: Tasks::default(),
            trouble: None,
        };
        self.cluster().services.insert(name.to_owned(), service);
    }

    /// The engine of a node loses its state, while its agent remembers.
    pub(crate) fn wipe(&mut self, node: &str) {
        let listed = self.listed(node);
        listed.state = NodeState::Down;
        if let Some(manager) = &mut listed.manager {
            manager.reachable = false;
            manager.leader = false;
        }
        self.engine(node).membership = Membership::Inactive;
        self.wiped.insert(node_name(node));
    }

    /// Puts an engine into the swarm.
    pub(crate) fn admit(&mut self, node: &NodeName, node_id: String, role: Role) {
        let id = self.cluster().id.clone();
        let engine = Engine {
            membership: Membership::Active(Active {
                advertised: self.advertised.get(&node_id).copied(),
                swarm_id: (role == Role::Manager).then(|| id.clone()),
                node_id,
                role,
            }),
            remembers: Some(id),
            refused: None,
            is_stuck: false,
            keeps_unlock_key: false,
            is_certified: false,
        };
        self.observed.engines.insert(node.clone(), engine);
        self.wiped.remove(node);
    }
}

/// The part among the managers of a node in this role.
pub(crate) fn manager(role: Role) -> Option<Manager> {
    match role {
        Role::Manager => Some(Manager {
            reachable: true,
            leader: false,
        }),
        Role::Worker => None,
    }
}
