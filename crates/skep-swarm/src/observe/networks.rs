//! The names of networks. The engine keeps ids where names were given.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::wire::Service;
use crate::engine::{Client, EngineError, percent_encoded};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Network {
    id: String,
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Spec {
    task_template: Option<Task>,
    /// Where networks stood before tasks had them.
    networks: Option<Vec<Attachment>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Task {
    networks: Option<Vec<Attachment>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attachment {
    target: String,
}

/// The names of the networks these services are in, by their ids.
pub(super) async fn names(
    client: &Client,
    services: &[Service],
) -> Result<BTreeMap<String, String>, EngineError> {
    let mut wanted = BTreeSet::new();
    for service in services {
        wanted.extend(ids(service)?);
    }
    let mut names = BTreeMap::new();
    if wanted.is_empty() {
        return Ok(names);
    }
    for Network { id, name } in client.read::<Vec<Network>>("/networks").await? {
        if wanted.remove(&id) {
            names.insert(id, name);
        }
    }
    // The list leaves out the swarm's own networks of the hosts.
    for id in wanted {
        let path = format!("/networks/{}", percent_encoded(&id));
        match client.read::<Network>(&path).await {
            Ok(network) => {
                names.insert(id, network.name);
            }
            Err(EngineError::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(names)
}

fn ids(service: &Service) -> Result<impl Iterator<Item = String>, EngineError> {
    let Spec {
        task_template,
        networks,
    } = service.spec.understood()?;
    let of_task = task_template.and_then(|task| task.networks);
    let attachments = [of_task, networks].into_iter().flatten().flatten();
    Ok(attachments.map(|attachment| attachment.target))
}
