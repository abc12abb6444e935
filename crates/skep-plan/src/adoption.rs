//! Taking over a swarm that skep did not create: `adopt` names it, and what was made there by hand
//! becomes skep's exactly as it is.
//!
//! A service is taken over by its labels alone, which its tasks do not have: none is restarted. A
//! network has labels that nobody can change, so one that is as declared is used as it is and never
//! removed.

use serde_json::json;
use skep_manifest::condition::Reason;
use skep_manifest::desired::Declared;
use skep_manifest::swarm::SwarmSpec;

use crate::action::{Action, Blocked, Change, Executor, Plan, Step, UpdateService, UpdateSwarm};
use crate::difference::{self, Difference};
use crate::observed::{Cluster, ClusterService};
use crate::ownership::{HASH, OBJECT, SWARM, service_object, swarm_object};

/// Whether a `Swarm` shall take over what was made by hand in this cluster.
pub(crate) fn adopts(spec: &SwarmSpec, cluster: &Cluster) -> bool {
    let id = spec.adopt.as_ref();
    id.is_some_and(|id| id.as_str() == cluster.id)
}

/// Plans the label that makes the swarm itself known as skep's.
pub(crate) fn plan(swarm: &Declared<SwarmSpec>, cluster: &Cluster, plan: &mut Plan) {
    if !adopts(&swarm.spec, cluster) || cluster.labels.contains_key(SWARM) {
        return;
    }
    let name = &swarm.metadata.name;
    let mut labels = cluster.labels.clone();
    labels.insert(SWARM.to_owned(), name.to_string());
    let change = Change {
        path: "Labels".to_owned(),
        old: json!(cluster.labels),
        new: json!(labels),
    };
    plan.steps.push(Step {
        object: swarm_object(name),
        executor: Executor::Writer,
        action: Action::UpdateSwarm(UpdateSwarm {
            changes: vec![change],
        }),
        because: "it is taken over".to_owned(),
    });
}

/// What becomes of a service that nobody labelled, which differs from the declared one like this:
/// it is taken over as it is, or left alone.
pub(crate) fn service(
    name: &str,
    observed: &ClusterService,
    difference: Difference,
) -> Result<Step, Blocked> {
    if difference::is_job(&observed.spec) {
        return Err(job(name));
    }
    let labels = [SWARM, OBJECT, HASH].map(|label| format!("Labels.{label}"));
    let others = difference.changes.iter();
    let others: Vec<Change> = others
        .filter(|change| !labels.contains(&change.path))
        .cloned()
        .collect();
    if others.is_empty() {
        return Ok(Step {
            object: service_object(name),
            executor: Executor::Writer,
            action: Action::UpdateService(UpdateService {
                name: name.to_owned(),
                id: observed.id.clone(),
                version: observed.version,
                spec: difference.merged,
                changes: difference.changes,
            }),
            because: "it is taken over as it is".to_owned(),
        });
    }
    Err(Blocked {
        object: service_object(name),
        reason: Reason::Refused,
        message: format!(
            "it is not taken over, for it differs: {}",
            difference::told(&others)
        ),
        remedy: "declare it as it is, as `skep import swarm` says it, and change it when skep has \
                 it"
        .to_owned(),
    })
}

/// That a job is left alone: the engine runs it again with every change, also of a label.
fn job(name: &str) -> Blocked {
    Blocked {
        object: service_object(name),
        reason: Reason::Refused,
        message: "it is a job that skep did not create: taking it over would run it again"
            .to_owned(),
        remedy: format!(
            "leave it out; or remove it with `docker service rm {name}`, and it is made and run \
             anew"
        ),
    }
}
