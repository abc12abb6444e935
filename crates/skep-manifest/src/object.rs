//! One object of a manifest: its kind, its metadata and what is wanted of it.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::ConfigSpec;
use crate::health_check::HealthCheckSpec;
use crate::name::Name;
use crate::network::NetworkSpec;
use crate::notifier::NotifierSpec;
use crate::secret::SecretSpec;
use crate::service::ServiceSpec;
use crate::stack::StackSpec;
use crate::swarm::SwarmSpec;
use crate::vip_group::VipGroupSpec;

/// The version of the language: the `apiVersion` of every document.
pub const API_VERSION: &str = "skep/v1";

/// The kinds of objects.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum Kind {
    /// The Docker Swarm.
    Swarm,
    /// Addresses that move together.
    VipGroup,
    /// Something a node looks at again and again.
    HealthCheck,
    /// Whom to tell about transitions.
    Notifier,
    /// Containers that the swarm keeps running.
    Service,
    /// An existing compose file.
    Stack,
    /// A network between tasks.
    Network,
    /// A file that services get.
    Config,
    /// A file that services get and nobody else.
    Secret,
}

impl Kind {
    /// All of them, in the order of the language.
    pub const ALL: [Self; 9] = [
        Self::Swarm,
        Self::VipGroup,
        Self::HealthCheck,
        Self::Notifier,
        Self::Service,
        Self::Stack,
        Self::Network,
        Self::Config,
        Self::Secret,
    ];

    /// The kind as it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Swarm => "Swarm",
            Self::VipGroup => "VipGroup",
            Self::HealthCheck => "HealthCheck",
            Self::Notifier => "Notifier",
            Self::Service => "Service",
            Self::Stack => "Stack",
            Self::Network => "Network",
            Self::Config => "Config",
            Self::Secret => "Secret",
        }
    }

    /// The kind that is written like this.
    #[must_use]
    pub fn from_written(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which object: no two of a desired state have the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObjectKey {
    /// What it is.
    pub kind: Kind,
    /// What it is called.
    pub name: Name,
}

/// As plans and conditions name it: `service/web`.
impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}/{}",
            self.kind.as_str().to_ascii_lowercase(),
            self.name
        )
    }
}

/// What an object is called, and what its author notes about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Metadata {
    /// The object's name, unique among the objects of its kind.
    pub name: Name,
    /// Labels, to select objects by.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Notes for people and tools; skep does not read them.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
}

/// An object of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resource<Spec> {
    /// What it is called.
    pub metadata: Metadata,
    /// What is wanted of it.
    pub spec: Spec,
}

/// An object of any kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind")]
#[expect(
    clippy::large_enum_variant,
    reason = "most objects of a big manifest are of the largest kind, services"
)]
pub enum Object {
    /// The Docker Swarm.
    Swarm(Resource<SwarmSpec>),
    /// Addresses that move together.
    VipGroup(Resource<VipGroupSpec>),
    /// Something a node looks at again and again.
    HealthCheck(Resource<HealthCheckSpec>),
    /// Whom to tell about transitions.
    Notifier(Resource<NotifierSpec>),
    /// Containers that the swarm keeps running.
    Service(Resource<ServiceSpec>),
    /// An existing compose file.
    Stack(Resource<StackSpec>),
    /// A network between tasks.
    Network(Resource<NetworkSpec>),
    /// A file that services get.
    Config(Resource<ConfigSpec>),
    /// A file that services get and nobody else.
    Secret(Resource<SecretSpec>),
}

impl Object {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Swarm(_) => Kind::Swarm,
            Self::VipGroup(_) => Kind::VipGroup,
            Self::HealthCheck(_) => Kind::HealthCheck,
            Self::Notifier(_) => Kind::Notifier,
            Self::Service(_) => Kind::Service,
            Self::Stack(_) => Kind::Stack,
            Self::Network(_) => Kind::Network,
            Self::Config(_) => Kind::Config,
            Self::Secret(_) => Kind::Secret,
        }
    }

    /// What it is called.
    #[must_use]
    pub const fn metadata(&self) -> &Metadata {
        match self {
            Self::Swarm(resource) => &resource.metadata,
            Self::VipGroup(resource) => &resource.metadata,
            Self::HealthCheck(resource) => &resource.metadata,
            Self::Notifier(resource) => &resource.metadata,
            Self::Service(resource) => &resource.metadata,
            Self::Stack(resource) => &resource.metadata,
            Self::Network(resource) => &resource.metadata,
            Self::Config(resource) => &resource.metadata,
            Self::Secret(resource) => &resource.metadata,
        }
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &Name {
        &self.metadata().name
    }

    /// Which one it is.
    #[must_use]
    pub fn key(&self) -> ObjectKey {
        ObjectKey {
            kind: self.kind(),
            name: self.name().clone(),
        }
    }
}
