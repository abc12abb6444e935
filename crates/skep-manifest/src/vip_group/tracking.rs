//! What else decides who holds a group's addresses.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::duration::{Duration, Interval};
use crate::name::{EngineName, InterfaceName, Name};

/// One input of a group: exactly one of `check`, `interface`, `service`, `external`, `swarm`, and
/// what its failure does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Tracking {
    /// A health check.
    Check(TrackedCheck),
    /// Another interface of the node.
    Interface(TrackedInterface),
    /// A service of this manifest.
    Service(TrackedService),
    /// A service that skep does not own.
    External(TrackedExternal),
    /// The node's part in the swarm.
    Swarm(TrackedSwarm),
}

impl Tracking {
    /// What a failure of this input does, with what applies when nothing is said.
    #[must_use]
    pub fn influence(&self) -> Influence {
        let (effect, weight, default) = match self {
            Self::Check(tracked) => (tracked.effect, tracked.weight, Effect::Fault),
            Self::Interface(tracked) => (tracked.effect, tracked.weight, Effect::Fault),
            Self::Service(tracked) => (tracked.effect, tracked.weight, Effect::Demote),
            Self::External(tracked) => (tracked.effect, tracked.weight, Effect::Demote),
            Self::Swarm(tracked) => (tracked.effect, tracked.weight, Effect::Demote),
        };
        match weight {
            Some(weight) => Influence::Weight(weight),
            None => Influence::Effect(effect.unwrap_or(default)),
        }
    }
}

/// What a failure of an input does to a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Influence {
    /// It changes whether, or before whom, the member is eligible.
    Effect(Effect),
    /// It changes the member's priority.
    Weight(Weight),
}

/// A health check that decides who holds the addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("not" = {"required": ["effect", "weight"]}))]
pub struct TrackedCheck {
    /// The `HealthCheck`.
    pub check: Name,
    /// What its failure does, by default `fault`.
    pub effect: Option<Effect>,
    /// Instead of an effect: a negative weight is added to the priority while it fails, a
    /// positive one while it passes.
    pub weight: Option<Weight>,
}

/// Another interface of the node that decides who holds the addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("not" = {"required": ["effect", "weight"]}))]
pub struct TrackedInterface {
    /// The interface.
    pub interface: InterfaceName,
    /// What its going down does, by default `fault`.
    pub effect: Option<Effect>,
    /// Instead of an effect: a negative weight is added to the priority while it is down, a
    /// positive one while it is up.
    pub weight: Option<Weight>,
    /// How long it must be up before that counts.
    #[serde(default)]
    pub up_delay: Duration,
    /// How long it must be down before that counts.
    #[serde(default)]
    pub down_delay: Duration,
}

/// A service of this manifest: a member is healthy with a running, healthy task of it on its own
/// node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("not" = {"required": ["effect", "weight"]}))]
pub struct TrackedService {
    /// The `Service`: a member is healthy with a running, healthy task of it on its own node, and
    /// without one ranks below those that have one.
    pub service: Name,
    /// What having no such task does, by default `demote`: unless it is `fault`, it counts only while
    /// another member has one.
    pub effect: Option<Effect>,
    /// Instead of an effect: a negative weight is added to the priority without such a task, a
    /// positive one with it.
    pub weight: Option<Weight>,
    /// For how long the last answer of the engine counts.
    #[serde(default = "default_stale_after")]
    pub stale_after: Interval,
    /// What counts after that.
    #[serde(default)]
    pub when_stale: WhenStale,
}

/// A service that skep does not own: a member is healthy with a running, healthy task of it on its
/// own node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("not" = {"required": ["effect", "weight"]}))]
pub struct TrackedExternal {
    /// What it is.
    pub external: ExternalInput,
    /// What having no such task does, by default `demote`: unless it is `fault`, it counts only while
    /// another member has one.
    pub effect: Option<Effect>,
    /// Instead of an effect: a negative weight is added to the priority without such a task, a
    /// positive one with it.
    pub weight: Option<Weight>,
    /// For how long the last answer of the engine counts.
    #[serde(default = "default_stale_after")]
    pub stale_after: Interval,
    /// What counts after that.
    #[serde(default)]
    pub when_stale: WhenStale,
}

/// Something of the engine that skep does not own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ExternalInput {
    /// A service, by its full name.
    Service(EngineName),
}

/// The node's part in the swarm. The entry with `engine` and `availability` is implied when there is
/// a `Swarm`; an empty list turns it off. It fails when the engine has been silent for 30 s, when the
/// node is or shall be paused or drained, or when it has had no quorum for 30 s.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("not" = {"required": ["effect", "weight"]}))]
pub struct TrackedSwarm {
    /// What of it counts.
    pub swarm: Vec<SwarmInput>,
    /// What its failure does, by default `demote`: unless it is `fault`, it counts only while another
    /// member does better.
    pub effect: Option<Effect>,
    /// Instead of an effect: a negative weight is added to the priority while it fails, a
    /// positive one while it passes.
    pub weight: Option<Weight>,
    /// For how long the last answer of the engine counts.
    #[serde(default = "default_stale_after")]
    pub stale_after: Interval,
}

impl TrackedSwarm {
    /// The entry that is implied when there is a `Swarm`.
    #[must_use]
    pub fn implied() -> Self {
        Self {
            swarm: vec![SwarmInput::Engine, SwarmInput::Availability],
            effect: None,
            weight: None,
            stale_after: default_stale_after(),
        }
    }
}

/// A part of what a node is in the swarm.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum SwarmInput {
    /// Its Docker engine answers.
    Engine,
    /// Its availability is `active`.
    Availability,
    /// Its engine, or another manager's that is heard, tells of the swarm.
    Quorum,
}

/// What a failing input does to a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Effect {
    /// It is ineligible.
    Fault,
    /// It ranks below every member without a demotion.
    Demote,
}

/// What is added to a member's priority, -253 to 253; the sum stays within 1 to 254.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "i16", into = "i16")]
#[schemars(extend("minimum" = -253, "maximum" = 253))]
pub struct Weight(i16);

/// A weight beyond what a priority can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a weight is between -253 and 253: {0}")]
pub struct WeightOutOfRange(i16);

impl Weight {
    /// The number.
    #[must_use]
    pub const fn number(self) -> i16 {
        self.0
    }
}

impl TryFrom<i16> for Weight {
    type Error = WeightOutOfRange;

    fn try_from(value: i16) -> Result<Self, Self::Error> {
        if (-253..=253).contains(&value) {
            Ok(Self(value))
        } else {
            Err(WeightOutOfRange(value))
        }
    }
}

impl From<Weight> for i16 {
    fn from(weight: Weight) -> Self {
        weight.0
    }
}

/// What counts when the last answer is too old.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum WhenStale {
    /// Silence is no failure: the input stays as it was, and passes if it was never known.
    #[default]
    Healthy,
    /// The input fails.
    Unhealthy,
}

const fn default_stale_after() -> Interval {
    Interval::from_secs(10)
}
