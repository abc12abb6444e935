//! The fields that skep owns.

use std::collections::BTreeMap;

use serde_json::Value;

use super::at;
use super::normal::{Normal, container, endpoint, files, placement, policy};
use super::normal::{flag, image, list, map, number, text};

/// A field of the engine's specification that skep owns, what is compared in it, and what is
/// written where it differs.
pub(super) struct Field {
    pub(super) path: &'static [&'static str],
    compare: Compare,
    pub(super) write: Write,
}

enum Compare {
    Plain(fn(&Value) -> Normal),
    /// With the names of networks by id.
    Networks(fn(&Value, &BTreeMap<String, String>) -> Normal),
    /// With the mode of the service.
    Mode(fn(&Value, &Value) -> Normal),
}

/// What is written where a field differs.
pub(super) enum Write {
    /// All of it: what the manifest does not say goes.
    Whole,
    /// The entries that skep knows; those of a later engine stay.
    Entries,
}

impl Field {
    const fn plain(path: &'static [&'static str], compare: fn(&Value) -> Normal) -> Self {
        Self {
            path,
            compare: Compare::Plain(compare),
            write: Write::Whole,
        }
    }

    const fn entries(path: &'static [&'static str], compare: fn(&Value) -> Normal) -> Self {
        Self {
            write: Write::Entries,
            ..Self::plain(path, compare)
        }
    }

    const fn networks(
        path: &'static [&'static str],
        compare: fn(&Value, &BTreeMap<String, String>) -> Normal,
    ) -> Self {
        Self {
            path,
            compare: Compare::Networks(compare),
            write: Write::Whole,
        }
    }

    /// What is compared in a specification.
    pub(super) fn normal(&self, spec: &Value, networks: &BTreeMap<String, String>) -> Normal {
        let value = at(spec, self.path);
        match self.compare {
            Compare::Plain(compare) => compare(value),
            Compare::Networks(compare) => compare(value, networks),
            Compare::Mode(compare) => compare(value, at(spec, &["Mode"])),
        }
    }
}

/// The fields that skep owns, in the order they are shown.
pub(super) const FIELDS: [Field; 37] = [
    Field::plain(&["Labels"], map),
    Field::plain(&["TaskTemplate", "ContainerSpec", "Image"], image),
    Field::plain(&["TaskTemplate", "ContainerSpec", "Command"], list),
    Field::plain(&["TaskTemplate", "ContainerSpec", "Args"], list),
    Field::plain(
        &["TaskTemplate", "ContainerSpec", "Env"],
        container::environment,
    ),
    Field::plain(&["TaskTemplate", "ContainerSpec", "Labels"], map),
    Field::plain(&["TaskTemplate", "ContainerSpec", "Hostname"], text),
    Field::plain(&["TaskTemplate", "ContainerSpec", "Dir"], text),
    Field::plain(&["TaskTemplate", "ContainerSpec", "User"], text),
    Field::plain(&["TaskTemplate", "ContainerSpec", "ReadOnly"], flag),
    Field::plain(&["TaskTemplate", "ContainerSpec", "Init"], flag),
    Field::plain(&["TaskTemplate", "ContainerSpec", "StopSignal"], text),
    Field::plain(
        &["TaskTemplate", "ContainerSpec", "StopGracePeriod"],
        container::stop_grace_period,
    ),
    Field::entries(
        &["TaskTemplate", "ContainerSpec", "Healthcheck"],
        container::health,
    ),
    Field::plain(
        &["TaskTemplate", "ContainerSpec", "Mounts"],
        container::mounts,
    ),
    Field::plain(
        &["TaskTemplate", "ContainerSpec", "Configs"],
        files::configs,
    ),
    Field::plain(
        &["TaskTemplate", "ContainerSpec", "Secrets"],
        files::secrets,
    ),
    Field::plain(
        &["TaskTemplate", "ContainerSpec", "Hosts"],
        container::hosts,
    ),
    Field::entries(
        &["TaskTemplate", "ContainerSpec", "DNSConfig"],
        container::dns,
    ),
    Field::plain(&["TaskTemplate", "ContainerSpec", "Sysctls"], map),
    Field::plain(
        &["TaskTemplate", "ContainerSpec", "CapabilityAdd"],
        container::capabilities,
    ),
    Field::plain(
        &["TaskTemplate", "ContainerSpec", "CapabilityDrop"],
        container::capabilities,
    ),
    Field::plain(
        &["TaskTemplate", "ContainerSpec", "Ulimits"],
        container::ulimits,
    ),
    Field::entries(&["TaskTemplate", "Resources", "Limits"], policy::resources),
    Field::entries(
        &["TaskTemplate", "Resources", "Reservations"],
        policy::resources,
    ),
    Field {
        path: &["TaskTemplate", "RestartPolicy"],
        compare: Compare::Mode(policy::restart),
        write: Write::Entries,
    },
    Field::plain(
        &["TaskTemplate", "Placement", "Constraints"],
        placement::constraints,
    ),
    Field::plain(
        &["TaskTemplate", "Placement", "Preferences"],
        placement::preferences,
    ),
    Field::plain(
        &["TaskTemplate", "Placement", "Platforms"],
        placement::platforms,
    ),
    Field::plain(&["TaskTemplate", "Placement", "MaxReplicas"], number),
    Field::networks(&["TaskTemplate", "Networks"], endpoint::networks),
    Field::plain(&["TaskTemplate", "LogDriver"], policy::logging),
    Field::plain(&["Mode"], placement::mode),
    Field::entries(&["UpdateConfig"], policy::rollout),
    Field::entries(&["RollbackConfig"], policy::rollout),
    Field::plain(&["EndpointSpec", "Mode"], endpoint::mode),
    Field::plain(&["EndpointSpec", "Ports"], endpoint::ports),
];
