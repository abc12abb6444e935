//! What a rule is.

use skep_manifest::problem::Severity;

use crate::finding::Finding;
use crate::manifests::Manifests;
use crate::rules;

/// One rule: a mistake it looks for in a set of manifests.
#[derive(Debug)]
pub struct Rule {
    /// Its name in kebab-case: what findings carry and suppressions name.
    pub id: &'static str,
    /// How bad its findings are, unless one says otherwise.
    pub severity: Severity,
    /// The text of the file that defines it; its documentation stands at the top.
    pub(crate) source: &'static str,
    /// Adds what is wrong to the findings there are.
    pub(crate) inspect: fn(&Manifests<'_>, &mut Vec<Finding>),
}

impl Rule {
    /// The mistake in one sentence.
    #[must_use]
    pub fn summary(&self) -> &'static str {
        self.documentation().next().unwrap_or_default()
    }

    /// The lines of its documentation, the summary first.
    pub(crate) fn documentation(&self) -> impl Iterator<Item = &'static str> {
        self.source
            .lines()
            .map_while(|line| line.strip_prefix("//!"))
            .map(|line| line.strip_prefix(' ').unwrap_or(line))
    }
}

/// All rules, by their ids.
#[must_use]
pub const fn all() -> &'static [Rule] {
    rules::ALL
}

/// The rule `id`.
#[must_use]
pub fn find(id: &str) -> Option<&'static Rule> {
    all().iter().find(|rule| rule.id == id)
}
