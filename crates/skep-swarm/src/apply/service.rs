//! Creating, changing and removing services.

use serde::Deserialize;
use serde_json::Value;
use skep_plan::action::{CreateService, RemoveService, UpdateService};

use super::{Applied, ApplyError, file};
use crate::engine::{Client, EngineError, percent_encoded};

/// The label with the hash of what a service was made from.
const HASH_LABEL: &str = "skep.hash";

/// Creates a service. One of its name that was made from the same is this service: an earlier try
/// whose answer did not come.
pub(super) async fn create(client: &Client, create: &CreateService) -> Result<Applied, ApplyError> {
    let spec = file::with_ids(client, &create.spec).await?;
    match client.write_service("/services/create", &spec).await {
        Ok(()) => Ok(Applied::Done),
        Err(ApplyError::Engine(EngineError::NameTaken(_))) => {
            let Service { spec } = client.read(&path(&create.name)).await?;
            match (hash(&spec), hash(&create.spec)) {
                (Some(there), Some(wanted)) if there == wanted => Ok(Applied::AlreadyDone),
                _ => Err(ApplyError::NameTaken(format!("service `{}`", create.name))),
            }
        }
        Err(error) => Err(error),
    }
}

/// Changes a service as it was when the change was planned. If it has changed since, the plan was
/// made from something else: that is [`EngineError::OutOfSequence`], and not tried again.
pub(super) async fn update(client: &Client, update: &UpdateService) -> Result<Applied, ApplyError> {
    let path = format!("{}/update?version={}", path(&update.id), update.version);
    let spec = file::with_ids(client, &update.spec).await?;
    client.write_service(&path, &spec).await?;
    Ok(Applied::Done)
}

pub(super) async fn remove(client: &Client, remove: &RemoveService) -> Result<Applied, ApplyError> {
    super::remove(client, &path(&remove.id)).await
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Service {
    spec: Value,
}

fn hash(spec: &Value) -> Option<&str> {
    spec.get("Labels")?.get(HASH_LABEL)?.as_str()
}

fn path(name_or_id: &str) -> String {
    format!("/services/{}", percent_encoded(name_or_id))
}
