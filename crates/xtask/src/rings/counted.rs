//! What cargo commands say of the tests that they run.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::Context;

use crate::run;

/// What became of the tests of some commands.
pub(super) struct Counted {
    pub(super) passed: u64,
    pub(super) failed: u64,
    /// The tests that failed, by name.
    pub(super) failures: BTreeSet<String>,
    /// For how many seconds tests that tell it had a lab.
    took: BTreeMap<String, f64>,
    pub(super) ended_well: bool,
}

impl Default for Counted {
    fn default() -> Self {
        Self {
            passed: 0,
            failed: 0,
            failures: BTreeSet::new(),
            took: BTreeMap::new(),
            ended_well: true,
        }
    }
}

impl Counted {
    /// Runs `command`, passing its output through and counting its tests; whether it ended well.
    pub(super) fn run(&mut self, command: &mut Command) -> anyhow::Result<bool> {
        let shown = run::show(command);
        println!("$ {shown}");
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot run `{shown}`"))?;
        let output = child.stdout.take().expect("the output is piped");
        for line in BufReader::new(output).lines() {
            let line = line?;
            println!("{line}");
            self.count(&line);
        }
        let is_well = child.wait()?.success();
        self.ended_well &= is_well;
        Ok(is_well)
    }

    /// The tests that took longest, the longest first, with their seconds.
    pub(super) fn slowest(&self, number: usize) -> Vec<(&str, f64)> {
        let took = self.took.iter();
        let mut slowest: Vec<_> = took.map(|(test, took)| (test.as_str(), *took)).collect();
        slowest.sort_by(|one, other| other.1.total_cmp(&one.1));
        slowest.truncate(number);
        slowest
    }

    fn count(&mut self, line: &str) {
        if let Some((passed, failed)) = parse_result(line) {
            self.passed += passed;
            self.failed += failed;
        }
        self.failures.extend(parse_failure(line));
        if let Some((test, seconds)) = parse_took(line) {
            *self.took.entry(test).or_default() += seconds;
        }
    }
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

/// The test of a line `test NAME ... FAILED`, which one that prints something itself tears apart, or
/// of the line `---- NAME stdout ----` over what it said.
fn parse_failure(line: &str) -> Option<String> {
    let torn_apart = || line.strip_prefix("---- ")?.strip_suffix(" stdout ----");
    let whole = line.strip_prefix("test ");
    let whole = whole.and_then(|line| line.strip_suffix(" ... FAILED"));
    whole.or_else(torn_apart).map(str::to_owned)
}

/// The test and the seconds of a line `took  2.5 s  NAME`, also behind the beginning of another.
fn parse_took(line: &str) -> Option<(String, f64)> {
    let (_, told) = line.split_once("took  ")?;
    let (seconds, test) = told.split_once(" s  ")?;
    Some((test.to_owned(), seconds.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::Counted;

    fn counted(lines: &[&str]) -> Counted {
        let mut counted = Counted::default();
        lines.iter().for_each(|line| counted.count(line));
        counted
    }

    #[test]
    fn result_lines_are_counted_and_other_lines_are_not() {
        let counted = counted(&[
            "test parses ... ok",
            "test result: FAILED. 12 passed; 3 failed; 0 ignored; 0 measured",
            "test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured",
        ]);
        assert_eq!((counted.passed, counted.failed), (13, 3));
    }

    #[test]
    fn each_failed_test_is_named_once_also_if_its_output_tears_its_line_apart() {
        let counted = counted(&[
            "test many::of_them ... FAILED",
            "test many::others ... ok",
            "test drain::one ... measured  nothing",
            "FAILED",
            "---- drain::one stdout ----",
            "---- many::of_them stdout ----",
        ]);
        let failures: Vec<&str> = counted.failures.iter().map(String::as_str).collect();
        assert_eq!(failures, ["drain::one", "many::of_them"]);
    }

    #[test]
    fn the_slowest_tests_come_first_and_what_has_several_labs_has_their_sum() {
        let counted = counted(&[
            "took  2.0 s  pair::one",
            "test load::two ... took  9.5 s  load::two",
            "measured  3 s: it took  long",
            "took  3.0 s  pair::one",
            "took  0.5 s  host::three",
        ]);
        let expected = [("load::two", 9.5), ("pair::one", 5.0)];
        assert_eq!(counted.slowest(2), expected);
    }
}
