//! Changes of a node's specification.

use serde::Serialize;
use serde_json::json;
use skep_plan::action::{LabelNode, RemoveNode, SetAvailability, SetRole};

use super::{Applied, ApplyError, change, differs};
use crate::engine::{Client, percent_encoded};

pub(super) async fn label(client: &Client, label: &LabelNode) -> Result<Applied, ApplyError> {
    change(&path(&label.node_id), "", client, |spec| {
        let mut changed = spec.clone();
        if !changed["Labels"].is_object() {
            changed["Labels"] = json!({});
        }
        for (name, value) in &label.set {
            changed["Labels"][name] = json!(value);
        }
        if let Some(labels) = changed["Labels"].as_object_mut() {
            labels.retain(|name, _value| !label.remove.contains(name));
        }
        differs(spec, changed)
    })
    .await
}

pub(super) async fn set_availability(
    client: &Client,
    set: &SetAvailability,
) -> Result<Applied, ApplyError> {
    set_field(client, &set.node_id, "Availability", set.availability).await
}

pub(super) async fn set_role(client: &Client, set: &SetRole) -> Result<Applied, ApplyError> {
    set_field(client, &set.node_id, "Role", set.role).await
}

/// Removes a node that is down; of any other the engine says no.
pub(super) async fn remove(client: &Client, remove: &RemoveNode) -> Result<Applied, ApplyError> {
    super::remove(client, &path(&remove.node_id)).await
}

async fn set_field(
    client: &Client,
    node_id: &str,
    field: &str,
    value: impl Serialize,
) -> Result<Applied, ApplyError> {
    let value = json!(value);
    change(&path(node_id), "", client, |spec| {
        let mut changed = spec.clone();
        changed[field] = value.clone();
        differs(spec, changed)
    })
    .await
}

fn path(node_id: &str) -> String {
    format!("/nodes/{}", percent_encoded(node_id))
}
