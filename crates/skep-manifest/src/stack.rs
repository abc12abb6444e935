//! `Stack`: an existing compose file.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::value_source::ValueSource;

/// An existing compose file, unchanged. A key of it that cannot be honoured is an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StackSpec {
    /// The compose file.
    pub compose: ValueSource,
    /// The variables that the file refers to; the submitter's own environment is not read.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
}
