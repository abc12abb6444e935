//! Why tasks that ran do not run any more: those that shall run say nothing of the ones before them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Known, wire};
use crate::engine::{Client, EngineError, percent_encoded};

/// Where a task of a service has its place: in which of the replicas, or on which node.
type Place<'a> = (&'a str, u64, Option<&'a str>);

/// How the last task ended of each service that lacks tasks and whose other tasks do not say why, by
/// the id of the service.
pub(super) async fn read(
    client: &Client,
    services: &[wire::Service],
    known: &BTreeMap<String, Known>,
    current: &[wire::Task],
) -> Result<BTreeMap<String, String>, EngineError> {
    let lacking = services.iter().filter(|service| {
        let known = known.get(&service.id);
        let is_explained = known.is_some_and(|known| known.error.is_some());
        let running = known.map_or(0, |known| known.tasks.running);
        // Of a service with a task on each node the engine counts none that waits to be started.
        let waiting = known.filter(|known| known.goes_on);
        let waiting = waiting.map_or(0, |known| known.tasks.desired);
        let status = service.service_status.as_ref();
        !is_explained && status.is_some_and(|status| running < status.desired_tasks.max(waiting))
    });
    let lacking: Vec<&wire::Service> = lacking.collect();
    if lacking.is_empty() {
        return Ok(BTreeMap::new());
    }
    let ids: Vec<&str> = lacking.iter().map(|service| service.id.as_str()).collect();
    let filter = json!({
        "service": ids,
        "desired-state": ["shutdown"],
        "_up-to-date": ["true"],
    });
    let ended = tasks(client, &filter).await?;
    let mut words = last_words(&ended, current);
    // The one that an update was given up for had failed by then, whatever else was seen of it.
    let updates = lacking.iter().filter_map(|it| it.update_status.as_ref());
    let named: Vec<&str> = updates.filter_map(|it| it.failed_task()).collect();
    if !named.is_empty() {
        let failed = tasks(client, &json!({ "id": named })).await?;
        words.extend(last_words(&failed, &[]));
    }
    Ok(words)
}

async fn tasks(client: &Client, filter: &Value) -> Result<Vec<wire::Task>, EngineError> {
    let path = format!("/tasks?filters={}", percent_encoded(&filter.to_string()));
    client.read(&path).await
}

/// What the last of `ended` says for each service, leaving out places where one of `current` runs.
fn last_words(ended: &[wire::Task], current: &[wire::Task]) -> BTreeMap<String, String> {
    let running = current.iter().filter(|task| task.status.state == "running");
    let taken: BTreeSet<Place<'_>> = running.map(place).collect();
    let mut last: BTreeMap<&str, &wire::TaskStatus> = BTreeMap::new();
    for task in ended.iter().filter(|task| !taken.contains(&place(task))) {
        let latest = last.entry(&task.service_id).or_insert(&task.status);
        if task.status.timestamp > latest.timestamp {
            *latest = &task.status;
        }
    }
    let words = last.into_iter().filter_map(|(service, status)| {
        let error = status.error.clone().filter(|error| !error.is_empty());
        let is_over = status.state == "complete";
        let words = error.or_else(|| is_over.then(|| "its command ended".to_owned()));
        Some((service.to_owned(), words?))
    });
    words.collect()
}

fn place(task: &wire::Task) -> Place<'_> {
    let node = task.node_id.as_deref().filter(|_| task.slot == 0);
    (&task.service_id, task.slot, node)
}
