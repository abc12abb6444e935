//! The addresses of a VIP group stay with a dead agent for longer than the others wait for it.
//!
//! ## What it does
//!
//! Compares `lease` with the time the group's members wait for a lost node, and reports one that
//! is longer than that and longer than the default of two seconds. `forever` is left alone: who
//! writes it wants what keepalived does.
//!
//! ## Why is this bad?
//!
//! The kernel of a node whose agent died or froze keeps the addresses until the lease ends.
//! Meanwhile a successor holds them too, and clients reach now the one and now the other.
//!
//! ## Example
//!
//! ```yaml
//! kind: VipGroup
//! spec:
//!   advertisementInterval: 1s
//!   lease: 30s
//! ```
//!
//! Use instead:
//!
//! ```yaml
//! kind: VipGroup
//! spec:
//!   advertisementInterval: 1s
//!   lease: 2s
//! ```

use std::time::Duration;

use skep_manifest::problem::Severity;
use skep_manifest::vip_group::timing::Lease;

use crate::finding::Finding;
use crate::manifests::Manifests;
use crate::rule::Rule;
use crate::timing::down_interval;

pub(crate) const RULE: Rule = Rule {
    id: "lease-longer-than-failover",
    severity: Severity::Warning,
    source: include_str!("lease_longer_than_failover.rs"),
    inspect,
};

/// What a group has without saying so.
const DEFAULT: Duration = Duration::from_secs(2);

fn inspect(manifests: &Manifests<'_>, findings: &mut Vec<Finding>) {
    for group in &manifests.groups {
        let failover = down_interval(group.spec);
        let lease = match group.spec.lease {
            Lease::For(lease) => lease.time(),
            Lease::Forever => continue,
        };
        if lease <= failover.max(DEFAULT) {
            continue;
        }
        findings.push(
            Finding::new(
                &RULE,
                group.document.span("/spec/lease"),
                format!(
                    "a dead agent keeps the addresses for {}, and its successor has them after {failover:.1?}: two nodes answer for up to {:.1?}",
                    group.spec.lease,
                    lease - failover
                ),
            )
            .help(format!(
                "write `lease: {}s` or less",
                failover.max(DEFAULT).as_secs()
            )),
        );
    }
}
