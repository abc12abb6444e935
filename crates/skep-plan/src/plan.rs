//! The whole decision: desired and observed state in, ordered actions out.
//!
//! The order is fixed: create the swarm, its settings, join managers one at a time, join workers,
//! lock, label, networks, configs and secrets, services, availability, demote, leave and remove. A plan has
//! what can be done at present; after it the world is observed and
//! planned again, so a plan is safe to stop anywhere and to run twice.

use skep_manifest::desired::{Declared, Desired};
use skep_manifest::swarm::SwarmSpec;

use crate::action::{Plan, Waiting};
use crate::bootstrap::{self, Absence};
use crate::draining::Draining;
use crate::observed::{Cluster, Observed};
use crate::roster::Roster;
use crate::{
    adoption, autolock, departure, membership, nodes, quorum, rejoining, settings, workload,
};

/// What leads from the observed to the desired state, as far as it can be done at present.
#[must_use]
pub fn plan(desired: &Desired, observed: &Observed) -> Plan {
    let mut plan = Plan::default();
    let Some(swarm) = &desired.swarm else {
        return plan;
    };
    match bootstrap::our_cluster(swarm, observed) {
        Ok(cluster) => plan_cluster(desired, swarm, observed, cluster, &mut plan),
        Err(Absence::Foreign(blocked)) => plan.blocked.push(blocked),
        Err(Absence::NoneSeen) => {
            bootstrap::plan(swarm, observed, &mut plan);
            if !plan.steps.is_empty() {
                let mut later = Plan::default();
                let keys = &observed.naming_keys;
                let nothing = (&Cluster::default(), None);
                workload::plan(swarm, desired, keys, nothing, &mut later);
                postpone(later, "until the swarm exists", &mut plan);
            }
        }
    }
    plan
}

fn plan_cluster(
    desired: &Desired,
    swarm: &Declared<SwarmSpec>,
    observed: &Observed,
    cluster: &Cluster,
    plan: &mut Plan,
) {
    let roster = Roster::new(&swarm.metadata.name, &swarm.spec, observed, cluster);
    let rejoining = rejoining::rejoining(&roster);
    let turn = quorum::turn(&roster, &rejoining);
    adoption::plan(swarm, cluster, plan);
    settings::plan(swarm, cluster, plan);
    membership::plan(&roster, &turn, plan);
    turn.plan_promotion(plan);
    autolock::plan(swarm, &roster, plan);
    nodes::plan_labels(&roster, plan);
    let mut changes = Plan::default();
    let keys = &observed.naming_keys;
    let draining = Draining::new(&roster, desired, observed);
    workload::plan(
        swarm,
        desired,
        keys,
        (cluster, Some(&draining)),
        &mut changes,
    );
    if membership::is_growing(&roster, &turn) {
        // The swarm never moves tasks to a node that comes later.
        postpone(changes, "until the nodes have joined", plan);
    } else {
        plan.steps.extend(changes.steps);
        plan.waiting.extend(changes.waiting);
        plan.blocked.extend(changes.blocked);
    }
    nodes::plan_availability(&roster, &rejoining, &draining, plan);
    turn.plan_demotion(plan);
    rejoining.plan(plan);
    departure::plan_departures(&roster, plan);
}

/// Turns what would be done to services into what waits.
fn postpone(changes: Plan, until: &str, plan: &mut Plan) {
    plan.waiting
        .extend(changes.steps.into_iter().map(|step| Waiting {
            what: step.action.word().to_owned(),
            object: step.object,
            until: until.to_owned(),
        }));
    plan.waiting.extend(changes.waiting);
    plan.blocked.extend(changes.blocked);
}
