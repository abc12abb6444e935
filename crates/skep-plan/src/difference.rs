//! Which of the fields that skep owns differ between a wanted and an observed service.
//!
//! Both sides are normalised: the engine leaves out what is empty, fills in its defaults, stores
//! ids where names were given, and people write one image in several ways. Only what still differs
//! is taken over into the observed specification: everything else stays exactly as it was read, so
//! that no task is restarted for a difference of spelling.

mod normal;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::action::Change;
use normal::Normal;

/// What differs, and the observed specification with the differences put right.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Difference {
    pub(crate) changes: Vec<Change>,
    pub(crate) merged: Value,
}

/// A field of the engine's specification that skep owns, and what is compared in it.
struct Field {
    path: &'static [&'static str],
    normal: fn(&Value, &BTreeMap<String, String>) -> Normal,
}

/// The fields that skep owns, in the order they are shown.
const FIELDS: [Field; 12] = [
    Field {
        path: &["Labels"],
        normal: normal::map,
    },
    Field {
        path: &["TaskTemplate", "ContainerSpec", "Image"],
        normal: normal::image,
    },
    Field {
        path: &["TaskTemplate", "ContainerSpec", "Command"],
        normal: normal::list,
    },
    Field {
        path: &["TaskTemplate", "ContainerSpec", "Args"],
        normal: normal::list,
    },
    Field {
        path: &["TaskTemplate", "ContainerSpec", "Env"],
        normal: normal::environment,
    },
    Field {
        path: &["TaskTemplate", "ContainerSpec", "Labels"],
        normal: normal::map,
    },
    Field {
        path: &["TaskTemplate", "Placement", "Constraints"],
        normal: normal::constraints,
    },
    Field {
        path: &["TaskTemplate", "Placement", "MaxReplicas"],
        normal: normal::number,
    },
    Field {
        path: &["TaskTemplate", "Networks"],
        normal: normal::networks,
    },
    Field {
        path: &["Mode"],
        normal: normal::mode,
    },
    Field {
        path: &["EndpointSpec", "Mode"],
        normal: normal::endpoint,
    },
    Field {
        path: &["EndpointSpec", "Ports"],
        normal: normal::ports,
    },
];

/// Compares what is wanted with what was observed; `networks` has the names of networks by id.
pub(crate) fn difference(
    wanted: &Value,
    observed: &Value,
    networks: &BTreeMap<String, String>,
) -> Difference {
    let mut difference = Difference {
        changes: Vec::new(),
        merged: observed.clone(),
    };
    for field in &FIELDS {
        let new = (field.normal)(at(wanted, field.path), networks);
        let old = (field.normal)(at(observed, field.path), networks).seen_from(&new);
        if old != new {
            let path = field.path.join(".");
            difference.changes.extend(changes(&path, old, new));
            put(
                &mut difference.merged,
                field.path,
                at(wanted, field.path).clone(),
            );
        }
    }
    difference
}

/// Whether the engine would have to turn a service of one kind into one of another, which it does
/// not do.
pub(crate) fn changes_kind(wanted: &Value, observed: &Value) -> bool {
    let kind = |spec: &Value| Some(spec.get("Mode")?.as_object()?.keys().next()?.clone());
    kind(wanted) != kind(observed)
}

/// The changes of one field: entry by entry where it is a map.
fn changes(path: &str, old: Normal, new: Normal) -> Vec<Change> {
    match (old, new) {
        (Normal::Map(old), Normal::Map(new)) => {
            let mut keys: Vec<&String> = old.keys().chain(new.keys()).collect();
            keys.sort();
            keys.dedup();
            let entry = |map: &BTreeMap<String, Value>, key| map.get(key).cloned();
            keys.into_iter()
                .filter(|key| old.get(*key) != new.get(*key))
                .map(|key| Change {
                    path: format!("{path}.{key}"),
                    old: entry(&old, key).unwrap_or_default(),
                    new: entry(&new, key).unwrap_or_default(),
                })
                .collect()
        }
        (old, new) => {
            vec![Change {
                path: path.to_owned(),
                old: old.into_value(),
                new: new.into_value(),
            }]
        }
    }
}

fn at<'a>(spec: &'a Value, path: &[&str]) -> &'a Value {
    path.iter()
        .fold(spec, |value, name| value.get(name).unwrap_or(&Value::Null))
}

/// Puts a value in its place, making the objects on the way that are not there.
fn put(spec: &mut Value, path: &[&str], value: Value) {
    let Some((name, rest)) = path.split_first() else {
        *spec = value;
        return;
    };
    if !spec.is_object() {
        *spec = Value::Object(Map::new());
    }
    put(&mut spec[*name], rest, value);
}

#[cfg(test)]
mod tests;
