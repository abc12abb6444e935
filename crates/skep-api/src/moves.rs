//! Moving a VIP group by hand: what the command line asks for and what the members tell each other.

use serde::{Deserialize, Serialize};
use skep_manifest::name::{Name, NodeName};

/// An operator moves a group, or ends that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MoveRequest {
    /// The group.
    pub group: Name,
    /// The member that shall hold it; nobody in particular ends what was ordered before.
    pub to: Option<NodeName>,
    /// For how long; without it until somebody ends it.
    pub for_ms: Option<u64>,
    /// Who asks.
    pub by: String,
}

/// Where a group was moved, as every member keeps it: the newest order for a group counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Move {
    /// The group.
    pub group: Name,
    /// Which order for this group it is; the highest counts. Clocks may differ, counting does not.
    pub number: u64,
    /// The member that shall hold it; nobody in particular when it was ended.
    pub to: Option<NodeName>,
    /// How long it still counts; without it until somebody ends it.
    pub left_ms: Option<u64>,
    /// Who ordered it.
    pub by: String,
}

impl Move {
    /// Whether this order counts and `other` does not any more.
    #[must_use]
    pub fn supersedes(&self, other: &Self) -> bool {
        // Two of the same number were ordered at two agents that could not hear each other, or one
        // has ended: every member must choose the same.
        let rank = |order: &Self| (order.number, order.to.is_none(), order.to.clone());
        rank(self) > rank(other)
    }
}

/// What became of a [`MoveRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum MoveAnswer {
    /// It counts.
    Ordered(Box<Moved>),
    /// Nothing changed, for this reason.
    Refused(String),
}

/// An order, and who knows of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Moved {
    /// The order.
    pub order: Move,
    /// The members that were told.
    pub told: Vec<NodeName>,
    /// The members that were not: they are told when they answer again.
    pub untold: Vec<Untold>,
    /// Whether it counts on the asked node alone, which has no cluster to tell.
    pub only_here: bool,
}

/// A member that does not know of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Untold {
    /// Its node.
    pub node: NodeName,
    /// Why.
    pub reason: String,
}

/// A member's answer to a [`Move`] that another agent tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum MoveReply {
    /// It keeps it.
    Taken,
    /// It does not, for this reason.
    Refused(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_members_choose_the_same_of_two_orders() {
        let order = |number, to: Option<&str>| Move {
            group: "ingress".parse().expect("a name"),
            number,
            to: to.map(|node| node.parse().expect("a name")),
            left_ms: None,
            by: "root".to_owned(),
        };
        let rising = [
            order(1, Some("a")),
            order(1, Some("b")),
            order(1, None),
            order(2, Some("a")),
        ];
        for (index, one) in rising.iter().enumerate() {
            for (other_index, other) in rising.iter().enumerate() {
                assert_eq!(one.supersedes(other), index > other_index);
            }
        }
    }
}
