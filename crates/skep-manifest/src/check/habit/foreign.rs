//! The fields and words of keepalived, compose files and Kubernetes, and what they are here.

/// Fields of others: the field that does the same, and how. It counts where that field exists.
pub(super) const FIELDS: &[(&str, &str, &str)] = &[
    // keepalived
    (
        "virtual_ipaddress",
        "addresses",
        "write `addresses: [ADDRESS]`",
    ),
    (
        "virtual_ipaddress_excluded",
        "addresses",
        "write `addresses: [{address: ADDRESS, advertised: false}]`",
    ),
    (
        "virtual_routes",
        "routes",
        "write `routes: [{to: …, via: …}]`",
    ),
    (
        "advert_int",
        "advertisementInterval",
        "write `advertisementInterval: 1s`",
    ),
    (
        "nopreempt",
        "preemption",
        "write `preemption: {enabled: false}`",
    ),
    (
        "preempt_delay",
        "preemption",
        "write `preemption: {delay: 5s}`",
    ),
    (
        "state",
        "members",
        "who begins is decided by priority: the first of `members` is preferred",
    ),
    (
        "priority",
        "members",
        "each member has its own: `members: [{node: NAME, priority: 100}]`",
    ),
    (
        "track_script",
        "tracking",
        "write `tracking: [{check: NAME}]`",
    ),
    (
        "track_file",
        "tracking",
        "write `tracking: [{check: NAME}]`, and a `HealthCheck` with `file`",
    ),
    (
        "track_process",
        "tracking",
        "write `tracking: [{check: NAME}]`, and a `HealthCheck` with `process`",
    ),
    (
        "track_interface",
        "tracking",
        "write `tracking: [{interface: NAME}]`",
    ),
    (
        "dont_track_primary",
        "trackInterface",
        "write `trackInterface: false`",
    ),
    ("use_vmac", "virtualMac", "write `virtualMac: true`"),
    (
        "unicast_peer",
        "transport",
        "write `transport: {unicast: {}}`: the peers are the other members",
    ),
    (
        "unicast_src_ip",
        "members",
        "write `members: [{node: NAME, address: ADDRESS}]`",
    ),
    (
        "mcast_src_ip",
        "members",
        "write `members: [{node: NAME, address: ADDRESS}]`",
    ),
    (
        "auth_type",
        "simple",
        "write `simple: {password: {value: …}}` for `PASS`",
    ),
    (
        "auth_pass",
        "simple",
        "write `simple: {password: {value: …}}`",
    ),
    (
        "notify_master",
        "notify",
        "write `notify: [{notifier: NAME, states: [active]}]`, and a `Notifier` with `exec`",
    ),
    (
        "notify_backup",
        "notify",
        "write `notify: [{notifier: NAME, states: [backup]}]`, and a `Notifier` with `exec`",
    ),
    (
        "notify_fault",
        "notify",
        "write `notify: [{notifier: NAME, states: [fault]}]`, and a `Notifier` with `exec`",
    ),
    (
        "smtp_alert",
        "notify",
        "write `notify: [{notifier: NAME}]`, and a `Notifier` with `email`",
    ),
    (
        "garp_master_delay",
        "announcements",
        "write `announcements: {repeatAfter: 5s}`",
    ),
    (
        "garp_master_refresh",
        "announcements",
        "write `announcements: {refresh: 60s}`",
    ),
    (
        "peers",
        "minimumTtl",
        "remove it: the peers are the addresses of the other members",
    ),
    (
        "script",
        "exec",
        "write `exec: {argv: [PROGRAM, ARGUMENT]}`",
    ),
    (
        "weight",
        "interval",
        "a weight belongs to who looks at the check: `tracking: [{check: NAME, weight: -30}]` of a `VipGroup`",
    ),
    ("on", "states", "write `states: [active]`"),
    // compose files
    (
        "volumes",
        "mounts",
        "write `mounts: [{bind: {source: PATH}, target: PATH}]`, or `{volume: {name: NAME}, target: PATH}`",
    ),
    (
        "deploy",
        "placement",
        "what is below `deploy` stands one level higher here: `mode`, `placement`, `resources`, `restart`, `update`, `rollback`",
    ),
    (
        "healthcheck",
        "containerHealth",
        "write `containerHealth: {test: [PROGRAM, ARGUMENT]}`",
    ),
    (
        "network_mode",
        "networks",
        "write `networks: [{external: host}]`",
    ),
    (
        "env_file",
        "environment",
        "write `environment: {NAME: VALUE}`",
    ),
    (
        "entrypoint",
        "command",
        "write `command: [PROGRAM, ARGUMENT]`",
    ),
    (
        "cap_add",
        "capabilities",
        "write `capabilities: {add: [NAME]}`",
    ),
    (
        "cap_drop",
        "capabilities",
        "write `capabilities: {drop: [NAME]}`",
    ),
    ("extra_hosts", "hosts", "write `hosts: {NAME: ADDRESS}`"),
    ("dns_search", "dns", "write `dns: {search: [DOMAIN]}`"),
    (
        "expose",
        "networks",
        "remove it: what shares a network reaches every port",
    ),
    (
        "depends_on",
        "networks",
        "remove it: a swarm starts services in no order",
    ),
    (
        "container_name",
        "hostname",
        "remove it: each task has a name of its own",
    ),
    ("stop_grace_period", "stop", "write `stop: {grace: 10s}`"),
    ("stop_signal", "stop", "write `stop: {signal: SIGTERM}`"),
    ("tmpfs", "bind", "write `{tmpfs: {}, target: PATH}`"),
    ("failure_action", "onFailure", "write `onFailure: rollback`"),
    ("failureAction", "onFailure", "write `onFailure: rollback`"),
    // Kubernetes
    (
        "namespace",
        "annotations",
        "remove it: there are no namespaces",
    ),
    (
        "matchLabels",
        "nodeLabels",
        "write `nodeLabels: {KEY: VALUE}`",
    ),
    (
        "containers",
        "image",
        "write `image: NAME`: a service is one container",
    ),
    (
        "template",
        "image",
        "write `image: NAME`: a service is one container",
    ),
    (
        "nodeSelector",
        "placement",
        "write `placement: {constraints: [\"node.labels.KEY == VALUE\"]}`",
    ),
    (
        "livenessProbe",
        "containerHealth",
        "write `containerHealth: {test: [PROGRAM, ARGUMENT]}`",
    ),
    (
        "readinessProbe",
        "containerHealth",
        "write `containerHealth: {test: [PROGRAM, ARGUMENT]}`",
    ),
    (
        "volumeMounts",
        "mounts",
        "write `mounts: [{volume: {name: NAME}, target: PATH}]`",
    ),
    ("containerPort", "target", "write `target: PORT`"),
    ("targetPort", "target", "write `target: PORT`"),
    (
        "hostPort",
        "published",
        "write `published: PORT` and `mode: host`",
    ),
    ("nodePort", "published", "write `published: PORT`"),
    ("port", "published", "write `published: PORT`"),
    // tools that make swarms
    (
        "managers",
        "nodes",
        "write `nodes: [{name: NAME, address: ADDRESS, role: manager}]`",
    ),
    (
        "workers",
        "nodes",
        "write `nodes: [{name: NAME, address: ADDRESS, role: worker}]`",
    ),
    ("ip", "dataPathAddress", "write `address: ADDRESS`"),
];

/// Words of others, and the word for the same thing.
pub(super) const VALUES: [(&str, &str); 6] = [
    ("master", "active"),
    ("master", "manager"),
    ("slave", "backup"),
    ("slave", "worker"),
    ("stop", "fault"),
    ("paused", "pause"),
];
