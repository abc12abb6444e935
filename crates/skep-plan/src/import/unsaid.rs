//! What a service has and a manifest does not say: skep carries it through.

use serde_json::Value;

/// What the engine writes by itself, or another field says.
const IMPLIED: [&str; 9] = [
    "Labels",
    "Name",
    "TaskTemplate.ContainerSpec.Configs.ConfigID",
    "TaskTemplate.ContainerSpec.Isolation",
    "TaskTemplate.ContainerSpec.Mounts",
    "TaskTemplate.ContainerSpec.Secrets.SecretID",
    "TaskTemplate.ForceUpdate",
    "TaskTemplate.Placement.Platforms",
    "TaskTemplate.Runtime",
];

/// The paths of what stands in the observed specification and has no place in the wanted one.
pub(super) fn unsaid(observed: &Value, wanted: &Value) -> Vec<String> {
    let mut paths = Vec::new();
    collect(observed, wanted, "", &mut paths);
    paths.sort();
    paths.dedup();
    paths
}

fn collect(observed: &Value, wanted: &Value, path: &str, paths: &mut Vec<String>) {
    match (observed, wanted) {
        (Value::Object(fields), Value::Object(places)) => {
            for (name, field) in fields {
                let path = format!("{path}.{name}");
                let path = path.trim_start_matches('.');
                if IMPLIED.contains(&path) {
                    continue;
                }
                match places.get(name) {
                    Some(place) => collect(field, place, path, paths),
                    None if says_nothing(field) => {}
                    None => paths.push(path.to_owned()),
                }
            }
        }
        (Value::Array(fields), Value::Array(places)) => {
            for (field, place) in fields.iter().zip(places) {
                collect(field, place, path, paths);
            }
        }
        // Values are compared as a plan compares them.
        _ => {}
    }
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.iter().all(says_nothing),
        Value::Object(fields) => fields.values().all(says_nothing),
    }
}
