//! A declared service in the words of the engine.
//!
//! Every field that skep owns is written, also when it is empty, so that an update overwrites what
//! is there. The fields are those of `POST /services/create`; [`crate::difference`] lists them too.

pub(crate) mod attached;
pub(crate) mod container;
pub(crate) mod fingerprint;
pub(crate) mod image;
mod placement;
mod policy;
pub(crate) mod unsupported;

use serde_json::{Value, json};
use skep_manifest::desired::Declared;
use skep_manifest::name::Name;
use skep_manifest::service::ServiceSpec;
use skep_manifest::service::mode::Mode;
use skep_manifest::service::network::Endpoint;
use skep_manifest::service::port::{Port, Protocol, PublishMode};

use crate::difference;
use crate::files::Files;
use crate::images;
use crate::ownership::{HASH, IMAGE, OBJECT, SWARM, service_object};

/// The specification that the engine gets for a service of the swarm called `swarm`, labelled as
/// skep's and with its own fingerprint. With a digest it has that content of its image.
///
/// # Errors
///
/// The fields that cannot be honoured, as they stand in the manifest.
pub(crate) fn service_spec(
    swarm: &Name,
    service: &Declared<ServiceSpec>,
    files: &Files<'_>,
    digest: Option<&str>,
) -> Result<Value, Vec<String>> {
    let unsupported = unsupported::unsupported(&service.spec);
    if !unsupported.is_empty() {
        return Err(unsupported);
    }
    let name = service.metadata.name.as_str();
    let mut written = declared(name, &service.spec, files);
    if let Some(digest) = digest {
        let image = &mut written["TaskTemplate"]["ContainerSpec"]["Image"];
        let tagged = image.as_str().unwrap_or_default();
        *image = Value::String(format!("{tagged}@{digest}"));
        written["Labels"][IMAGE] = Value::String(images::label(&service.spec.image, digest));
    }
    let labels = &mut written["Labels"];
    labels[SWARM] = Value::String(swarm.to_string());
    labels[OBJECT] = Value::String(service_object(name));
    if let Value::Object(labels) = labels {
        labels.remove(HASH);
    }
    let said = difference::said(&written);
    written["Labels"][HASH] = Value::String(fingerprint::fingerprint(&said));
    Ok(written)
}

/// Everything that a service declares.
#[expect(
    clippy::too_many_lines,
    reason = "every field of a service by name, so that a new one cannot be forgotten"
)]
pub(crate) fn declared(name: &str, spec: &ServiceSpec, files: &Files<'_>) -> Value {
    let ServiceSpec {
        image,
        digest: _,
        command,
        args,
        environment,
        labels,
        container_labels,
        mode,
        ports,
        placement,
        networks,
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
        endpoint,
        logging,
        // Decides in the plan whether a difference is put right.
        drift: _,
    } = spec;
    let is_job = match mode {
        Mode::Replicated(_) | Mode::Global(_) => false,
        Mode::ReplicatedJob(_) | Mode::GlobalJob(_) => true,
    };
    json!({
        "Name": name,
        "Labels": labels,
        "TaskTemplate": {
            "ContainerSpec": {
                "Image": image::tagged(image.as_str()),
                "Command": command,
                "Args": args,
                "Env": container::environment(environment),
                "Labels": container_labels,
                "Hostname": hostname,
                "Dir": working_directory,
                "User": user,
                "ReadOnly": read_only,
                "Init": init,
                "StopSignal": stop.signal,
                "StopGracePeriod": nanoseconds(stop.grace.time()),
                "Healthcheck": container::health(container_health.as_ref()),
                "Configs": attached::configs(configs, files),
                "Secrets": attached::secrets(secrets, files),
                "Mounts": mounts.iter().map(container::mount).collect::<Vec<_>>(),
                "Hosts": container::hosts(hosts),
                "DNSConfig": container::dns(dns),
                "Sysctls": sysctls,
                "CapabilityAdd": container::capabilities(&capabilities.add),
                "CapabilityDrop": container::capabilities(&capabilities.drop),
                "Ulimits": container::ulimits(ulimits),
            },
            "Resources": policy::resources(resources),
            "RestartPolicy": policy::restart(restart, is_job),
            "Placement": placement::placement(placement, *mode),
            "Networks": attached::networks(networks),
            "LogDriver": logging.as_ref().map(policy::logging),
        },
        "Mode": placement::mode(*mode),
        // The engine refuses them for what is never rolled out.
        "UpdateConfig": (!is_job).then(|| policy::update(update)),
        "RollbackConfig": (!is_job).then(|| policy::rollback(rollback)),
        "EndpointSpec": {
            "Mode": self::endpoint(*endpoint),
            "Ports": ports.iter().map(port).collect::<Vec<_>>(),
        },
    })
}

const fn endpoint(endpoint: Endpoint) -> &'static str {
    match endpoint {
        Endpoint::Vip => "vip",
        Endpoint::Dnsrr => "dnsrr",
    }
}

fn port(port: &Port) -> Value {
    let Port {
        published,
        target,
        protocol,
        mode,
        // Refused.
        only_on: _,
    } = port;
    let protocol = match protocol {
        Protocol::Tcp => "tcp",
        Protocol::Udp => "udp",
        Protocol::Sctp => "sctp",
    };
    let mode = match mode {
        PublishMode::Ingress => "ingress",
        PublishMode::Host => "host",
    };
    json!({
        "Protocol": protocol,
        "TargetPort": target,
        "PublishedPort": published.unwrap_or(0),
        "PublishMode": mode,
    })
}

/// A length of time as the engine counts it. The manifest has none that is longer.
fn nanoseconds(time: std::time::Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
pub(crate) mod tests;
