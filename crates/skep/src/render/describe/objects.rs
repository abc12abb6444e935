//! Everything known about a node or a service.

use skep_api::cluster::{NodeStatus, ServiceStatus};
use skep_api::status::VipGroupStatus;
use skep_plan::progress::ObjectProgress;

use super::{field, or_none};
use crate::render::age::ago;
use crate::render::cluster;

/// The description of a node that is member of some of `groups`.
pub(crate) fn node(
    node: &NodeStatus,
    groups: &[VipGroupStatus],
    progress: Option<&ObjectProgress>,
) -> String {
    let mut text = format!("node {}\n", node.name);
    field(&mut text, "address", &node.address.to_string());
    field(&mut text, "role", &node.role);
    field(&mut text, "available", &node.availability);
    let heard = node.heard_ms.map_or_else(|| "never".to_owned(), ago);
    let agent = format!("{} (heard {heard})", cluster::agent(node));
    field(&mut text, "agent", &agent);
    field(&mut text, "engine", &node.engine);
    field(&mut text, "holds", &or_none(&node.holds.join(", ")));
    say_progress(&mut text, progress);
    for group in groups {
        let mut members = group.members.iter();
        let Some(member) = members.find(|member| member.name == node.name) else {
            continue;
        };
        let rank = member.priority.map_or_else(
            || "member".to_owned(),
            |priority| format!("member with priority {priority}"),
        );
        field(&mut text, "vip group", &format!("{}: {rank}", group.name));
    }
    text
}

/// The description of a service.
pub(crate) fn service(service: &ServiceStatus, progress: Option<&ObjectProgress>) -> String {
    let mut text = format!("service {}\n", service.name);
    field(&mut text, "image", &service.image);
    field(&mut text, "tasks", &cluster::tasks(service));
    field(&mut text, "ports", &or_none(&service.ports.join(", ")));
    say_progress(&mut text, progress);
    text
}

/// How far it is, in the words of `skep apply --wait`.
fn say_progress(text: &mut String, progress: Option<&ObjectProgress>) {
    let Some(progress) = progress else {
        return field(text, "condition", "nobody can tell at present");
    };
    let state = cluster::progress_word(progress.state);
    field(text, "condition", &format!("{state}: {}", progress.message));
    if let Some(remedy) = &progress.remedy {
        field(text, "hint", remedy);
    }
}
