//! Random clusters: many in `cargo test`, a night's worth on demand.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use skep_simulation::chaos::{self, Failure, Repertoire, Survived};

/// How many seeds every run of the tests tries: some seconds.
const SEEDS: u64 = 200;

/// What a number in the environment says.
fn told(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().expect("the variable is a number"))
}

/// After so many seeds that went wrong there is enough to look at.
const FAILURES_MAX: usize = 20;

/// What came of many seeds.
#[derive(Default)]
struct Tally {
    clusters: u64,
    survived: Survived,
    failures: Vec<Failure>,
}

/// Tries the seeds from `first` on, until `enough` time passed in the clusters.
fn try_seeds(repertoire: Repertoire, first: u64, enough: Duration) -> Tally {
    let next = AtomicU64::new(first);
    let tally = Mutex::new(Tally::default());
    let work = || loop {
        let outcome = chaos::run(repertoire, next.fetch_add(1, Ordering::Relaxed));
        let mut tally = tally.lock().expect("no worker panics");
        tally.clusters += 1;
        match outcome {
            Ok(survived) => {
                tally.survived.time += survived.time;
                tally.survived.misfortunes += survived.misfortunes;
                tally.survived.hand_overs += survived.hand_overs;
            }
            Err(failure) => tally.failures.push(*failure),
        }
        if tally.survived.time >= enough || tally.failures.len() >= FAILURES_MAX {
            return;
        }
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(work);
        }
    });
    tally.into_inner().expect("no worker panics")
}

/// One seed that the environment names, or as many as it wants.
#[expect(clippy::print_stdout, reason = "a night's run is worth its numbers")]
#[expect(
    clippy::disallowed_methods,
    reason = "how fast the simulation is only a real clock knows"
)]
fn try_repertoire(repertoire: Repertoire) {
    let chosen = std::env::var("SKEP_SIMULATION_REPERTOIRE");
    if chosen.is_ok_and(|chosen| chosen != repertoire.name()) {
        return;
    }
    if let Some(seed) = told("SKEP_SIMULATION_SEED") {
        check(repertoire, &[seed]);
        return;
    }
    let hours = told("SKEP_SIMULATION_HOURS").unwrap_or(SEEDS);
    let first = told("SKEP_SIMULATION_FIRST_SEED").unwrap_or(0);
    let enough = Duration::from_secs(hours * 3600);
    let began = Instant::now();
    let Tally {
        clusters,
        survived:
            Survived {
                time,
                misfortunes,
                hand_overs,
            },
        failures,
    } = try_seeds(repertoire, first, enough);
    let (name, hours, took) = (repertoire.name(), time.as_secs() / 3600, began.elapsed());
    let rate = time.div_duration_f64(took) / 3600.0;
    println!(
        "{name}: {clusters} clusters from seed {first}, {hours} hours, {misfortunes} misfortunes, \
         {hand_overs} hand-overs in {:.1} s: {rate:.0} hours a second, {} seeds failed",
        took.as_secs_f64(),
        failures.len(),
    );
    let Some(first) = failures.first() else {
        assert!(hand_overs > hours, "hand-overs are hardly watched");
        return;
    };
    let others: String = failures[1..]
        .iter()
        .map(
            |Failure {
                 seed, violation, ..
             }| format!("\n{name} seed {seed}: {violation}"),
        )
        .collect();
    panic!("{first}{others}");
}

fn check(repertoire: Repertoire, seeds: &[u64]) {
    for seed in seeds {
        chaos::run(repertoire, *seed).unwrap_or_else(|failure| panic!("{failure}"));
    }
}

#[test]
fn random_plain_clusters_uphold_the_invariants() {
    try_repertoire(Repertoire::Plain);
}

#[test]
fn random_whole_clusters_uphold_the_invariants() {
    try_repertoire(Repertoire::Whole);
}

#[test]
fn random_adrift_clusters_uphold_the_invariants() {
    try_repertoire(Repertoire::Adrift);
}

#[test]
fn a_rank_lowered_in_the_turn_of_a_takeover_is_not_what_it_waited_with() {
    check(Repertoire::Plain, &[1_000_320]);
}

/// One router says farewell with priority 1 while another one is Leaving: that one takes it for its
/// successor, and Backups that do not preempt wait for a whole down interval again.
#[test]
fn the_farewell_of_a_router_is_not_taken_for_a_successor() {
    check(Repertoire::Plain, &[200_653, 400_836]);
}

/// A router says farewell late because its hand is slow. The successor lost its power meanwhile, and
/// who does not preempt takes the farewell for another successor.
#[test]
fn a_late_farewell_lets_the_silence_begin_anew() {
    check(Repertoire::Plain, &[100_018, 200_254, 5_000_487]);
}

/// Two routers stop one after the other: the farewell of the first comes while a Backup that does
/// not preempt waits for its rank after the release of the second.
#[test]
fn a_farewell_after_a_release_makes_nobody_wait_anew() {
    check(Repertoire::Plain, &[30_007_023]);
}

/// The same where the Backup has priority 1, as the farewell does.
#[test]
fn a_farewell_after_a_release_is_no_equal() {
    check(Repertoire::Plain, &[26_811, 34_191]);
}

/// Whoever one hands over to was lowered to 1 meanwhile, and is not told farewell like an equal.
#[test]
fn who_leaves_knows_its_successor_as_it_is_now() {
    check(Repertoire::Plain, &[21_912, 27_333, 34_014]);
}

/// Two yield to a third, which stops in the same moment: the last word and the farewell of the one
/// are no successor of the other.
#[test]
fn two_that_were_abandoned_do_not_leave_to_each_other() {
    check(Repertoire::Plain, &[24_398]);
}

/// An Active router sleeps while one of lower priority, Active as well, advertises: it does not answer
/// every word of that one when it wakes, and takes none of the answers for its own presence then.
#[test]
fn who_slept_does_not_answer_all_that_it_missed() {
    check(Repertoire::Whole, &[39_303]);
}

/// A router sleeps until its time to leave is long over, and hears its successor when it wakes.
#[test]
fn who_slept_while_leaving_has_left() {
    check(Repertoire::Whole, &[49_852]);
}

/// The successor loses its power while the one that leaves waits as long as its interval was then.
#[test]
fn a_hand_over_is_judged_by_the_interval_it_began_with() {
    check(Repertoire::Whole, &[31_276]);
}

/// A router of priority 1 holds the addresses, and one that has left says farewell to all.
#[test]
fn who_holds_with_priority_1_does_not_yield_to_a_farewell() {
    check(Repertoire::Plain, &[12, 326]);
    check(Repertoire::Whole, &[278]);
}

/// Two leaders are Active, for they did not hear each other: what follows them is there until one
/// of them gives up.
#[test]
fn followers_do_not_leave_their_addresses_to_nobody() {
    check(Repertoire::Whole, &[17, 23, 25, 35, 124, 363, 511]);
}

/// The same where they were equals before, while none of their leaders was Active.
#[test]
fn followers_that_were_equals_before_wait_anew() {
    let seeds = [73_401_050, 73_700_610, 73_800_933, 73_900_575];
    check(Repertoire::Whole, &seeds);
}

/// Two leaders never hear each other, and what follows them does: each lets the other be for as long
/// as leaders may take.
#[test]
fn followers_of_leaders_that_do_not_meet_hold_for_a_while_together() {
    check(Repertoire::Whole, &[73_400_054, 73_900_946]);
}

/// A router that follows another one wakes up when both are long succeeded: it said that it ranks
/// low, and then farewell.
#[test]
fn who_overslept_is_no_successor() {
    check(Repertoire::Whole, &[71_500_740, 71_600_162, 71_600_272]);
}

/// A follower without its leader contradicts an equal, and gives up a moment later: its farewell is
/// no contradiction.
#[test]
fn a_follower_says_something_else_than_farewell() {
    let seeds = [71_701_024, 71_800_402, 71_800_421, 71_900_278, 71_901_007];
    check(Repertoire::Whole, &seeds);
}

/// A Backup sleeps while it waits for its rank after a release, and somebody of priority 1 succeeds.
#[test]
fn who_sleeps_through_a_succession_hears_the_successor() {
    check(Repertoire::Whole, &[71_700_426]);
}

/// What a node did not hear in a partition is said again when it still remembers the sender.
#[test]
fn what_was_kept_from_a_receiver_counts_while_it_remembers_the_sender() {
    check(Repertoire::Whole, &[71_600_412]);
}

/// A successor's hand takes longer than the overlap, however much of it is done when that ends.
#[test]
fn a_slow_hand_has_all_of_its_time_after_a_hand_over() {
    check(Repertoire::Plain, &[500_041]);
    check(Repertoire::Whole, &[76_000_932, 76_001_318]);
}

/// The group of an owner is moved away from it; what follows in the group, or in its sync group,
/// goes along.
#[test]
fn what_moves_together_is_moved_away_from_its_owner_together() {
    check(Repertoire::Whole, &[28, 47, 63, 153, 207]);
}

/// A router that got another id leaves under the name of the next one, which gets another version
/// meanwhile, or is removed: the one that is reported is the one that is configured, if there is.
#[test]
fn the_configured_router_of_a_name_is_reported() {
    let removed = [18, 83, 40_001_950, 40_003_445, 40_004_619];
    check(Repertoire::Whole, &removed);
    let changed = [
        40_000_257, 40_000_302, 40_000_483, 40_000_494, 40_000_719, 40_000_796, 40_001_371,
        40_001_417, 40_001_438, 40_001_592, 40_005_531,
    ];
    check(Repertoire::Whole, &changed);
}

/// A router that got another id and is removed, or stops, before it has left as what it was: both
/// leave under one name.
#[test]
fn two_that_leave_under_one_name_hold_what_both_held() {
    let seeds = [
        50_002_346, 50_003_586, 50_003_808, 50_004_975, 50_201_403, 50_201_606,
    ];
    check(Repertoire::Whole, &seeds);
}

/// A router that got another id leaves with an address that is handed to another group meanwhile.
#[test]
fn an_address_may_change_its_group_while_a_router_leaves_with_it() {
    check(Repertoire::Whole, &[60_003_658]);
}

/// A router that is told to be what it was before it has left is the same router again.
#[test]
fn an_id_that_is_changed_there_and_back_is_one_story() {
    check(Repertoire::Whole, &[34]);
}

/// A data plane whose configuration became empty before it ended leaves nothing behind.
#[test]
fn what_was_left_behind_is_removed_with_nothing_configured() {
    check(Repertoire::Whole, &[32, 146]);
}

/// Followers wait with priority 1, listening lasts for intervals that grew, and who leaves finds a
/// successor late and says farewell to those who do not hear it.
#[test]
fn a_vacancy_lasts_as_long_as_its_slowest_cause() {
    check(Repertoire::Whole, &[180, 182, 190, 40_006_058]);
}

/// Where the nodes of a leading router do not hear each other, what follows it is not settled.
#[test]
fn followers_of_a_divided_leader_are_not_settled() {
    let seeds = [
        40_000_005, 40_000_014, 40_000_333, 40_000_438, 40_000_959, 40_001_307, 40_001_418,
        40_001_433, 40_001_566, 40_001_657, 40_001_773,
    ];
    check(Repertoire::Whole, &seeds);
}

/// An owner that is moved away from and does not preempt stands by.
#[test]
fn an_owner_that_was_moved_away_from_is_none() {
    check(Repertoire::Whole, &[60, 69, 90, 117, 144]);
}
