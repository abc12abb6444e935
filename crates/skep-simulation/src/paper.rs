//! A swarm on paper, as large as one likes: what is planned is done at once.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;
use skep_manifest::desired::Desired;
use skep_manifest::parse::parse;
use skep_manifest::resolve::resolve;
use skep_manifest::set::Source;
use skep_manifest::swarm::{Node, Role};
use skep_plan::action::{Action, FileKind, Plan};
use skep_plan::observed::{
    Active, Cluster, ClusterFile, ClusterNetwork, ClusterNode, ClusterService, Engine, Manager,
    Membership, NodeState, Observed, Tasks,
};

/// How many of its nodes are managers.
const MANAGERS: usize = 5;
/// How many services share a network, a config and a secret.
const SHARING: usize = 10;
/// The id of the swarm.
const ID: &str = "paper";

/// How much there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// How many nodes.
    pub nodes: usize,
    /// How many services; for every ten of them there is a network, a config and a secret.
    pub services: usize,
}

impl Size {
    /// How many steps it takes to label and create everything.
    #[must_use]
    pub const fn steps(self) -> usize {
        self.nodes + self.services + 3 * self.shares()
    }

    const fn shares(self) -> usize {
        self.services.div_ceil(SHARING)
    }

    /// The manifest of a swarm of this size.
    ///
    /// # Errors
    ///
    /// What is wrong with it: with a size that a manifest can say, nothing.
    pub fn desired(self) -> Result<Desired, String> {
        let source = Source {
            name: "paper.yaml".to_owned(),
            text: self.manifest().into_bytes(),
        };
        let set = parse(vec![source]);
        let (desired, problems) = resolve(&set);
        match set.problems.first().or(problems.first()) {
            Some(problem) => Err(problem.message.clone()),
            None => Ok(desired),
        }
    }

    fn manifest(self) -> String {
        let mut yaml = "apiVersion: skep/v1\nkind: Swarm\nmetadata: {name: paper}\nspec:\n  \
                        nodes:\n"
            .to_owned();
        for index in 0..self.nodes {
            let role = if index < MANAGERS {
                "manager"
            } else {
                "worker"
            };
            let address = format!("10.{}.{}.{}", index >> 16, (index >> 8) & 255, index & 255);
            let node = format!("{{name: n{index}, address: {address}, role: {role}}}");
            line(&mut yaml, &format!("    - {node}"));
        }
        for share in 0..self.shares() {
            for (kind, spec) in [
                ("Network", "{}".to_owned()),
                ("Config", format!("{{data: {{value: \"site {share}\"}}}}")),
                ("Secret", format!("{{data: {{value: \"key {share}\"}}}}")),
            ] {
                object(&mut yaml, kind, &format!("share-{share}"), &spec);
            }
        }
        for index in 0..self.services {
            let share = index / SHARING;
            let spec = format!(
                "{{image: nginx, environment: {{TZ: UTC, NUMBER: \"{index}\"}}, ports: [{{target: \
                 80}}], networks: [{{network: share-{share}}}], configs: [{{config: \
                 share-{share}}}], secrets: [{{secret: share-{share}}}]}}"
            );
            object(&mut yaml, "Service", &format!("s{index}"), &spec);
        }
        yaml
    }
}

fn object(yaml: &mut String, kind: &str, name: &str, spec: &str) {
    line(
        yaml,
        &format!(
            "---\napiVersion: skep/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec: {spec}"
        ),
    );
}

fn line(yaml: &mut String, text: &str) {
    // A text takes whatever is written to it.
    let _written = writeln!(yaml, "{text}");
}

/// A swarm that every declared node has joined.
#[derive(Clone, Debug)]
pub struct PaperSwarm {
    /// What a plan is made from.
    pub observed: Observed,
}

impl PaperSwarm {
    /// Nothing in it is labelled and nothing runs.
    #[must_use]
    pub fn joined(desired: &Desired) -> Self {
        let mut cluster = Cluster {
            id: ID.to_owned(),
            ..Cluster::default()
        };
        let mut observed = Observed::default();
        let nodes = desired.swarm.iter().flat_map(|swarm| &swarm.spec.nodes);
        for node in nodes {
            let id = format!("id-{}", node.name);
            let engine = Engine {
                membership: Membership::Active(Active {
                    swarm_id: (node.role == Role::Manager).then(|| ID.to_owned()),
                    node_id: id.clone(),
                    advertised: None,
                    role: node.role,
                }),
                remembers: Some(ID.to_owned()),
                refused: None,
                is_stuck: false,
                keeps_unlock_key: false,
                is_certified: false,
            };
            observed.engines.insert(node.name.clone(), engine);
            let leader = cluster.nodes.is_empty();
            cluster.nodes.insert(id, listed(node, leader));
        }
        observed.cluster = Some(cluster);
        Self { observed }
    }

    /// Lets somebody else write another image into every service.
    pub fn edit_all(&mut self) {
        for service in self.cluster().services.values_mut() {
            service.spec["TaskTemplate"]["ContainerSpec"]["Image"] = Value::from("nginx:1.0");
        }
    }

    /// Does what is planned; returns the words of what it does not know how to do.
    pub fn carry_out(&mut self, plan: &Plan) -> Vec<&'static str> {
        let cluster = self.cluster();
        let steps = plan.steps.iter();
        let unknown = steps.filter(|step| !done(&step.action, cluster));
        unknown.map(|step| step.action.word()).collect()
    }

    fn cluster(&mut self) -> &mut Cluster {
        self.observed.cluster.get_or_insert_default()
    }
}

fn listed(node: &Node, leader: bool) -> ClusterNode {
    let manager = Manager {
        reachable: true,
        leader,
    };
    ClusterNode {
        host_name: node.name.to_string(),
        role: node.role,
        availability: node.availability,
        labels: BTreeMap::new(),
        state: NodeState::Ready,
        manager: (node.role == Role::Manager).then_some(manager),
        address: Some(node.address.0),
        tasks: 0,
    }
}

/// Does an action, if it is one that comes up where all nodes have joined.
fn done(action: &Action, cluster: &mut Cluster) -> bool {
    match action {
        Action::LabelNode(label) => {
            let node = cluster.nodes.get_mut(&label.node_id);
            node.map(|node| node.labels.extend(label.set.clone()))
                .is_some()
        }
        Action::CreateNetwork(create) => {
            let network = network(&create.name, &create.spec);
            let networks = &mut cluster.swarm_networks;
            networks.insert(create.name.clone(), network).is_none()
        }
        Action::CreateFile(create) => {
            let file = ClusterFile {
                id: format!("id-{}", create.name),
                labels: create.labels.clone(),
            };
            let files = match create.kind {
                FileKind::Config => &mut cluster.configs,
                FileKind::Secret => &mut cluster.secrets,
            };
            files.insert(create.name.clone(), file).is_none()
        }
        Action::CreateService(create) => {
            let service = ClusterService {
                id: format!("id-{}", create.name),
                version: 1,
                spec: create.spec.clone(),
                fallback: None,
                tasks: Tasks::default(),
                trouble: None,
            };
            let services = &mut cluster.services;
            services.insert(create.name.clone(), service).is_none()
        }
        Action::InitSwarm(_)
        | Action::UpdateSwarm(_)
        | Action::JoinSwarm(_)
        | Action::SetAvailability(_)
        | Action::SetRole(_)
        | Action::LeaveSwarm(_)
        | Action::RemoveNode(_)
        | Action::RemoveNetwork(_)
        | Action::RemoveFile(_)
        | Action::UpdateService(_)
        | Action::RemoveService(_) => false,
    }
}

/// As the engine tells of a network that was made like this.
fn network(name: &str, spec: &Value) -> ClusterNetwork {
    let texts = |field: &str| -> BTreeMap<String, String> {
        let entries = spec[field].as_object().into_iter().flatten();
        let text = |(key, value): (&String, &Value)| (key.clone(), plain(value));
        entries.map(text).collect()
    };
    ClusterNetwork {
        id: format!("id-{name}"),
        labels: texts("Labels"),
        driver: plain(&spec["Driver"]),
        attachable: spec["Attachable"] == true,
        internal: spec["Internal"] == true,
        ipv6: spec["EnableIPv6"] == true,
        options: texts("Options"),
        subnets: BTreeMap::new(),
    }
}

fn plain(text: &Value) -> String {
    text.as_str().unwrap_or_default().to_owned()
}
