//! The swarm itself.

use serde_json::{Value, json};
use skep_manifest::name::Name;
use skep_manifest::object::Resource;
use skep_manifest::service::image::Image;
use skep_manifest::swarm::SwarmSpec;

use super::{Note, declared, nodes, time};
use crate::observed::{Cluster, Foundation};
use crate::ownership::{SWARM, swarm_object};

/// Settings that a manifest does not say, with what the engine makes of them by itself.
const UNSAID: [(&str, &[&str], u64); 3] = [
    ("Raft.ElectionTick", &["Raft", "ElectionTick"], 10),
    ("Raft.HeartbeatTick", &["Raft", "HeartbeatTick"], 1),
    (
        "Raft.LogEntriesForSlowFollowers",
        &["Raft", "LogEntriesForSlowFollowers"],
        500,
    ),
];

/// The swarm with its nodes and settings; nothing when no manifest could say it.
pub(super) fn swarm(
    name: &Name,
    cluster: &Cluster,
    notes: &mut Vec<Note>,
) -> Option<Resource<SwarmSpec>> {
    // A network that was made by hand never gets a label.
    let networks = cluster.swarm_networks.values();
    let mut labels = networks
        .map(|network| &network.labels)
        .chain([&cluster.labels]);
    let is_skeps = labels.all(|labels| labels.contains_key(SWARM));
    let spec = cluster.spec.as_ref().unwrap_or(&Value::Null);
    let is_locking = spec["EncryptionConfig"]["AutoLockManagers"] == true;
    let mut written = json!({
        "adopt": (!is_skeps).then_some(&cluster.id),
        "nodes": nodes::nodes(cluster, notes),
        "certificateExpiry": time(&spec["CAConfig"]["NodeCertExpiry"]),
        "taskHistory": spec["Orchestration"]["TaskHistoryRetentionLimit"],
        "dispatcherHeartbeat": time(&spec["Dispatcher"]["HeartbeatPeriod"]),
        "snapshots": {
            "interval": spec["Raft"]["SnapshotInterval"],
            "keep": spec["Raft"]["KeepOldSnapshots"],
        },
        "autolock": is_locking.then(|| json!({"enabled": true, "unlock": "operator"})),
    });
    if let Some(foundation) = &cluster.foundation {
        lay(&mut written, foundation);
    }
    note_unsaid(name, spec, cluster, notes);
    declared(name, written)
        .map_err(|message| notes.push(unsayable(name, message)))
        .ok()
}

/// What it was made with for good.
fn lay(written: &mut Value, foundation: &Foundation) {
    let Foundation {
        address_pools,
        subnet_length,
        data_path_port,
    } = foundation;
    let usual = Foundation::default();
    // An engine that was told none says none.
    if *data_path_port != 0 {
        written["dataPathPort"] = json!(data_path_port);
    }
    if (address_pools, subnet_length) != (&usual.address_pools, &usual.subnet_length) {
        let pools = address_pools.iter();
        let pools = pools.map(|base| json!({"base": base, "prefixLength": subnet_length}));
        written["addressPools"] = pools.collect();
    }
}

fn note_unsaid(name: &Name, spec: &Value, cluster: &Cluster, notes: &mut Vec<Note>) {
    let at = |path: &[&str]| path.iter().fold(spec, |value, name| &value[name]).as_u64();
    let unusual = UNSAID
        .iter()
        .filter(|(_, path, usual)| at(path).is_some_and(|there| there != *usual));
    let mut unsaid: Vec<&str> = unusual.map(|(name, _, _)| *name).collect();
    let is_given = |value: &Value| match value {
        Value::Object(fields) => !fields.is_empty(),
        Value::Array(values) => !values.is_empty(),
        _ => false,
    };
    if is_given(&spec["CAConfig"]["ExternalCAs"]) {
        unsaid.push("CAConfig.ExternalCAs");
    }
    if is_given(&spec["TaskDefaults"]) {
        unsaid.push("TaskDefaults");
    }
    if !unsaid.is_empty() {
        notes.push(Note {
            object: swarm_object(name),
            message: format!("a manifest does not say {}", unsaid.join(", ")),
            remedy: "nothing: skep leaves it as it is".to_owned(),
        });
    }
    notes.push(Note {
        object: swarm_object(name),
        message: "the swarm does not tell the addresses of its overlay traffic".to_owned(),
        remedy: "where it differs from `address`, add `dataPathAddress`: it counts when a node \
                 joins again"
            .to_owned(),
    });
    let images = cluster.services.values().filter_map(|service| {
        let image = service.spec["TaskTemplate"]["ContainerSpec"]["Image"].as_str()?;
        image.parse::<Image>().ok()
    });
    let mut registries: Vec<String> = images.map(|image| image.registry().to_owned()).collect();
    registries.sort();
    registries.dedup();
    registries.retain(|registry| registry != "docker.io");
    if !registries.is_empty() {
        notes.push(Note {
            object: swarm_object(name),
            message: format!("nobody tells credentials of {}", registries.join(", ")),
            remedy:
                "where images need them, add `registries` when skep has the services: with the \
                     next change of one they are used"
                    .to_owned(),
        });
    }
}

fn unsayable(name: &Name, message: String) -> Note {
    Note {
        object: swarm_object(name),
        message: format!("no manifest can say it: {message}"),
        remedy: "write the `Swarm` by hand".to_owned(),
    }
}
