//! Conditions: what is known of an object's state, in the words that every command prints.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is known of one side of an object's state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Condition {
    /// Which side.
    #[serde(rename = "type")]
    pub condition_type: ConditionType,
    /// Whether it holds.
    pub status: ConditionStatus,
    /// Why, in one word.
    pub reason: Reason,
    /// Why, for people.
    pub message: String,
    /// When the status last changed: RFC 3339, in UTC.
    pub last_transition_time: String,
    /// The generation of the desired state that this was seen with.
    pub observed_generation: u64,
}

/// The sides of an object's state.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum ConditionType {
    /// It is as it shall be.
    Ready,
    /// It is being changed.
    Reconciling,
    /// It cannot be changed without somebody's help.
    Stalled,
    /// It works, but not as it should.
    Degraded,
}

/// Whether a condition holds.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum ConditionStatus {
    /// It does.
    True,
    /// It does not.
    False,
    /// Nobody can tell.
    Unknown,
}

/// Why a condition is what it is. `skep explain conditions` prints this list.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum Reason {
    /// It is as the manifest says.
    AsDeclared,
    /// It is not yet as the manifest says; work goes on.
    InProgress,
    /// It differs from the manifest, which says to report that and no more.
    Drifted,
    /// The manifests have errors; what ran before them goes on.
    InvalidManifest,
    /// A field has no effect in this version of skep.
    NotSupported,
    /// There is a cluster key, but no `Swarm`.
    SwarmMissing,
    /// There is a `Swarm`, but no cluster key.
    KeyMissing,
    /// No node of the manifest is this one.
    NotAMember,
    /// The engine is in a swarm that is not skep's.
    ForeignSwarm,
    /// The Docker engine does not answer.
    EngineSilent,
    /// A node's agent does not answer.
    AgentSilent,
    /// The swarm has no majority of its managers.
    QuorumLost,
    /// The change would leave no majority of the managers.
    QuorumAtRisk,
    /// A node left the manifest before it was drained.
    NodeNotDrained,
    /// A setting counts only when the swarm is created.
    InitOnly,
    /// The stored desired state is older than what already ran.
    StoreWentBack,
    /// A source differs from what was last fed from it.
    SourceDiffers,
    /// A change is so large that somebody must confirm it.
    AwaitsConfirmation,
    /// The engine refused the change.
    Refused,
    /// The process that speaks VRRP does not answer.
    DataPlaneSilent,
    /// Control does not answer; the VIPs carry on with what they know.
    ControlSilent,
    /// The process that speaks VRRP ended again and again.
    DataPlaneEnds,
    /// Somebody else removes an address again and again.
    AddressRemoved,
    /// A member left, and nobody took over.
    NoSuccessor,
    /// Nobody holds the addresses.
    NoActive,
    /// More than one member holds the addresses.
    TwoActive,
    /// Somebody else uses the same virtual router id.
    ForeignAdvertisements,
    /// Somebody else advertises from this node's address.
    OwnAddressHeard,
    /// Another router of the group speaks the other version.
    VersionMismatch,
    /// Another router of the group has another password or key, or none.
    AuthenticationMismatch,
    /// Another router of the group advertises at another interval.
    IntervalMismatch,
    /// Another router of the group advertises other addresses.
    AddressesMismatch,
    /// Another router of the group computes the checksum over something else.
    ChecksumMismatch,
    /// What arrives for the group is damaged, or comes from another network.
    DamagedAdvertisements,
    /// A health input fails.
    InputFailing,
    /// An interface is down or missing.
    InterfaceDown,
    /// A key or secret is missing on this node.
    SecretMissing,
    /// Somebody who is to be told about transitions cannot be told.
    NotificationsFailing,
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
