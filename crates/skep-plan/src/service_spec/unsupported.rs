//! What a service asks for that is not given to the engine.
//!
//! A field is listed here or written by [`crate::service_spec`]: nothing is dropped silently.

use skep_manifest::service::ServiceSpec;
use skep_manifest::service::container::{Capabilities, Dns, Restart, Stop};
use skep_manifest::service::image::DigestPolicy;
use skep_manifest::service::mode::Mode;
use skep_manifest::service::network::NetworkReference;
use skep_manifest::service::resources::Resources;
use skep_manifest::service::update::{Rollback, Update};

/// The fields of a service that cannot be honoured, as they stand in the manifest.
#[expect(
    clippy::too_many_lines,
    reason = "every field of a service by name, so that a new one cannot be forgotten"
)]
pub(crate) fn unsupported(spec: &ServiceSpec) -> Vec<String> {
    let ServiceSpec {
        // Written by `service_spec`, except for what is looked at below.
        image: _,
        command: _,
        args: _,
        environment: _,
        labels: _,
        container_labels: _,
        endpoint: _,
        mode,
        ports,
        placement,
        networks,
        // Decides in the plan whether a difference is put right.
        drift: _,
        // Has no effect.
        digest,
        mounts,
        configs,
        secrets,
        container_health,
        resources,
        restart,
        update,
        rollback,
        stop,
        init,
        user,
        working_directory,
        hostname,
        read_only,
        capabilities,
        sysctls,
        ulimits,
        hosts,
        dns,
        logging,
    } = spec;
    let own_network = |network: &NetworkReference| matches!(network, NetworkReference::Network(_));
    let fields = [
        (
            "mode",
            matches!(mode, Mode::ReplicatedJob(_) | Mode::GlobalJob(_)),
        ),
        (
            "ports.onlyOn",
            ports.iter().any(|port| port.only_on.is_some()),
        ),
        ("placement.spread", !placement.spread.is_empty()),
        ("placement.platforms", !placement.platforms.is_empty()),
        (
            "networks.network",
            networks
                .iter()
                .any(|attached| own_network(&attached.network)),
        ),
        ("digest", *digest != DigestPolicy::default()),
        ("mounts", !mounts.is_empty()),
        ("configs", !configs.is_empty()),
        ("secrets", !secrets.is_empty()),
        ("containerHealth", container_health.is_some()),
        ("resources", *resources != Resources::default()),
        ("restart", *restart != Restart::default()),
        ("update", *update != Update::default()),
        ("rollback", *rollback != Rollback::default()),
        ("stop", *stop != Stop::default()),
        ("init", *init),
        ("user", user.is_some()),
        ("workingDirectory", working_directory.is_some()),
        ("hostname", hostname.is_some()),
        ("readOnly", *read_only),
        ("capabilities", *capabilities != Capabilities::default()),
        ("sysctls", !sysctls.is_empty()),
        ("ulimits", !ulimits.is_empty()),
        ("hosts", !hosts.is_empty()),
        ("dns", *dns != Dns::default()),
        ("logging", logging.is_some()),
    ];
    fields
        .into_iter()
        .filter(|(_, asked)| *asked)
        .map(|(field, _)| field.to_owned())
        .collect()
}
