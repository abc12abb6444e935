//! On which nodes tasks may run.

mod matching;

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use matching::may_match;

use crate::text::{InvalidText, checked_text, text_value};

/// On which nodes tasks may run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Placement {
    /// What a node must be; all of them hold.
    pub constraints: Vec<Constraint>,
    /// Node labels over whose values tasks are spread evenly, such as `node.labels.zone`.
    pub spread: Vec<SpreadKey>,
    /// The platforms the image runs on, such as `linux/amd64`; by default those it says.
    pub platforms: Vec<Platform>,
}

/// What a node must be: `node.labels.role == web`, `node.role != manager`.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend(
    "pattern" = "^\\s*(node\\.(id|hostname|role|ip|platform\\.(os|arch)|labels\\.[A-Za-z0-9_.-]+)|engine\\.labels\\.[A-Za-z0-9_.-]+)\\s*(==|!=)\\s*\\S.*$"
))]
pub struct Constraint {
    /// What is compared.
    pub subject: ConstraintSubject,
    /// How it is compared.
    pub comparison: Comparison,
    /// With what.
    pub value: String,
}

/// What a constraint compares.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConstraintSubject {
    /// `node.id`: the engine's ID of the node.
    Id,
    /// `node.hostname`: the node's host name.
    Hostname,
    /// `node.role`: `manager` or `worker`.
    Role,
    /// `node.ip`: the node's address or network.
    Ip,
    /// `node.platform.os`: the operating system.
    Os,
    /// `node.platform.arch`: the machine.
    Architecture,
    /// `node.labels.KEY`: a label the manifest gives the node.
    NodeLabel(String),
    /// `engine.labels.KEY`: a label in the engine's own configuration.
    EngineLabel(String),
}

/// How a constraint compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
}

impl FromStr for Constraint {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_constraint(text).ok_or_else(|| {
            InvalidText::new(
                text,
                "a placement constraint",
                "`==` or `!=` between one of node.labels.KEY, node.hostname, node.role, node.id, node.ip, node.platform.os, node.platform.arch, engine.labels.KEY and a value",
            )
        })
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let comparison = match self.comparison {
            Comparison::Equal => "==",
            Comparison::NotEqual => "!=",
        };
        write!(f, "{} {comparison} {}", self.subject, self.value)
    }
}

text_value!(Constraint);

impl fmt::Display for ConstraintSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id => f.write_str("node.id"),
            Self::Hostname => f.write_str("node.hostname"),
            Self::Role => f.write_str("node.role"),
            Self::Ip => f.write_str("node.ip"),
            Self::Os => f.write_str("node.platform.os"),
            Self::Architecture => f.write_str("node.platform.arch"),
            Self::NodeLabel(key) => write!(f, "node.labels.{key}"),
            Self::EngineLabel(key) => write!(f, "engine.labels.{key}"),
        }
    }
}

/// A node label over whose values tasks are spread: `node.labels.KEY` or `engine.labels.KEY`.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^(node|engine)\\.labels\\.[A-Za-z0-9_.-]+$"))]
pub struct SpreadKey(String);

checked_text!(
    SpreadKey,
    is_spread_key,
    "a label to spread over",
    "`node.labels.KEY` or `engine.labels.KEY`"
);

/// A platform: operating system and machine, `linux/amd64`.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^[a-z0-9]+/[a-z0-9_]+$"))]
pub struct Platform(String);

checked_text!(
    Platform,
    is_platform,
    "a platform",
    "operating system and machine with `/` between, such as `linux/amd64`"
);

fn parse_constraint(text: &str) -> Option<Constraint> {
    let (at, comparison) = match (text.find("=="), text.find("!=")) {
        (Some(equal), Some(unequal)) if unequal < equal => (unequal, Comparison::NotEqual),
        (Some(equal), _) => (equal, Comparison::Equal),
        (None, Some(unequal)) => (unequal, Comparison::NotEqual),
        (None, None) => return None,
    };
    let subject = parse_subject(text[..at].trim())?;
    let value = text[at + 2..].trim();
    if value.is_empty() || value.contains(['\n', '\r']) {
        return None;
    }
    Some(Constraint {
        subject,
        comparison,
        value: value.to_owned(),
    })
}

fn parse_subject(text: &str) -> Option<ConstraintSubject> {
    if let Some(key) = text.strip_prefix("node.labels.") {
        return is_label_key(key).then(|| ConstraintSubject::NodeLabel(key.to_owned()));
    }
    if let Some(key) = text.strip_prefix("engine.labels.") {
        return is_label_key(key).then(|| ConstraintSubject::EngineLabel(key.to_owned()));
    }
    match text {
        "node.id" => Some(ConstraintSubject::Id),
        "node.hostname" => Some(ConstraintSubject::Hostname),
        "node.role" => Some(ConstraintSubject::Role),
        "node.ip" => Some(ConstraintSubject::Ip),
        "node.platform.os" => Some(ConstraintSubject::Os),
        "node.platform.arch" => Some(ConstraintSubject::Architecture),
        _ => None,
    }
}

fn is_label_key(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

fn is_spread_key(text: &str) -> bool {
    let key = text
        .strip_prefix("node.labels.")
        .or_else(|| text.strip_prefix("engine.labels."));
    key.is_some_and(is_label_key)
}

fn is_platform(text: &str) -> bool {
    let word = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    text.split_once('/')
        .is_some_and(|(os, machine)| word(os) && word(machine))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_read_with_and_without_spaces() {
        let constraint: Constraint = "node.labels.role==apps".parse().unwrap();
        assert_eq!(
            constraint.subject,
            ConstraintSubject::NodeLabel("role".to_owned())
        );
        assert_eq!(constraint.to_string(), "node.labels.role == apps");
        let constraint: Constraint = " node.role != manager ".parse().unwrap();
        assert_eq!(
            (constraint.comparison, constraint.value.as_str()),
            (Comparison::NotEqual, "manager")
        );
        for text in [
            "",
            "node.role",
            "node.role = x",
            "node.rolle == x",
            "node.labels. == x",
            "node.id ==",
        ] {
            assert!(text.parse::<Constraint>().is_err(), "{text}");
        }
    }
}
