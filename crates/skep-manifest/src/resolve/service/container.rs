//! What a container cannot be started with.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Checker;
use crate::check::{remedy, similar};
use crate::service::ServiceSpec;

/// The engine measures a container's health no finer.
const HEALTH_TIME_MIN: Duration = Duration::from_millis(1);
/// `HOST_NAME_MAX` of the kernel.
const HOST_NAME_LENGTH_MAX: usize = 64;

/// The limits of processes that the engine knows.
const ULIMITS: [&str; 15] = [
    "core",
    "cpu",
    "data",
    "fsize",
    "locks",
    "memlock",
    "msgqueue",
    "nice",
    "nofile",
    "nproc",
    "rss",
    "rtprio",
    "rttime",
    "sigpending",
    "stack",
];

/// The kernel parameters that a container has for itself, by their beginnings.
const OWN_SYSCTLS: [&str; 6] = [
    "net.",
    "fs.mqueue.",
    "kernel.msg",
    "kernel.sem",
    "kernel.shm",
    "kernel.domainname",
];

/// The capabilities of Linux, without `CAP_`.
const CAPABILITIES: [&str; 42] = [
    "ALL",
    "AUDIT_CONTROL",
    "AUDIT_READ",
    "AUDIT_WRITE",
    "BLOCK_SUSPEND",
    "BPF",
    "CHECKPOINT_RESTORE",
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "IPC_LOCK",
    "IPC_OWNER",
    "KILL",
    "LEASE",
    "LINUX_IMMUTABLE",
    "MAC_ADMIN",
    "MAC_OVERRIDE",
    "MKNOD",
    "NET_ADMIN",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_RAW",
    "PERFMON",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYSLOG",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_CHROOT",
    "SYS_MODULE",
    "SYS_NICE",
    "SYS_PACCT",
    "SYS_PTRACE",
    "SYS_RAWIO",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "WAKE_ALARM",
];

impl Checker<'_> {
    pub(super) fn check_container(&mut self, spec: &ServiceSpec) {
        self.check_health(spec);
        self.check_mounts(spec);
        self.check_names(spec);
        self.check_capabilities(spec);
        self.check_kernel(spec);
    }

    fn check_health(&mut self, spec: &ServiceSpec) {
        let Some(health) = &spec.container_health else {
            return;
        };
        let help = match health.test.first().map(String::as_str) {
            Some("CMD") => Some("leave `CMD` out"),
            Some("CMD-SHELL") => Some("write `[/bin/sh, -c, …]` instead of `CMD-SHELL`"),
            Some("NONE") if health.test.len() > 1 => Some("write `[NONE]` and nothing more"),
            Some(_) | None => None,
        };
        if let Some(help) = help {
            let message = "`test` is the program itself and its arguments".to_owned();
            self.refuse("wrong-value", "/spec/containerHealth/test/0", message, help);
        }
        for (field, time) in [
            ("interval", health.interval.time()),
            ("timeout", health.timeout.time()),
            ("startPeriod", health.start_period.time()),
        ] {
            if !time.is_zero() && time < HEALTH_TIME_MIN {
                let pointer = format!("/spec/containerHealth/{field}");
                let message = format!("`{field}` is shorter than the engine can measure");
                self.refuse("out-of-range", &pointer, message, "write at least `1ms`");
            }
        }
    }

    fn check_mounts(&mut self, spec: &ServiceSpec) {
        let mut targets = BTreeSet::new();
        for (index, mount) in spec.mounts.iter().enumerate() {
            let pointer = format!("/spec/mounts/{index}/target");
            let target = cleaned(mount.target.as_str());
            if target.is_empty() {
                let message = "nothing can be mounted over the container's root".to_owned();
                self.refuse("wrong-value", &pointer, message, "name a place below `/`");
            } else if !targets.insert(target) {
                let message = format!("something is mounted at {} already", mount.target);
                self.refuse(
                    "duplicate-mount",
                    &pointer,
                    message,
                    "give one another place",
                );
            }
        }
    }

    /// Names that stand in lines of a form of their own.
    fn check_names(&mut self, spec: &ServiceSpec) {
        for name in spec.environment.keys() {
            if name.is_empty() || name.contains(['=', '\0']) {
                let pointer = format!("/spec/environment/{}", escaped(name));
                let message = format!("`{name}` is no name of a variable");
                let help = "a name is not empty and has no `=` in it";
                self.refuse_key("wrong-value", &pointer, message, help);
            }
        }
        for name in spec.hosts.keys().filter(|name| !is_host_name(name)) {
            let pointer = format!("/spec/hosts/{}", escaped(name));
            let message = format!("`{name}` is no host name");
            let help = "letters, digits, `-`, `_` and `.`: host name to address";
            self.refuse_key("wrong-value", &pointer, message, help);
        }
        let hostname = spec.hostname.as_deref().filter(|name| !name.contains("{{"));
        if hostname.is_some_and(|name| !is_host_name(name) || name.len() > HOST_NAME_LENGTH_MAX) {
            let message = "the kernel takes no such host name".to_owned();
            let help = "at most 64 letters, digits, `-`, `_` and `.`, or a template of Docker's";
            self.refuse("wrong-value", "/spec/hostname", message, help);
        }
    }

    fn check_capabilities(&mut self, spec: &ServiceSpec) {
        for (field, names) in [
            ("add", &spec.capabilities.add),
            ("drop", &spec.capabilities.drop),
        ] {
            for (index, name) in names.iter().enumerate() {
                let upper = name.to_ascii_uppercase();
                let bare = upper.strip_prefix("CAP_").unwrap_or(&upper);
                if CAPABILITIES.contains(&bare) || self.is_full() {
                    continue;
                }
                let help = match similar(bare, CAPABILITIES) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => "`man 7 capabilities` lists them".to_owned(),
                };
                let pointer = format!("/spec/capabilities/{field}/{index}");
                let message = format!("`{name}` is no capability of the kernel");
                self.refuse("wrong-value", &pointer, message, &help);
            }
        }
    }

    fn check_kernel(&mut self, spec: &ServiceSpec) {
        for name in spec.sysctls.keys() {
            if !OWN_SYSCTLS.iter().any(|own| name.starts_with(own)) && !self.is_full() {
                let pointer = format!("/spec/sysctls/{}", escaped(name));
                let message = format!("`{name}` is the whole node's, not a container's");
                let help = "set it on the nodes; a container has `net.*`, `fs.mqueue.*`, \
                            `kernel.msg*`, `kernel.sem` and `kernel.shm*` for itself";
                self.refuse_key("wrong-value", &pointer, message, help);
            }
        }
        for (name, limit) in &spec.ulimits {
            let pointer = format!("/spec/ulimits/{}", escaped(name));
            if !ULIMITS.contains(&name.as_str()) && !self.is_full() {
                let message = format!("there is no limit called `{name}`");
                self.refuse_key("wrong-value", &pointer, message, &remedy(name, &ULIMITS));
            }
            let bound = |value: i64| u64::try_from(value).unwrap_or(u64::MAX);
            if bound(limit.soft) > bound(limit.hard) {
                let message = format!("`{name}` begins above its own upper end");
                let help = "`soft` is at most `hard`; -1 is without limit";
                self.refuse(
                    "conflicting-fields",
                    &format!("{pointer}/soft"),
                    message,
                    help,
                );
            }
        }
    }
}

/// A path as it is compared: without what says nothing.
fn cleaned(path: &str) -> Vec<&str> {
    let mut cleaned = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                cleaned.pop();
            }
            part => cleaned.push(part),
        }
    }
    cleaned
}

fn is_host_name(name: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    name.bytes().all(letter) && name.bytes().any(|byte| byte.is_ascii_alphanumeric())
}

/// A key as a part of a pointer, RFC 6901 §3.
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
