//! Managers lock, and the key that unlocks them lies on their own disks.
//!
//! ## What it does
//!
//! Looks for `autolock` with `enabled: true` and `unlock: agent`, which is the default.
//!
//! ## Why is this bad?
//!
//! Autolock protects the swarm's secrets on a disk that was stolen or copied. Each agent keeps
//! the key sealed with one from `cluster.key`, and both are on that disk: who has all of it has
//! the secrets. It protects a copy of Docker's own directory, and nothing more.
//!
//! ## Example
//!
//! ```yaml
//! kind: Swarm
//! spec:
//!   autolock: {enabled: true}
//! ```
//!
//! Use instead:
//!
//! ```yaml
//! kind: Swarm
//! spec:
//!   autolock: {enabled: true, unlock: operator}
//! ```

use skep_manifest::problem::Severity;
use skep_manifest::swarm::Unlock;

use crate::finding::Finding;
use crate::manifests::Manifests;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule {
    id: "autolock-key-on-node",
    severity: Severity::Note,
    source: include_str!("autolock_key_on_node.rs"),
    inspect,
};

fn inspect(manifests: &Manifests<'_>, findings: &mut Vec<Finding>) {
    let Some(swarm) = &manifests.swarm else {
        return;
    };
    let autolock = swarm.spec.autolock;
    match autolock.unlock {
        Unlock::Agent if autolock.enabled => findings.push(
            Finding::new(
                &RULE,
                swarm.document.key_span("/spec/autolock"),
                "managers lock, but the key lies sealed beside what unseals it: who takes a whole disk has both",
            )
            .help("write `unlock: operator` to type the key after a restart, or keep `cluster.key` elsewhere"),
        ),
        Unlock::Agent | Unlock::Operator => {}
    }
}
