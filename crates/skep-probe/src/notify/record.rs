//! How telling goes.

use std::time::Instant;

use skep_manifest::name::Name;

/// What a subscription has done so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The notifier.
    pub notifier: Name,
    /// How many notices wait, the one under way included; of those that are repeated, only one
    /// that did not succeed yet.
    pub waiting: usize,
    /// How many were delivered.
    pub delivered: u64,
    /// How many attempts failed.
    pub failed_attempts: u64,
    /// How many were given up after all attempts.
    pub given_up: u64,
    /// How many were dropped because too many waited.
    pub dropped: u64,
    /// Why the last attempt failed, if it did.
    pub trouble: Option<Trouble>,
}

/// Why delivery fails at present.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The error of the last attempt.
    pub error: String,
    /// How many attempts failed in a row.
    pub attempts: u32,
    /// When the first of them failed.
    pub since: Instant,
}

/// After this many failures in a row delivery keeps failing: one or two are a restart elsewhere.
const FAILING_ATTEMPTS: u32 = 3;

impl Record {
    pub(crate) const fn new(notifier: Name) -> Self {
        Self {
            notifier,
            waiting: 0,
            delivered: 0,
            failed_attempts: 0,
            given_up: 0,
            dropped: 0,
            trouble: None,
        }
    }

    /// Whether somebody should look after it: delivery keeps failing, or the last notice was given
    /// up.
    #[must_use]
    pub fn keeps_failing(&self) -> bool {
        self.trouble
            .as_ref()
            .is_some_and(|trouble| trouble.attempts >= FAILING_ATTEMPTS || self.waiting == 0)
    }
}
