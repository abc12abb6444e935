//! What a `Swarm` asks for beyond its nodes.
//!
//! A `Swarm` that says nothing gets the engine's own defaults; everything else is not given to the
//! engine yet.

use skep_manifest::duration::Interval;
use skep_manifest::swarm::{Autolock, Snapshots, SwarmSpec};

const DATA_PATH_PORT: u16 = 4789;
const CERTIFICATE_EXPIRY: Interval = Interval::from_secs(90 * 24 * 3600);
const TASK_HISTORY: u16 = 5;
const DISPATCHER_HEARTBEAT: Interval = Interval::from_secs(5);

/// The fields of a `Swarm` that cannot be honoured, as they stand in the manifest.
pub(crate) fn unsupported(spec: &SwarmSpec) -> Vec<&'static str> {
    let SwarmSpec {
        nodes: _,
        // Decides in the plan of the services.
        drift: _,
        adopt,
        address_pools,
        data_path_port,
        autolock,
        certificate_expiry,
        task_history,
        dispatcher_heartbeat,
        snapshots,
        registries,
    } = spec;
    let fields = [
        ("adopt", adopt.is_some()),
        ("addressPools", !address_pools.is_empty()),
        ("dataPathPort", *data_path_port != DATA_PATH_PORT),
        ("autolock", *autolock != Autolock::default()),
        (
            "certificateExpiry",
            *certificate_expiry != CERTIFICATE_EXPIRY,
        ),
        ("taskHistory", *task_history != TASK_HISTORY),
        (
            "dispatcherHeartbeat",
            *dispatcher_heartbeat != DISPATCHER_HEARTBEAT,
        ),
        ("snapshots", *snapshots != Snapshots::default()),
        ("registries", !registries.is_empty()),
    ];
    fields
        .into_iter()
        .filter(|(_, asked)| *asked)
        .map(|(field, _)| field)
        .collect()
}
