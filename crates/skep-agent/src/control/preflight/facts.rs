//! What a node says of itself before others knock.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use skep_manifest::service::image::Image;
use skep_manifest::swarm::Node;
use skep_plan::observed::Engine;
use skep_plan::preflight::{Asked, Facts, Taken};
use skep_swarm::engine::Client;
use skep_swarm::inventory;

use crate::control::preflight::clock_ms;
use crate::control::understand::{is_local, with_causes};

/// Looks at this node, which is `own` in the manifest, and at its engine.
pub(in crate::control) async fn look(
    client: &Client,
    engine: Engine,
    asked: &Asked,
    own: &Node,
    taken: Vec<Taken>,
) -> Facts {
    let images = missing_images(client, &asked.images);
    let (version, missing_images) = tokio::join!(inventory::version(client), images);
    let addresses = [Some(own.address), own.data_path_address];
    let addresses = addresses.into_iter().flatten().map(|address| address.0);
    Facts {
        agent: env!("CARGO_PKG_VERSION").to_owned(),
        engine,
        engine_version: version.map_err(|error| with_causes(&error)),
        missing_images,
        missing_addresses: addresses.filter(|address| !is_local(*address)).collect(),
        taken,
        clock_ms: clock_ms(),
    }
}

/// Those that the engine says it does not have.
async fn missing_images(client: &Client, images: &BTreeSet<Image>) -> BTreeSet<Image> {
    let asked = images.iter().map(|image| async move {
        let has = inventory::has_image(client, image).await;
        matches!(has, Ok(false)).then(|| image.clone())
    });
    join_all(asked).await.into_iter().flatten().collect()
}
