//! The rings of tests: each runs what the ring before it cannot catch.

mod counted;

use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::ValueEnum;

use crate::packages::{self, Need};
use crate::rings::counted::Counted;
use crate::run;

/// A ring of tests, least powerful first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Ring {
    /// Formatting, clippy and documentation without warnings.
    Style,
    /// Everything `cargo test` runs: unit, conformance, snapshot, property and simulation tests.
    Unit,
    /// The real kernel: network namespaces, links and addresses. Needs root.
    Namespaces,
    /// Beside the real keepalived and FRR. Needs root and both.
    Interop,
    /// Real Docker engines, one per namespace. Needs root and docker.io.
    Engines,
    /// 100000 simulated cluster-hours: the better part of an hour. Runs only when it is named.
    Nightly,
}

/// More at once would disturb each other: all labs share the kernel's one configuration lock.
const INTEROP_THREADS: &str = "6";
/// Tests of these names run one at a time after all others. At an interval of 10 ms whoever waits
/// 36 ms for that lock or for a processor is taken over from, as the protocol wants it; and who
/// counts single requests must not count what another test does with that lock for seconds.
const UNDISTURBED: &[&str] = &["10_ms", "loses_no_request"];
/// The same among the tests with engines: those that take the machine for themselves
/// (`Site::up_alone`), which among the others they would wait for.
const UNDISTURBED_WITH_ENGINES: &[&str] = &[
    "bare::",
    "changes::tasks_that",
    "control::",
    "drain::",
    "load::",
    "rotation::configs",
    "seeds::seed_001",
    "seeds::seed_003",
    "unmoved::an_address_leaves",
];
/// What the privileged rings are built with. One set for all of them: each set is a build of the
/// whole workspace.
const FEATURES: &str = "namespaces,interop,engines";
/// How many of its tests that took longest a ring names.
const SLOWEST: usize = 5;

/// How many hours the clusters of each repertoire live in the nightly ring.
const NIGHTLY_HOURS: &str = "50000";

/// What a ring came to.
enum Outcome {
    Ran { counted: Counted, took: Duration },
    Skipped(String),
    NotNamed,
}

/// Runs `wanted`, or all but the nightly ring when none is named, and prints what each came to.
pub(crate) fn test(wanted: &[Ring]) -> anyhow::Result<ExitCode> {
    let rings: Vec<Ring> = Ring::value_variants()
        .iter()
        .copied()
        .filter(|ring| wanted.contains(ring) || wanted.is_empty() && ring.runs_by_default())
        .collect();
    let mut outcomes = Vec::new();
    for ring in rings {
        println!("\n== ring {}", ring.name());
        outcomes.push((ring, run_ring(ring)?));
    }
    if wanted.is_empty() {
        let left = Ring::value_variants().iter();
        let left = left.filter(|ring| !ring.runs_by_default());
        outcomes.extend(left.map(|ring| (*ring, Outcome::NotNamed)));
    }
    Ok(summarise(&outcomes))
}

impl Ring {
    const fn name(self) -> &'static str {
        match self {
            Self::Style => "style",
            Self::Unit => "unit",
            Self::Namespaces => "namespaces",
            Self::Interop => "interop",
            Self::Engines => "engines",
            Self::Nightly => "nightly",
        }
    }

    const fn runs_by_default(self) -> bool {
        match self {
            Self::Style | Self::Unit | Self::Namespaces | Self::Interop | Self::Engines => true,
            Self::Nightly => false,
        }
    }

    /// The packages it needs; a ring that needs some needs root as well.
    const fn needs(self) -> &'static [Need] {
        match self {
            Self::Style | Self::Unit | Self::Nightly => &[],
            Self::Namespaces => &[Need::Lab, Need::Ssh],
            Self::Interop => &[Need::Lab, Need::Keepalived, Need::Interop],
            Self::Engines => &[Need::Lab, Need::Engines, Need::Registry],
        }
    }

    /// The commands of the ring, each a word list for cargo.
    fn commands(self) -> Vec<Vec<&'static str>> {
        match self {
            Self::Style => vec![
                vec!["fmt", "--all", "--check"],
                vec![
                    "clippy",
                    "--workspace",
                    "--all-targets",
                    "--all-features",
                    "--",
                    "-D",
                    "warnings",
                ],
                vec![
                    "doc",
                    "--workspace",
                    "--no-deps",
                    "--document-private-items",
                ],
            ],
            Self::Unit => vec![vec!["test", "--workspace", "--no-fail-fast"]],
            Self::Namespaces => vec![
                self.undisturbing(&["--test", "lab", "--"]),
                self.undisturbed(),
            ],
            // They wait for timers of seconds most of the time.
            Self::Interop => vec![
                self.undisturbing(&["--", "--test-threads", INTEROP_THREADS]),
                self.undisturbed(),
                // It takes the whole machine.
                privileged("stress"),
            ],
            // As many labs at once as there are processors.
            Self::Engines => vec![self.undisturbing(&["--"]), self.undisturbed()],
            Self::Nightly => vec![vec![
                "test",
                "--package",
                "skep-simulation",
                "--test",
                "simulation",
                "random",
                "--",
                "--nocapture",
                "--test-threads",
                "1",
            ]],
        }
    }

    const fn undisturbed_names(self) -> &'static [&'static str] {
        match self {
            Self::Namespaces | Self::Interop => UNDISTURBED,
            Self::Engines => UNDISTURBED_WITH_ENGINES,
            Self::Style | Self::Unit | Self::Nightly => &[],
        }
    }

    /// The tests of the ring that run at once, with `more` words.
    fn undisturbing(self, more: &[&'static str]) -> Vec<&'static str> {
        let skipped = self.undisturbed_names().iter();
        let skipped = skipped.flat_map(|name| ["--skip", name]);
        let words = privileged(self.name()).into_iter();
        words.chain(more.iter().copied()).chain(skipped).collect()
    }

    fn undisturbed(self) -> Vec<&'static str> {
        let words = ["--", "--test-threads", "1"];
        [
            &privileged(self.name()),
            &words[..],
            self.undisturbed_names(),
        ]
        .concat()
    }
}

/// The tests of a target that needs root.
fn privileged(target: &'static str) -> Vec<&'static str> {
    let words = [
        "test",
        "--workspace",
        "--no-fail-fast",
        "--features",
        FEATURES,
    ];
    words.into_iter().chain(["--test", target]).collect()
}

fn run_ring(ring: Ring) -> anyhow::Result<Outcome> {
    let needs = ring.needs();
    if !needs.is_empty() {
        if !packages::is_root() {
            return Ok(Outcome::Skipped("needs root".to_owned()));
        }
        if let Err(error) = packages::ensure_installed(needs) {
            return Ok(Outcome::Skipped(format!("{error:#}")));
        }
    }
    let started = Instant::now();
    let mut counted = Counted::default();
    for arguments in ring.commands() {
        let mut command = run::cargo(&arguments);
        command.env("RUSTDOCFLAGS", "-D warnings");
        if ring == Ring::Nightly && std::env::var_os("SKEP_SIMULATION_HOURS").is_none() {
            command.env("SKEP_SIMULATION_HOURS", NIGHTLY_HOURS);
        }
        let is_well = counted.run(&mut command)?;
        if ring == Ring::Style {
            counted.passed += u64::from(is_well);
            counted.failed += u64::from(!is_well);
        }
    }
    let took = started.elapsed();
    Ok(Outcome::Ran { counted, took })
}

fn summarise(outcomes: &[(Ring, Outcome)]) -> ExitCode {
    println!(
        "\n{:<12} {:>7} {:>7} {:>9}",
        "RING", "PASSED", "FAILED", "TIME"
    );
    let (mut all_passed, mut all_failed, mut skipped, mut well) = (0, 0, 0, true);
    for (ring, outcome) in outcomes {
        match outcome {
            Outcome::Ran { counted, took } => {
                let Counted { passed, failed, .. } = counted;
                let verdict = if counted.ended_well { "" } else { "  FAILED" };
                println!(
                    "{:<12} {passed:>7} {failed:>7} {:>8.1}s{verdict}",
                    ring.name(),
                    took.as_secs_f64()
                );
                for name in &counted.failures {
                    println!("    failed: {name}");
                }
                for (test, seconds) in counted.slowest(SLOWEST) {
                    println!("    {seconds:>5.1}s  {test}");
                }
                all_passed += passed;
                all_failed += failed;
                well &= counted.ended_well;
            }
            Outcome::Skipped(reason) => {
                println!("{:<12} SKIPPED: {reason}", ring.name());
                skipped += 1;
            }
            Outcome::NotNamed => {
                let name = ring.name();
                println!("{name:<12} NOT RUN: cargo xtask test {name}");
            }
        }
    }
    println!("{all_passed} passed, {all_failed} failed, {skipped} skipped");
    // A closed pipe is the reader's choice, not a failure of the tests.
    drop(std::io::stdout().flush());
    if well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::UNDISTURBED_WITH_ENGINES;
    use crate::run;

    #[test]
    fn what_takes_the_machine_for_itself_runs_after_what_does_not() {
        let directory = run::workspace().join("crates/skep/tests/engines");
        let mut seen = 0;
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let module = path.file_stem().unwrap().to_str().unwrap();
            let text = fs::read_to_string(&path).unwrap();
            for test in text.split("#[test]\nfn ").skip(1) {
                let (name, _) = test.split_once('(').unwrap();
                let name = format!("{module}::{name}");
                let mut listed = UNDISTURBED_WITH_ENGINES.iter();
                let is_listed = listed.any(|listed| name.contains(listed));
                assert_eq!(test.contains("Site::up_alone"), is_listed, "{name}");
                seen += 1;
            }
        }
        assert!(seen > UNDISTURBED_WITH_ENGINES.len(), "{seen}");
    }
}
