//! What an engine is and has, apart from any swarm.

use serde::Deserialize;
use skep_manifest::service::image::Image;

use crate::engine::{Client, EngineError};

/// The version of the engine.
///
/// # Errors
///
/// [`EngineError`] when it does not answer.
pub async fn version(client: &Client) -> Result<String, EngineError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Answer {
        version: String,
    }
    let answer: Answer = client.read("/version").await?;
    Ok(answer.version)
}

/// Whether the engine has `image`, so that it needs no registry to start it.
///
/// # Errors
///
/// [`EngineError`] when it does not answer.
pub async fn has_image(client: &Client, image: &Image) -> Result<bool, EngineError> {
    let path = format!("/images/{image}/json");
    match client.read::<serde::de::IgnoredAny>(&path).await {
        Ok(_) => Ok(true),
        Err(EngineError::NotFound(_)) => Ok(false),
        Err(error) => Err(error),
    }
}
