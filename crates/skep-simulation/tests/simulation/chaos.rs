//! Random clusters: many in `cargo test`, a night's worth on demand.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use skep_simulation::chaos::{self, Failure, Survived};

/// How many seeds every run of the tests tries: some seconds.
const SEEDS: u64 = 200;

/// What a number in the environment says.
fn told(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().expect("the variable is a number"))
}

/// Tries the seeds from `first` on, until `enough` time passed in the clusters.
fn try_seeds(first: u64, enough: Duration) -> Result<(u64, Duration, u64), Box<Failure>> {
    let next = AtomicU64::new(first);
    let (time_ms, misfortunes) = (AtomicU64::new(0), AtomicU64::new(0));
    let over = AtomicBool::new(false);
    let work = || -> Result<(), Box<Failure>> {
        while !over.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            let survived = chaos::run(seed).inspect_err(|_| over.store(true, Ordering::Relaxed))?;
            let Survived {
                time,
                misfortunes: count,
            } = survived;
            let passed = u64::try_from(time.as_millis()).expect("a seed is short");
            let passed = time_ms.fetch_add(passed, Ordering::Relaxed) + passed;
            misfortunes.fetch_add(count, Ordering::Relaxed);
            if u128::from(passed) >= enough.as_millis() {
                over.store(true, Ordering::Relaxed);
            }
        }
        Ok(())
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let ends = workers
            .into_iter()
            .map(|worker| worker.join().expect("no worker panics"));
        ends.collect::<Result<Vec<()>, _>>()
    })?;
    Ok((
        next.into_inner() - first,
        Duration::from_millis(time_ms.into_inner()),
        misfortunes.into_inner(),
    ))
}

#[test]
fn random_clusters_uphold_the_invariants() {
    if let Some(seed) = told("SKEP_SIMULATION_SEED") {
        chaos::run(seed).unwrap_or_else(|failure| panic!("{failure}"));
        return;
    }
    let hours = told("SKEP_SIMULATION_HOURS").unwrap_or(SEEDS);
    let first = told("SKEP_SIMULATION_FIRST_SEED").unwrap_or(0);
    let enough = Duration::from_secs(hours * 3600);
    match try_seeds(first, enough) {
        Ok((seeds, time, misfortunes)) => {
            let hours = time.as_secs() / 3600;
            println!("{seeds} clusters, {hours} hours, {misfortunes} misfortunes");
        }
        Err(failure) => panic!("{failure}"),
    }
}

#[test]
fn a_rank_lowered_in_the_turn_of_a_takeover_is_not_what_it_waited_with() {
    chaos::run(1_000_320).unwrap_or_else(|failure| panic!("{failure}"));
}

/// One router says farewell with priority 1 while another one is Leaving: that one takes it for its
/// successor, and Backups that do not preempt wait for a whole down interval again.
#[test]
fn the_farewell_of_a_router_is_not_taken_for_a_successor() {
    for seed in [200_653, 400_836] {
        chaos::run(seed).unwrap_or_else(|failure| panic!("{failure}"));
    }
}

/// A router says farewell late because its hand is slow. The successor lost its power meanwhile, and
/// who does not preempt takes the farewell for another successor.
#[test]
fn a_late_farewell_lets_the_silence_begin_anew() {
    for seed in [100_018, 200_254, 5_000_487] {
        chaos::run(seed).unwrap_or_else(|failure| panic!("{failure}"));
    }
}
