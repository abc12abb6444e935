//! Credentials for the registries from which nodes pull the images of services.
//!
//! They go to the engine beside a service's specification, never in it: it keeps them for the nodes
//! and tells nobody.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use serde_json::{Value, json};
use skep_manifest::service::image::Image;

/// Credentials by the registry they are for, or why some cannot be had.
#[derive(Clone, Debug, Default)]
pub struct Registries(BTreeMap<String, Result<Credentials, String>>);

/// What proves to a registry who asks.
#[derive(Clone)]
pub struct Credentials {
    /// The user.
    pub username: String,
    /// The password.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(..)")
    }
}

/// The credentials for a registry cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no credentials for {registry}: {reason}")]
pub struct MissingCredentials {
    /// The registry.
    pub registry: String,
    /// Why.
    pub reason: String,
}

impl Registries {
    /// Adds the credentials for a registry, or why they cannot be had.
    pub fn insert(&mut self, registry: &str, credentials: Result<Credentials, String>) {
        self.0.insert(registry.to_owned(), credentials);
    }

    /// The header with the credentials for the image of a specification, when it needs some.
    pub(crate) fn header(&self, spec: &Value) -> Result<Option<String>, MissingCredentials> {
        let image = &spec["TaskTemplate"]["ContainerSpec"]["Image"];
        let image = image.as_str().and_then(|image| image.parse::<Image>().ok());
        match image {
            Some(image) => self.header_for(&image),
            None => Ok(None),
        }
    }

    /// The header with the credentials for an image, when it needs some.
    pub(crate) fn header_for(&self, image: &Image) -> Result<Option<String>, MissingCredentials> {
        let registry = image.registry();
        match self.0.get(registry) {
            None => Ok(None),
            Some(Ok(credentials)) => Ok(Some(credentials.header(registry))),
            Some(Err(reason)) => Err(MissingCredentials {
                registry: registry.to_owned(),
                reason: reason.clone(),
            }),
        }
    }
}

impl Credentials {
    fn header(&self, registry: &str) -> String {
        let said = json!({
            "username": self.username,
            "password": self.password,
            "serveraddress": registry,
        });
        URL_SAFE.encode(said.to_string())
    }
}
