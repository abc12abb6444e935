//! How much a feeder may remove before somebody has to confirm it.

use std::collections::BTreeSet;

use skep_manifest::object::{Kind, ObjectKey};
use skep_manifest::resolve::resolve;

use super::shelf::Shelf;
use super::{Fed, Refused};
use crate::groups::renamed_groups;

/// Checks that `feeder`, which has objects of `old`, with `left_out` of them removes neither the
/// swarm, nor the last VIP group of all, nor more than half of what it has: that is more often a
/// mistake (a directory that was not mounted, half a checkout) than a wish. A VIP group that has
/// another name in `documents`, which count then, is not removed.
pub(super) fn check(
    old: &Shelf,
    feeder: &str,
    mut left_out: BTreeSet<&ObjectKey>,
    documents: &[Fed],
) -> Result<(), Refused> {
    let is_group = |key: &&ObjectKey| key.kind == Kind::VipGroup;
    if left_out.iter().copied().any(|key| is_group(&key)) {
        let (before, _) = resolve(&old.set);
        let (after, _) = resolve(&Shelf::read(documents).set);
        let renamed = renamed_groups(&before, &after);
        left_out.retain(|key| !is_group(key) || !renamed.contains(&key.name));
    }
    let own = old.owned_by(feeder).len();
    let swarm = left_out.iter().find(|key| key.kind == Kind::Swarm);
    let (before, removed) = (
        old.index.keys().filter(is_group).count(),
        left_out.iter().copied().filter(is_group).count(),
    );
    let what = if let Some(swarm) = swarm {
        swarm.to_string()
    } else if removed > 0 && removed == before {
        "every VIP group".to_owned()
    } else if left_out.len() * 2 > own {
        format!("{} of its {} objects", left_out.len(), own)
    } else {
        return Ok(());
    };
    let names: Vec<String> = left_out.iter().map(ToString::to_string).collect();
    Err(Refused::AwaitsConfirmation(format!(
        "it would remove {what} ({})",
        names.join(", ")
    )))
}
