//! What a service has that is an object of its own: networks, configs and secrets.
//!
//! The engine knows configs and secrets by id as well. Whoever writes fills the ids in, for what a
//! service names may be made just before it.

use serde_json::{Value, json};
use skep_manifest::name::{EngineName, Name};
use skep_manifest::service::ServiceSpec;
use skep_manifest::service::files::{
    ConfigFile, ConfigReference, NumericId, SecretFile, SecretReference,
};
use skep_manifest::service::network::{NetworkAttachment, NetworkReference};

use crate::action::FileKind;
use crate::files::Files;
use crate::ownership::{file_object, network_object};
use crate::services::Surroundings;

pub(super) fn networks(networks: &[NetworkAttachment]) -> Vec<Value> {
    networks.iter().map(network).collect()
}

pub(super) fn configs(configs: &[ConfigFile], files: &Files<'_>) -> Vec<Value> {
    let config = |file: &ConfigFile| {
        let (name, own) = match &file.config {
            ConfigReference::Config(config) => named(files, FileKind::Config, config),
            ConfigReference::External(name) => external(name),
        };
        let target = file.target.clone().unwrap_or_else(|| format!("/{own}"));
        let place = place(&target, &file.uid, &file.gid, file.mode.bits());
        json!({"ConfigName": name, "File": place})
    };
    configs.iter().map(config).collect()
}

pub(super) fn secrets(secrets: &[SecretFile], files: &Files<'_>) -> Vec<Value> {
    let secret = |file: &SecretFile| {
        let (name, own) = match &file.secret {
            SecretReference::Secret(secret) => named(files, FileKind::Secret, secret),
            SecretReference::External(name) => external(name),
        };
        let target = file.target.as_deref().unwrap_or(own);
        let place = place(target, &file.uid, &file.gid, file.mode.bits());
        json!({"SecretName": name, "File": place})
    };
    secrets.iter().map(secret).collect()
}

/// What a service asks for and cannot have at present.
pub(crate) fn missing(spec: &ServiceSpec, surroundings: &Surroundings<'_>) -> Vec<String> {
    let networks = spec.networks.iter().filter_map(|it| match &it.network {
        NetworkReference::Network(name) => {
            let is_missing = surroundings.missing_networks.contains(name);
            is_missing.then(|| network_object(name.as_str()))
        }
        NetworkReference::External(_) => None,
    });
    let configs = spec.configs.iter().filter_map(|it| match &it.config {
        ConfigReference::Config(name) => Some((FileKind::Config, name)),
        ConfigReference::External(_) => None,
    });
    let secrets = spec.secrets.iter().filter_map(|it| match &it.secret {
        SecretReference::Secret(name) => Some((FileKind::Secret, name)),
        SecretReference::External(_) => None,
    });
    let files = configs.chain(secrets);
    let files = files.filter(|(kind, name)| surroundings.files.name(*kind, name).is_none());
    let files = files.map(|(kind, name)| file_object(kind, name.as_str()));
    networks.chain(files).collect()
}

fn network(attachment: &NetworkAttachment) -> Value {
    let target = match &attachment.network {
        NetworkReference::Network(name) => name.as_str(),
        NetworkReference::External(name) => name.as_str(),
    };
    json!({"Target": target, "Aliases": attachment.aliases})
}

/// What the engine calls a file, and what the manifest does.
fn named<'a>(files: &'a Files<'_>, kind: FileKind, object: &'a Name) -> (&'a str, &'a str) {
    let own = object.as_str();
    (files.name(kind, object).unwrap_or(own), own)
}

fn external(name: &EngineName) -> (&str, &str) {
    (name.as_str(), name.as_str())
}

fn place(target: &str, uid: &NumericId, gid: &NumericId, mode: u16) -> Value {
    json!({"Name": target, "UID": uid.as_str(), "GID": gid.as_str(), "Mode": mode})
}
