//! What was applied before, is not among the manifests, and stays.

use skep_api::client::Client;
use skep_api::path;
use skep_api::submit::Differences;
use skep_plan::action::Plan;
use skep_plan::feeding::{APPLY, Change, Feeding};
use skep_plan::groups::GroupDifference;

use crate::commands::ask;
use crate::commands::manifests::{DryRun, submission};
use crate::output;

/// Tells it beside what `feeding` does: who took an object out of a manifest waits for its end. A
/// part of the manifests, without the `Swarm`, says nothing of the others.
pub(super) fn tell(client: &Client, feeding: Feeding) {
    let prune = Change::Feed(Feeding {
        prune: true,
        confirmed: true,
        ..feeding
    });
    let submission = submission(APPLY.to_owned(), prune, DryRun::Yes);
    // The answer itself was given: without this one nothing is missing.
    let Ok(Differences::Plan(plan)) = ask(client.post(path::DIFF, &submission)) else {
        return;
    };
    let left = removed(&plan);
    if !left.is_empty() {
        output::tell(&format!(
            "hint: no longer among the manifests, and left as it is: {} (`--prune` removes it)",
            left.join(", ")
        ));
    }
}

/// The objects that `plan` removes for good.
fn removed(plan: &Plan) -> Vec<String> {
    let steps = plan.steps.iter();
    let steps = steps.filter(|step| step.action.word() == "remove");
    let groups = plan.vip_groups.iter();
    let groups = groups.filter(|it| matches!(it.change, GroupDifference::Removed(_)));
    steps
        .map(|step| step.object.clone())
        .chain(groups.map(|it| format!("vipgroup/{}", it.group)))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::removed;

    #[test]
    fn what_goes_is_named_as_objects_are() {
        let plan = json!({
            "steps": [],
            "waiting": [],
            "blocked": [],
            "vipGroups": [
                {"group": "shop", "change": {"removed": "released at once"}},
                {"group": "door", "change": {"created": "taken at once"}},
            ],
        });
        let plan = serde_json::from_value(plan).expect("it is a plan");
        assert_eq!(removed(&plan), ["vipgroup/shop"]);
    }
}
