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
    /// How many outcomes in a row spoke against the verdict.
    against: u8,
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
            against: 0,
        }
    }

    /// What counts at present.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Takes `outcome` into account.
    pub fn hear(&mut self, outcome: &Outcome) -> Verdict {
        let (needed, opposite) = match (self.verdict, outcome) {
            (Verdict::Passing, Outcome::Passed) | (Verdict::Failing, Outcome::Failed(_)) => {
                self.against = 0;
                return self.verdict;
            }
            (Verdict::Passing, Outcome::Failed(_)) => (self.fall, Verdict::Failing),
            (Verdict::Failing, Outcome::Passed) => (self.rise, Verdict::Passing),
        };
        self.against = self.against.saturating_add(1);
        if self.against >= needed {
            self.verdict = opposite;
            self.against = 0;
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
            against: 0,
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
}
