//! A group of a sync group gives up on a lost node before the group that leads it does.
//!
//! ## What it does
//!
//! The first group by name leads a sync group: where it is Active, the others become Active, too.
//! Compares how long each group waits for advertisements (three intervals and the skew, of which
//! version 2 has another) with how long the leader waits.
//!
//! ## Why is this bad?
//!
//! When the node that holds them is lost, a faster group has an election of its own, in which all
//! members rank the same. Its addresses go to whoever has the highest IP address, stay apart from
//! the leader's until that one has waited long enough, and then move again. So it is with a group
//! for IPv4 and one for IPv6 that were copied from two places.
//!
//! ## Example
//!
//! ```yaml
//! kind: VipGroup
//! metadata: {name: web4}
//! spec: {syncGroup: web, advertisementInterval: 1s, addresses: [10.0.0.70], members: [lb1, lb2]}
//! ---
//! kind: VipGroup
//! metadata: {name: web6}
//! spec: {syncGroup: web, advertisementInterval: 100ms, addresses: ["fd00::70"], members: [lb1, lb2]}
//! ```
//!
//! Use instead:
//!
//! ```yaml
//! kind: VipGroup
//! metadata: {name: web6}
//! spec: {syncGroup: web, advertisementInterval: 1s, addresses: ["fd00::70"], members: [lb1, lb2]}
//! ```

use skep_manifest::problem::Severity;
use skep_manifest::vip_group::VipGroupSpec;

use crate::finding::Finding;
use crate::manifests::{Declaration, Manifests};
use crate::rule::Rule;
use crate::timing::down_interval;

pub(crate) const RULE: Rule = Rule {
    id: "sync-group-follower-too-fast",
    severity: Severity::Warning,
    source: include_str!("sync_group_follower_too_fast.rs"),
    inspect,
};

fn inspect(manifests: &Manifests<'_>, findings: &mut Vec<Finding>) {
    for (word, mut groups) in manifests.sync_groups() {
        groups.sort_by_key(|group| group.name);
        let [leader, followers @ ..] = &*groups else {
            continue;
        };
        let waits = down_interval(leader.spec);
        for follower in followers {
            if down_interval(follower.spec) < waits {
                findings.push(report(word, leader, follower));
            }
        }
    }
}

fn report(
    word: &str,
    leader: &Declaration<'_, VipGroupSpec>,
    follower: &Declaration<'_, VipGroupSpec>,
) -> Finding {
    let (own, leading) = (down_interval(follower.spec), down_interval(leader.spec));
    let message = format!(
        "group `{}` gives up on a lost node after {own:.1?}, before `{}`, which leads sync group \
         `{word}` and waits for {leading:.1?}: its addresses may move twice",
        follower.name, leader.name
    );
    let place = follower.document.span("/spec/advertisementInterval");
    let leads = leader.document.span("/metadata/name");
    Finding::new(&RULE, place, message)
        .related(
            leads,
            format!("`{}` leads, as the first by name", leader.name),
        )
        .help(format!(
            "give it `advertisementInterval: {}` and the version of `{}`",
            leader.spec.advertisement_interval, leader.name
        ))
}
