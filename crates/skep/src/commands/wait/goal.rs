//! What is waited for, and whether it is so.

use std::net::IpAddr;
use std::str::FromStr;

use anyhow::{Context, bail};
use skep_api::status::{AgentStatus, Holder, Mode, VipGroupStatus};
use skep_manifest::condition::{ConditionStatus, ConditionType};
use skep_plan::progress::{ObjectProgress, Progress};

use crate::commands::Kind;

/// As many names as are read at a glance.
const NAMES_SHOWN: usize = 10;

/// What is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Goal {
    /// A condition is so, or not so.
    Condition(ConditionType, bool),
    /// The node of this name, or the one that advertises from this address, holds the VIP group.
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
    /// The manifest that the agent has does not declare what this is about.
    Undeclared(String),
    /// This agent could not tell, and what helps.
    Never(String),
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

    /// What says more of a VIP group that is not held where it shall be.
    pub(super) fn hint(&self, name: &str) -> Option<String> {
        let Self::Active(node) = self else {
            return None;
        };
        Some(format!(
            "`skep describe vip {name}` on {node} says why it does not hold it"
        ))
    }

    /// Whether it is so for the thing `name`.
    pub(super) fn is_met(&self, kind: Kind, name: &str, look: &Look) -> Met {
        if let Self::Active(node) = self
            && let Some(why) = look.refusal(name, node)
        {
            return Met::Never(why);
        }
        if let Some(what) = self.undeclared(kind, name, look) {
            return Met::Undeclared(what);
        }
        let thing = look.thing(kind, name);
        let (is_met, how) = match (self, &thing) {
            (Self::Delete, None) => (true, "is gone".to_owned()),
            (Self::Delete, Some(how)) => (false, how.clone()),
            (Self::Condition(..) | Self::Active(_), None) => (false, "is not there".to_owned()),
            (Self::Active(node), Some(_)) => {
                let holders = look.holders(name);
                let is_it = holders == [node.as_str()] || look.is_heard_from(name, node);
                (is_it, held_by(&holders))
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

impl Goal {
    /// What of this the manifest does not declare, and what it declares; nothing as long as there
    /// is none.
    fn undeclared(&self, kind: Kind, name: &str, look: &Look) -> Option<String> {
        look.status.desired.accepted.as_ref()?;
        if *self != Self::Delete && look.thing(kind, name).is_none() {
            let object = format!("{}/{name}", kind.word());
            return Some(match (look.status.mode, kind) {
                (Mode::Standalone, Kind::Node | Kind::Service) => {
                    format!("{object} is not declared: an agent that is alone has VIP groups only")
                }
                (Mode::Standalone | Mode::Clustered, _) => {
                    let declared = list(&look.declared(kind));
                    format!("{object} is not declared: of its kind there is {declared}")
                }
            });
        }
        let Self::Active(node) = self else {
            return None;
        };
        let is_address = node.parse::<IpAddr>().is_ok();
        let members: Vec<&str> = look
            .group(name)?
            .members
            .iter()
            .map(|it| &*it.name)
            .collect();
        let holds = || look.holders(name).iter().any(|holder| holder == node);
        if is_address || members.contains(&node.as_str()) || holds() {
            return None;
        }
        let members = list(&members);
        Some(format!(
            "{node} is no member of {}/{name}: it has {members}",
            kind.word()
        ))
    }
}

impl Look {
    /// The names of all things of this kind.
    fn declared(&self, kind: Kind) -> Vec<&str> {
        let cluster = self.status.cluster.as_ref();
        match kind {
            Kind::VipGroup => self.status.vip_groups.iter().map(|it| &*it.name).collect(),
            Kind::Node => cluster.map_or_else(Vec::new, |it| {
                it.nodes.iter().map(|node| &*node.name).collect()
            }),
            Kind::Service => cluster.map_or_else(Vec::new, |it| {
                it.services.iter().map(|service| &*service.name).collect()
            }),
        }
    }

    /// How the thing `name` is, if it is there.
    fn thing(&self, kind: Kind, name: &str) -> Option<String> {
        let progress = self.progress(kind, name).map(|object| {
            let remedy = object.remedy.as_ref();
            let remedy = remedy.map_or_else(String::new, |remedy| format!(" ({remedy})"));
            format!("{}{remedy}", object.message)
        });
        progress.or_else(|| {
            self.declared(kind).contains(&name).then(|| match kind {
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
                ConditionType::Stalled => return Some(object.state >= Progress::Blocked),
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

    /// Why nobody here will ever know that `node` holds the group: who is alone hears addresses.
    fn refusal(&self, name: &str, node: &str) -> Option<String> {
        if self.status.mode == Mode::Clustered || self.status.node.as_deref() == Some(node) {
            return None;
        }
        let mut members = self.group(name)?.members.iter();
        let member = members.find(|member| member.name == node)?;
        member.address.is_none().then(|| {
            format!(
                "an agent that is alone knows other nodes by address only, and the manifest does not \
                 say that of {node}: ask the agent of {node}, or wait here for `active=ADDRESS`"
            )
        })
    }

    /// Whether whoever holds the group advertises from `address`.
    fn is_heard_from(&self, name: &str, address: &str) -> bool {
        let active = self.group(name).and_then(|group| group.active.as_ref());
        let from = active.and_then(|active| active.address);
        from.is_some() && from == address.parse().ok()
    }

    /// The nodes that hold a VIP group, as the nodes themselves say, or else as is heard: by
    /// address where the name is not known.
    fn holders(&self, name: &str) -> Vec<String> {
        let nodes = self
            .status
            .cluster
            .iter()
            .flat_map(|cluster| &cluster.nodes);
        let holders: Vec<String> = nodes
            .filter(|node| node.holds.iter().any(|held| held == name))
            .map(|node| node.name.clone())
            .collect();
        if !holders.is_empty() {
            return holders;
        }
        let active = self.group(name).and_then(|group| group.active.as_ref());
        let name_of = |active: &Holder| {
            let address = active.address.as_ref().map(ToString::to_string);
            active.node.clone().or(address)
        };
        active.and_then(name_of).into_iter().collect()
    }
}

/// Names as a person reads them, not all of very many.
fn list(names: &[&str]) -> String {
    let shown = names.iter().take(NAMES_SHOWN).copied().collect::<Vec<_>>();
    match names.len().saturating_sub(NAMES_SHOWN) {
        _ if names.is_empty() => "none".to_owned(),
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn held_by(holders: &[String]) -> String {
    if holders.is_empty() {
        "is held by nobody".to_owned()
    } else {
        format!("is held by {}", holders.join(", "))
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
