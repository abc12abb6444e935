//! Creating and removing configs and secrets, and finding those that a service names.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use skep_plan::action::{CreateFile, FileKind, RemoveFile};

use super::{Applied, ApplyError, change};
use crate::engine::{Client, EngineError, percent_encoded};

/// Creates a config or secret. One of its name has its content, for the name tells it: it gets the
/// labels that it lost.
pub(super) async fn create(client: &Client, create: &CreateFile) -> Result<Applied, ApplyError> {
    let data = BASE64.encode(create.content.reveal());
    let spec = json!({ "Name": create.name, "Labels": create.labels, "Data": data });
    let create_path = format!("/{}s/create", create.kind.word());
    match client.write(&create_path, &spec).await {
        Ok(()) => Ok(Applied::Done),
        Err(EngineError::NameTaken(_)) => {
            let Stored { id, spec } = client.read(&path(create.kind, &create.name)).await?;
            // The engine tells what stands in a config, and never what stands in a secret.
            if spec.get("Data").is_some_and(|there| *there != *data) {
                let name = format!("{} `{}`", create.kind.word(), create.name);
                return Err(ApplyError::NameTaken(name));
            }
            label(client, create, &id).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Puts the labels of skep's back, beside those of others.
async fn label(client: &Client, create: &CreateFile, id: &str) -> Result<Applied, ApplyError> {
    change(&path(create.kind, id), "", client, |spec| {
        let mut changed = spec.clone();
        if !changed["Labels"].is_object() {
            changed["Labels"] = Value::Object(Map::new());
        }
        for (key, label) in &create.labels {
            changed["Labels"][key] = json!(label);
        }
        (changed != *spec).then_some(changed)
    })
    .await
}

pub(super) async fn remove(client: &Client, remove: &RemoveFile) -> Result<Applied, ApplyError> {
    super::remove(client, &path(remove.kind, &remove.id)).await
}

/// The specification of a service with the ids of the configs and secrets that it names: the
/// engine wants both.
pub(super) async fn with_ids(client: &Client, spec: &Value) -> Result<Value, ApplyError> {
    let mut spec = spec.clone();
    for kind in FileKind::ALL {
        let pointer = format!("/TaskTemplate/ContainerSpec/{}", kind.list());
        let list = spec.pointer_mut(&pointer).and_then(Value::as_array_mut);
        for entry in list.into_iter().flatten() {
            if entry.get(kind.id_field()).is_none() {
                entry[kind.id_field()] = json!(id(client, kind, entry).await?);
            }
        }
    }
    Ok(spec)
}

async fn id(client: &Client, kind: FileKind, entry: &Value) -> Result<String, ApplyError> {
    let name = entry[kind.name_field()].as_str().unwrap_or_default();
    match client.read(&path(kind, name)).await {
        Ok(Stored { id, .. }) => Ok(id),
        Err(EngineError::NotFound(_)) => Err(ApplyError::Missing {
            kind: kind.word(),
            name: name.to_owned(),
        }),
        Err(error) => Err(error.into()),
    }
}

#[derive(Deserialize)]
struct Stored {
    #[serde(rename = "ID")]
    id: String,
    #[serde(rename = "Spec")]
    spec: Value,
}

fn path(kind: FileKind, name_or_id: &str) -> String {
    format!("/{}s/{}", kind.word(), percent_encoded(name_or_id))
}
