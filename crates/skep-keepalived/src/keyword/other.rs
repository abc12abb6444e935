//! The keywords outside all blocks, and those of scripts and processes.

use super::Treatment::{Field, LeftOut};
use super::{Keywords, LINKS, LOAD_BALANCING, NO_BFD, PACKET_FILTER, PAUSES};

/// Outside all blocks.
pub(crate) const ROOT: &[Keywords] = &[
    Keywords(Field("defaults of every group"), &["global_defs"]),
    Keywords(Field("VipGroup"), &["vrrp_instance"]),
    Keywords(Field("syncGroup"), &["vrrp_sync_group"]),
    Keywords(
        Field("HealthCheck"),
        &[
            "track_file",
            "vrrp_script",
            "vrrp_track_file",
            "vrrp_track_process",
        ],
    ),
    Keywords(
        Field("tracking[].upDelay, downDelay"),
        &["interface_up_down_delays"],
    ),
    Keywords(
        LeftOut("start the agent in that namespace: `NetworkNamespacePath=` of skep.service"),
        &["net_namespace"],
    ),
    Keywords(LeftOut(PACKET_FILTER), &["namespace_with_ipsets"]),
    Keywords(
        LeftOut("one agent serves all groups of a network namespace"),
        &["instance", "use_pid_dir"],
    ),
    Keywords(
        LeftOut(LINKS),
        &["linkbeat_use_polling", "linkbeat_interfaces"],
    ),
    Keywords(
        LeftOut("systemd ends what does not end by itself"),
        &["child_wait_time"],
    ),
    Keywords(
        LeftOut("it never moves: set it where the node's network is configured"),
        &[
            "track_group",
            "static_ipaddress",
            "static_routes",
            "static_rules",
        ],
    ),
    Keywords(LeftOut(PAUSES), &["garp_group"]),
    Keywords(LeftOut(NO_BFD), &["bfd_instance"]),
    Keywords(
        LeftOut(LOAD_BALANCING),
        &[
            "net_namespace_ipvs",
            "virtual_server",
            "virtual_server_group",
            "SSL",
        ],
    ),
];

/// `vrrp_script`.
pub(crate) const SCRIPT: &[Keywords] = &[
    Keywords(Field("HealthCheck"), &["script"]),
    Keywords(Field("HealthCheck interval"), &["interval"]),
    Keywords(Field("HealthCheck timeout"), &["timeout"]),
    Keywords(Field("HealthCheck rise"), &["rise"]),
    Keywords(Field("HealthCheck fall"), &["fall"]),
    Keywords(Field("HealthCheck exec.user"), &["user"]),
    Keywords(Field("HealthCheck initially"), &["init_fail"]),
    Keywords(Field("tracking[].weight"), &["weight"]),
];

/// `vrrp_track_process`.
pub(crate) const PROCESS: &[Keywords] = &[
    Keywords(Field("HealthCheck process.name"), &["process"]),
    Keywords(Field("HealthCheck process.minimum"), &["quorum"]),
    Keywords(Field("tracking[].weight"), &["weight"]),
    Keywords(
        LeftOut("a check says how many must run at least, not at most"),
        &["quorum_max"],
    ),
    Keywords(
        LeftOut("a check looks at the name of a process, not at its arguments"),
        &["param_match", "full_command"],
    ),
    Keywords(
        LeftOut("`rise`, `fall` and `interval` of the check delay it"),
        &["fork_delay", "terminate_delay", "delay"],
    ),
];

/// `track_file`.
pub(crate) const FILE: &[Keywords] = &[
    Keywords(Field("HealthCheck file.path"), &["file"]),
    Keywords(Field("tracking[].weight"), &["weight"]),
    Keywords(
        LeftOut("a check reads a file and never writes it: create it on every node"),
        &["init_file"],
    ),
];
