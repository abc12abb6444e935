//! What a service says about each of its containers.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use skep_manifest::address::Address;
use skep_manifest::service::container::{ContainerHealth, Dns};
use skep_manifest::service::files::{Bind, Mount, MountSource, Tmpfs, Volume};
use skep_manifest::service::resources::Ulimit;

use super::nanoseconds;

pub(super) fn environment(variables: &BTreeMap<String, String>) -> Vec<String> {
    let line = |(name, value): (&String, &String)| format!("{name}={value}");
    variables.iter().map(line).collect()
}

/// Nothing leaves the image's own in place.
pub(super) fn health(health: Option<&ContainerHealth>) -> Value {
    let Some(health) = health else {
        return Value::Null;
    };
    let ContainerHealth {
        test,
        interval,
        timeout,
        retries,
        start_period,
    } = health;
    if health.is_none() {
        return json!({"Test": ["NONE"]});
    }
    let test: Vec<&str> = ["CMD"]
        .into_iter()
        .chain(test.iter().map(String::as_str))
        .collect();
    json!({
        "Test": test,
        "Interval": nanoseconds(interval.time()),
        "Timeout": nanoseconds(timeout.time()),
        "Retries": retries,
        "StartPeriod": nanoseconds(start_period.time()),
    })
}

pub(super) fn mount(mount: &Mount) -> Value {
    let Mount {
        source,
        target,
        read_only,
    } = mount;
    let mut written = match source {
        MountSource::Bind(Bind { source }) => json!({"Type": "bind", "Source": source}),
        MountSource::Volume(Volume {
            name,
            driver,
            options,
            labels,
        }) => json!({
            "Type": "volume",
            "Source": name.as_ref().map_or("", |name| name.as_str()),
            "VolumeOptions": {
                "DriverConfig": {"Name": driver, "Options": options},
                "Labels": labels,
            },
        }),
        MountSource::Tmpfs(Tmpfs { size, mode }) => json!({
            "Type": "tmpfs",
            "TmpfsOptions": {
                "SizeBytes": size.map_or(0, |size| size.bytes()),
                "Mode": mode.map_or(0, |mode| mode.bits()),
            },
        }),
    };
    written["Target"] = json!(target);
    written["ReadOnly"] = json!(read_only);
    written
}

/// Lines as in `/etc/hosts`.
pub(super) fn hosts(hosts: &BTreeMap<String, Address>) -> Vec<String> {
    let line = |(name, address): (&String, &Address)| format!("{address} {name}");
    hosts.iter().map(line).collect()
}

pub(super) fn dns(dns: &Dns) -> Value {
    let Dns {
        nameservers,
        search,
        options,
    } = dns;
    json!({"Nameservers": nameservers, "Search": search, "Options": options})
}

/// The names as the kernel has them; the manifest may leave `CAP_` out.
pub(super) fn capabilities(names: &[String]) -> Vec<String> {
    names.iter().map(|name| capability(name)).collect()
}

/// A capability in the one way in which it is compared.
pub(crate) fn capability(name: &str) -> String {
    let name = name.to_ascii_uppercase();
    if name == "ALL" || name.starts_with("CAP_") {
        name
    } else {
        format!("CAP_{name}")
    }
}

pub(super) fn ulimits(ulimits: &BTreeMap<String, Ulimit>) -> Vec<Value> {
    let entry = |(name, limit): (&String, &Ulimit)| {
        let Ulimit { soft, hard } = limit;
        json!({"Name": name, "Soft": soft, "Hard": hard})
    };
    ulimits.iter().map(entry).collect()
}
