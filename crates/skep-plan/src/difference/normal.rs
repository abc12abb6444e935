//! The fields of a service's specification as they are compared.

pub(super) mod container;
pub(super) mod endpoint;
pub(super) mod files;
pub(super) mod placement;
pub(super) mod policy;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::service_spec::image;

/// A field as it is compared: what is left out and what is empty are the same.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Normal {
    /// Named entries, each compared by itself.
    Map(BTreeMap<String, Value>),
    /// One value.
    Value(Value),
    /// An image.
    Image(String),
    /// Platforms.
    Platforms(Vec<String>),
}

impl Normal {
    /// The observed side as the wanted one lets it count: where no digest and no platform is asked
    /// for, those that somebody looked up in the registry are no difference.
    pub(super) fn seen_from(self, wanted: &Self) -> Self {
        match (self, wanted) {
            (Self::Image(observed), Self::Image(wanted)) if !wanted.contains('@') => {
                Self::Image(image::split_digest(&observed).0.to_owned())
            }
            (Self::Platforms(_), Self::Platforms(wanted)) if wanted.is_empty() => {
                Self::Platforms(Vec::new())
            }
            (observed, _) => observed,
        }
    }

    pub(super) fn into_value(self) -> Value {
        match self {
            Self::Map(entries) => entries.into_iter().collect(),
            Self::Value(value) => value,
            Self::Image(image) => Value::String(image),
            Self::Platforms(platforms) => json!(platforms),
        }
    }
}

pub(super) fn map(value: &Value) -> Normal {
    let entries = value.as_object().into_iter().flatten();
    Normal::Map(
        entries
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
    )
}

pub(super) fn list(value: &Value) -> Normal {
    Normal::Value(Value::Array(elements(value).to_vec()))
}

pub(super) fn number(value: &Value) -> Normal {
    Normal::Value(json!(value.as_u64().unwrap_or(0)))
}

pub(super) fn flag(value: &Value) -> Normal {
    Normal::Value(json!(value.as_bool().unwrap_or(false)))
}

pub(super) fn text(value: &Value) -> Normal {
    Normal::Value(match value.as_str() {
        Some("") | None => Value::Null,
        Some(text) => json!(text),
    })
}

pub(super) fn image(value: &Value) -> Normal {
    match value.as_str() {
        Some(image) => Normal::Image(image::normalised(image)),
        None => Normal::Value(Value::Null),
    }
}

fn elements(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The elements that are texts.
fn texts(value: &Value) -> impl Iterator<Item = &str> {
    elements(value).iter().filter_map(Value::as_str)
}

/// A text below `value`.
fn word<'a>(value: &'a Value, field: &str, default: &'a str) -> &'a str {
    let word = value.get(field).and_then(Value::as_str);
    word.filter(|word| !word.is_empty()).unwrap_or(default)
}

/// A number below `value`.
fn count(value: &Value, field: &str, default: i64) -> i64 {
    value.get(field).and_then(Value::as_i64).unwrap_or(default)
}

/// Named entries; those that are empty are none.
fn entries<const N: usize>(entries: [(&str, Value); N]) -> Normal {
    let entries = entries.into_iter().filter(|(_, value)| !is_empty(value));
    Normal::Map(
        entries
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    )
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(elements) => elements.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}

fn sorted(texts: impl Iterator<Item = String>) -> Normal {
    Normal::Value(json!(in_order(texts)))
}

fn in_order(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut texts: Vec<String> = texts.collect();
    texts.sort();
    texts
}
