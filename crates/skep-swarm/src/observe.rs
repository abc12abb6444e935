//! Reads what is there: the engine's own part in a swarm, and the swarm as a manager tells it.

mod networks;
mod wire;

use std::collections::BTreeMap;

use skep_plan::observed::{Cluster, ClusterService, Membership, NodeState, TaskTrouble, Tasks};

use crate::engine::{Client, EngineError, percent_encoded};

/// Tasks that shall run, at once or after a pause; those that are kept as history are many more.
const WANTED: &str = r#"{"desired-state":["running","ready"]}"#;

/// Tasks that shall run and are as their service is specified at present: while it is updated,
/// those of before run too. The engine's own command line asks like this.
const CURRENT: &str = r#"{"desired-state":["running"],"_up-to-date":["true"]}"#;

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
    let [wanted, current] =
        [WANTED, CURRENT].map(|which| format!("/tasks?filters={}", percent_encoded(which)));
    let (swarm, nodes, services, wanted, current) = tokio::try_join!(
        client.read::<wire::Swarm>("/swarm"),
        client.read::<Vec<wire::Node>>("/nodes"),
        client.read::<Vec<wire::Service>>("/services"),
        client.read::<Vec<wire::Task>>(&wanted),
        client.read::<Vec<wire::Task>>(&current),
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
    let mut known = Known::of(&wanted, &current, &cluster);
    for service in services {
        let known = known.remove(&service.id).unwrap_or_default();
        let (name, service) = told(service, known)?;
        cluster.services.insert(name, service);
    }
    Ok(cluster)
}

/// What is known of the tasks of a service.
#[derive(Default)]
struct Known {
    tasks: Tasks,
    /// What is wrong with one of them.
    error: Option<String>,
}

impl Known {
    /// A task that runs on a node nobody hears is not known to run.
    fn of(
        wanted: &[wire::Task],
        current: &[wire::Task],
        cluster: &Cluster,
    ) -> BTreeMap<String, Self> {
        let mut services: BTreeMap<String, Self> = BTreeMap::new();
        for task in wanted {
            let known = services.entry(task.service_id.clone()).or_default();
            known.tasks.desired += 1;
            let error = task.status.error.clone();
            known.error = known.error.take().or(error.filter(|it| !it.is_empty()));
        }
        for task in current {
            let node = task.node_id.as_ref().and_then(|id| cluster.nodes.get(id));
            let is_heard = node.is_some_and(|node| node.state == NodeState::Ready);
            let known = services.entry(task.service_id.clone()).or_default();
            known.tasks.running += u64::from(is_heard && task.status.state == "running");
        }
        services
    }
}

fn told(service: wire::Service, mut known: Known) -> Result<(String, ClusterService), EngineError> {
    let trouble = trouble(service.update_status, known.error);
    let spec: wire::ServiceSpec = service.spec.understood()?;
    if let Some(replicas) = spec.mode.and_then(|mode| mode.replicated?.replicas) {
        known.tasks.desired = replicas;
    }
    Ok((
        spec.name,
        ClusterService {
            id: service.id,
            version: service.version.index,
            spec: service.spec.0,
            tasks: known.tasks,
            trouble,
        },
    ))
}

/// An update that the engine gave up says which task failed, and the task says why.
fn trouble(update: Option<wire::UpdateStatus>, error: Option<String>) -> Option<TaskTrouble> {
    let paused = update.filter(wire::UpdateStatus::is_paused);
    match (paused, error) {
        (Some(update), None) => Some(TaskTrouble::Paused(update.message)),
        (Some(update), Some(error)) => {
            Some(TaskTrouble::Paused(format!("{}: {error}", update.message)))
        }
        (None, error) => error.map(TaskTrouble::Failing),
    }
}

#[cfg(test)]
mod tests;
