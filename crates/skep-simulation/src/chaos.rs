//! Clusters and misfortunes made from a seed.

mod make;
mod misfortune;

use std::fmt;
use std::fmt::Write as _;
use std::time::Duration;

use skep_vrrp::time::Instant;

use crate::cluster::Cluster;
use crate::invariants::Violation;
use crate::random::Random;
use make::Plan;
use misfortune::Misfortunes;

/// How many advertisement intervals one seed lasts: an hour at one second.
const INTERVALS: u32 = 3600;

/// How a seed went well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Survived {
    /// The time that passed in the cluster.
    pub time: Duration,
    /// How many misfortunes happened.
    pub misfortunes: u64,
}

/// How a seed went wrong.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// What broke.
    pub violation: Violation,
    /// The cluster, and what happened last in it.
    pub story: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            seed,
            violation,
            story,
        } = self;
        writeln!(f, "{story}")?;
        writeln!(f, "seed {seed}: {violation}")?;
        write!(
            f,
            "again: SKEP_SIMULATION_SEED={seed} cargo test -p skep-simulation"
        )
    }
}

impl std::error::Error for Failure {}

/// Lets the cluster of a seed live through its misfortunes.
///
/// # Errors
///
/// [`Failure`] when an invariant broke.
pub fn run(seed: u64) -> Result<Survived, Box<Failure>> {
    let mut random = Random::new(seed);
    let plan = make::cluster(&mut random, seed);
    let mut cluster = Cluster::new(plan.setup.clone());
    let lived = live(&mut cluster, &plan, random);
    lived.map_err(|violation| {
        Box::new(Failure {
            seed,
            story: story(&plan, &cluster),
            violation,
        })
    })
}

fn live(cluster: &mut Cluster, plan: &Plan, random: Random) -> Result<Survived, Violation> {
    let time = plan.interval * INTERVALS;
    let end = Instant::default() + time;
    let mut misfortunes = Misfortunes::new(plan, random);
    misfortunes.begin(cluster)?;
    let mut count = 0;
    while cluster.now() < end {
        let pause = misfortunes.pause();
        cluster.run_until(cluster.now() + pause)?;
        misfortunes.strike(cluster)?;
        count += 1;
    }
    Ok(Survived {
        time,
        misfortunes: count,
    })
}

fn story(plan: &Plan, cluster: &Cluster) -> String {
    let mut story = String::new();
    for (number, node) in plan.setup.nodes.iter().enumerate() {
        for router in &node.routers {
            let addresses: Vec<_> = router.addresses.iter().map(|held| held.address).collect();
            // Writing to a text cannot fail.
            let _ = writeln!(
                story,
                "n{number} {} {:?} every {:?} priority {} {:?} start {:?} lease {:?} {addresses:?}",
                router.key,
                router.version,
                router.advertisement_interval,
                router.priority,
                router.preemption,
                router.start,
                router.lease,
            );
        }
    }
    for entry in cluster.entries() {
        let _ = writeln!(story, "{entry}");
    }
    story
}
