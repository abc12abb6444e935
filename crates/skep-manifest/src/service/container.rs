//! How one container of a service behaves.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::duration::{Duration, Interval};
use crate::text::checked_text;

/// How Docker itself sees whether a container is healthy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContainerHealth {
    /// The program inside the container, and its arguments; exit code 0 is healthy. `[NONE]` takes
    /// the image's own check away.
    #[schemars(length(min = 1))]
    pub test: Vec<String>,
    /// The time from one run to the next.
    #[serde(default = "ContainerHealth::default_interval")]
    pub interval: Interval,
    /// How long one run may take.
    #[serde(default = "ContainerHealth::default_timeout")]
    pub timeout: Interval,
    /// After how many failures in a row the container is unhealthy.
    #[serde(default = "ContainerHealth::default_retries")]
    #[schemars(range(min = 1, max = 1000))]
    pub retries: u16,
    /// For how long after its start failures do not count.
    #[serde(default)]
    pub start_period: Duration,
}

impl ContainerHealth {
    /// Whether the image's own check is taken away and there is none.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.test == ["NONE"]
    }

    const fn default_interval() -> Interval {
        Interval::from_secs(30)
    }

    const fn default_timeout() -> Interval {
        Interval::from_secs(30)
    }

    const fn default_retries() -> u16 {
        3
    }
}

/// When a task that ended is started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Restart {
    /// After which end.
    pub condition: RestartCondition,
    /// How long is waited first.
    pub delay: Duration,
    /// How often within the window; 0 is without limit.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub max_attempts: u32,
    /// The time over which attempts are counted; `0s` is for ever.
    pub window: Duration,
}

impl Default for Restart {
    fn default() -> Self {
        Self {
            condition: RestartCondition::Any,
            delay: Duration::from_secs(5),
            max_attempts: 0,
            window: Duration::ZERO,
        }
    }
}

/// After which end a task is started again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RestartCondition {
    /// Any.
    #[default]
    Any,
    /// A failure.
    OnFailure,
    /// None.
    None,
}

/// How a container is stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Stop {
    /// The signal it gets, by default the image's own.
    pub signal: Option<Signal>,
    /// How long it has until it is killed.
    pub grace: Duration,
}

impl Default for Stop {
    fn default() -> Self {
        Self {
            signal: None,
            grace: Duration::from_secs(10),
        }
    }
}

/// A signal by its name: `SIGTERM`.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^SIG[A-Z0-9+-]+$"))]
pub struct Signal(String);

checked_text!(
    Signal,
    is_signal,
    "a signal",
    "its name in upper case, such as `SIGTERM`"
);

/// The kernel capabilities that are added and dropped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Capabilities {
    /// Capabilities beyond Docker's default, such as `NET_ADMIN`.
    pub add: Vec<String>,
    /// Capabilities of Docker's default that are taken away; `ALL` takes all.
    pub drop: Vec<String>,
}

/// How names are resolved inside the container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Dns {
    /// The name servers, by default the node's.
    pub nameservers: Vec<Address>,
    /// The domains in which short names are looked up.
    pub search: Vec<String>,
    /// Options of the resolver, such as `ndots:2`.
    pub options: Vec<String>,
}

/// Where the containers' output goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Logging {
    /// The log driver.
    #[schemars(length(min = 1))]
    pub driver: String,
    /// Options of the driver.
    #[serde(default)]
    pub options: BTreeMap<String, String>,
}

/// The signals of Linux that have a name, without `SIG`.
const SIGNALS: [&str; 34] = [
    "ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "IOT", "KILL",
    "PIPE", "POLL", "PROF", "PWR", "QUIT", "SEGV", "STKFLT", "STOP", "SYS", "TERM", "TRAP", "TSTP",
    "TTIN", "TTOU", "URG", "USR1", "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ",
];
/// From `SIGRTMIN` to `SIGRTMAX`.
const REAL_TIME_SIGNALS: u8 = 30;

fn is_signal(text: &str) -> bool {
    let Some(name) = text.strip_prefix("SIG") else {
        return false;
    };
    let distance = |rest: &str| {
        rest.bytes().all(|byte| byte.is_ascii_digit())
            && rest
                .parse()
                .is_ok_and(|number: u8| (1..=REAL_TIME_SIGNALS).contains(&number))
    };
    let is_real_time = |begin: &str, sign: char| {
        name.strip_prefix(begin)
            .is_some_and(|rest| rest.is_empty() || rest.strip_prefix(sign).is_some_and(distance))
    };
    SIGNALS.contains(&name) || is_real_time("RTMIN", '+') || is_real_time("RTMAX", '-')
}
