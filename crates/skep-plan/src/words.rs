//! Fields of the engine's specifications as the manifest calls them, and their values as a person
//! writes them.

use std::time::Duration;

use serde_json::Value;

/// A field of the engine, the field of the manifest that it comes from, and how its value is read.
const FIELDS: [(&str, &str, Unit); 64] = [
    ("Labels", "labels", Unit::Plain),
    ("Mode", "mode", Unit::Mode),
    (
        "UpdateConfig.Parallelism",
        "update.parallelism",
        Unit::Plain,
    ),
    ("UpdateConfig.Delay", "update.delay", Unit::Nanoseconds),
    (
        "UpdateConfig.FailureAction",
        "update.onFailure",
        Unit::Plain,
    ),
    ("UpdateConfig.Monitor", "update.monitor", Unit::Nanoseconds),
    (
        "UpdateConfig.MaxFailureRatio",
        "update.maxFailureRatio",
        Unit::Plain,
    ),
    ("UpdateConfig.Order", "update.order", Unit::Plain),
    (
        "RollbackConfig.Parallelism",
        "rollback.parallelism",
        Unit::Plain,
    ),
    ("RollbackConfig.Delay", "rollback.delay", Unit::Nanoseconds),
    (
        "RollbackConfig.FailureAction",
        "rollback.onFailure",
        Unit::Plain,
    ),
    (
        "RollbackConfig.Monitor",
        "rollback.monitor",
        Unit::Nanoseconds,
    ),
    (
        "RollbackConfig.MaxFailureRatio",
        "rollback.maxFailureRatio",
        Unit::Plain,
    ),
    ("RollbackConfig.Order", "rollback.order", Unit::Plain),
    ("EndpointSpec.Mode", "endpoint", Unit::Plain),
    ("EndpointSpec.Ports", "ports", Unit::Plain),
    ("TaskTemplate.Networks", "networks", Unit::Plain),
    ("TaskTemplate.LogDriver.Name", "logging.driver", Unit::Plain),
    (
        "TaskTemplate.LogDriver.Options",
        "logging.options",
        Unit::Plain,
    ),
    (
        "TaskTemplate.Placement.Constraints",
        "placement.constraints",
        Unit::Plain,
    ),
    (
        "TaskTemplate.Placement.Preferences",
        "placement.spread",
        Unit::Plain,
    ),
    (
        "TaskTemplate.Placement.Platforms",
        "placement.platforms",
        Unit::Plain,
    ),
    (
        "TaskTemplate.Placement.MaxReplicas",
        "mode.replicated.maxPerNode",
        Unit::NoLimit,
    ),
    (
        "TaskTemplate.RestartPolicy.Condition",
        "restart.condition",
        Unit::Plain,
    ),
    (
        "TaskTemplate.RestartPolicy.Delay",
        "restart.delay",
        Unit::Nanoseconds,
    ),
    (
        "TaskTemplate.RestartPolicy.MaxAttempts",
        "restart.maxAttempts",
        Unit::NoLimit,
    ),
    (
        "TaskTemplate.RestartPolicy.Window",
        "restart.window",
        Unit::Nanoseconds,
    ),
    (
        "TaskTemplate.Resources.Limits.NanoCPUs",
        "resources.limits.cpus",
        Unit::Billionths,
    ),
    (
        "TaskTemplate.Resources.Limits.MemoryBytes",
        "resources.limits.memory",
        Unit::Bytes,
    ),
    (
        "TaskTemplate.Resources.Limits.Pids",
        "resources.limits.pids",
        Unit::Plain,
    ),
    (
        "TaskTemplate.Resources.Reservations.NanoCPUs",
        "resources.reservations.cpus",
        Unit::Billionths,
    ),
    (
        "TaskTemplate.Resources.Reservations.MemoryBytes",
        "resources.reservations.memory",
        Unit::Bytes,
    ),
    ("TaskTemplate.ContainerSpec.Image", "image", Unit::Plain),
    ("TaskTemplate.ContainerSpec.Command", "command", Unit::Plain),
    ("TaskTemplate.ContainerSpec.Args", "args", Unit::Plain),
    ("TaskTemplate.ContainerSpec.Env", "environment", Unit::Plain),
    (
        "TaskTemplate.ContainerSpec.Labels",
        "containerLabels",
        Unit::Plain,
    ),
    (
        "TaskTemplate.ContainerSpec.Hostname",
        "hostname",
        Unit::Plain,
    ),
    (
        "TaskTemplate.ContainerSpec.Dir",
        "workingDirectory",
        Unit::Plain,
    ),
    ("TaskTemplate.ContainerSpec.User", "user", Unit::Plain),
    (
        "TaskTemplate.ContainerSpec.ReadOnly",
        "readOnly",
        Unit::Plain,
    ),
    ("TaskTemplate.ContainerSpec.Init", "init", Unit::Plain),
    (
        "TaskTemplate.ContainerSpec.StopSignal",
        "stop.signal",
        Unit::Plain,
    ),
    (
        "TaskTemplate.ContainerSpec.StopGracePeriod",
        "stop.grace",
        Unit::Nanoseconds,
    ),
    (
        "TaskTemplate.ContainerSpec.Healthcheck.Test",
        "containerHealth.test",
        Unit::Plain,
    ),
    (
        "TaskTemplate.ContainerSpec.Healthcheck.Interval",
        "containerHealth.interval",
        Unit::Nanoseconds,
    ),
    (
        "TaskTemplate.ContainerSpec.Healthcheck.Timeout",
        "containerHealth.timeout",
        Unit::Nanoseconds,
    ),
    (
        "TaskTemplate.ContainerSpec.Healthcheck.Retries",
        "containerHealth.retries",
        Unit::Plain,
    ),
    (
        "TaskTemplate.ContainerSpec.Healthcheck.StartPeriod",
        "containerHealth.startPeriod",
        Unit::Nanoseconds,
    ),
    ("TaskTemplate.ContainerSpec.Mounts", "mounts", Unit::Plain),
    ("TaskTemplate.ContainerSpec.Configs", "configs", Unit::Plain),
    ("TaskTemplate.ContainerSpec.Secrets", "secrets", Unit::Plain),
    ("TaskTemplate.ContainerSpec.Hosts", "hosts", Unit::Plain),
    ("TaskTemplate.ContainerSpec.DNSConfig", "dns", Unit::Plain),
    ("TaskTemplate.ContainerSpec.Sysctls", "sysctls", Unit::Plain),
    (
        "TaskTemplate.ContainerSpec.CapabilityAdd",
        "capabilities.add",
        Unit::Plain,
    ),
    (
        "TaskTemplate.ContainerSpec.CapabilityDrop",
        "capabilities.drop",
        Unit::Plain,
    ),
    ("TaskTemplate.ContainerSpec.Ulimits", "ulimits", Unit::Plain),
    // Those of the swarm.
    (
        "CAConfig.NodeCertExpiry",
        "certificateExpiry",
        Unit::Nanoseconds,
    ),
    (
        "Dispatcher.HeartbeatPeriod",
        "dispatcherHeartbeat",
        Unit::Nanoseconds,
    ),
    ("EncryptionConfig.AutoLockManagers", "autolock", Unit::Plain),
    (
        "Orchestration.TaskHistoryRetentionLimit",
        "taskHistory",
        Unit::Plain,
    ),
    ("Raft.KeepOldSnapshots", "snapshots.keep", Unit::Plain),
    ("Raft.SnapshotInterval", "snapshots.interval", Unit::Plain),
];

/// How a value of the engine is read.
#[derive(Clone, Copy)]
enum Unit {
    Plain,
    Nanoseconds,
    Billionths,
    Bytes,
    /// 0 stands for none.
    NoLimit,
    Mode,
}

/// A field and its two values, as a person reads them.
pub(crate) struct Told {
    pub(crate) field: String,
    pub(crate) old: String,
    pub(crate) new: String,
}

/// Tells a change of a field of the engine, or of one that has the manifest's name already.
pub(crate) fn told(path: &str, old: &Value, new: &Value) -> Told {
    let known = FIELDS.iter().find_map(|(engine, field, unit)| {
        let rest = path.strip_prefix(engine)?;
        (rest.is_empty() || rest.starts_with('.')).then(|| (format!("{field}{rest}"), *unit))
    });
    let (field, unit) = known.unwrap_or_else(|| (path.to_owned(), Unit::Plain));
    if let (Unit::Mode, Some(new)) = (unit, replicas(new))
        && (old.is_null() || replicas(old).is_some())
    {
        return Told {
            field: format!("{field}.replicated.replicas"),
            old: Unit::Plain.told(replicas(old).unwrap_or(&Value::Null)),
            new: Unit::Plain.told(new),
        };
    }
    Told {
        field,
        old: unit.told(old),
        new: unit.told(new),
    }
}

impl Unit {
    fn told(self, value: &Value) -> String {
        if value.is_null() {
            return "(nothing)".to_owned();
        }
        let number = value.as_u64();
        match (self, number) {
            (Self::Nanoseconds, Some(nanos)) => duration(Duration::from_nanos(nanos)),
            (Self::Billionths, Some(billionths)) => {
                format!("{}", Duration::from_nanos(billionths).as_secs_f64())
            }
            (Self::Bytes, Some(bytes)) => size(bytes),
            (Self::NoLimit, Some(0)) => "(no limit)".to_owned(),
            (Self::Mode, _) => mode(value),
            (
                Self::Plain | Self::Nanoseconds | Self::Billionths | Self::Bytes | Self::NoLimit,
                _,
            ) => plain(value),
        }
    }
}

/// A text stands for itself unless it would be misread.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) if !text.is_empty() && !text.contains([' ', '"', '\n', ',']) => {
            text.clone()
        }
        Value::Array(elements) if elements.is_empty() => "(nothing)".to_owned(),
        Value::Array(elements) => {
            let elements: Vec<String> = elements.iter().map(plain).collect();
            format!("[{}]", elements.join(", "))
        }
        other => other.to_string(),
    }
}

fn replicas(mode: &Value) -> Option<&Value> {
    mode.get("Replicated")?.get("Replicas")
}

fn mode(value: &Value) -> String {
    if let Some(replicas) = replicas(value) {
        return format!("replicated, replicas: {replicas}");
    }
    if let Some(completions) = value["ReplicatedJob"]["TotalCompletions"].as_u64() {
        return format!("replicatedJob, completions: {completions}");
    }
    match value.as_object().and_then(|modes| modes.keys().next()) {
        Some(kind) if kind == "Global" => "global".to_owned(),
        Some(kind) if kind == "GlobalJob" => "globalJob".to_owned(),
        Some(_) | None => value.to_string(),
    }
}

fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match (time.subsec_nanos(), seconds) {
        (0, 0) => "0s".to_owned(),
        (0, seconds) if seconds % 3600 == 0 => format!("{}h", seconds / 3600),
        (0, seconds) if seconds % 60 == 0 => format!("{}m", seconds / 60),
        (0, seconds) => format!("{seconds}s"),
        (_, _) => format!("{}ms", time.as_secs_f64() * 1000.0),
    }
}

fn size(bytes: u64) -> String {
    let units = [(1 << 30, "Gi"), (1 << 20, "Mi"), (1 << 10, "Ki")];
    let unit = units
        .iter()
        .find(|(unit, _)| bytes.is_multiple_of(*unit) && bytes > 0);
    unit.map_or_else(
        || bytes.to_string(),
        |(unit, word)| format!("{}{word}", bytes / unit),
    )
}

#[cfg(test)]
mod tests;
