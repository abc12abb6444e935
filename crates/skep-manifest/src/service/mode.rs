//! How many tasks a service has.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many tasks there are: exactly one of `replicated`, `global`, `replicatedJob`, `globalJob`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Mode {
    /// A number of tasks.
    Replicated(Replicated),
    /// One task on every node that fits.
    Global(Global),
    /// Tasks that run until so many have succeeded.
    ReplicatedJob(ReplicatedJob),
    /// One task on every node that fits, run once.
    GlobalJob(Global),
}

impl Default for Mode {
    fn default() -> Self {
        Self::Replicated(Replicated::default())
    }
}

/// A number of tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Replicated {
    /// How many tasks.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub replicas: u32,
    /// How many of them one node may have, by default any number.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub max_per_node: Option<u32>,
}

impl Default for Replicated {
    fn default() -> Self {
        Self {
            replicas: 1,
            max_per_node: None,
        }
    }
}

/// One task per node; there is nothing to set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Global {}

/// Tasks that run until so many have succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ReplicatedJob {
    /// How many must succeed.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub completions: u32,
    /// How many run at a time, by default all.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub concurrent: Option<u32>,
}

impl Default for ReplicatedJob {
    fn default() -> Self {
        Self {
            completions: 1,
            concurrent: None,
        }
    }
}
