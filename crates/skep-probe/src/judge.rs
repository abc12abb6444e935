//! From single results to a verdict: how many in a row count.

use skep_manifest::health_check::{HealthCheckSpec, Initially};

/// What one look came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All is well.
    Passed,
    /// It is not, as a sentence for people.
    Failed(String),
}

impl From<Result<(), String>> for Outcome {
    fn from(result: Result<(), String>) -> Self {
        match result {
            Ok(()) => Self::Passed,
            Err(reason) => Self::Failed(reason),
        }
    }
}

/// Whether a check passes, given everything it has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It does.
    Passing,
    /// It does not.
    Failing,
}

/// Counts outcomes in a row and says what they mean.
#[derive(Clone, Debug)]
pub struct Judge {
    rise: u8,
    fall: u8,
    verdict: Verdict,
    basis: Basis,
    /// What the last outcome spoke for, and how many in a row did.
    last: Option<Verdict>,
    in_a_row: u8,
}

/// What a verdict rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// What the manifest says counts in the beginning.
    Presumed,
    /// Enough looks in a row.
    Confirmed,
}

impl Judge {
    /// A judge who has seen nothing.
    #[must_use]
    pub const fn new(spec: &HealthCheckSpec) -> Self {
        let verdict = match spec.initially {
            Initially::Failing => Verdict::Failing,
            Initially::Passing => Verdict::Passing,
        };
        Self {
            rise: spec.rise,
            fall: spec.fall,
            verdict,
            basis: Basis::Presumed,
            in_a_row: 0,
            last: None,
        }
    }

    /// What counts at present.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// What that rests on.
    #[must_use]
    pub const fn basis(&self) -> Basis {
        self.basis
    }

    /// Takes `outcome` into account.
    pub fn hear(&mut self, outcome: &Outcome) -> Verdict {
        let (spoken, needed) = match outcome {
            Outcome::Passed => (Verdict::Passing, self.rise),
            Outcome::Failed(_) => (Verdict::Failing, self.fall),
        };
        if self.last.replace(spoken) != Some(spoken) {
            self.in_a_row = 0;
        }
        self.in_a_row = self.in_a_row.saturating_add(1);
        if self.in_a_row >= needed {
            self.verdict = spoken;
            self.basis = Basis::Confirmed;
        }
        self.verdict
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The verdicts after each outcome, `+` passed or `-` failed, with rise 2 and fall 3.
    fn verdicts(initial: Verdict, outcomes: &str) -> String {
        let mut judge = Judge {
            rise: 2,
            fall: 3,
            verdict: initial,
            basis: Basis::Presumed,
            in_a_row: 0,
            last: None,
        };
        outcomes
            .chars()
            .map(|outcome| match outcome {
                '+' => judge.hear(&Outcome::Passed),
                _ => judge.hear(&Outcome::Failed(String::new())),
            })
            .map(|verdict| {
                if verdict == Verdict::Passing {
                    '+'
                } else {
                    '-'
                }
            })
            .collect()
    }

    #[test]
    fn only_enough_outcomes_in_a_row_change_the_verdict() {
        assert_eq!(verdicts(Verdict::Failing, "+-++"), "---+");
        assert_eq!(verdicts(Verdict::Passing, "--+---"), "+++++-");
        assert_eq!(verdicts(Verdict::Passing, "---++"), "++--+");
    }

    #[test]
    fn a_verdict_is_presumed_until_enough_outcomes_in_a_row_confirm_it_or_its_opposite() {
        for outcomes in ["++", "---", "+-+-++", "--+---"] {
            let mut judge = Judge {
                rise: 2,
                fall: 3,
                verdict: Verdict::Failing,
                basis: Basis::Presumed,
                in_a_row: 0,
                last: None,
            };
            for (at, outcome) in outcomes.chars().enumerate() {
                assert_eq!(judge.basis(), Basis::Presumed, "{outcomes} at {at}");
                judge.hear(&match outcome {
                    '+' => Outcome::Passed,
                    _ => Outcome::Failed(String::new()),
                });
            }
            assert_eq!(judge.basis(), Basis::Confirmed, "{outcomes}");
        }
    }
}
