//! Reads what is there: the engine's own part in a swarm, and the swarm as a manager tells it.

mod networks;
mod wire;

use std::collections::BTreeMap;

use skep_plan::observed::{Cluster, ClusterService, Membership, NodeState, Tasks};

use crate::engine::{Client, EngineError, percent_encoded};

/// Tasks that shall run; those that are kept as history are many more.
const RUNNING: &str = r#"{"desired-state":["running"]}"#;

/// The engine's part in a swarm. An engine that does not answer in time is silent, which is no
/// error.
///
/// # Errors
///
/// [`EngineError`] when what answers is no engine that skep can speak with.
pub async fn membership(client: &Client) -> Result<Membership, EngineError> {
    match client.read::<wire::Info>("/info").await {
        Ok(info) => Ok(info.swarm.into()),
        Err(EngineError::Late | EngineError::Silent { .. }) => Ok(Membership::Silent),
        Err(error) => Err(error),
    }
}

/// The swarm, as this engine tells it.
///
/// # Errors
///
/// [`EngineError`] when the engine is no manager, has no leader or does not answer.
pub async fn cluster(client: &Client) -> Result<Cluster, EngineError> {
    let tasks = format!("/tasks?filters={}", percent_encoded(RUNNING));
    let (swarm, nodes, services, tasks) = tokio::try_join!(
        client.read::<wire::Swarm>("/swarm"),
        client.read::<Vec<wire::Node>>("/nodes"),
        client.read::<Vec<wire::Service>>("/services"),
        client.read::<Vec<wire::Task>>(&tasks),
    )?;
    let mut cluster = Cluster {
        id: swarm.id,
        labels: swarm.spec.labels,
        networks: networks::names(client, &services).await?,
        ..Cluster::default()
    };
    for node in nodes {
        cluster.nodes.insert(node.id.clone(), node.into());
    }
    let mut counted = count(&tasks, &cluster);
    for service in services {
        let tasks = counted.remove(&service.id).unwrap_or_default();
        let (name, service) = told(service, tasks)?;
        cluster.services.insert(name, service);
    }
    Ok(cluster)
}

/// A task that runs on a node nobody hears is not known to run.
fn count(tasks: &[wire::Task], cluster: &Cluster) -> BTreeMap<String, Tasks> {
    let mut counted: BTreeMap<String, Tasks> = BTreeMap::new();
    for task in tasks {
        let node = task.node_id.as_ref().and_then(|id| cluster.nodes.get(id));
        let heard = node.is_some_and(|node| node.state == NodeState::Ready);
        let of_service = counted.entry(task.service_id.clone()).or_default();
        of_service.desired += 1;
        of_service.running += u64::from(heard && task.status.state == "running");
    }
    counted
}

fn told(service: wire::Service, mut tasks: Tasks) -> Result<(String, ClusterService), EngineError> {
    let wire::Service { id, version, spec } = service;
    let known: wire::ServiceSpec = spec.understood()?;
    if let Some(replicas) = known.mode.and_then(|mode| mode.replicated?.replicas) {
        tasks.desired = replicas;
    }
    Ok((
        known.name,
        ClusterService {
            id,
            version: version.index,
            spec: spec.0,
            tasks,
        },
    ))
}

#[cfg(test)]
mod tests;
