//! Conditions: how well something does, in words that programs and people share.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One statement about something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// What the statement is about.
    #[serde(rename = "type")]
    pub kind: ConditionType,
    /// Whether it holds.
    pub status: ConditionStatus,
    /// Why, as a word for programs.
    pub reason: Reason,
    /// Why, as a sentence for people.
    pub message: String,
    /// Since when, RFC 3339 in UTC.
    pub last_transition_time: String,
    /// The generation of the desired state that it was observed against.
    pub observed_generation: u64,
}

/// What a condition is about.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum ConditionType {
    /// It is as declared.
    Ready,
    /// It is on the way there.
    Reconciling,
    /// It cannot get there without help.
    Stalled,
    /// It works, and something is wrong with it.
    Degraded,
}

/// Whether a condition holds.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum ConditionStatus {
    /// It does.
    True,
    /// It does not.
    False,
    /// Nobody knows.
    Unknown,
}

/// Why a condition is as it is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum Reason {
    /// Everything is as declared.
    AsDeclared,
    /// Nothing is declared yet.
    NothingDeclared,
    /// What the source holds is refused; what ran keeps running.
    Rejected,
    /// No VIP group and no swarm has this node as a member.
    NotAMember,
    /// The process that speaks VRRP does not answer.
    DataPlaneSilent,
    /// A virtual router of this node cannot take part.
    Fault,
    /// No router is known to hold the addresses.
    NoActive,
}

impl fmt::Display for ConditionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl fmt::Display for ConditionStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
