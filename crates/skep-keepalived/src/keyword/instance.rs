//! The keywords of `vrrp_instance` and `vrrp_sync_group`, and the words in their blocks.

use super::Treatment::{Field, LeftOut};
use super::{
    ADDRESS_LISTS, ANSWERS, BUFFERS, BY_ITSELF, Keywords, LINKS, LOAD_BALANCING, NO_BFD,
    OWNER_ANSWERS, PRIORITIES_TOLD, REFRESHED, STRICT, THREE_ADVERTISEMENTS,
};

const HANDED_OVER: &str = "whoever stops hands over first, and is told as `backup`";
const LEADER: &str = "the group that leads takes part with the inputs of all";
const VIRTUAL_MAC: &str = "`virtualMac` says it for the whole group";

/// `vrrp_instance`.
pub(crate) const INSTANCE: &[Keywords] = &[
    Keywords(Field("interface"), &["interface"]),
    Keywords(Field("version"), &["version"]),
    Keywords(Field("virtualRouterId"), &["virtual_router_id"]),
    Keywords(Field("members[].priority"), &["priority"]),
    Keywords(Field("advertisementInterval"), &["advert_int"]),
    Keywords(Field("authentication"), &["authentication", "auth_hmac"]),
    Keywords(
        Field("addresses"),
        &["virtual_ipaddress", "virtual_ipaddress_excluded"],
    ),
    Keywords(Field("routes"), &["virtual_routes"]),
    Keywords(Field("rules"), &["virtual_rules"]),
    Keywords(Field("accept"), &["accept", "no_accept"]),
    Keywords(Field("preemption.enabled"), &["nopreempt", "preempt"]),
    Keywords(Field("preemption.delay"), &["preempt_delay"]),
    Keywords(Field("trackInterface"), &["dont_track_primary"]),
    Keywords(
        Field("tracking"),
        &[
            "track_file",
            "track_interface",
            "track_script",
            "track_process",
        ],
    ),
    Keywords(
        Field("members[].address"),
        &["mcast_src_ip", "unicast_src_ip"],
    ),
    Keywords(Field("transport.multicast.group"), &["mcast_dst_ip"]),
    Keywords(Field("transport.unicast"), &["unicast_peer"]),
    Keywords(Field("checksum.pseudoHeader"), &["v3_checksum_as_v2"]),
    Keywords(Field("announcements.count"), &["garp_master_repeat"]),
    Keywords(Field("announcements.repeatAfter"), &["garp_master_delay"]),
    Keywords(Field("announcements.refresh"), &["garp_master_refresh"]),
    Keywords(
        Field("announcements.refreshCount"),
        &["garp_master_refresh_repeat"],
    ),
    Keywords(Field("virtualMac"), &["use_vmac"]),
    Keywords(
        Field("notify"),
        &[
            "notify_master",
            "notify_backup",
            "notify_fault",
            "notify",
            "smtp_alert",
        ],
    ),
    Keywords(
        LeftOut("it is only a first wish: the priority decides, and skep listens first"),
        &["state"],
    ),
    Keywords(LeftOut("name the interface itself"), &["vrf"]),
    Keywords(
        LeftOut("a VIP group has at least one address"),
        &["no_virtual_ipaddress"],
    ),
    Keywords(
        LeftOut(BY_ITSELF),
        &[
            "promote_secondaries",
            "track_src_ip",
            "unicast_fault_no_peer",
            "check_unicast_src",
            "timer_expired_backup",
            "thread_timer_expired",
            "higher_prio_send_advert",
            "garp_lower_prio_delay",
            "garp_lower_prio_repeat",
        ],
    ),
    Keywords(LeftOut(NO_BFD), &["track_bfd"]),
    Keywords(LeftOut("skep sends with TTL 255"), &["unicast_ttl"]),
    Keywords(
        LeftOut("only keepalived before 1.3.6 sends that checksum"),
        &["old_unicast_checksum"],
    ),
    Keywords(LeftOut(REFRESHED), &["garp_extra_if", "vmac_garp_intvl"]),
    Keywords(LeftOut(THREE_ADVERTISEMENTS), &["down_timer_adverts"]),
    Keywords(LeftOut(ANSWERS), &["lower_prio_no_advert"]),
    Keywords(LeftOut(OWNER_ANSWERS), &["owner_ignore_adverts"]),
    Keywords(LeftOut(ADDRESS_LISTS), &["skip_check_adv_addr"]),
    Keywords(LeftOut(STRICT), &["strict_mode"]),
    Keywords(LeftOut(VIRTUAL_MAC), &["use_vmac_addr", "vmac_xmit_base"]),
    Keywords(LeftOut("skep has no ipvlan interfaces"), &["use_ipvlan"]),
    Keywords(
        LeftOut("the addresses say which family it is"),
        &["native_ipv6"],
    ),
    Keywords(LeftOut(HANDED_OVER), &["notify_stop", "notify_deleted"]),
    Keywords(
        LeftOut("use `every` of a notification: it runs again and again while the state lasts"),
        &["notify_master_rx_lower_pri"],
    ),
    Keywords(LeftOut(PRIORITIES_TOLD), &["notify_priority_changes"]),
    Keywords(LeftOut(BUFFERS), &["kernel_rx_buf_size"]),
    Keywords(LeftOut(LINKS), &["linkbeat_use_polling"]),
    Keywords(LeftOut("skep has its log: `SKEP_LOG=debug`"), &["debug"]),
    Keywords(LeftOut(LOAD_BALANCING), &["lvs_sync_daemon_interface"]),
];

/// `vrrp_sync_group`.
pub(crate) const SYNC_GROUP: &[Keywords] = &[
    Keywords(Field("syncGroup"), &["group"]),
    Keywords(
        Field("tracking"),
        &[
            "track_file",
            "track_interface",
            "track_script",
            "track_process",
        ],
    ),
    Keywords(
        Field("notify"),
        &[
            "notify_master",
            "notify_backup",
            "notify_fault",
            "notify",
            "smtp_alert",
        ],
    ),
    Keywords(LeftOut(NO_BFD), &["track_bfd"]),
    Keywords(LeftOut(HANDED_OVER), &["notify_stop", "notify_deleted"]),
    Keywords(LeftOut(PRIORITIES_TOLD), &["notify_priority_changes"]),
    Keywords(
        LeftOut(LEADER),
        &["sync_group_tracking_weight", "global_tracking"],
    ),
];

/// `authentication`.
pub(crate) const AUTHENTICATION: &[Keywords] = &[
    Keywords(Field("authentication"), &["auth_type"]),
    Keywords(Field("authentication.simple.password"), &["auth_pass"]),
];

/// `auth_hmac`.
pub(crate) const HMAC: &[Keywords] = &[
    Keywords(Field("authentication.hmac.keys"), &["key"]),
    Keywords(Field("authentication.hmac.activeKey"), &["active_key"]),
    Keywords(Field("authentication.hmac.replay"), &["anti_replay"]),
    Keywords(Field("authentication.hmac.window"), &["time_window"]),
    Keywords(Field("authentication.hmac.mode"), &["mode"]),
];

/// The options of an address.
pub(crate) const ADDRESS: &[Keywords] = &[
    Keywords(Field("addresses[].interface"), &["dev"]),
    Keywords(Field("addresses[].label"), &["label"]),
    Keywords(
        LeftOut("the kernel's default is used for it"),
        &[
            "brd",
            "broadcast",
            "scope",
            "peer",
            "home",
            "mngtmpaddr",
            "noprefixroute",
            "autojoin",
        ],
    ),
    Keywords(
        LeftOut("skep detects no duplicates of addresses that move"),
        &["-nodad", "nodad"],
    ),
    Keywords(
        LeftOut("skep puts an address back that somebody removes"),
        &["no_track"],
    ),
    Keywords(
        LeftOut("the lifetime of an address is its group's `lease`"),
        &["preferred_lft"],
    ),
    Keywords(LeftOut(VIRTUAL_MAC), &["use_vmac"]),
    Keywords(
        LeftOut("an address belongs to its VIP group"),
        &["track_group"],
    ),
];

/// What may stand beside something that is tracked.
pub(crate) const TRACK: &[Keywords] = &[
    Keywords(Field("tracking[].weight"), &["weight", "noreverse"]),
    Keywords(
        LeftOut("a negative weight counts while an input fails, a positive one while it passes"),
        &["reverse"],
    ),
];

/// The words of a route.
pub(crate) const ROUTE: &[Keywords] = &[
    Keywords(Field("routes[].to"), &["to"]),
    Keywords(Field("routes[].via"), &["via", "gw"]),
    Keywords(Field("routes[].interface"), &["dev", "oif"]),
    Keywords(Field("routes[].table"), &["table"]),
    Keywords(LeftOut("skep keeps its routes in place"), &["no_track"]),
    Keywords(
        LeftOut("a route of a manifest has `to`, `via`, `interface` and `table`"),
        &[
            "src",
            "or",
            "scope",
            "metric",
            "priority",
            "preference",
            "proto",
            "protocol",
            "tos",
            "mtu",
            "realms",
            "encap",
            "nexthop",
            "onlink",
            "prepend",
            "append",
            "add",
            "track_group",
            "blackhole",
            "unreachable",
            "prohibit",
            "throw",
        ],
    ),
];

/// The words of a rule.
pub(crate) const RULE: &[Keywords] = &[
    Keywords(Field("rules[].from"), &["from"]),
    Keywords(Field("rules[].table"), &["table", "lookup"]),
    Keywords(
        Field("rules[].priority"),
        &["priority", "preference", "pref"],
    ),
    Keywords(LeftOut("skep keeps its rules in place"), &["no_track"]),
    Keywords(
        LeftOut("a rule of a manifest has `from`, `table` and `priority`"),
        &[
            "to",
            "iif",
            "oif",
            "tos",
            "fwmark",
            "realms",
            "goto",
            "uidrange",
            "l3mdev",
            "protocol",
            "ip_proto",
            "sport",
            "dport",
            "track_group",
        ],
    ),
];
