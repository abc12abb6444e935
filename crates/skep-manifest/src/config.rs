//! `Config`: a file that services get.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::value_source::ValueSource;

/// A file that services get, readable by everyone who can read the swarm's state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConfigSpec {
    /// Its content.
    pub data: ValueSource,
    /// Labels of the config in the engine.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
}
