//! Which of the fields that skep owns differ between a wanted and an observed service.
//!
//! Both sides are normalised: the engine leaves out what is empty, fills in its defaults, stores
//! ids where names were given, and people write one image in several ways. Only what still differs
//! is taken over into the observed specification: everything else stays exactly as it was read, so
//! that no task is restarted for a difference of spelling.

mod fields;
mod normal;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::action::Change;
use crate::words;
use fields::{FIELDS, Field, Write};
use normal::Normal;

/// What differs, and the observed specification with the differences put right.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Difference {
    pub(crate) changes: Vec<Change>,
    pub(crate) merged: Value,
}

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
        let new = field.normal(wanted, networks);
        let old = field.normal(observed, networks);
        let old = old.seen_from(&new);
        if old != new {
            let path = field.path.join(".");
            difference.changes.extend(changes(&path, old, new));
            let written = written(field, at(wanted, field.path), at(observed, field.path));
            put(&mut difference.merged, field.path, written);
        }
    }
    difference
}

/// What a specification says beyond what the engine presumes of one that says nothing: the same
/// for all spellings, and for a field that comes to be owned later.
pub(crate) fn said(spec: &Value) -> Value {
    let changes = difference(spec, &Value::Null, &BTreeMap::new()).changes;
    let entries = changes.into_iter().map(|change| (change.path, change.new));
    Value::Object(entries.collect())
}

/// The fields of a service that skep owns: their paths in the engine's specification.
pub(crate) fn owned() -> impl Iterator<Item = String> {
    FIELDS.iter().map(|field| field.path.join("."))
}

/// Changes as a person reads them who looks at what is there.
pub(crate) fn told(changes: &[Change]) -> String {
    let changes = changes.iter().map(|Change { path, old, new }| {
        let told = words::told(path, old, new);
        format!("{} is {}, declared {}", told.field, told.old, told.new)
    });
    changes.collect::<Vec<_>>().join("; ")
}

/// What is written where a field differs.
fn written(field: &Field, wanted: &Value, observed: &Value) -> Value {
    match (&field.write, wanted, observed) {
        (Write::Entries, Value::Object(wanted), Value::Object(observed)) => {
            let mut entries = observed.clone();
            entries.extend(wanted.clone());
            Value::Object(entries)
        }
        (Write::Entries | Write::Whole, wanted, _) => wanted.clone(),
    }
}

/// Whether the engine would have to turn a service of one kind into one of another, which it does
/// not do.
pub(crate) fn changes_kind(wanted: &Value, observed: &Value) -> bool {
    let kind = |spec: &Value| Some(spec.get("Mode")?.as_object()?.keys().next()?.clone());
    kind(wanted) != kind(observed)
}

/// Whether a specification is of a job.
pub(crate) fn is_job(spec: &Value) -> bool {
    let mode = at(spec, &["Mode"]);
    mode.get("ReplicatedJob")
        .or_else(|| mode.get("GlobalJob"))
        .is_some()
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
