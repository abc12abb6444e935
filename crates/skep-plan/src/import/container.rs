//! What a service says about each of its containers.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::service::{elements, number, size, text};
use super::time;
use crate::action::FileKind;

/// The fields of a container in the words of a manifest.
pub(super) fn written(container: &Value) -> Value {
    json!({
        "image": container["Image"],
        "command": container["Command"],
        "args": container["Args"],
        "environment": environment(&container["Env"]),
        "containerLabels": container["Labels"],
        "mounts": elements(&container["Mounts"]).map(mount).collect::<Vec<_>>(),
        "configs": files(&container["Configs"], FileKind::Config),
        "secrets": files(&container["Secrets"], FileKind::Secret),
        "containerHealth": health(&container["Healthcheck"]),
        "stop": {
            "signal": text(&container["StopSignal"]),
            "grace": time(&container["StopGracePeriod"]),
        },
        "init": container["Init"],
        "user": text(&container["User"]),
        "workingDirectory": text(&container["Dir"]),
        "hostname": text(&container["Hostname"]),
        "readOnly": container["ReadOnly"],
        "capabilities": {
            "add": container["CapabilityAdd"],
            "drop": container["CapabilityDrop"],
        },
        "sysctls": container["Sysctls"],
        "ulimits": ulimits(&container["Ulimits"]),
        "hosts": hosts(&container["Hosts"]),
        "dns": dns(&container["DNSConfig"]),
    })
}

/// The lines that set a variable; one that takes it away is found missing.
fn environment(lines: &Value) -> BTreeMap<&str, &str> {
    let lines = elements(lines).filter_map(Value::as_str);
    lines.filter_map(|line| line.split_once('=')).collect()
}

fn mount(mount: &Value) -> Value {
    let source = text(&mount["Source"]);
    let (kind, what) = match mount["Type"].as_str() {
        Some("volume") => {
            let options = &mount["VolumeOptions"];
            let driver = &options["DriverConfig"];
            let volume = json!({
                "name": source,
                "driver": text(&driver["Name"]),
                "options": driver["Options"],
                "labels": options["Labels"],
            });
            ("volume", volume)
        }
        Some("tmpfs") => {
            let options = &mount["TmpfsOptions"];
            let mode = number(&options["Mode"]).map(mode);
            (
                "tmpfs",
                json!({"size": size(&options["SizeBytes"]), "mode": mode}),
            )
        }
        // Without a type it is found different.
        Some(_) | None => ("bind", json!({"source": source})),
    };
    json!({kind: what, "target": mount["Target"], "readOnly": mount["ReadOnly"]})
}

/// Configs or secrets, which skep did not make.
fn files(list: &Value, kind: FileKind) -> Vec<Value> {
    const MODE_DEFAULT: u64 = 0o444;
    let file = |entry: &Value| {
        let (name, file) = (&entry[kind.name_field()], &entry["File"]);
        let own = name.as_str().unwrap_or_default();
        let usual = match kind {
            FileKind::Config => format!("/{own}"),
            FileKind::Secret => own.to_owned(),
        };
        json!({
            "external": name,
            "target": text(&file["Name"]).filter(|target| *target != usual),
            "uid": text(&file["UID"]),
            "gid": text(&file["GID"]),
            "mode": mode(file["Mode"].as_u64().unwrap_or(MODE_DEFAULT)),
        })
    };
    elements(list).map(file).collect()
}

fn mode(bits: u64) -> String {
    format!("{bits:04o}")
}

fn health(health: &Value) -> Option<Value> {
    let test: Vec<&str> = elements(&health["Test"])
        .filter_map(Value::as_str)
        .collect();
    let test = match &test[..] {
        ["NONE"] => vec!["NONE"],
        ["CMD", words @ ..] => words.to_vec(),
        ["CMD-SHELL", line] => vec!["/bin/sh", "-c", line],
        // What changes the image's own check is found different.
        _ => return None,
    };
    let time = |field: &str| number(&health[field]).map(|_| time(&health[field]));
    Some(json!({
        "test": test,
        "interval": time("Interval"),
        "timeout": time("Timeout"),
        "retries": number(&health["Retries"]),
        "startPeriod": time("StartPeriod"),
    }))
}

fn ulimits(limits: &Value) -> BTreeMap<&str, Value> {
    let limit = |limit: &'_ Value| json!({"soft": limit["Soft"], "hard": limit["Hard"]});
    let limits = elements(limits);
    limits
        .filter_map(|it| Some((it["Name"].as_str()?, limit(it))))
        .collect()
}

/// Lines as in `/etc/hosts`: an address and its names.
fn hosts(lines: &Value) -> BTreeMap<&str, &str> {
    let lines = elements(lines).filter_map(Value::as_str);
    let pairs = lines.flat_map(|line| {
        let mut words = line.split_whitespace();
        let address = words.next().unwrap_or_default();
        words.map(move |name| (name, address))
    });
    pairs.collect()
}

fn dns(dns: &Value) -> Value {
    json!({
        "nameservers": dns["Nameservers"],
        "search": dns["Search"],
        "options": dns["Options"],
    })
}
