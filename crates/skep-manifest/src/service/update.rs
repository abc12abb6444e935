//! How a change of a service is rolled out and taken back.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::duration::{Duration, Interval};

/// How a change is rolled out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Update {
    /// How many tasks are changed at a time; 0 is all at once.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub parallelism: u32,
    /// How long is waited before the next ones.
    pub delay: Duration,
    /// Whether the new task starts before the old one stops.
    pub order: UpdateOrder,
    /// What happens when new tasks fail.
    pub on_failure: UpdateFailure,
    /// For how long a new task is watched for failure.
    pub monitor: Interval,
    /// Which share of the tasks may fail, 0 to 1.
    pub max_failure_ratio: Ratio,
}

impl Default for Update {
    fn default() -> Self {
        Self {
            parallelism: 1,
            delay: Duration::ZERO,
            order: UpdateOrder::StopFirst,
            on_failure: UpdateFailure::Pause,
            monitor: Interval::from_secs(5),
            max_failure_ratio: Ratio::default(),
        }
    }
}

/// How a change is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Rollback {
    /// How many tasks are changed at a time; 0 is all at once.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub parallelism: u32,
    /// How long is waited before the next ones.
    pub delay: Duration,
    /// Whether the new task starts before the old one stops.
    pub order: UpdateOrder,
    /// What happens when tasks fail again.
    pub on_failure: RollbackFailure,
    /// For how long a task is watched for failure.
    pub monitor: Interval,
    /// Which share of the tasks may fail, 0 to 1.
    pub max_failure_ratio: Ratio,
}

impl Default for Rollback {
    fn default() -> Self {
        Self {
            parallelism: 1,
            delay: Duration::ZERO,
            order: UpdateOrder::StopFirst,
            on_failure: RollbackFailure::Pause,
            monitor: Interval::from_secs(5),
            max_failure_ratio: Ratio::default(),
        }
    }
}

/// Whether the new task starts before the old one stops.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum UpdateOrder {
    /// The old one stops first.
    #[default]
    StopFirst,
    /// The new one starts first.
    StartFirst,
}

/// What happens when new tasks fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum UpdateFailure {
    /// The roll-out stops where it is.
    #[default]
    Pause,
    /// It goes on.
    Continue,
    /// The change is taken back.
    Rollback,
}

/// What happens when tasks fail while a change is taken back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RollbackFailure {
    /// It stops where it is.
    #[default]
    Pause,
    /// It goes on.
    Continue,
}

/// A share, 0 to 1, down to a millionth.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(try_from = "f64", into = "f64")]
#[schemars(extend("minimum" = 0, "maximum" = 1))]
pub struct Ratio {
    millionths: u32,
}

/// A number that is no share.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("a share is between 0 and 1: {0}")]
pub struct RatioOutOfRange(f64);

impl TryFrom<f64> for Ratio {
    type Error = RatioOutOfRange;

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the number was seen to be within 0 and a million"
    )]
    fn try_from(value: f64) -> Result<Self, Self::Error> {
        if (0.0..=1.0).contains(&value) {
            Ok(Self {
                millionths: (value * 1e6).round() as u32,
            })
        } else {
            Err(RatioOutOfRange(value))
        }
    }
}

impl From<Ratio> for f64 {
    fn from(ratio: Ratio) -> Self {
        Self::from(ratio.millionths) / 1e6
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f64::from(*self).fmt(f)
    }
}
