//! The fields of a container.

use serde_json::{Map, Value, json};

use super::{Normal, count, elements, entries, is_empty, sorted, texts, word};
use crate::service_spec::container::capability;

const SECOND: i64 = 1_000_000_000;
/// How long the engine waits for a container that was told to stop.
const STOP_GRACE_DEFAULT: i64 = 10 * SECOND;
/// How often and how long the engine looks at a container's health.
const HEALTH_INTERVAL_DEFAULT: i64 = 30 * SECOND;
const HEALTH_RETRIES_DEFAULT: i64 = 3;

/// The variables by name: the order of their lines means nothing, and the last one counts.
pub(in super::super) fn environment(value: &Value) -> Normal {
    let entry = |line: &str| match line.split_once('=') {
        Some((name, value)) => (name.to_owned(), Value::String(value.to_owned())),
        // Without `=` the engine takes the variable away.
        None => (line.to_owned(), Value::Null),
    };
    Normal::Map(texts(value).map(entry).collect())
}

pub(in super::super) fn stop_grace_period(value: &Value) -> Normal {
    Normal::Value(json!(value.as_i64().unwrap_or(STOP_GRACE_DEFAULT)))
}

/// Nothing where the image's own counts, the test alone where there is none.
pub(in super::super) fn health(value: &Value) -> Normal {
    let test: Vec<&str> = value.get("Test").into_iter().flat_map(texts).collect();
    // The shell of the image, which is nearly always this one.
    let test = match &test[..] {
        ["CMD-SHELL", line] => vec!["CMD", "/bin/sh", "-c", line],
        _ => test,
    };
    let is_own = !test.is_empty();
    if test.first() == Some(&"NONE") {
        return entries([("Test", json!(test))]);
    }
    // What is left out counts only beside a test; without one the image says it.
    let number = |field: &str, default: i64| match count(value, field, 0) {
        0 if is_own => json!(default),
        given => json!(given),
    };
    entries([
        ("Test", json!(test)),
        ("Interval", number("Interval", HEALTH_INTERVAL_DEFAULT)),
        ("Timeout", number("Timeout", HEALTH_INTERVAL_DEFAULT)),
        ("Retries", number("Retries", HEALTH_RETRIES_DEFAULT)),
        ("StartPeriod", number("StartPeriod", 0)),
    ])
}

/// The mounts by their place in the container, each with everything that is said about it.
pub(in super::super) fn mounts(value: &Value) -> Normal {
    let entry = |mount: &Value| {
        let mut said = said(mount);
        if let Value::Object(fields) = &mut said {
            fields.remove("Target");
        }
        (word(mount, "Target", "").to_owned(), said)
    };
    Normal::Map(elements(value).iter().map(entry).collect())
}

/// A mount without what is empty and without what the engine presumes.
fn said(value: &Value) -> Value {
    let Value::Object(fields) = value else {
        return value.clone();
    };
    let is_presumed = |name: &str, value: &Value| match name {
        "Consistency" => value == "default",
        "DriverConfig" => *value == json!({"Name": "local"}),
        _ => false,
    };
    let said = fields.iter().map(|(name, value)| (name, said(value)));
    let kept = said.filter(|(name, value)| !is_empty(value) && !is_presumed(name, value));
    Value::Object(
        kept.map(|(name, value)| (name.clone(), value))
            .collect::<Map<_, _>>(),
    )
}

/// One name and its address each; a line may have several names.
pub(in super::super) fn hosts(value: &Value) -> Normal {
    let pairs = texts(value).flat_map(|line| {
        let mut words = line.split_whitespace();
        let address = words.next().unwrap_or_default();
        words.map(move |name| format!("{address} {name}"))
    });
    sorted(pairs)
}

pub(in super::super) fn dns(value: &Value) -> Normal {
    let list = |field: &str| value.get(field).cloned().unwrap_or_default();
    entries([
        ("Nameservers", list("Nameservers")),
        ("Search", list("Search")),
        ("Options", list("Options")),
    ])
}

pub(in super::super) fn capabilities(value: &Value) -> Normal {
    sorted(texts(value).map(capability))
}

pub(in super::super) fn ulimits(value: &Value) -> Normal {
    let entry = |limit: &Value| {
        let bounds = json!({
            "Soft": count(limit, "Soft", 0),
            "Hard": count(limit, "Hard", 0),
        });
        (word(limit, "Name", "").to_owned(), bounds)
    };
    Normal::Map(elements(value).iter().map(entry).collect())
}
