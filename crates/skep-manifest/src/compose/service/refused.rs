//! Keys of a service that mean something to `docker compose` and nothing to a swarm.

use crate::compose::translator::{At, Translator};

/// Each with what to do instead.
const REFUSED: &[(&str, &str)] = &[
    (
        "attach",
        "remove it: `docker service logs` shows what tasks print",
    ),
    ("blkio_config", "remove it"),
    (
        "build",
        "build the image, push it to a registry and name it with `image`",
    ),
    ("cgroup", "remove it"),
    ("cgroup_parent", "remove it"),
    (
        "container_name",
        "remove it: each task has a name of its own",
    ),
    ("cpu_count", "say it with `deploy.resources.limits.cpus`"),
    ("cpu_percent", "say it with `deploy.resources.limits.cpus`"),
    ("cpu_period", "say it with `deploy.resources.limits.cpus`"),
    ("cpu_quota", "say it with `deploy.resources.limits.cpus`"),
    ("cpu_shares", "say it with `deploy.resources.limits.cpus`"),
    ("cpus", "say it with `deploy.resources.limits.cpus`"),
    ("cpuset", "say it with `deploy.resources.limits.cpus`"),
    ("credential_spec", "remove it"),
    (
        "depends_on",
        "remove it: a swarm starts services in any order, so each waits by itself for what it needs",
    ),
    ("develop", "remove it"),
    ("device_cgroup_rules", "remove it"),
    ("devices", "remove it: no service of a swarm gets devices"),
    ("domainname", "write the full name as `hostname`"),
    (
        "extends",
        "write out what it takes over, or use an anchor and `<<`",
    ),
    ("external_links", "put both services into one network"),
    ("gpus", "remove it"),
    ("group_add", "remove it"),
    ("ipc", "remove it"),
    ("isolation", "remove it"),
    (
        "links",
        "remove it: services of one network reach each other by name",
    ),
    ("mac_address", "remove it"),
    ("mem_limit", "say it with `deploy.resources.limits.memory`"),
    (
        "mem_reservation",
        "say it with `deploy.resources.reservations.memory`",
    ),
    ("mem_swappiness", "remove it"),
    ("memswap_limit", "remove it"),
    (
        "network_mode",
        "put the service into a network that is `external: true` and called `host`",
    ),
    ("oom_kill_disable", "remove it"),
    ("oom_score_adj", "remove it"),
    ("pid", "remove it"),
    ("pids_limit", "say it with `deploy.resources.limits.pids`"),
    ("platform", "say it with `deploy.placement.constraints`"),
    ("privileged", "name what it needs with `cap_add`"),
    (
        "profiles",
        "remove it, and declare as a stack of its own what runs only sometimes",
    ),
    (
        "pull_policy",
        "remove it: the engine pulls what the name stands for",
    ),
    ("runtime", "remove it"),
    ("scale", "say it with `deploy.replicas`"),
    ("security_opt", "remove it"),
    ("shm_size", "mount a `tmpfs` at /dev/shm"),
    ("stdin_open", "remove it: nobody types into a task"),
    ("storage_opt", "remove it"),
    ("tty", "remove it"),
    ("userns_mode", "remove it"),
    ("uts", "remove it"),
    ("volumes_from", "name the volumes of both services"),
];

/// The keys that count.
const KNOWN: &[&str] = &[
    "cap_add",
    "cap_drop",
    "command",
    "configs",
    "deploy",
    "dns",
    "dns_opt",
    "dns_search",
    "entrypoint",
    "env_file",
    "environment",
    "expose",
    "extra_hosts",
    "healthcheck",
    "hostname",
    "image",
    "init",
    "labels",
    "logging",
    "networks",
    "ports",
    "read_only",
    "restart",
    "secrets",
    "stop_grace_period",
    "stop_signal",
    "sysctls",
    "tmpfs",
    "ulimits",
    "user",
    "volumes",
    "working_dir",
];

impl<'a> Translator<'a> {
    /// Says why a key of a service does not count.
    pub(super) fn refuse(&mut self, at: At<'a>) {
        match REFUSED.iter().find(|(key, _)| *key == at.key) {
            Some((_, remedy)) => self.report_unsupported(at, remedy),
            None => self.report_unknown(at, KNOWN),
        }
    }
}
