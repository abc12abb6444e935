//! A VIP group tracks a check that notices a failure long after the group would notice a lost
//! node.
//!
//! ## What it does
//!
//! Compares `interval` × `fall` of every tracked check with the time the group's members wait for
//! a lost node (three advertisement intervals and the skew), and reports a check that needs more
//! than twice as long. Programs (`exec`) are left out: starting one has its price, so their pace
//! is a choice.
//!
//! ## Why is this bad?
//!
//! Whoever sends advertisements every 100 ms wants the addresses elsewhere within half a second.
//! With a check at its default of three failures in three seconds they stay that long on a node
//! whose service is dead.
//!
//! ## Example
//!
//! ```yaml
//! kind: HealthCheck
//! metadata: {name: web}
//! spec: {listening: {port: 80}}
//! ---
//! kind: VipGroup
//! spec:
//!   advertisementInterval: 100ms
//!   tracking: [{check: web}]
//! ```
//!
//! Use instead:
//!
//! ```yaml
//! kind: HealthCheck
//! metadata: {name: web}
//! spec: {listening: {port: 80}, interval: 100ms}
//! ```

use std::time::Duration;

use skep_manifest::health_check::{HealthCheckSpec, Probe};
use skep_manifest::problem::Severity;
use skep_manifest::vip_group::tracking::Tracking;

use crate::finding::Finding;
use crate::manifests::Manifests;
use crate::rule::Rule;
use crate::timing::down_interval;

pub(crate) const RULE: Rule = Rule {
    id: "check-slower-than-failover",
    severity: Severity::Warning,
    source: include_str!("check_slower_than_failover.rs"),
    inspect,
};

/// A check that is not quite as fast as the failover is no mistake.
const SLOWER_MAX: u32 = 2;

fn inspect(manifests: &Manifests<'_>, findings: &mut Vec<Finding>) {
    for group in &manifests.groups {
        let failover = down_interval(group.spec);
        for (index, tracking) in group.spec.tracking.iter().enumerate() {
            let Tracking::Check(tracked) = tracking else {
                continue;
            };
            let Some(check) = manifests.checks.get(&tracked.check) else {
                continue;
            };
            let Some(noticed) = detection(check.spec).filter(|it| *it > failover * SLOWER_MAX)
            else {
                continue;
            };
            let field = if check.document.span_of("/spec/interval").is_some() {
                "/spec/interval"
            } else {
                "/metadata/name"
            };
            let (interval, fall) = (check.spec.interval, check.spec.fall);
            let name = group.name;
            findings.push(
                Finding::new(
                    &RULE,
                    group.document.span(&format!("/spec/tracking/{index}/check")),
                    format!(
                        "check `{}` fails after {noticed:.1?}, but `{name}` replaces a lost node within {failover:.1?}: a dead service keeps the addresses longer than a dead node",
                        tracked.check
                    ),
                )
                .related(
                    check.document.span(field),
                    format!("looks every {interval}, and fails after {fall} failures"),
                )
                .help(format!(
                    "give `{}` an `interval` of at most {}ms, or a lower `fall`",
                    tracked.check,
                    (failover / u32::from(fall)).as_millis()
                )),
            );
        }
    }
}

/// After how long the check has failed; nothing for a program.
fn detection(check: &HealthCheckSpec) -> Option<Duration> {
    match check.probe {
        Probe::Exec(_) => None,
        Probe::Tcp(_)
        | Probe::Listening(_)
        | Probe::Http(_)
        | Probe::File(_)
        | Probe::Process(_)
        | Probe::Route(_) => Some(check.interval.time().saturating_mul(u32::from(check.fall))),
    }
}
