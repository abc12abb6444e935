//! Clusters and misfortunes made from a seed.

mod change;
mod make;
mod misfortune;
mod richness;

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
/// How many more it lasts where groups get other names. That comes last, and leaves the stories of the
/// seeds that are pinned as they are.
const INTERVALS_OF_NAMES: u32 = 900;

/// What a cluster can have, and what can happen to it. A seed tells another story with each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repertoire {
    /// Groups of one family, each by itself; priorities, addresses and memberships change.
    Plain,
    /// Everything: also both families, sync groups, signatures and their replay, unicast, moves,
    /// tracked links, data planes that carry on where the last one ended, leases that end, and
    /// every change of a configuration, at last also of the groups' names.
    Whole,
    /// The same on nodes whose clocks run fast or slow, each as it likes.
    Adrift,
}

impl Repertoire {
    /// Whether there is more than groups of one family, each by itself.
    const fn is_rich(self) -> bool {
        match self {
            Self::Plain => false,
            Self::Whole | Self::Adrift => true,
        }
    }

    /// Its name, as the environment says it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Whole => "whole",
            Self::Adrift => "adrift",
        }
    }
}

/// How a seed went well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Survived {
    /// The time that passed in the cluster.
    pub time: Duration,
    /// How many misfortunes happened.
    pub misfortunes: u64,
    /// How many hand-overs were watched.
    pub hand_overs: u64,
}

/// How a seed went wrong.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What could happen.
    pub repertoire: Repertoire,
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
            repertoire,
            seed,
            violation,
            story,
        } = self;
        let repertoire = repertoire.name();
        writeln!(f, "{story}")?;
        writeln!(f, "{repertoire} seed {seed}: {violation}")?;
        write!(
            f,
            "again: SKEP_SIMULATION_REPERTOIRE={repertoire} SKEP_SIMULATION_SEED={seed} \
             cargo test -p skep-simulation random"
        )
    }
}

impl std::error::Error for Failure {}

/// Lets the cluster of a seed live through its misfortunes.
///
/// # Errors
///
/// [`Failure`] when an invariant broke.
pub fn run(repertoire: Repertoire, seed: u64) -> Result<Survived, Box<Failure>> {
    let mut random = Random::new(seed);
    let plan = make::cluster(repertoire, &mut random, seed);
    let mut cluster = Cluster::new(plan.setup.clone());
    let lived = live(&mut cluster, &plan, random);
    lived.map_err(|violation| {
        Box::new(Failure {
            repertoire,
            seed,
            story: story(&plan, &cluster),
            violation,
        })
    })
}

fn live(cluster: &mut Cluster, plan: &Plan, random: Random) -> Result<Survived, Violation> {
    let mut time = plan.interval * INTERVALS;
    let names_change = Instant::default() + time;
    if plan.repertoire.is_rich() {
        time += plan.interval * INTERVALS_OF_NAMES;
    }
    let end = Instant::default() + time;
    let mut misfortunes = Misfortunes::new(plan, random);
    misfortunes.begin(cluster)?;
    let mut count = 0;
    while cluster.now() < end {
        let strike = if cluster.now() < names_change {
            Misfortunes::strike
        } else {
            Misfortunes::strike_or_rename
        };
        let pause = misfortunes.pause();
        cluster.run_until(cluster.now() + pause)?;
        strike(&mut misfortunes, cluster)?;
        count += 1;
    }
    Ok(Survived {
        time,
        misfortunes: count,
        hand_overs: cluster.hand_overs(),
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
                "n{number} {} on {} {:?} every {:?} priority {} {:?} {:?} lease {:?} {addresses:?}",
                router.key,
                router.interface,
                router.version,
                router.advertisement_interval,
                router.priority,
                router.preemption,
                router.start,
                router.lease,
            );
            let _ = writeln!(
                story,
                "   follows {:?} sync {:?} link {} {:?} {:?} {:?} {:?}",
                router.follows,
                router.sync_group,
                router.track_interface,
                router.tracked_interfaces,
                router.tracking,
                router.transport,
                router.authentication,
            );
        }
    }
    for entry in cluster.entries() {
        let _ = writeln!(story, "{entry}");
    }
    story
}
