//! How many tasks a service has, and on which nodes.

use serde_json::{Value, json};
use skep_manifest::service::mode::{Global, Mode, Replicated, ReplicatedJob};
use skep_manifest::service::placement::{Placement, Platform, SpreadKey};

pub(super) fn placement(placement: &Placement, mode: Mode) -> Value {
    let Placement {
        constraints,
        spread,
        platforms,
    } = placement;
    let constraints: Vec<String> = constraints.iter().map(ToString::to_string).collect();
    let most = match mode {
        Mode::Replicated(replicated) => replicated.max_per_node.unwrap_or(0),
        Mode::Global(_) | Mode::ReplicatedJob(_) | Mode::GlobalJob(_) => 0,
    };
    json!({
        "Constraints": constraints,
        "Preferences": spread.iter().map(preference).collect::<Vec<_>>(),
        "Platforms": platforms.iter().map(platform).collect::<Vec<_>>(),
        "MaxReplicas": most,
    })
}

pub(super) fn mode(mode: Mode) -> Value {
    match mode {
        Mode::Replicated(Replicated {
            replicas,
            // Stands in the placement.
            max_per_node: _,
        }) => json!({"Replicated": {"Replicas": replicas}}),
        Mode::Global(Global {}) => json!({"Global": {}}),
        Mode::ReplicatedJob(ReplicatedJob {
            completions,
            concurrent,
        }) => json!({"ReplicatedJob": {
            "TotalCompletions": completions,
            "MaxConcurrent": concurrent.unwrap_or(completions),
        }}),
        Mode::GlobalJob(Global {}) => json!({"GlobalJob": {}}),
    }
}

fn preference(key: &SpreadKey) -> Value {
    json!({"Spread": {"SpreadDescriptor": key}})
}

fn platform(platform: &Platform) -> Value {
    let (os, architecture) = platform
        .as_str()
        .split_once('/')
        .unwrap_or((platform.as_str(), ""));
    json!({"OS": os, "Architecture": architecture})
}
