//! A world that nobody observed: the one in which a desired state has come about. With it two
//! desired states are compared where there is no cluster.

use serde_json::json;
use skep_manifest::desired::Desired;
use skep_manifest::swarm::Role;

use crate::action::{Action, Executor, JoinSwarm, Plan, Step};
use crate::groups::group_changes;
use crate::images;
use crate::model::{Part, carry_out, join, with_changes};
use crate::observed::{Cluster, Engine, LookedUp, Membership, Observed};
use crate::plan;

/// After so many rounds nothing is left that could come about.
const ROUNDS_MAX: usize = 200;
/// What every registry says: the plan compares, and asks nobody.
const DIGEST: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
/// Why a swarm is made where none was declared.
const NO_SWARM: &str = "there is none before";

/// What would be done where `old` has come about and `new` is desired from here on.
#[must_use]
pub fn plan_between(old: &Desired, new: &Desired) -> Plan {
    let mut observed = come_about(old);
    admit_bare(new, &mut observed);
    tell_digests(new, &mut observed);
    let mut plan = plan(new, &observed);
    for step in &mut plan.steps {
        // Nobody was asked.
        if let Action::InitSwarm(_) = step.action {
            NO_SWARM.clone_into(&mut step.because);
        }
    }
    Plan {
        vip_groups: group_changes(old, new),
        ..plan
    }
}

/// The world in which `desired` has come about.
fn come_about(desired: &Desired) -> Observed {
    let mut observed = Observed::default();
    admit_bare(desired, &mut observed);
    for _ in 0..ROUNDS_MAX {
        tell_digests(desired, &mut observed);
        let planned = plan(desired, &observed);
        if planned.steps.is_empty() {
            break;
        }
        for step in planned.steps {
            imagine(step, &mut observed);
        }
    }
    observed
}

/// Lets an agent answer on every node, with an engine in no swarm where nothing else is known.
fn admit_bare(desired: &Desired, observed: &mut Observed) {
    let nodes = desired.swarm.iter().flat_map(|swarm| &swarm.spec.nodes);
    for node in nodes {
        let engines = &mut observed.engines;
        engines.entry(node.name.clone()).or_insert(Engine {
            is_certified: false,
            membership: Membership::Inactive,
            remembers: None,
            refused: None,
            is_stuck: false,
            // Locking waits for that.
            keeps_unlock_key: true,
        });
    }
}

/// Lets the registries answer.
fn tell_digests(desired: &Desired, observed: &mut Observed) {
    let Some(cluster) = &mut observed.cluster else {
        return;
    };
    for image in images::asked(desired, cluster).into_keys() {
        let told = LookedUp {
            digest: Some(DIGEST.to_owned()),
            trouble: None,
        };
        cluster.images.insert(image, told);
    }
}

/// Does what a step says. From bare engines on nothing is ever taken away.
fn imagine(step: Step, observed: &mut Observed) {
    if let (Action::InitSwarm(init), Executor::Node(node)) = (&step.action, &step.executor) {
        observed.cluster = Some(Cluster {
            id: "imagined".to_owned(),
            labels: init.labels.clone(),
            spec: Some(with_changes(json!({}), &init.changes)),
            foundation: Some(init.foundation.clone()),
            ..Cluster::default()
        });
        let part = Part {
            role: Role::Manager,
            availability: init.availability,
            address: init.advertise_address,
        };
        return join(node, part, observed);
    }
    if let (Action::JoinSwarm(joined), Executor::Node(node)) = (&step.action, &step.executor) {
        let JoinSwarm {
            role,
            availability,
            advertise_address: address,
            ..
        } = *joined;
        let part = Part {
            role,
            availability,
            address,
        };
        return join(node, part, observed);
    }
    if let Some(cluster) = &mut observed.cluster {
        carry_out(step.action, cluster);
    }
}

#[cfg(test)]
mod tests;
