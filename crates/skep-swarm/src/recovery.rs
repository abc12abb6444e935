//! What only an operator orders: going on with one manager, and leaving what went on without us.

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Value, json};
use skep_plan::action::InitSwarm;

use crate::apply::{ApplyError, init_body};
use crate::engine::{Client, EngineError};

/// The directory in which this engine keeps its part of the swarm.
///
/// # Errors
///
/// [`EngineError`] when the engine does not tell.
pub async fn directory(client: &Client) -> Result<PathBuf, EngineError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Info {
        docker_root_dir: PathBuf,
    }
    let Info { docker_root_dir } = client.read("/info").await?;
    Ok(docker_root_dir.join("swarm"))
}

/// Makes this engine, a manager, the only one of its swarm. What the swarm has stays. The engine
/// goes on with it after it is late: it stops and starts its part of the swarm.
///
/// # Errors
///
/// [`ApplyError`] when the engine refuses; when it is late or silent it may go on all the same.
pub async fn force_new_cluster(client: &Client, init: &InitSwarm) -> Result<(), ApplyError> {
    let mut body = init_body(init);
    body["ForceNewCluster"] = Value::Bool(true);
    Ok(client.write("/swarm/init", &body).await?)
}

/// Takes this engine out of its swarm, also if it is one of its managers. What it knew is gone then.
///
/// # Errors
///
/// [`EngineError`] when the engine refuses or does not answer.
pub async fn leave_by_force(client: &Client) -> Result<(), EngineError> {
    client.write("/swarm/leave?force=true", &json!({})).await
}
