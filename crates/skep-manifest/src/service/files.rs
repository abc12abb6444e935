//! What a container finds in its file system: mounts, configs, secrets.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::file_mode::FileMode;
use crate::name::{EngineName, Name};
use crate::size::Size;
use crate::text::checked_text;
use crate::value_source::AbsolutePath;

/// A directory, volume or piece of memory inside the containers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Mount {
    /// What is mounted: exactly one of `bind`, `volume`, `tmpfs`.
    #[serde(flatten)]
    pub source: MountSource,
    /// Where it is inside the container.
    pub target: AbsolutePath,
    /// Whether it is read-only.
    #[serde(default)]
    pub read_only: bool,
}

/// What is mounted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum MountSource {
    /// A directory or file of the node.
    Bind(Bind),
    /// A volume.
    Volume(Volume),
    /// Memory.
    Tmpfs(Tmpfs),
}

/// A directory or file of the node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Bind {
    /// Its path on the node.
    pub source: AbsolutePath,
}

/// A volume, made on each node when it is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Volume {
    /// Its name; without one every task has its own.
    pub name: Option<EngineName>,
    /// Its driver.
    #[serde(default = "Volume::default_driver")]
    #[schemars(length(min = 1))]
    pub driver: String,
    /// Options of the driver.
    #[serde(default)]
    pub options: BTreeMap<String, String>,
    /// Labels of a volume that is made.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
}

impl Volume {
    fn default_driver() -> String {
        "local".to_owned()
    }
}

/// Memory as a directory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Tmpfs {
    /// How much at most.
    pub size: Option<Size>,
    /// Its permissions.
    pub mode: Option<FileMode>,
}

/// A config as a file inside the containers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConfigFile {
    /// Which config: exactly one of `config`, `external`.
    #[serde(flatten)]
    pub config: ConfigReference,
    /// The file, by default `/` and the config's name.
    #[schemars(length(min = 1))]
    pub target: Option<String>,
    /// The number of the user who owns the file.
    #[serde(default)]
    pub uid: NumericId,
    /// The number of the group that owns the file.
    #[serde(default)]
    pub gid: NumericId,
    /// Its permissions.
    #[serde(default = "ConfigFile::default_mode")]
    pub mode: FileMode,
}

impl ConfigFile {
    const fn default_mode() -> FileMode {
        FileMode::from_bits(0o444)
    }
}

/// Which config.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ConfigReference {
    /// A `Config` of this manifest.
    Config(Name),
    /// A config that skep does not own.
    External(EngineName),
}

/// A secret as a file inside the containers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SecretFile {
    /// Which secret: exactly one of `secret`, `external`.
    #[serde(flatten)]
    pub secret: SecretReference,
    /// The file, by default the secret's name; relative paths begin at `/run/secrets`.
    #[schemars(length(min = 1))]
    pub target: Option<String>,
    /// The number of the user who owns the file.
    #[serde(default)]
    pub uid: NumericId,
    /// The number of the group that owns the file.
    #[serde(default)]
    pub gid: NumericId,
    /// Its permissions.
    #[serde(default = "SecretFile::default_mode")]
    pub mode: FileMode,
}

impl SecretFile {
    const fn default_mode() -> FileMode {
        FileMode::from_bits(0o400)
    }
}

/// Which secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SecretReference {
    /// A `Secret` of this manifest.
    Secret(Name),
    /// A secret that skep does not own.
    External(EngineName),
}

/// The number of a user or group, in quotes: `"0"`.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^[0-9]{1,10}$"))]
pub struct NumericId(String);

impl Default for NumericId {
    fn default() -> Self {
        Self("0".to_owned())
    }
}

checked_text!(
    NumericId,
    is_numeric_id,
    "the number of a user or group",
    "digits in quotes, such as `\"0\"`"
);

fn is_numeric_id(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u32>().is_ok()
}
