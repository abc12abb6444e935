//! The rings of tests: each runs what the ring before it cannot catch.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::ValueEnum;

use crate::packages::{self, Need};
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
const UNDISTURBED: [&str; 2] = ["10_ms", "loses_no_request"];

/// How many hours the clusters of each repertoire live in the nightly ring.
const NIGHTLY_HOURS: &str = "50000";

/// What a ring came to.
enum Outcome {
    Ran {
        passed: u64,
        failed: u64,
        /// The tests that failed, by name.
        failures: Vec<String>,
        ended_well: bool,
        took: Duration,
    },
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
                self.privileged(&without_undisturbed(&["--test", "lab", "--"])),
                self.undisturbed(),
            ],
            // They wait for timers of seconds most of the time.
            Self::Interop => vec![
                self.privileged(&without_undisturbed(&[
                    "--",
                    "--test-threads",
                    INTEROP_THREADS,
                ])),
                self.undisturbed(),
                // It takes the whole machine.
                vec![
                    "test",
                    "--package",
                    "skep",
                    "--features",
                    "interop",
                    "--test",
                    "stress",
                ],
            ],
            Self::Engines => vec![self.privileged(&[])],
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

    fn undisturbed(self) -> Vec<&'static str> {
        let words = ["--", "--test-threads", "1"];
        self.privileged(&[&words[..], &UNDISTURBED].concat())
    }

    /// The tests of a feature and a target named as the ring, and `more`.
    fn privileged(self, more: &[&'static str]) -> Vec<&'static str> {
        let mut words = vec!["test", "--workspace", "--no-fail-fast"];
        words.extend(["--features", self.name(), "--test", self.name()]);
        words.extend(more);
        words
    }
}

fn without_undisturbed(words: &[&'static str]) -> Vec<&'static str> {
    let skipped = UNDISTURBED.iter().flat_map(|name| ["--skip", name]);
    words.iter().copied().chain(skipped).collect()
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
    let (mut passed, mut failed, mut ended_well) = (0, 0, true);
    let mut failures = Vec::new();
    for arguments in ring.commands() {
        let mut command = run::cargo(&arguments);
        command.env("RUSTDOCFLAGS", "-D warnings");
        if ring == Ring::Nightly && std::env::var_os("SKEP_SIMULATION_HOURS").is_none() {
            command.env("SKEP_SIMULATION_HOURS", NIGHTLY_HOURS);
        }
        let result = run_counting(&mut command)?;
        if ring == Ring::Style {
            passed += u64::from(result.success);
            failed += u64::from(!result.success);
        }
        passed += result.passed;
        failed += result.failed;
        failures.extend(result.failures);
        ended_well &= result.success;
    }
    let took = started.elapsed();
    Ok(Outcome::Ran {
        passed,
        failed,
        failures,
        ended_well,
        took,
    })
}

/// What one cargo command counted.
struct Counted {
    passed: u64,
    failed: u64,
    failures: Vec<String>,
    success: bool,
}

/// Runs `command`, passing its output through and adding up its `test result` lines.
fn run_counting(command: &mut Command) -> anyhow::Result<Counted> {
    let shown = run::show(command);
    println!("$ {shown}");
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run `{shown}`"))?;
    let output = child.stdout.take().expect("the output is piped");
    let mut counted = Counted {
        passed: 0,
        failed: 0,
        failures: Vec::new(),
        success: false,
    };
    for line in BufReader::new(output).lines() {
        let line = line?;
        println!("{line}");
        if let Some((passed, failed)) = parse_result(&line) {
            counted.passed += passed;
            counted.failed += failed;
        }
        counted.failures.extend(parse_failure(&line));
    }
    counted.success = child.wait()?.success();
    Ok(counted)
}

/// The passed and failed tests of a line `test result: ok. 3 passed; 0 failed; …`.
fn parse_result(line: &str) -> Option<(u64, u64)> {
    let counts = line.strip_prefix("test result: ")?;
    let count = |word: &str| {
        let before = counts.split_once(word)?.0;
        before.rsplit(' ').next()?.parse().ok()
    };
    Some((count(" passed")?, count(" failed")?))
}

/// The test of a line `test NAME ... FAILED`.
fn parse_failure(line: &str) -> Option<String> {
    let name = line.strip_prefix("test ")?.strip_suffix(" ... FAILED")?;
    Some(name.to_owned())
}

fn summarise(outcomes: &[(Ring, Outcome)]) -> ExitCode {
    println!(
        "\n{:<12} {:>7} {:>7} {:>9}",
        "RING", "PASSED", "FAILED", "TIME"
    );
    let (mut all_passed, mut all_failed, mut skipped, mut well) = (0, 0, 0, true);
    for (ring, outcome) in outcomes {
        match outcome {
            Outcome::Ran {
                passed,
                failed,
                failures,
                ended_well,
                took,
            } => {
                let verdict = if *ended_well { "" } else { "  FAILED" };
                println!(
                    "{:<12} {passed:>7} {failed:>7} {:>8.1}s{verdict}",
                    ring.name(),
                    took.as_secs_f64()
                );
                for name in failures {
                    println!("    failed: {name}");
                }
                all_passed += passed;
                all_failed += failed;
                well &= ended_well;
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
    use super::{parse_failure, parse_result};

    #[test]
    fn result_lines_are_counted_and_other_lines_are_not() {
        let line = "test result: FAILED. 12 passed; 3 failed; 0 ignored; 0 measured";
        assert_eq!(parse_result(line), Some((12, 3)));
        assert_eq!(parse_result("test parses ... ok"), None);
    }

    #[test]
    fn failed_tests_are_named() {
        let failed = parse_failure("test many::of_them ... FAILED");
        assert_eq!(failed.as_deref(), Some("many::of_them"));
        assert_eq!(parse_failure("test many::of_them ... ok"), None);
    }
}
