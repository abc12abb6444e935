//! How the work of reading, linting and showing grows: with the length of what is read, whatever it
//! says.
//!
//! Judged by the processor time of this thread, of sizes that are read in turn: other work on the
//! machine stretches the clock on the wall and not that.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use skep_lint::lint;
use skep_lint::render::human::{self, Colour};

use crate::support::written;

/// How many times as much is read the second time.
const TIMES: usize = 4;
/// Work that grows with the length takes four times as much, work that grows with its square
/// sixteen times.
const GROWTH_MAX: u32 = 8;
const ROUNDS: usize = 3;

fn work(text: &str) -> Duration {
    let spent = || {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        Duration::try_from(time).expect("it is not negative")
    };
    let before = spent();
    let set = written(text);
    let shown = human::render(&set, &lint(&set), Colour::Never);
    assert!(!shown.is_empty());
    spent() - before
}

#[track_caller]
fn check(what: &str, text: impl Fn(usize) -> String, count: usize) {
    let (short, long) = (text(count), text(TIMES * count));
    // The first time everything that is computed once is computed.
    work(&short);
    let least = |text: &str| (0..ROUNDS).map(|_| work(text)).min();
    let (one, four) = (least(&short), least(&long));
    let (one, four) = (one.expect("it ran"), four.expect("it ran"));
    assert!(four < one * GROWTH_MAX, "{what}: {one:?}, then {four:?}");
}

const SWARM: &str = "apiVersion: skep/v1\nkind: Swarm\nmetadata: {name: many}\nspec: {nodes: [\n";

#[test]
fn nodes_and_groups_and_services_take_as_much_work_as_there_are() {
    let manifests = |count: usize| {
        let nodes = (1..=count / 10).map(|node| {
            let role = if node < 4 { "manager" } else { "worker" };
            let (high, low) = (node / 250, node % 250 + 1);
            format!("{{name: n{node}, address: 10.0.{high}.{low}, role: {role}}},\n")
        });
        let objects = (1..=count).map(|at| {
            let (node, high, low) = (at % (count / 10) + 1, at / 250, at % 250 + 1);
            let port = at + 1024;
            format!(
                "---\napiVersion: skep/v1\nkind: VipGroup\nmetadata: {{name: g{at}}}\nspec: \
                 {{virtualRouterId: {low}, interface: eth{high}, addresses: [10.1.{high}.{low}], \
                 members: [n{node}, n1]}}\n---\napiVersion: skep/v1\nkind: Service\nmetadata: \
                 {{name: s{at}}}\nspec: {{image: \"nginx:1.27\", ports: [{{published: {port}, \
                 target: 80}}], placement: {{constraints: [\"node.role == worker\"]}}}}\n"
            )
        });
        let nodes: String = nodes.collect();
        format!("{SWARM}{nodes}]}}\n{}", objects.collect::<String>())
    };
    check("objects", manifests, 60);
}

#[test]
fn mistakes_take_as_much_work_as_there_are() {
    let unknown = |count: usize| {
        let fields = (0..count).map(|at| format!("  field{at}: 1\n"));
        format!(
            "apiVersion: skep/v1\nkind: VipGroup\nmetadata: {{name: g}}\nspec:\n{}",
            fields.collect::<String>()
        )
    };
    check("unknown fields", unknown, 200);
    let twice = |count: usize| "kind: Config\n".repeat(count);
    check("one key again and again", twice, 200);
    let suppressions = |count: usize| "# skep: ignore[no-such-rule] why\n".repeat(count);
    check("suppressions of nothing", suppressions, 200);
    let long = |count: usize| format!("kind: {}\n", "x".repeat(count));
    check("a line without end", long, 200_000);
    let far = |count: usize| {
        let names = (0..count).map(|at| format!("  - {{name: n{}}}\n", at / 2));
        format!(
            "apiVersion: skep/v1\nkind: Swarm\nmetadata: {{name: s}}\nspec:\n  nodes:\n{}",
            names.collect::<String>()
        )
    };
    check("nodes that are listed twice", far, 200);
}
