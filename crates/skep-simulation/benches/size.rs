//! How long a plan of a big swarm takes: `cargo bench -p skep-simulation`.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a stopwatch that tells"
)]

use std::time::Instant;

use skep_plan::{plan, progress};
use skep_simulation::paper::{PaperSwarm, Size};

fn main() {
    for (nodes, services) in [(100, 1_000), (1_000, 10_000), (4_000, 40_000)] {
        let size = Size { nodes, services };
        let desired = size.desired().expect("a manifest can say it");
        let mut swarm = PaperSwarm::joined(&desired);
        println!("{nodes} nodes, {services} services");
        let created = timed("plan that creates everything", || {
            plan(&desired, &swarm.observed)
        });
        assert_eq!(created.steps.len(), size.steps());
        assert!(swarm.carry_out(&created).is_empty());
        let nothing = timed("plan that has nothing to do", || {
            plan(&desired, &swarm.observed)
        });
        assert!(nothing.is_empty());
        timed("progress", || progress::progress(&desired, &swarm.observed));
        let told = serde_json::to_vec(&swarm.observed.cluster).expect("it is told so");
        println!(
            "  the swarm as a manager's agent tells it: {} kB",
            told.len() / 1_000
        );
        swarm.edit_all();
        let updated = timed("plan that updates every service", || {
            plan(&desired, &swarm.observed)
        });
        assert_eq!(updated.steps.len(), services);
        timed("a plan as text", || updated.to_string());
    }
}

fn timed<Output>(what: &str, work: impl FnOnce() -> Output) -> Output {
    let start = Instant::now();
    let output = work();
    println!("  {what}: {} ms", start.elapsed().as_millis());
    output
}
