//! The state of an agent on one screen.

use skep_api::status::{AgentStatus, Mode};
use skep_manifest::condition::{Condition, ConditionStatus, ConditionType, Reason};
use skep_plan::feeding::GIT;

use crate::render::age::ago;
use crate::render::{cluster, moves, vips};

/// Whether the agent, every VIP group, every node and every service are Ready, and nothing stalls.
pub(crate) fn is_ready(status: &AgentStatus) -> bool {
    let groups = status.vip_groups.iter().flat_map(|group| &group.conditions);
    let good = |condition: &Condition| match condition.condition_type {
        ConditionType::Ready => condition.status == ConditionStatus::True,
        ConditionType::Stalled => condition.status != ConditionStatus::True,
        ConditionType::Reconciling | ConditionType::Degraded => true,
    };
    let cluster = status.cluster.as_ref();
    groups.chain(&status.conditions).all(good) && cluster.is_none_or(cluster::is_ready)
}

/// The whole screen.
pub(crate) fn status(status: &AgentStatus) -> String {
    let mut text = match &status.cluster {
        Some(cluster) => cluster::headline(status, cluster),
        None => cluster::waiting(status).unwrap_or_else(|| headline(status)),
    };
    for line in complaints(status) {
        text.push_str(&format!("  {line}\n"));
    }
    if let Some(cluster) = &status.cluster {
        text.push_str(&cluster::nodes(&cluster.nodes));
        if !cluster.services.is_empty() {
            text.push_str(&cluster::services(&cluster.services));
        }
    }
    if !status.vip_groups.is_empty() {
        text.push_str(&vips::table(&status.vip_groups));
    }
    for order in status
        .vip_groups
        .iter()
        .filter_map(|group| group.moved.as_ref())
    {
        let group = &order.group;
        text.push_str(&format!(
            "{}; `skep move {group} --back` ends it\n",
            moves::sentence(order)
        ));
    }
    text
}

fn headline(status: &AgentStatus) -> String {
    let node = status.node.as_deref().unwrap_or("unknown node");
    let mode = match status.mode {
        Mode::Standalone => "standalone",
        Mode::Clustered => "clustered",
    };
    let desired = &status.desired;
    match &desired.accepted {
        None => format!(
            "{node}  {mode}  nothing accepted yet from {}\n",
            desired.source
        ),
        Some(accepted) => format!(
            "{node}  {mode}  generation {} from {} ({}), {}\n",
            accepted.generation,
            desired.source,
            documents(accepted.documents),
            ago(accepted.age_ms)
        ),
    }
}

fn documents(count: usize) -> String {
    if count == 1 {
        "1 document".to_owned()
    } else {
        format!("{count} documents")
    }
}

/// What is wrong, one line each.
fn complaints(status: &AgentStatus) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(rejected) = &status.desired.rejected {
        let (source, age) = (&status.desired.source, ago(rejected.age_ms));
        let (what, hint) = match status.mode {
            Mode::Standalone if rejected.reason == Reason::SourceUnreachable => (
                "the branch cannot be read".to_owned(),
                "mend what it says of the address, the branch or the key; it is tried again at every look".to_owned(),
            ),
            Mode::Standalone if source.starts_with(GIT) => (
                "what the branch holds is not applied".to_owned(),
                "push a commit that mends it; `skep lint` finds it before".to_owned(),
            ),
            Mode::Standalone => (
                format!("what is in {source} is not applied"),
                format!("skep lint {source}"),
            ),
            Mode::Clustered => (
                "this agent does not understand the newest desired state".to_owned(),
                "compare `skep version` on the nodes: each has to run the newest".to_owned(),
            ),
        };
        lines.push(format!("REJECTED {age}: {what}, what ran keeps running"));
        lines.extend(rejected.errors.iter().map(|error| format!("  {error}")));
        lines.push(format!("hint: {hint}"));
    }
    let paused = status.desired.paused.iter();
    lines.extend(
        paused.map(|feeder| {
            format!("PAUSED {feeder}: it feeds nothing until `skep resume {feeder}`")
        }),
    );
    if !status.data_plane.running {
        lines.push("VRRP is not running: the vip process does not answer".to_owned());
    }
    lines.extend(degraded(status));
    let blocked = status.cluster.iter().flat_map(|cluster| &cluster.blocked);
    lines.extend(blocked.map(|blocked| format!("BLOCKED {blocked}")));
    let not_a_member = status
        .conditions
        .iter()
        .filter(|condition| is_unsaid(condition));
    lines.extend(not_a_member.map(|condition| condition.message.clone()));
    lines
}

/// What works, but not as it should, and what does not go on by itself.
fn degraded(status: &AgentStatus) -> impl Iterator<Item = String> {
    let groups = status.vip_groups.iter().flat_map(|group| &group.conditions);
    let conditions = status.conditions.iter().chain(groups);
    let bad = conditions.filter(|condition| condition.status == ConditionStatus::True);
    bad.filter_map(|condition| {
        let word = match condition.condition_type {
            ConditionType::Degraded => "DEGRADED",
            ConditionType::Stalled => "STALLED",
            ConditionType::Ready | ConditionType::Reconciling => return None,
        };
        Some(format!(
            "{word} {:?}: {}",
            condition.reason, condition.message
        ))
    })
}

/// Whether a condition says something that no other line of the screen does.
fn is_unsaid(condition: &Condition) -> bool {
    condition.status == ConditionStatus::False && condition.reason == Reason::NotAMember
}
