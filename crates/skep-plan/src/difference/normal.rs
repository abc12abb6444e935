//! The fields of a service's specification as they are compared.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use skep_manifest::service::placement::Constraint;

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
}

impl Normal {
    /// The observed side as the wanted one lets it count: where no digest is asked for, the one
    /// that somebody pinned is no difference.
    pub(super) fn seen_from(self, wanted: &Self) -> Self {
        match (self, wanted) {
            (Self::Image(observed), Self::Image(wanted)) if !wanted.contains('@') => {
                Self::Image(image::split_digest(&observed).0.to_owned())
            }
            (observed, _) => observed,
        }
    }

    pub(super) fn into_value(self) -> Value {
        match self {
            Self::Map(entries) => entries.into_iter().collect(),
            Self::Value(value) => value,
            Self::Image(image) => Value::String(image),
        }
    }
}

pub(super) fn map(value: &Value, _: &BTreeMap<String, String>) -> Normal {
    let entries = value.as_object().into_iter().flatten();
    Normal::Map(
        entries
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
    )
}

/// The variables by name: the order of their lines means nothing, and the last one counts.
pub(super) fn environment(value: &Value, _: &BTreeMap<String, String>) -> Normal {
    let lines = elements(value).iter().filter_map(Value::as_str);
    let entry = |line: &str| match line.split_once('=') {
        Some((name, value)) => (name.to_owned(), Value::String(value.to_owned())),
        // Without `=` the engine takes the variable away.
        None => (line.to_owned(), Value::Null),
    };
    Normal::Map(lines.map(entry).collect())
}

pub(super) fn list(value: &Value, _: &BTreeMap<String, String>) -> Normal {
    Normal::Value(Value::Array(elements(value).to_vec()))
}

pub(super) fn number(value: &Value, _: &BTreeMap<String, String>) -> Normal {
    Normal::Value(json!(value.as_u64().unwrap_or(0)))
}

pub(super) fn image(value: &Value, _: &BTreeMap<String, String>) -> Normal {
    match value.as_str() {
        Some(image) => Normal::Image(image::normalised(image)),
        None => Normal::Value(Value::Null),
    }
}

/// The constraints without differences of spacing, in order: all of them hold.
pub(super) fn constraints(value: &Value, _: &BTreeMap<String, String>) -> Normal {
    let written = elements(value).iter().filter_map(Value::as_str);
    sorted(written.map(|text| match text.parse::<Constraint>() {
        Ok(constraint) => constraint.to_string(),
        Err(_) => text.to_owned(),
    }))
}

/// The networks by name.
pub(super) fn networks(value: &Value, names: &BTreeMap<String, String>) -> Normal {
    sorted(elements(value).iter().map(|attachment| {
        let target = attachment
            .get("Target")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let name = names.get(target).map_or(target, String::as_str);
        let aliases = attachment.get("Aliases").map_or(&[][..], elements);
        let mut aliases: Vec<&str> = aliases.iter().filter_map(Value::as_str).collect();
        aliases.sort_unstable();
        if aliases.is_empty() {
            name.to_owned()
        } else {
            format!("{name} as {}", aliases.join(", "))
        }
    }))
}

pub(super) fn mode(value: &Value, _: &BTreeMap<String, String>) -> Normal {
    const REPLICAS_DEFAULT: u64 = 1;
    Normal::Value(match value.get("Replicated") {
        Some(replicated) => {
            let replicas = replicated.get("Replicas").and_then(Value::as_u64);
            json!({"Replicated": {"Replicas": replicas.unwrap_or(REPLICAS_DEFAULT)}})
        }
        None => value.clone(),
    })
}

pub(super) fn endpoint(value: &Value, _: &BTreeMap<String, String>) -> Normal {
    let mode = value
        .as_str()
        .filter(|mode| !mode.is_empty())
        .unwrap_or("vip");
    Normal::Value(json!(mode))
}

/// The ports as the docker command line writes them, in order.
pub(super) fn ports(value: &Value, _: &BTreeMap<String, String>) -> Normal {
    sorted(elements(value).iter().map(|port| {
        let word = |field: &str, default: &'static str| {
            port.get(field)
                .and_then(Value::as_str)
                .unwrap_or(default)
                .to_owned()
        };
        let number = |field: &str| port.get(field).and_then(Value::as_u64).unwrap_or(0);
        let published = match number("PublishedPort") {
            0 => String::new(),
            number => format!("published={number},"),
        };
        format!(
            "{published}target={},protocol={},mode={}",
            number("TargetPort"),
            word("Protocol", "tcp"),
            word("PublishMode", "ingress"),
        )
    }))
}

fn elements(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn sorted(texts: impl Iterator<Item = String>) -> Normal {
    let mut texts: Vec<String> = texts.collect();
    texts.sort();
    Normal::Value(json!(texts))
}
