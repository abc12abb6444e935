//! How long a plan of a big cluster takes, and whether it grows linearly: `cargo bench -p
//! skep-plan`.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a stopwatch that tells"
)]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Instant;

use skep_manifest::desired::Desired;
use skep_manifest::parse::parse;
use skep_manifest::resolve::resolve;
use skep_manifest::set::Source;
use skep_manifest::swarm::{Availability, Role};
use skep_plan::action::Action;
use skep_plan::observed::{
    Active, Cluster, ClusterNode, ClusterService, Engine, Manager, Membership, NodeState, Observed,
    Tasks,
};
use skep_plan::{plan, progress};

fn main() {
    for (nodes, services) in [(100, 1_000), (1_000, 10_000), (10_000, 100_000)] {
        let desired = desired(nodes, services);
        let mut observed = observed(&desired);
        println!("{nodes} nodes, {services} services");
        let first = timed("create everything", || plan(&desired, &observed));
        assert_eq!(first.steps.len(), nodes + services);
        execute(&mut observed, &first.steps);
        let second = timed("nothing to do", || plan(&desired, &observed));
        assert!(second.steps.is_empty() && second.blocked.is_empty());
        let cluster = observed
            .cluster
            .as_mut()
            .expect("the cluster was made above");
        for service in cluster.services.values_mut() {
            service.spec["TaskTemplate"]["ContainerSpec"]["Image"] = "nginx:1.0".into();
        }
        let third = timed("update every service", || plan(&desired, &observed));
        assert_eq!(third.steps.len(), services);
        timed("progress", || progress::progress(&desired, &observed));
        timed("render", || third.to_string());
    }
}

fn timed<Output>(what: &str, work: impl FnOnce() -> Output) -> Output {
    let start = Instant::now();
    let output = work();
    println!("  {what}: {} ms", start.elapsed().as_millis());
    output
}

fn desired(nodes: usize, services: usize) -> Desired {
    let mut yaml =
        "apiVersion: skep/v1\nkind: Swarm\nmetadata: {name: big}\nspec:\n  nodes:\n".to_owned();
    for index in 0..nodes {
        let role = if index < 5 { "manager" } else { "worker" };
        let address = format!("10.{}.{}.{}", index >> 16, index >> 8 & 255, index & 255);
        writeln!(
            yaml,
            "    - {{name: n{index}, address: {address}, role: {role}}}"
        )
        .expect("a string can be written to");
    }
    yaml.push_str("---\napiVersion: skep/v1\nkind: Service\nmetadata: {name: web}\nspec: {image: nginx, environment: {TZ: UTC, A: b}, ports: [{target: 80}]}\n");
    let source = Source {
        name: "big.yaml".to_owned(),
        text: yaml.into_bytes(),
    };
    let (mut desired, problems) = resolve(&parse(vec![source]));
    assert!(problems.is_empty());
    let (_, web) = desired.services.pop_first().expect("one service");
    for index in 0..services {
        let mut service = web.clone();
        service.metadata.name = format!("s{index}").parse().expect("a name");
        desired
            .services
            .insert(service.metadata.name.clone(), service);
    }
    desired
}

/// All nodes have joined, nothing is labelled and no service exists.
fn observed(desired: &Desired) -> Observed {
    let swarm = desired.swarm.as_ref().expect("a swarm");
    let mut observed = Observed::default();
    let mut cluster = Cluster {
        id: "id".to_owned(),
        ..Cluster::default()
    };
    for node in &swarm.spec.nodes {
        let node_id = format!("id-{}", node.name);
        let manager = Manager {
            reachable: true,
            leader: false,
        };
        let listed = ClusterNode {
            host_name: node.name.to_string(),
            tasks: 0,
            role: node.role,
            availability: Availability::Active,
            labels: BTreeMap::new(),
            state: NodeState::Ready,
            manager: (node.role == Role::Manager).then_some(manager),
            address: Some(node.address.0),
        };
        cluster.nodes.insert(node_id.clone(), listed);
        let active = Active {
            swarm_id: None,
            node_id,
            advertised: None,
            role: node.role,
        };
        let engine = Engine {
            membership: Membership::Active(active),
            remembers: Some("id".to_owned()),
            refused: None,
            is_stuck: false,
        };
        observed.engines.insert(node.name.clone(), engine);
    }
    observed.cluster = Some(cluster);
    observed
}

fn execute(observed: &mut Observed, steps: &[skep_plan::action::Step]) {
    let cluster = observed.cluster.as_mut().expect("a cluster");
    for step in steps {
        match &step.action {
            Action::LabelNode(label) => {
                let node = cluster.nodes.get_mut(&label.node_id).expect("a node");
                node.labels.extend(label.set.clone());
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
                cluster.services.insert(create.name.clone(), service);
            }
            action => panic!("only labels and services are missing: {action:?}"),
        }
    }
}
