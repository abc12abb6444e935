//! Where a value comes from that need not, or must not, stand in the manifest.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::text::checked_text;

/// Where a value comes from: exactly one of `value`, `fromFile`, `fromEnv`, `sealed`,
/// `fromNodeFile`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ValueSource {
    /// The value itself, readable by everyone who can read the manifest.
    Value(String),
    /// A file that whoever submits the manifest reads, relative to this document; its content
    /// travels with the desired state.
    FromFile(RelativePath),
    /// A variable in the environment of whoever submits the manifest.
    FromEnv(EnvironmentName),
    /// What `skep seal` printed: only the agents can open it, so it may lie in git.
    Sealed(Sealed),
    /// A file that every agent reads on its own node; its content never leaves the node.
    FromNodeFile(AbsolutePath),
}

impl fmt::Debug for ValueSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(_) => f.write_str("Value(..)"),
            Self::FromFile(path) => f.debug_tuple("FromFile").field(path).finish(),
            Self::FromEnv(name) => f.debug_tuple("FromEnv").field(name).finish(),
            Self::Sealed(_) => f.write_str("Sealed(..)"),
            Self::FromNodeFile(path) => f.debug_tuple("FromNodeFile").field(path).finish(),
        }
    }
}

/// The path of a file, relative to the document that names it, or absolute.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("minLength" = 1))]
pub struct RelativePath(String);

checked_text!(
    RelativePath,
    is_path,
    "a path",
    "the path of a file, relative to this document"
);

/// The absolute path of a file on a node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^/"))]
pub struct AbsolutePath(String);

checked_text!(
    AbsolutePath,
    is_absolute_path,
    "an absolute path",
    "a path that begins with `/`, such as `/etc/skep/vrrp.key`"
);

/// The name of an environment variable.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^[A-Za-z_][A-Za-z0-9_]*$"))]
pub struct EnvironmentName(String);

checked_text!(
    EnvironmentName,
    is_environment_name,
    "the name of an environment variable",
    "letters, digits and `_`, not beginning with a digit"
);

/// A sealed value as `skep seal` prints it: `skep1.` and what follows.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^skep1\\.[A-Za-z0-9_=+/-]+$"))]
pub struct Sealed(String);

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed(..)")
    }
}

checked_text!(
    Sealed,
    is_sealed,
    "a sealed value",
    "what `skep seal` printed: it begins with `skep1.`"
);

fn is_path(text: &str) -> bool {
    !text.is_empty() && !text.contains('\0')
}

fn is_absolute_path(text: &str) -> bool {
    text.starts_with('/') && !text.contains('\0')
}

fn is_environment_name(text: &str) -> bool {
    text.bytes()
        .next()
        .is_some_and(|byte| !byte.is_ascii_digit())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn is_sealed(text: &str) -> bool {
    text.strip_prefix("skep1.").is_some_and(|rest| {
        !rest.is_empty()
            && rest
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_=+/-".contains(&byte))
    })
}
