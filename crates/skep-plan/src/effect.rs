//! What follows from a change for those who use what changes: in words, and how bad it is.

use std::fmt::{self, Display, Formatter};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use skep_manifest::swarm::{Availability, Role};

use crate::action::{
    Action, Change, LabelNode, RemoveService, SetAvailability, SetRole, Step, UpdateService,
};
use crate::ownership::is_label_of_skep;

/// What follows from a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Effect {
    /// How bad it is.
    pub risk: Risk,
    /// In words.
    pub says: String,
}

/// How bad a change is for those who use what changes.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum Risk {
    /// Nobody notices.
    #[default]
    None,
    /// Something answers nobody for a moment, or connections end.
    Interruption,
    /// Something is gone afterwards.
    Loss,
}

impl Display for Effect {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { risk, says } = self;
        let mark = match risk {
            Risk::None => "",
            Risk::Interruption => "interruption: ",
            Risk::Loss => "loss: ",
        };
        writeln!(f, "=> {mark}{says}")
    }
}

impl Step {
    /// What follows from it, where that is not plain from what it is.
    #[must_use]
    pub fn effect(&self) -> Option<Effect> {
        let (risk, says) = match &self.action {
            Action::UpdateSwarm(_) => (Risk::None, "no task is touched".to_owned()),
            Action::LabelNode(labels) => return labelled(labels),
            Action::SetAvailability(SetAvailability { availability, .. }) => {
                (Risk::None, available(*availability).to_owned())
            }
            Action::SetRole(SetRole { role, .. }) => (Risk::None, in_role(*role).to_owned()),
            Action::UpdateService(update) => updated(update),
            Action::RemoveService(RemoveService { .. }) if self.is_made_anew() => {
                let says = "all its tasks end before the new ones start";
                (Risk::Interruption, says.to_owned())
            }
            Action::RemoveService(RemoveService { .. }) => {
                let says = "its tasks end; volumes stay on their nodes";
                (Risk::Loss, says.to_owned())
            }
            Action::LeaveSwarm(_) | Action::RemoveNode(_) => (
                Risk::None,
                "no task of the swarm runs there any more".to_owned(),
            ),
            Action::InitSwarm(_)
            | Action::JoinSwarm(_)
            | Action::CreateNetwork(_)
            | Action::RemoveNetwork(_)
            | Action::CreateFile(_)
            | Action::RemoveFile(_)
            | Action::CreateService(_) => return None,
        };
        Some(Effect { risk, says })
    }

    fn is_made_anew(&self) -> bool {
        self.because == crate::services::MADE_ANEW
    }
}

/// The labels of the manifest decide where tasks may run; the engine ends those that may not.
fn labelled(labels: &LabelNode) -> Option<Effect> {
    let mut keys = labels.set.keys().chain(&labels.remove);
    keys.any(|key| !is_label_of_skep(key)).then(|| Effect {
        risk: Risk::None,
        says: "tasks whose constraints the node does not meet with it start elsewhere".to_owned(),
    })
}

const fn available(availability: Availability) -> &'static str {
    match availability {
        Availability::Active => "it gets tasks again; those that run elsewhere stay there",
        Availability::Pause => "its tasks stay, it gets no new ones",
        Availability::Drain => {
            "its VIPs leave first, replacements of its tasks start elsewhere, then its tasks end"
        }
    }
}

const fn in_role(role: Role) -> &'static str {
    match role {
        Role::Manager => "its tasks stay; it counts for the quorum from here on",
        Role::Worker => "its tasks stay; it does not count for the quorum any more",
    }
}

fn updated(update: &UpdateService) -> (Risk, String) {
    let UpdateService { spec, changes, .. } = update;
    // Whatever tasks are made from, ports among it, the engine replaces them for.
    let replaces = |change: &Change| {
        ["TaskTemplate.", "EndpointSpec."]
            .iter()
            .any(|part| change.path.starts_with(part))
    };
    if !changes.iter().any(replaces) {
        return scaled(changes);
    }
    let replicas = spec["Mode"]["Replicated"]["Replicas"].as_u64();
    let policy = &spec["UpdateConfig"];
    let at_once = match policy["Parallelism"].as_u64() {
        Some(0) => "all at once".to_owned(),
        Some(count) => format!("{count} at a time"),
        None => "1 at a time".to_owned(),
    };
    let is_start_first = policy["Order"] == "start-first";
    if is_start_first {
        let says = format!("its tasks are replaced {at_once}, each when the new one runs");
        return (Risk::None, says);
    }
    let says = format!("its tasks are replaced {at_once}, each ends before the new one starts");
    if replicas == Some(1) || at_once.starts_with("all") {
        return (
            Risk::Interruption,
            format!("{says}: meanwhile nobody answers"),
        );
    }
    if replicas.is_none() {
        let says = format!("{says}: on that node nobody answers meanwhile");
        return (Risk::Interruption, says);
    }
    (Risk::None, says)
}

/// What becomes of tasks that are as they should be, but perhaps too few or too many.
fn scaled(changes: &[Change]) -> (Risk, String) {
    let replicas = |side: &Value| side["Replicated"]["Replicas"].as_u64();
    let counts = changes.iter().find_map(|change| {
        (change.path == "Mode").then_some((replicas(&change.old)?, replicas(&change.new)?))
    });
    match counts {
        Some((_, 0)) => (Risk::Loss, "all its tasks end".to_owned()),
        Some((old, new)) if new < old => (Risk::None, format!("{} of its tasks end", old - new)),
        Some((old, new)) => (Risk::None, format!("{} more of its tasks start", new - old)),
        None => (Risk::None, "no task is touched".to_owned()),
    }
}

#[cfg(test)]
mod tests;
