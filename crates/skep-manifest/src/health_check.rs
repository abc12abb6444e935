//! `HealthCheck`: something a node looks at again and again.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::address::{Address, Subnet, Url};
use crate::duration::Interval;
use crate::name::InterfaceName;
use crate::text::{InvalidText, text_value};
use crate::value_source::AbsolutePath;

/// Something a node looks at again and again; VIP groups track it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HealthCheckSpec {
    /// What is looked at: exactly one of `tcp`, `listening`, `http`, `exec`, `file`, `process`,
    /// `route`.
    #[serde(flatten)]
    pub probe: Probe,
    /// The time from one look to the next.
    #[serde(default = "HealthCheckSpec::default_interval")]
    pub interval: Interval,
    /// How long one look may take, by default as long as the interval.
    pub timeout: Option<Interval>,
    /// After how many failures in a row the check fails.
    #[serde(default = "HealthCheckSpec::default_fall")]
    #[schemars(range(min = 1, max = 255))]
    pub fall: u8,
    /// After how many successes in a row the check passes again.
    #[serde(default = "HealthCheckSpec::default_rise")]
    #[schemars(range(min = 1, max = 255))]
    pub rise: u8,
    /// What counts until the first result stands.
    #[serde(default)]
    pub initially: Initially,
}

impl HealthCheckSpec {
    const fn default_interval() -> Interval {
        Interval::from_secs(1)
    }

    const fn default_fall() -> u8 {
        3
    }

    const fn default_rise() -> u8 {
        2
    }
}

/// What counts until the first result stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Initially {
    /// The check fails.
    #[default]
    Failing,
    /// The check passes.
    Passing,
}

/// What a check looks at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Probe {
    /// A TCP connection to the member's own address is accepted.
    Tcp(TcpProbe),
    /// A socket of the node listens; nothing is connected.
    Listening(ListeningProbe),
    /// A web server answers.
    Http(HttpProbe),
    /// A program ends with exit code 0.
    Exec(ExecProbe),
    /// A file exists, or has a certain content.
    File(FileProbe),
    /// A process runs.
    Process(ProcessProbe),
    /// The kernel has a route.
    Route(RouteProbe),
}

/// A TCP connection is accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TcpProbe {
    /// The port.
    #[schemars(range(min = 1, max = 65535))]
    pub port: u16,
    /// The host, by default the member's own address.
    #[schemars(length(min = 1))]
    pub host: Option<String>,
}

/// A socket of the node listens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListeningProbe {
    /// The TCP port.
    #[schemars(range(min = 1, max = 65535))]
    pub port: u16,
    /// The address it must listen on, by default any.
    pub address: Option<Address>,
}

/// A web server answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HttpProbe {
    /// What is asked for.
    pub url: Url,
    /// The `Host` header and, with `https`, the name in the certificate; by default the URL's host.
    #[schemars(length(min = 1))]
    pub host: Option<String>,
    /// The method.
    #[serde(default)]
    pub method: HttpMethod,
    /// The status codes that are good.
    #[serde(default = "HttpProbe::default_statuses")]
    #[schemars(length(min = 1))]
    pub statuses: Vec<StatusRange>,
    /// A text the answer must contain, in its first MiB.
    pub contains: Option<String>,
    /// Whether any certificate of the server is accepted.
    #[serde(default)]
    pub insecure: bool,
}

impl HttpProbe {
    fn default_statuses() -> Vec<StatusRange> {
        vec![StatusRange {
            first: 200,
            last: 299,
        }]
    }
}

/// The method of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum HttpMethod {
    /// Ask for the document.
    #[default]
    Get,
    /// Ask for its headers only.
    Head,
    /// Send an empty form.
    Post,
}

/// Status codes of HTTP: `"200"` or `200-299`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^[1-5][0-9]{2}(-[1-5][0-9]{2})?$"))]
pub struct StatusRange {
    first: u16,
    last: u16,
}

impl StatusRange {
    /// Whether `status` is one of them.
    #[must_use]
    pub const fn contains(self, status: u16) -> bool {
        self.first <= status && status <= self.last
    }
}

impl FromStr for StatusRange {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let code = |text: &str| {
            let digits = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse::<u16>()
                .ok()
                .filter(|code| digits && (100..600).contains(code))
        };
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        match (code(first), code(last)) {
            (Some(first), Some(last)) if first <= last => Ok(Self { first, last }),
            _ => Err(InvalidText::new(
                text,
                "a range of status codes",
                "one code in quotes or two with `-` between, such as `\"200\"` or `200-299`",
            )),
        }
    }
}

impl fmt::Display for StatusRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(f, "{}", self.first)
        } else {
            write!(f, "{}-{}", self.first, self.last)
        }
    }
}

text_value!(StatusRange);

/// A program ends with exit code 0. It is run directly, without a shell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExecProbe {
    /// The program and its arguments.
    #[schemars(length(min = 1))]
    pub argv: Vec<String>,
    /// The user it runs as.
    #[serde(default = "default_user")]
    #[schemars(length(min = 1))]
    pub user: String,
    /// Its environment.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
}

/// A file exists, or has a certain content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FileProbe {
    /// The file.
    pub path: AbsolutePath,
    /// What it must contain, without the last line break.
    pub equals: Option<String>,
}

/// A process runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProcessProbe {
    /// The name of the process or of the file of its program.
    #[schemars(length(min = 1))]
    pub name: String,
    /// How many must run at least.
    #[serde(default = "ProcessProbe::default_minimum")]
    #[schemars(range(min = 1, max = 65535))]
    pub minimum: u16,
}

impl ProcessProbe {
    const fn default_minimum() -> u16 {
        1
    }
}

/// The kernel has a route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RouteProbe {
    /// The network it leads to, exactly; `0.0.0.0/0` and `::/0` are the default routes.
    pub to: Subnet,
    /// The interface it leaves through, by default any.
    pub interface: Option<InterfaceName>,
}

/// The user that checks and notifiers run as unless they say otherwise.
pub(crate) fn default_user() -> String {
    "nobody".to_owned()
}
