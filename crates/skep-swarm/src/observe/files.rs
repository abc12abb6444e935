//! The configs and secrets of the swarm, without what stands in them.

use std::collections::BTreeMap;

use serde::Deserialize;
use skep_plan::observed::ClusterFile;

use super::wire::or_empty;
use crate::engine::{Client, EngineError, percent_encoded};

/// The configs that say which object of skep's they are. The engine tells their content too, so
/// the parts of the desired state, which are many and large, are not asked for.
const OF_OBJECTS: &str = r#"{"label":["skep.object"]}"#;

#[derive(Deserialize)]
struct File {
    #[serde(rename = "ID")]
    id: String,
    #[serde(rename = "Spec")]
    spec: Spec,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Spec {
    name: String,
    #[serde(default, deserialize_with = "or_empty")]
    labels: BTreeMap<String, String>,
}

pub(super) async fn configs(client: &Client) -> Result<BTreeMap<String, ClusterFile>, EngineError> {
    read(
        client,
        &format!("/configs?filters={}", percent_encoded(OF_OBJECTS)),
    )
    .await
}

pub(super) async fn secrets(client: &Client) -> Result<BTreeMap<String, ClusterFile>, EngineError> {
    read(client, "/secrets").await
}

/// The names of all configs. The engine tells their content too: this is for once, not for every
/// look.
pub(super) async fn config_names(client: &Client) -> Result<Vec<String>, EngineError> {
    let configs = read(client, "/configs").await?;
    Ok(configs.into_keys().collect())
}

async fn read(client: &Client, path: &str) -> Result<BTreeMap<String, ClusterFile>, EngineError> {
    let files: Vec<File> = client.read(path).await?;
    let told = |File { id, spec }| {
        let Spec { name, labels } = spec;
        (name, ClusterFile { id, labels })
    };
    Ok(files.into_iter().map(told).collect())
}
