//! What a `Swarm` asks for beyond its nodes: what a new swarm is made with, what is changed in
//! place, and what would need a new one.

use serde_json::{Value, json};
use skep_manifest::condition::Reason;
use skep_manifest::desired::Declared;
use skep_manifest::swarm::{AddressPool, Snapshots, SwarmSpec};

use crate::action::{Action, Blocked, Change, Executor, Plan, Step, UpdateSwarm};
use crate::observed::{Cluster, Foundation};
use crate::ownership::swarm_object;

/// The pool that the engine takes when none is given.
const DEFAULT_POOL: &str = "10.0.0.0/8";

/// A setting that can be changed while the swarm runs.
struct Setting {
    /// Its place in the engine's specification of the swarm.
    path: &'static str,
    wanted: fn(&SwarmSpec) -> Value,
    /// What counts when nothing is said.
    usual: fn() -> Value,
}

const SETTINGS: [Setting; 5] = [
    Setting {
        path: "CAConfig.NodeCertExpiry",
        wanted: |spec| nanoseconds(spec.certificate_expiry.time()),
        usual: || nanoseconds(SwarmSpec::DEFAULT_CERTIFICATE_EXPIRY.time()),
    },
    Setting {
        path: "Dispatcher.HeartbeatPeriod",
        wanted: |spec| nanoseconds(spec.dispatcher_heartbeat.time()),
        usual: || nanoseconds(SwarmSpec::DEFAULT_DISPATCHER_HEARTBEAT.time()),
    },
    Setting {
        path: "Orchestration.TaskHistoryRetentionLimit",
        wanted: |spec| json!(spec.task_history),
        usual: || json!(SwarmSpec::DEFAULT_TASK_HISTORY),
    },
    Setting {
        path: "Raft.KeepOldSnapshots",
        wanted: |spec| json!(spec.snapshots.keep),
        usual: || json!(Snapshots::default().keep),
    },
    Setting {
        path: "Raft.SnapshotInterval",
        wanted: |spec| json!(spec.snapshots.interval),
        usual: || json!(Snapshots::default().interval),
    },
];

fn nanoseconds(time: std::time::Duration) -> Value {
    // The manifest has no longer ones.
    json!(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
}

/// What a new swarm shall have otherwise than the engine would make it.
pub(crate) fn initial(spec: &SwarmSpec) -> Vec<Change> {
    differences(spec, &Value::Null)
}

/// What a swarm is made with for good.
pub(crate) fn foundation(spec: &SwarmSpec) -> Foundation {
    let pools = spec.address_pools.iter();
    let pools: Vec<String> = pools.map(|pool| pool.base.to_string()).collect();
    let first = spec.address_pools.first();
    let mut foundation = Foundation {
        data_path_port: spec.data_path_port,
        ..Foundation::default()
    };
    if let Some(first) = first {
        foundation.address_pools = pools;
        // All pools have the same, or the manifest would have been refused.
        foundation.subnet_length = first.prefix_length;
    }
    foundation
}

impl Default for Foundation {
    /// What the engine takes when nothing is said.
    fn default() -> Self {
        Self {
            address_pools: vec![DEFAULT_POOL.to_owned()],
            subnet_length: AddressPool::DEFAULT_PREFIX_LENGTH,
            data_path_port: SwarmSpec::DEFAULT_DATA_PATH_PORT,
        }
    }
}

/// Plans what can be changed, and says what cannot.
pub(crate) fn plan(swarm: &Declared<SwarmSpec>, cluster: &Cluster, plan: &mut Plan) {
    let object = swarm_object(&swarm.metadata.name);
    if let Some(spec) = &cluster.spec {
        let changes = differences(&swarm.spec, spec);
        if !changes.is_empty() {
            plan.steps.push(Step {
                object: object.clone(),
                executor: Executor::Writer,
                action: Action::UpdateSwarm(UpdateSwarm { changes }),
                because: "its settings differ".to_owned(),
            });
        }
    }
    if let Some(found) = &cluster.foundation {
        let blocked = laid_otherwise(&foundation(&swarm.spec), found);
        plan.blocked
            .extend(blocked.map(|(message, remedy)| Blocked {
                object,
                reason: Reason::InitOnly,
                message,
                remedy,
            }));
    }
}

fn differences(spec: &SwarmSpec, observed: &Value) -> Vec<Change> {
    let difference = |setting: &Setting| {
        let mut steps = setting.path.split('.');
        let old = steps.try_fold(observed, |value, name| value.get(name));
        let old = old.filter(|value| !value.is_null()).cloned();
        let (old, new) = (old.unwrap_or_else(setting.usual), (setting.wanted)(spec));
        (old != new).then(|| Change {
            path: setting.path.to_owned(),
            old,
            new,
        })
    };
    SETTINGS.iter().filter_map(difference).collect()
}

/// What the swarm was made with and the manifest has otherwise, and what would help.
fn laid_otherwise(wanted: &Foundation, found: &Foundation) -> Option<(String, String)> {
    let mut differing = Vec::new();
    if wanted.data_path_port != found.data_path_port {
        let (wanted, found) = (wanted.data_path_port, found.data_path_port);
        differing.push((
            format!("with `dataPathPort: {found}`, not {wanted}"),
            format!("`dataPathPort: {found}`"),
        ));
    }
    if (&wanted.address_pools, wanted.subnet_length) != (&found.address_pools, found.subnet_length)
    {
        let pools = |of: &Foundation| {
            let pools = of.address_pools.join(" and ");
            format!("{pools} in networks of length {}", of.subnet_length)
        };
        differing.push((
            format!(
                "with the address pool {}, not {}",
                pools(found),
                pools(wanted)
            ),
            format!("`addressPools` of {}", pools(found)),
        ));
    }
    if differing.is_empty() {
        return None;
    }
    let (messages, remedies): (Vec<_>, Vec<_>) = differing.into_iter().unzip();
    Some((
        format!("it was created {}", messages.join(" and ")),
        format!(
            "put back {}, or create the swarm anew",
            remedies.join(" and ")
        ),
    ))
}
