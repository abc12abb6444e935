//! A swarm that was made by hand, as the manifest that would have made it.
//!
//! What is said is checked in the way a plan compares: a service stands in the manifest only if it
//! would be taken over exactly as it is. What a manifest cannot say is told and stays as it is.

mod container;
mod network;
mod nodes;
mod service;
mod settings;
mod unsaid;

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde_json::Value;
use skep_manifest::name::Name;
use skep_manifest::object::{Metadata, Object, Resource};
use skep_manifest::parse::parse;
use skep_manifest::set::Source;

use crate::action::FileKind;
use crate::observed::Cluster;
use crate::ownership::{OBJECT, is_label_of_skep, service_object};

/// The label that `docker stack` gives to what belongs to a stack.
const STACK: &str = "com.docker.stack.namespace";

/// A manifest that takes over what is there, and what it does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// The `Swarm`, its networks and its services.
    pub objects: Vec<Object>,
    /// What a person should know.
    pub notes: Vec<Note>,
}

/// What a manifest does not say of something that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What it is about: `service/web`.
    pub object: String,
    /// What is not said.
    pub message: String,
    /// What can be done about it.
    pub remedy: String,
}

/// The manifest of a cluster whose `Swarm` is called `name`. `configs` are the names of all its
/// configs, of which the cluster tells only those of skep.
#[must_use]
pub fn import(name: &Name, cluster: &Cluster, configs: &[String]) -> Imported {
    let mut imported = Imported::default();
    let Imported { objects, notes } = &mut imported;
    objects.extend(settings::swarm(name, cluster, notes).map(Object::Swarm));
    let mut networks = BTreeSet::new();
    for (name, there) in &cluster.swarm_networks {
        if let Some(network) = network::network(name, there, notes) {
            networks.insert(network.metadata.name.clone());
            objects.push(Object::Network(network));
        }
    }
    for (name, there) in &cluster.services {
        match service::service(name, &there.spec, cluster, &networks) {
            Ok((service, unsaid)) => {
                objects.push(Object::Service(service));
                notes.extend((!unsaid.is_empty()).then(|| carried(name, &unsaid)));
            }
            Err(note) => notes.push(note),
        }
    }
    let secrets = cluster.secrets.iter();
    let secrets = secrets.filter(|(_, secret)| !secret.labels.contains_key(OBJECT));
    let secrets: Vec<&str> = secrets.map(|(name, _)| name.as_str()).collect();
    let configs = configs.iter().map(String::as_str);
    let configs: Vec<&str> = configs
        .filter(|name| !name.starts_with("skep.") && !cluster.configs.contains_key(*name))
        .collect();
    notes.extend(files(FileKind::Config, &configs));
    notes.extend(files(FileKind::Secret, &secrets));
    imported
}

/// That configs or secrets stay what they are: the engine changes none, and skep names its own
/// after their content.
fn files(kind: FileKind, names: &[&str]) -> Option<Note> {
    let word = kind.word();
    if names.is_empty() {
        return None;
    }
    let (declared, unread) = match kind {
        FileKind::Config => ("Config", ""),
        FileKind::Secret => ("Secret", ", and nobody tells what stands in one"),
    };
    Some(Note {
        object: format!("{word}s"),
        message: format!(
            "they stay as they are, and services name them with `external`{unread}: {}",
            names.join(", ")
        ),
        remedy: format!(
            "to let skep keep one, declare a `{declared}` with its content and name that in the \
             services: their tasks are replaced once, as their update policy says"
        ),
    })
}

fn carried(name: &str, unsaid: &[String]) -> Note {
    Note {
        object: service_object(name),
        message: format!("a manifest does not say {}", unsaid.join(", ")),
        remedy: "skep leaves it as it is; what stands inside a field that you change goes with it"
            .to_owned(),
    }
}

/// A name under which something can be declared. Those with `_` belong to stacks.
fn declarable(name: &str) -> Option<Name> {
    name.parse().ok().filter(|_| !name.contains('_'))
}

/// An object from the words of a manifest, or why there is none like this.
fn declared<Spec: DeserializeOwned>(name: &Name, spec: Value) -> Result<Resource<Spec>, String> {
    let spec = serde_json::from_value(without_null(spec)).map_err(|error| error.to_string())?;
    Ok(Resource {
        metadata: Metadata {
            name: name.clone(),
            labels: [].into(),
            annotations: [].into(),
        },
        spec,
    })
}

/// Whether the reader of manifests takes an object, or what it says.
fn readable(object: &Object) -> Result<(), String> {
    let source = Source {
        name: String::new(),
        text: object.to_yaml().into_bytes(),
    };
    match parse(vec![source]).problems.first() {
        Some(problem) => Err(problem.message.clone()),
        None => Ok(()),
    }
}

/// What is said: a field without a value is left out.
fn without_null(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.into_iter().filter(|(_, value)| !value.is_null());
            fields
                .map(|(name, value)| (name, without_null(value)))
                .collect()
        }
        Value::Array(values) => values.into_iter().map(without_null).collect(),
        value => value,
    }
}

/// Labels without those of skep.
fn labels_of_others(labels: &Value) -> Value {
    let labels = labels.as_object().into_iter().flatten();
    let others = labels.filter(|(key, _)| !is_label_of_skep(key));
    others
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// A length of time that the engine counts in nanoseconds.
fn time(value: &Value) -> Value {
    match value.as_u64() {
        Some(nanoseconds) => Value::String(format!("{nanoseconds}ns")),
        None => Value::Null,
    }
}

#[cfg(test)]
mod tests;
