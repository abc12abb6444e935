//! Which findings the comments of a manifest suppress.

use std::collections::BTreeMap;

use skep_manifest::compose::UNSUPPORTED;
use skep_manifest::problem::Severity;
use skep_manifest::set::{ManifestSet, Suppression};

use crate::finding::Finding;
use crate::rules::not_supported_yet;
use crate::{Audience, rule};

/// Marks what is suppressed.
pub(crate) fn mark(set: &ManifestSet, findings: &mut [Finding], audience: Audience) {
    let pairs = Pairs::new(set);
    for finding in findings {
        let Some(index) = pairs.find(finding) else {
            continue;
        };
        let agent_cannot =
            audience == Audience::Agent && finding.rule == not_supported_yet::RULE.id;
        if !agent_cannot {
            finding.suppressed = Some(set.suppressions[index].reason.clone());
        }
    }
}

/// The suppressions that suppress none of the findings.
pub(crate) fn unused<'a>(
    set: &'a ManifestSet,
    findings: &[Finding],
) -> impl Iterator<Item = &'a Suppression> {
    let pairs = Pairs::new(set);
    let mut used = vec![false; set.suppressions.len()];
    for index in findings.iter().filter_map(|finding| pairs.find(finding)) {
        used[index] = true;
    }
    set.suppressions
        .iter()
        .zip(used)
        .filter_map(|(suppression, used)| (!used).then_some(suppression))
}

/// Finds the suppression of a finding by source, line and rule.
struct Pairs<'a> {
    set: &'a ManifestSet,
    by_place: BTreeMap<(usize, usize, &'a str), usize>,
}

impl<'a> Pairs<'a> {
    fn new(set: &'a ManifestSet) -> Self {
        let mut by_place = BTreeMap::new();
        for (index, suppression) in set.suppressions.iter().enumerate() {
            let place = (suppression.source, suppression.line, &*suppression.rule);
            by_place.entry(place).or_insert(index);
        }
        Self { set, by_place }
    }

    fn find(&self, finding: &Finding) -> Option<usize> {
        if self.by_place.is_empty() || !is_suppressible(finding) {
            return None;
        }
        let line = self.set.location(finding.span).line;
        let place = (finding.span.source, line, finding.rule);
        self.by_place.get(&place).copied()
    }
}

/// What the reader refuses stays refused. A key of a compose file that counts for nothing in a swarm
/// may stay where somebody says that it is known.
pub(crate) fn is_suppressible(finding: &Finding) -> bool {
    rule::find(finding.rule).is_some()
        || finding.severity < Severity::Error
        || finding.rule == UNSUPPORTED
}
