//! What registries say of images, asked through a node's engine.

use serde::Deserialize;
use skep_manifest::service::image::Image;

use crate::apply::ApplyError;
use crate::engine::Client;

/// The digest that the tag of an image stands for at present.
///
/// # Errors
///
/// [`ApplyError`] when the engine or the registry does not tell.
pub async fn digest(client: &Client, image: &Image) -> Result<String, ApplyError> {
    // What an image is called has nothing in it that means something in a path.
    let path = format!("/distribution/{image}/json");
    let Distribution { descriptor } = client.read_image(&path, image).await?;
    Ok(descriptor.digest)
}

#[derive(Deserialize)]
struct Distribution {
    #[serde(rename = "Descriptor")]
    descriptor: Descriptor,
}

#[derive(Deserialize)]
struct Descriptor {
    digest: String,
}
