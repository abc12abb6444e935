//! `Secret`: a file that services get and nobody else.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::value_source::ValueSource;

/// A file that services get and that is kept secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SecretSpec {
    /// Its content.
    pub data: ValueSource,
    /// Labels of the secret in the engine.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
}
