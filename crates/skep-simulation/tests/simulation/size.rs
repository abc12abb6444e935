//! Plans of swarms on paper: what they cost grows with the swarm, not with its square.

use std::fs;

use skep_plan::plan;
use skep_simulation::paper::{PaperSwarm, Size};

const SMALL: Size = Size {
    nodes: 30,
    services: 300,
};
/// Ten times as much of everything.
const LARGE: Size = Size {
    nodes: 300,
    services: 3_000,
};
/// What grows with the square costs a hundred times as much; a cache that is too small, some times
/// ten.
const GROWTH_MAX: f64 = 25.0;
/// Of so many measurements the smallest counts.
const TIMES: usize = 3;

#[test]
fn a_plan_of_ten_times_as_much_costs_no_hundred_times_as_much() {
    let [small, large] = [SMALL, LARGE].map(costs);
    for (what, small, large) in [
        ("creates everything", small[0], large[0]),
        ("has nothing to do", small[1], large[1]),
        ("updates everything", small[2], large[2]),
    ] {
        let growth = large / small;
        println!(
            "a plan that {what}: {:.1} ms, {:.1} ms, {growth:.1} times",
            small * 1e3,
            large * 1e3
        );
        assert!(growth < GROWTH_MAX, "{what}: {growth} times");
    }
}

/// What three plans cost, in seconds of this thread.
fn costs(size: Size) -> [f64; 3] {
    let desired = size.desired().expect("a manifest can say it");
    let mut swarm = PaperSwarm::joined(&desired);
    let (first, created) = cost(|| plan(&desired, &swarm.observed));
    assert_eq!(
        (created.steps.len(), &created.blocked[..]),
        (size.steps(), &[][..])
    );
    assert_eq!(swarm.carry_out(&created), Vec::<&str>::new());
    let (second, nothing) = cost(|| plan(&desired, &swarm.observed));
    assert!(nothing.is_empty(), "{nothing}");
    swarm.edit_all();
    let (third, updated) = cost(|| plan(&desired, &swarm.observed));
    assert_eq!(updated.steps.len(), size.services);
    [first, second, third]
}

fn cost<T>(work: impl Fn() -> T) -> (f64, T) {
    let seconds = (0..TIMES).map(|_| {
        let before = processor_seconds();
        drop(work());
        processor_seconds() - before
    });
    (seconds.fold(f64::INFINITY, f64::min), work())
}

/// How long this thread had a processor; other threads and programs do not count.
#[expect(clippy::disallowed_methods, reason = "only the kernel knows")]
fn processor_seconds() -> f64 {
    let told = fs::read_to_string("/proc/thread-self/schedstat").expect("the kernel tells");
    let nanoseconds = told.split_whitespace().next().expect("three numbers");
    nanoseconds.parse::<f64>().expect("a number") / 1e9
}
