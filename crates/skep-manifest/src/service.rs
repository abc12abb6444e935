//! `Service`: containers that the swarm keeps running.

pub mod container;
pub mod files;
pub mod image;
pub mod mode;
pub mod network;
pub mod placement;
pub mod port;
pub mod resources;
pub mod update;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::swarm::Drift;
use crate::value_source::AbsolutePath;
use container::{Capabilities, ContainerHealth, Dns, Logging, Restart, Stop};
use files::{ConfigFile, Mount, SecretFile};
use image::{DigestPolicy, Image};
use mode::Mode;
use network::{Endpoint, NetworkAttachment};
use placement::Placement;
use port::Port;
use resources::{Resources, Ulimit};
use update::{Rollback, Update};

/// Containers that the swarm keeps running.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ServiceSpec {
    /// The image, named as the docker command line does: `nginx:1.27` is
    /// `docker.io/library/nginx:1.27`.
    pub image: Image,
    /// Whether the image's tag is followed, pinned, or left to the nodes.
    #[serde(default)]
    pub digest: DigestPolicy,
    /// The program that runs instead of the image's entry point.
    #[serde(default)]
    pub command: Vec<String>,
    /// Its arguments.
    #[serde(default)]
    pub args: Vec<String>,
    /// Environment variables.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// Labels of the service.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Labels of its containers.
    #[serde(default)]
    pub container_labels: BTreeMap<String, String>,
    /// How many tasks there are, and where.
    #[serde(default)]
    pub mode: Mode,
    /// The ports that are reachable from outside.
    #[serde(default)]
    pub ports: Vec<Port>,
    /// On which nodes tasks may run.
    #[serde(default)]
    pub placement: Placement,
    /// The networks its tasks are in.
    #[serde(default)]
    pub networks: Vec<NetworkAttachment>,
    /// Directories, volumes and memory inside the containers.
    #[serde(default)]
    pub mounts: Vec<Mount>,
    /// Configs as files inside the containers.
    #[serde(default)]
    pub configs: Vec<ConfigFile>,
    /// Secrets as files inside the containers.
    #[serde(default)]
    pub secrets: Vec<SecretFile>,
    /// How Docker itself sees whether a container is healthy.
    pub container_health: Option<ContainerHealth>,
    /// What a container may use, and what is set aside for it.
    #[serde(default)]
    pub resources: Resources,
    /// When a task that ended is started again.
    #[serde(default)]
    pub restart: Restart,
    /// How a change is rolled out.
    #[serde(default)]
    pub update: Update,
    /// How a change is taken back.
    #[serde(default)]
    pub rollback: Rollback,
    /// How a container is stopped.
    #[serde(default)]
    pub stop: Stop,
    /// Whether a small init process runs inside each container.
    #[serde(default)]
    pub init: bool,
    /// The user inside the container, `USER` or `USER:GROUP`.
    #[schemars(length(min = 1))]
    pub user: Option<String>,
    /// The working directory inside the container.
    pub working_directory: Option<AbsolutePath>,
    /// The host name inside the container; Docker's templates are filled in.
    #[schemars(length(min = 1))]
    pub hostname: Option<String>,
    /// Whether the container's file system is read-only.
    #[serde(default)]
    pub read_only: bool,
    /// The kernel capabilities that are added and dropped.
    #[serde(default)]
    pub capabilities: Capabilities,
    /// Kernel parameters inside the container.
    #[serde(default)]
    pub sysctls: BTreeMap<String, String>,
    /// Limits of the container's processes, by their name: `nofile`.
    #[serde(default)]
    pub ulimits: BTreeMap<String, Ulimit>,
    /// Further lines of `/etc/hosts`: host name to address.
    #[serde(default)]
    pub hosts: BTreeMap<String, Address>,
    /// How names are resolved inside the container.
    #[serde(default)]
    pub dns: Dns,
    /// How the service's name resolves: to one virtual address, or to all its tasks.
    #[serde(default)]
    pub endpoint: Endpoint,
    /// Where the containers' output goes, by default what the engine is set to.
    pub logging: Option<Logging>,
    /// What happens when the service differs from the manifest, by default what the `Swarm` says.
    pub drift: Option<Drift>,
}
