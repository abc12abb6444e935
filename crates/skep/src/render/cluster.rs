//! The nodes and services of a cluster.

use skep_api::cluster::{ClusterStatus, NodeStatus, ServiceStatus};
use skep_api::status::{AgentStatus, Mode};

use crate::render::age::{age, ago};
use crate::render::table::Table;

/// An agent that was not heard for this long is silent.
const SILENT_MS: u64 = 5_000;

/// One line per node.
pub(crate) fn nodes(nodes: &[NodeStatus]) -> String {
    let mut table = Table::new([
        "NODE",
        "ROLE",
        "AGENT",
        "ENGINE",
        "AVAILABILITY",
        "HOLDS",
        "HEARD",
    ]);
    for node in nodes {
        table.row([
            node.name.clone(),
            node.role.clone(),
            agent(node),
            node.engine.clone(),
            node.availability.clone(),
            node.holds.join(", "),
            node.heard_ms.map_or_else(|| "never".to_owned(), ago),
        ]);
    }
    table.to_string()
}

fn agent(node: &NodeStatus) -> String {
    match (&node.agent, node.heard_ms) {
        (Some(version), Some(heard)) if heard < SILENT_MS => version.clone(),
        (_, Some(heard)) => format!("silent {}", age(heard)),
        (_, None) => "never heard".to_owned(),
    }
}

/// One line per service.
pub(crate) fn services(services: &[ServiceStatus]) -> String {
    let mut table = Table::new(["SERVICE", "TASKS", "IMAGE", "PORTS"]);
    for service in services {
        let tasks = match (service.running, service.desired) {
            (Some(running), Some(desired)) => format!("{running}/{desired}"),
            _ => "not there".to_owned(),
        };
        let ports = service.ports.join(", ");
        table.row([service.name.clone(), tasks, service.image.clone(), ports]);
    }
    table.to_string()
}

/// The first line of a cluster's status, and what is wrong with its quorum.
pub(crate) fn headline(status: &AgentStatus, cluster: &ClusterStatus) -> String {
    let desired = &status.desired;
    let generation = desired.accepted.as_ref().map_or_else(
        || "nothing applied yet".to_owned(),
        |accepted| {
            let number = accepted.generation;
            format!(
                "generation {number} by {}, {}",
                desired.source,
                ago(accepted.age_ms)
            )
        },
    );
    let writer = cluster.writer.as_deref().unwrap_or("nobody");
    let mut text = format!("{}  {generation}  writer {writer}\n", cluster.name);
    let (reachable, managers) = (cluster.managers_reachable, cluster.managers);
    if reachable > 0 && reachable <= managers / 2 {
        text.push_str(&format!(
            "  quorum LOST: {reachable} of {managers} managers. VIPs and running tasks carry on; \
             apply waits\n"
        ));
    }
    text
}

/// The first line of an agent that belongs to a cluster it knows nothing of yet.
pub(crate) fn waiting(status: &AgentStatus) -> Option<String> {
    if status.mode == Mode::Standalone || status.cluster.is_some() {
        return None;
    }
    let node = status.node.as_deref().unwrap_or("unknown node");
    Some(format!(
        "{node}  nothing applied yet\n  hint: skep apply -f PATH --wait, on any node of the cluster\n"
    ))
}
