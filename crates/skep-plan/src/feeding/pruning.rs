//! How much a feeder may remove before somebody has to confirm it.

use std::collections::BTreeSet;

use skep_manifest::object::{Kind, ObjectKey};

use super::Refused;

/// Checks that removing `left_out`, objects of a feeder that has `own` of `all`, removes neither the swarm,
/// nor the last VIP group of all, nor more than half of what the feeder has: that is more often a
/// mistake (a directory that was not mounted, half a checkout) than a wish.
pub(super) fn check<'a>(
    all: impl Iterator<Item = &'a ObjectKey>,
    own: usize,
    left_out: &BTreeSet<&ObjectKey>,
) -> Result<(), Refused> {
    let is_group = |key: &&ObjectKey| key.kind == Kind::VipGroup;

    let swarm = left_out.iter().find(|key| key.kind == Kind::Swarm);
    let (before, removed) = (
        all.filter(is_group).count(),
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
