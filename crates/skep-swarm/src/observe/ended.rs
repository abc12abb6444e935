//! Why tasks that ran do not run any more: those that shall run say nothing of the ones before them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

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
        let status = service.service_status.as_ref();
        !is_explained && status.is_some_and(|status| running < status.desired_tasks)
    });
    let lacking: Vec<&str> = lacking.map(|service| service.id.as_str()).collect();
    if lacking.is_empty() {
        return Ok(BTreeMap::new());
    }
    let filter = json!({
        "service": lacking,
        "desired-state": ["shutdown"],
        "_up-to-date": ["true"],
    });
    let path = format!("/tasks?filters={}", percent_encoded(&filter.to_string()));
    let ended = client.read::<Vec<wire::Task>>(&path).await?;
    Ok(last_words(&ended, current))
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
