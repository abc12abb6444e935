//! `Notifier`: whom to tell about transitions, and how.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::address::HostPort;
use crate::duration::Interval;
use crate::health_check::default_user;
use crate::value_source::ValueSource;

/// Whom to tell about transitions: exactly one of `email`, `webhook`, `exec`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum NotifierSpec {
    /// People, by mail.
    Email(Email),
    /// A web server.
    Webhook(Webhook),
    /// A program on the node.
    Exec(ExecNotifier),
}

/// People are told by mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Email {
    /// The recipients.
    #[schemars(length(min = 1))]
    pub to: Vec<String>,
    /// The sender.
    #[schemars(length(min = 1))]
    pub from: String,
    /// The mail server and its port.
    pub server: HostPort,
    /// How the connection is encrypted.
    #[serde(default)]
    pub tls: Tls,
    /// The user, when the server wants one.
    pub username: Option<String>,
    /// The user's password.
    pub password: Option<ValueSource>,
    /// How long sending may take.
    #[serde(default = "thirty_seconds")]
    pub timeout: Interval,
}

/// How the connection to a mail server is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Tls {
    /// When the server offers it. A user's password is only sent over an encrypted line, to a
    /// server whose certificate is valid.
    #[default]
    Opportunistic,
    /// Always, after the greeting.
    Starttls,
    /// Always, from the first byte.
    Implicit,
    /// Never.
    None,
}

/// A web server is told with a POST request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Webhook {
    /// Its URL.
    pub url: ValueSource,
    /// Headers of the request.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// How long one request may take.
    #[serde(default = "Webhook::default_timeout")]
    pub timeout: Interval,
    /// How often it is tried again.
    #[serde(default = "Webhook::default_retries")]
    #[schemars(range(min = 0, max = 1000))]
    pub retries: u16,
}

impl Webhook {
    const fn default_timeout() -> Interval {
        Interval::from_secs(10)
    }

    const fn default_retries() -> u16 {
        10
    }
}

/// A program on the node is run, without a shell. Its environment says what happened: `SKEP_GROUP`,
/// `SKEP_STATE`, `SKEP_NODE`, `SKEP_PRIORITY`, `SKEP_ADDRESSES`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExecNotifier {
    /// The program and its arguments.
    #[schemars(length(min = 1))]
    pub argv: Vec<String>,
    /// The user it runs as.
    #[serde(default = "default_user")]
    #[schemars(length(min = 1))]
    pub user: String,
    /// How long it may take.
    #[serde(default = "thirty_seconds")]
    pub timeout: Interval,
}

const fn thirty_seconds() -> Interval {
    Interval::from_secs(30)
}
