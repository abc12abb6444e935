//! Everything that runs in the swarm or is needed by what runs, in a fixed order: networks, configs
//! and secrets come before the services that have them, and go when no service has them any more.

use skep_manifest::desired::{Declared, Desired};
use skep_manifest::swarm::SwarmSpec;

use crate::action::Plan;
use crate::draining::Draining;
use crate::files::{self, Files};
use crate::naming::NamingKeys;
use crate::networks;
use crate::observed::Cluster;
use crate::services::{self, Surroundings};

/// Plans networks, configs, secrets and services.
pub(crate) fn plan(
    swarm: &Declared<SwarmSpec>,
    desired: &Desired,
    keys: &NamingKeys,
    (cluster, draining): (&Cluster, Option<&Draining<'_>>),
    plan: &mut Plan,
) {
    let name = &swarm.metadata.name;
    let missing_networks = networks::plan_creation(swarm, desired, cluster, plan);
    let files = Files::new(desired, keys, cluster);
    files::plan_creation(swarm, desired, &files, cluster, plan);
    let surroundings = Surroundings {
        swarm,
        cluster,
        files,
        missing_networks,
        draining,
    };
    services::plan(&surroundings, desired, plan);
    files::plan_collection(name, &surroundings.files, cluster, plan);
    networks::plan_removal(name, desired, cluster, plan);
}
