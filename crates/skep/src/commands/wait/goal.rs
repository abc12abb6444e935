//! What is waited for, and whether it is so.

use std::str::FromStr;

use anyhow::{Context, bail};
use skep_api::status::{AgentStatus, VipGroupStatus};
use skep_manifest::condition::{ConditionStatus, ConditionType};
use skep_plan::progress::{ObjectProgress, Progress};

use crate::commands::Kind;

/// What is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Goal {
    /// A condition is so, or not so.
    Condition(ConditionType, bool),
    /// This node holds the VIP group.
    Active(String),
    /// It is gone.
    Delete,
}

/// What an agent knows at one moment.
pub(super) struct Look {
    pub(super) status: AgentStatus,
    /// How far each object is, in a cluster.
    pub(super) objects: Vec<ObjectProgress>,
}

/// Whether it is so, and how it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Met {
    Yes(String),
    NotYet(String),
}

impl FromStr for Goal {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        match text.split_once('=') {
            None if text == "delete" => Ok(Self::Delete),
            Some(("active", node)) if !node.is_empty() => Ok(Self::Active(node.to_owned())),
            Some(("condition", condition)) => {
                let (kind, status) = condition.split_once('=').unwrap_or((condition, "True"));
                let is_so = match status.to_ascii_lowercase().as_str() {
                    "true" => true,
                    "false" => false,
                    _ => bail!("a condition is waited for to be True or False"),
                };
                let kind = condition_type(kind).context(
                    "the conditions are Ready, Reconciling, Stalled and Degraded; `skep explain \
                     conditions` says more",
                )?;
                Ok(Self::Condition(kind, is_so))
            }
            _ => bail!("one of `condition=TYPE[=STATUS]`, `active=NODE`, `delete`"),
        }
    }
}

impl Goal {
    /// Whether it can be waited for of things of this kind.
    pub(super) fn check(&self, kind: Kind) -> anyhow::Result<()> {
        match (self, kind) {
            (Self::Active(_), Kind::Node | Kind::Service) => {
                bail!("only VIP groups are held by a node: `skep wait --for active=NODE vip/NAME`")
            }
            (Self::Condition(ConditionType::Degraded, _), Kind::Node | Kind::Service) => {
                bail!("only VIP groups have the condition Degraded")
            }
            _ => Ok(()),
        }
    }

    /// Whether it is so for the thing `name`.
    pub(super) fn is_met(&self, kind: Kind, name: &str, look: &Look) -> Met {
        let thing = look.thing(kind, name);
        let (is_met, how) = match (self, &thing) {
            (Self::Delete, None) => (true, "is gone".to_owned()),
            (Self::Delete, Some(how)) => (false, how.clone()),
            (Self::Condition(..) | Self::Active(_), None) => (false, "is not there".to_owned()),
            (Self::Active(node), Some(_)) => {
                let holders = look.holders(name);
                (holders == [node], held_by(&holders))
            }
            (Self::Condition(condition, is_so), Some(how)) => {
                let known = look.condition(kind, name, *condition);
                (known == Some(*is_so), how.clone())
            }
        };
        let how = format!("{}/{name} {how}", kind.word());
        if is_met {
            Met::Yes(how)
        } else {
            Met::NotYet(how)
        }
    }
}

impl Look {
    /// How the thing `name` is, if it is there.
    fn thing(&self, kind: Kind, name: &str) -> Option<String> {
        let progress = self.progress(kind, name).map(|object| {
            let remedy = object.remedy.as_ref();
            let remedy = remedy.map_or_else(String::new, |remedy| format!(" ({remedy})"));
            format!("{}{remedy}", object.message)
        });
        let is_declared = || match kind {
            Kind::VipGroup => self.group(name).is_some(),
            Kind::Node => {
                let cluster = self.status.cluster.iter();
                let mut nodes = cluster.flat_map(|cluster| &cluster.nodes);
                nodes.any(|node| node.name == name)
            }
            Kind::Service => {
                let cluster = self.status.cluster.iter();
                let mut services = cluster.flat_map(|cluster| &cluster.services);
                services.any(|service| service.name == name)
            }
        };
        progress.or_else(|| {
            is_declared().then(|| match kind {
                Kind::VipGroup => held_by(&self.holders(name)),
                Kind::Node | Kind::Service => "is declared".to_owned(),
            })
        })
    }

    /// Whether a condition of the thing `name` holds, if that is known.
    fn condition(&self, kind: Kind, name: &str, condition: ConditionType) -> Option<bool> {
        if let Some(object) = self.progress(kind, name) {
            match condition {
                ConditionType::Ready => return Some(object.state == Progress::Done),
                ConditionType::Reconciling => return Some(object.state == Progress::Working),
                ConditionType::Stalled => return Some(object.state == Progress::Blocked),
                ConditionType::Degraded => {}
            }
        }
        let conditions = self.group(name).map(|group| &group.conditions)?;
        let mut conditions = conditions
            .iter()
            .filter(|known| known.condition_type == condition)
            .peekable();
        // What is wrong with a group is said as long as it goes on, and only then.
        if condition != ConditionType::Ready && conditions.peek().is_none() {
            return Some(false);
        }
        let mut holds = None;
        for known in conditions {
            match known.status {
                ConditionStatus::True => return Some(true),
                ConditionStatus::False => holds = Some(false),
                ConditionStatus::Unknown => {}
            }
        }
        holds
    }

    fn progress(&self, kind: Kind, name: &str) -> Option<&ObjectProgress> {
        let object = format!("{}/{name}", kind.word());
        self.objects.iter().find(|known| known.object == object)
    }

    fn group(&self, name: &str) -> Option<&VipGroupStatus> {
        let mut groups = self.status.vip_groups.iter();
        groups.find(|group| group.name == name)
    }

    /// The nodes that hold a VIP group, as the nodes themselves say, or else as is heard.
    fn holders(&self, name: &str) -> Vec<&String> {
        let nodes = self
            .status
            .cluster
            .iter()
            .flat_map(|cluster| &cluster.nodes);
        let holders: Vec<&String> = nodes
            .filter(|node| node.holds.iter().any(|held| held == name))
            .map(|node| &node.name)
            .collect();
        if !holders.is_empty() {
            return holders;
        }
        let active = self.group(name).and_then(|group| group.active.as_ref());
        active
            .and_then(|active| active.node.as_ref())
            .into_iter()
            .collect()
    }
}

fn held_by(holders: &[&String]) -> String {
    let names: Vec<&str> = holders.iter().map(|name| name.as_str()).collect();
    if names.is_empty() {
        "is held by nobody".to_owned()
    } else {
        format!("is held by {}", names.join(", "))
    }
}

fn condition_type(word: &str) -> Option<ConditionType> {
    [
        ConditionType::Ready,
        ConditionType::Reconciling,
        ConditionType::Stalled,
        ConditionType::Degraded,
    ]
    .into_iter()
    .find(|kind| kind.to_string().eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests;
