//! How many tasks there are, and where.

use serde_json::{Value, json};
use skep_manifest::service::placement::Constraint;

use super::{Normal, count, elements, in_order, sorted, texts, word};

/// The constraints without differences of spacing, in order: all of them hold.
pub(in super::super) fn constraints(value: &Value) -> Normal {
    sorted(texts(value).map(|text| match text.parse::<Constraint>() {
        Ok(constraint) => constraint.to_string(),
        Err(_) => text.to_owned(),
    }))
}

/// The labels that tasks are spread over, the first one first.
pub(in super::super) fn preferences(value: &Value) -> Normal {
    let labels = elements(value).iter().map(|preference| {
        let spread = preference.get("Spread").unwrap_or(&Value::Null);
        word(spread, "SpreadDescriptor", "")
    });
    Normal::Value(json!(labels.collect::<Vec<_>>()))
}

/// The platforms as images name them; engines have other words for some machines.
pub(in super::super) fn platforms(value: &Value) -> Normal {
    let platform = |platform: &Value| {
        let machine = match word(platform, "Architecture", "") {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        format!("{}/{machine}", word(platform, "OS", ""))
    };
    Normal::Platforms(in_order(elements(value).iter().map(platform)))
}

pub(in super::super) fn mode(value: &Value) -> Normal {
    const TASKS_DEFAULT: i64 = 1;
    if let Some(replicated) = value.get("Replicated") {
        let replicas = count(replicated, "Replicas", TASKS_DEFAULT);
        return Normal::Value(json!({"Replicated": {"Replicas": replicas}}));
    }
    if let Some(job) = value.get("ReplicatedJob") {
        let concurrent = count(job, "MaxConcurrent", TASKS_DEFAULT);
        return Normal::Value(json!({"ReplicatedJob": {
            "MaxConcurrent": concurrent,
            "TotalCompletions": count(job, "TotalCompletions", concurrent),
        }}));
    }
    Normal::Value(value.clone())
}
