//! `Stack`: an existing compose file.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::value_source::{RelativePath, ValueSource};

/// An existing compose file, unchanged. A key of it that cannot be honoured is an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StackSpec {
    /// The compose file: exactly one of `value`, `fromFile`, `read`.
    pub compose: ComposeSource,
    /// The variables that the file refers to; the submitter's own environment is not read.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
}

/// Where the compose file of a stack is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ComposeSource {
    /// The file itself.
    Value(String),
    /// A file that whoever submits the manifest reads, relative to this document, with the files
    /// that it refers to; all of it travels with the desired state.
    FromFile(RelativePath),
    /// The file with the files that it refers to: what stands in place of `fromFile` once it was
    /// read.
    Read(ReadCompose),
}

impl fmt::Debug for ComposeSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(_) => f.write_str("Value(..)"),
            Self::FromFile(path) => f.debug_tuple("FromFile").field(path).finish(),
            Self::Read(read) => f.debug_tuple("Read").field(&read.name).finish(),
        }
    }
}

/// A compose file with the files that it refers to.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReadCompose {
    /// Its path, relative to this document; nothing when it stands in the document itself.
    pub name: Option<String>,
    /// What it says.
    pub text: String,
    /// The configs and environments that it refers to, by the path that it names.
    #[serde(default)]
    pub files: BTreeMap<String, ValueSource>,
    /// The secrets that it refers to, by the path that it names.
    #[serde(default)]
    pub secrets: BTreeMap<String, ValueSource>,
}
