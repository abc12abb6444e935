//! What tasks may use, and how they are restarted, rolled out and logged.

use serde_json::{Value, json};

use super::{Normal, count, entries, word};

const SECOND: i64 = 1_000_000_000;
/// How long the engine waits before it starts a task again.
const RESTART_DELAY_DEFAULT: i64 = 5 * SECOND;
/// How long it watches a task that it changed.
const MONITOR_DEFAULT: i64 = 5 * SECOND;
/// How many tasks it changes at a time. Where a policy is given, 0 is all.
const PARALLELISM_DEFAULT: i64 = 1;

/// The same for limits and reservations: a number that neither has is 0.
pub(in super::super) fn resources(value: &Value) -> Normal {
    let number = |field: &str| json!(count(value, field, 0));
    entries([
        ("NanoCPUs", number("NanoCPUs")),
        ("MemoryBytes", number("MemoryBytes")),
        ("Pids", number("Pids")),
    ])
}

/// A job's tasks end by themselves: for it, any end that counts is a failure.
pub(in super::super) fn restart(value: &Value, mode: &Value) -> Normal {
    let delay = count(value, "Delay", RESTART_DELAY_DEFAULT);
    let is_job = mode
        .get("ReplicatedJob")
        .or(mode.get("GlobalJob"))
        .is_some();
    let condition = match word(value, "Condition", "any") {
        "any" if is_job => "on-failure",
        condition => condition,
    };
    Normal::Map(
        [
            ("Condition", json!(condition)),
            ("Delay", json!(delay)),
            ("MaxAttempts", json!(count(value, "MaxAttempts", 0))),
            ("Window", json!(count(value, "Window", 0))),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into(),
    )
}

/// The same for updates and for taking them back.
pub(in super::super) fn rollout(value: &Value) -> Normal {
    let parallelism = match value {
        Value::Object(_) => count(value, "Parallelism", 0),
        _ => PARALLELISM_DEFAULT,
    };
    let monitor = match count(value, "Monitor", 0) {
        0 => MONITOR_DEFAULT,
        given => given,
    };
    let ratio = value.get("MaxFailureRatio").and_then(Value::as_f64);
    Normal::Map(
        [
            ("Parallelism", json!(parallelism)),
            ("Delay", json!(count(value, "Delay", 0))),
            (
                "FailureAction",
                json!(word(value, "FailureAction", "pause")),
            ),
            ("Monitor", json!(monitor)),
            ("MaxFailureRatio", json!(ratio.unwrap_or(0.0))),
            ("Order", json!(word(value, "Order", "stop-first"))),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into(),
    )
}

/// Nothing where the engine's own setting counts.
pub(in super::super) fn logging(value: &Value) -> Normal {
    entries([
        ("Name", json!(word(value, "Name", ""))),
        ("Options", value.get("Options").cloned().unwrap_or_default()),
    ])
}
