//! Creating and removing networks.

use serde::Deserialize;
use skep_plan::action::{CreateNetwork, RemoveNetwork};
use skep_plan::ownership::HASH;

use super::{Applied, ApplyError};
use crate::engine::{Client, EngineError, percent_encoded};

/// Creates a network. One of its name that was made from the same is this network: an earlier try
/// whose answer did not come.
pub(super) async fn create(client: &Client, create: &CreateNetwork) -> Result<Applied, ApplyError> {
    match client.write("/networks/create", &create.spec).await {
        Ok(()) => Ok(Applied::Done),
        Err(EngineError::NameTaken(_)) => {
            let Network { labels } = client.read(&path(&create.name)).await?;
            let there = labels.as_ref().and_then(|labels| labels.get(HASH));
            if there.is_some() && there == create.spec["Labels"].get(HASH) {
                Ok(Applied::AlreadyDone)
            } else {
                Err(ApplyError::NameTaken(format!("network `{}`", create.name)))
            }
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn remove(client: &Client, remove: &RemoveNetwork) -> Result<Applied, ApplyError> {
    super::remove(client, &path(&remove.id)).await
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Network {
    labels: Option<serde_json::Map<String, serde_json::Value>>,
}

fn path(name_or_id: &str) -> String {
    format!("/networks/{}", percent_encoded(name_or_id))
}
