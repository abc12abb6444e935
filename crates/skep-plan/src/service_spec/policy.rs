//! What a service may use, and how it is restarted, rolled out and logged.

use serde_json::{Value, json};
use skep_manifest::service::container::{Logging, Restart, RestartCondition};
use skep_manifest::service::resources::{Limits, Reservations, Resources};
use skep_manifest::service::update::{
    Rollback, RollbackFailure, Update, UpdateFailure, UpdateOrder,
};

use super::nanoseconds;

pub(super) fn resources(resources: &Resources) -> Value {
    let Resources {
        limits:
            Limits {
                cpus: most_cpus,
                memory: most_memory,
                pids,
            },
        reservations: Reservations { cpus, memory },
    } = resources;
    json!({
        "Limits": {
            "NanoCPUs": most_cpus.map_or(0, |cpus| cpus.nanos()),
            "MemoryBytes": most_memory.map_or(0, |memory| memory.bytes()),
            "Pids": pids.unwrap_or(0),
        },
        "Reservations": {
            "NanoCPUs": cpus.map_or(0, |cpus| cpus.nanos()),
            "MemoryBytes": memory.map_or(0, |memory| memory.bytes()),
        },
    })
}

/// A job's tasks end by themselves: for it, any end is a failure.
pub(super) fn restart(restart: &Restart, is_job: bool) -> Value {
    let Restart {
        condition,
        delay,
        max_attempts,
        window,
    } = restart;
    let condition = match condition {
        RestartCondition::Any if is_job => "on-failure",
        RestartCondition::Any => "any",
        RestartCondition::OnFailure => "on-failure",
        RestartCondition::None => "none",
    };
    json!({
        "Condition": condition,
        "Delay": nanoseconds(delay.time()),
        "MaxAttempts": max_attempts,
        "Window": nanoseconds(window.time()),
    })
}

pub(super) fn update(update: &Update) -> Value {
    let Update {
        parallelism,
        delay,
        order,
        on_failure,
        monitor,
        max_failure_ratio,
    } = update;
    json!({
        "Parallelism": parallelism,
        "Delay": nanoseconds(delay.time()),
        "FailureAction": match on_failure {
            UpdateFailure::Pause => "pause",
            UpdateFailure::Continue => "continue",
            UpdateFailure::Rollback => "rollback",
        },
        "Monitor": nanoseconds(monitor.time()),
        "MaxFailureRatio": f64::from(*max_failure_ratio),
        "Order": self::order(*order),
    })
}

/// The engine has the same fields for it as for an update.
pub(super) fn rollback(rollback: &Rollback) -> Value {
    let Rollback {
        parallelism,
        delay,
        order,
        on_failure,
        monitor,
        max_failure_ratio,
    } = *rollback;
    update(&Update {
        parallelism,
        delay,
        order,
        on_failure: match on_failure {
            RollbackFailure::Pause => UpdateFailure::Pause,
            RollbackFailure::Continue => UpdateFailure::Continue,
        },
        monitor,
        max_failure_ratio,
    })
}

pub(super) fn logging(logging: &Logging) -> Value {
    let Logging { driver, options } = logging;
    json!({"Name": driver, "Options": options})
}

const fn order(order: UpdateOrder) -> &'static str {
    match order {
        UpdateOrder::StopFirst => "stop-first",
        UpdateOrder::StartFirst => "start-first",
    }
}
