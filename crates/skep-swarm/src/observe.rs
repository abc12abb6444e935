//! Reads what is there: the engine's own part in a swarm, and the swarm as a manager tells it.

mod ended;
mod files;
mod networks;
mod wire;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use skep_manifest::swarm::Availability;
use skep_plan::observed::{Cluster, ClusterService, Membership, NodeState, TaskTrouble, Tasks};

use crate::engine::{Client, EngineError, percent_encoded};

/// Tasks that shall run, at once or after a pause, or to their end; those that are kept as history
/// are many more.
const WANTED: &str = r#"{"desired-state":["running","ready","complete"]}"#;

/// Tasks that shall run and are as their service is specified at present: while it is updated,
/// those of before run too. The engine's own command line asks like this.
const CURRENT: &str = r#"{"desired-state":["running"],"_up-to-date":["true"]}"#;

/// Tasks that run on this engine and are healthy, or say nothing of their health.
const HEALTHY: &str = r#"{"label":["com.docker.swarm.service.name"],"status":["running"],"health":["healthy","none"]}"#;

/// The label by which an engine knows of which service a container is a task.
const SERVICE_NAME: &str = "com.docker.swarm.service.name";

/// The services of which a healthy task runs on this very engine. It needs no manager, no leader and
/// no quorum to say so.
///
/// # Errors
///
/// [`EngineError`] when the engine does not answer.
pub async fn running(client: &Client) -> Result<BTreeSet<String>, EngineError> {
    let path = format!("/containers/json?filters={}", percent_encoded(HEALTHY));
    let containers = client.read::<Vec<wire::Container>>(&path).await?;
    let name = |mut container: wire::Container| container.labels.remove(SERVICE_NAME);
    Ok(containers.into_iter().filter_map(name).collect())
}

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
    let (swarm, nodes, services, wanted, current, networks, configs, secrets) = tokio::try_join!(
        client.read::<wire::Swarm>("/swarm"),
        client.read::<Vec<wire::Node>>("/nodes"),
        client.read::<Vec<wire::Service>>("/services?status=true"),
        client.read::<Vec<wire::Task>>(&wanted),
        client.read::<Vec<wire::Task>>(&current),
        networks::read(client),
        files::configs(client),
        files::secrets(client),
    )?;
    let mut cluster = Cluster {
        labels: swarm.labels(),
        id: swarm.id,
        foundation: swarm.foundation.map(Into::into),
        spec: Some(swarm.spec),
        networks: networks::names(client, &services, &networks).await?,
        swarm_networks: networks::of_the_swarm(networks),
        configs,
        secrets,
        ..Cluster::default()
    };
    for node in nodes {
        cluster.nodes.insert(node.id.clone(), node.into());
    }
    for (node, tasks) in tasks_of_drained(client, &cluster).await? {
        if let Some(node) = cluster.nodes.get_mut(&node) {
            node.tasks = tasks;
        }
    }
    cluster.placed = placed(&current, &services)?;
    let mut known = Known::of(&wanted, &current, &cluster);
    let ended = ended::read(client, &services, &known, &current).await?;
    for service in services {
        let known = known.remove(&service.id).unwrap_or_default();
        let ended = ended.get(&service.id).cloned();
        let (name, service) = told(service, known, ended)?;
        cluster.services.insert(name, service);
    }
    Ok(cluster)
}

/// The names of all configs of the swarm, those of others too, which [`cluster`] does not tell.
///
/// # Errors
///
/// [`EngineError`] when the engine is no manager, has no leader or does not answer.
pub async fn config_names(client: &Client) -> Result<Vec<String>, EngineError> {
    files::config_names(client).await
}

/// How many tasks of each drained node have not ended: those go on that shall run no more.
async fn tasks_of_drained(
    client: &Client,
    cluster: &Cluster,
) -> Result<BTreeMap<String, u64>, EngineError> {
    let nodes = cluster.nodes.iter();
    let drained = nodes.filter(|(_, node)| node.availability == Availability::Drain);
    let drained: Vec<&String> = drained.map(|(id, _)| id).collect();
    let mut going = BTreeMap::new();
    if drained.is_empty() {
        return Ok(going);
    }
    let filter = json!({ "node": drained }).to_string();
    let path = format!("/tasks?filters={}", percent_encoded(&filter));
    for task in client.read::<Vec<wire::Task>>(&path).await? {
        let node = task.node_id.filter(|node| drained.contains(&node));
        if let Some(node) = node.filter(|_| !task.status.has_ended()) {
            *going.entry(node).or_default() += 1;
        }
    }
    Ok(going)
}

/// How many of the tasks that run are on which node.
fn placed(
    current: &[wire::Task],
    services: &[wire::Service],
) -> Result<BTreeMap<String, BTreeMap<String, u64>>, EngineError> {
    let mut names = BTreeMap::new();
    for service in services {
        let spec: wire::ServiceSpec = service.spec.understood()?;
        names.insert(service.id.as_str(), spec.name);
    }
    let mut placed: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
    for task in current.iter().filter(|task| task.status.state == "running") {
        let name = names.get(task.service_id.as_str());
        if let (Some(node), Some(name)) = (&task.node_id, name) {
            let tasks = placed.entry(node.clone()).or_default();
            *tasks.entry(name.clone()).or_default() += 1;
        }
    }
    Ok(placed)
}

/// What is known of the tasks of a service.
#[derive(Default)]
struct Known {
    tasks: Tasks,
    /// What is wrong with one of them.
    error: Option<String>,
    /// Whether some of them have not ended, or are to be started.
    goes_on: bool,
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
            known.goes_on |= !task.status.has_ended();
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

fn told(
    service: wire::Service,
    mut known: Known,
    ended: Option<String>,
) -> Result<(String, ClusterService), EngineError> {
    let spec: wire::ServiceSpec = service.spec.understood()?;
    let status = service.service_status.unwrap_or_default();
    let mode = spec.mode.unwrap_or_default();
    let is_job = mode.replicated_job.is_some() || mode.global_job.is_some();
    if is_job {
        known.tasks = Tasks {
            desired: status.desired_tasks + status.completed_tasks,
            running: status.completed_tasks,
        };
    }
    if let Some(replicas) = mode.replicated.and_then(|mode| mode.replicas) {
        known.tasks.desired = replicas;
    }
    if let Some(completions) = mode.replicated_job.and_then(|job| job.total_completions) {
        known.tasks.desired = completions;
    }
    let is_settled = match &service.update_status {
        Some(update) => update.is_settled(),
        // The engine says nothing until it begins, and never begins where there is no task.
        None => known.tasks.desired == 0,
    };
    let fallback = service.previous_spec.filter(|_| !is_settled);
    let is_over = is_job && known.error.is_none() && !known.goes_on;
    let trouble = match ended {
        Some(words) if is_over => Some(TaskTrouble::Over(words)),
        ended => trouble(service.update_status, known.error, ended),
    };
    Ok((
        spec.name,
        ClusterService {
            id: service.id,
            version: service.version.index,
            spec: service.spec.0,
            fallback: fallback.map(|spec| spec.0),
            tasks: known.tasks,
            trouble,
        },
    ))
}

/// An update that the engine gave up says which task failed, and the task says why: `error` one that
/// shall run, `ended` one that did.
fn trouble(
    update: Option<wire::UpdateStatus>,
    error: Option<String>,
    ended: Option<String>,
) -> Option<TaskTrouble> {
    let Some(update) = update.filter(wire::UpdateStatus::is_paused) else {
        let ending = || ended.map(TaskTrouble::Ending);
        return error.map(TaskTrouble::Failing).or_else(ending);
    };
    Some(TaskTrouble::Paused(match error.or(ended) {
        Some(error) => format!("{}: {error}", update.message),
        None => update.message,
    }))
}

#[cfg(test)]
mod tests;
