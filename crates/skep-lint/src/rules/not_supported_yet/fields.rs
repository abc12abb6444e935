//! What works of each kind. A field that is not listed here is not supported.

use serde_json::Value;
use skep_manifest::object::Kind;

/// A field by its path below `spec`, with `*` for every entry of a list.
pub(super) struct Field(pub(super) &'static str, pub(super) Support);

/// Whether a field works.
pub(super) enum Support {
    /// It does, with everything below it.
    Full,
    /// It does with the values for which this holds; for the others, the remedy.
    When(fn(&Value) -> bool, &'static str),
    /// It does not; the remedy.
    Later(&'static str),
}

use Support::{Full, Later, When};

/// The fields of a kind.
pub(super) const fn of(kind: Kind) -> &'static [Field] {
    match kind {
        Kind::Swarm => SWARM,
        Kind::VipGroup => VIP_GROUP,
        Kind::HealthCheck => HEALTH_CHECK,
        Kind::Service => SERVICE,
        Kind::Notifier => NOTIFIER,
        Kind::Stack => STACK,
        Kind::Network => NETWORK,
        Kind::Config | Kind::Secret => FILE,
    }
}

const SWARM: &[Field] = &[
    Field("adopt", Full),
    Field("drift", Full),
    Field("nodes/*/name", Full),
    Field("nodes/*/address", Full),
    Field("nodes/*/dataPathAddress", Full),
    Field("nodes/*/agentAddress", Full),
    Field("nodes/*/role", Full),
    Field("nodes/*/availability", Full),
    Field("nodes/*/labels", Full),
    Field("addressPools/*/base", Full),
    Field("addressPools/*/prefixLength", Full),
    Field("dataPathPort", Full),
    Field("autolock", Full),
    Field("certificateExpiry", Full),
    Field("taskHistory", Full),
    Field("dispatcherHeartbeat", Full),
    Field("snapshots", Full),
    Field("registries/*/host", Full),
    Field("registries/*/username", Full),
    Field("registries/*/password/value", Full),
    Field("registries/*/password/fromFile", Full),
    Field("registries/*/password/fromEnv", Full),
    Field("registries/*/password/sealed", Full),
    Field("registries/*/password/fromNodeFile", Full),
];

const VIP_GROUP: &[Field] = &[
    Field("virtualRouterId", Full),
    Field("version", Full),
    Field("interface", Full),
    Field("trackInterface", Full),
    Field("addresses/*", Full),
    Field("routes", Full),
    Field(
        "rules",
        Later("remove it, and set the rules on the nodes themselves"),
    ),
    Field("lease", Full),
    Field("advertisementInterval", Full),
    Field("authentication/none", Full),
    Field("authentication/simple/password/value", Full),
    Field("authentication/simple/password/fromFile", Full),
    Field("authentication/simple/password/fromEnv", Full),
    Field("authentication/simple/password/sealed", Full),
    Field("authentication/simple/password/fromNodeFile", Full),
    Field("authentication/cluster", Full),
    Field("authentication/hmac/keys/*/id", Full),
    Field("authentication/hmac/keys/*/key/value", Full),
    Field("authentication/hmac/keys/*/key/fromFile", Full),
    Field("authentication/hmac/keys/*/key/fromEnv", Full),
    Field("authentication/hmac/keys/*/key/fromNodeFile", Full),
    Field("authentication/hmac/keys/*/key/sealed", Full),
    Field("authentication/hmac/activeKey", Full),
    Field("authentication/hmac/mode", Full),
    Field("authentication/hmac/replay", Full),
    Field("authentication/hmac/window", Full),
    Field("checksum/pseudoHeader", Full),
    Field("members/*/node", Full),
    Field("members/*/priority", Full),
    Field("members/*/owner", Full),
    Field("members/*/interface", Full),
    Field("members/*/address", Full),
    Field("members/*/external", Full),
    Field("selector", Full),
    Field("priorities/ordered", Full),
    Field("priorities/spread", Full),
    Field("preemption/enabled", Full),
    Field("preemption/delay", Full),
    Field("start/delay", Full),
    Field("start/listenFirst", Full),
    Field("syncGroup", Full),
    Field("tracking/*/check", Full),
    Field("tracking/*/effect", Full),
    Field("tracking/*/weight", Full),
    Field("tracking/*/interface", Full),
    Field("tracking/*/upDelay", Full),
    Field("tracking/*/downDelay", Full),
    Field("tracking/*/service", Full),
    Field("tracking/*/external", Full),
    Field("tracking/*/swarm", Full),
    Field("tracking/*/staleAfter", Full),
    Field("tracking/*/whenStale", Full),
    Field("announcements/count", Full),
    Field("announcements/repeatAfter", Full),
    Field("announcements/refresh", Full),
    Field("announcements/refreshCount", Full),
    Field("transport/multicast/group", Full),
    Field("transport/unicast", Full),
    Field(
        "virtualMac",
        When(
            is_false,
            "remove it: the interface keeps its own MAC address",
        ),
    ),
    Field(
        "accept",
        When(is_true, "remove it: packets to the addresses are accepted"),
    ),
    Field("notify/*/notifier", Full),
    Field(
        "notify/*/states/*",
        When(
            is_told,
            "remove it: who leaves is told when the successor was heard, as `backup`",
        ),
    ),
    Field("notify/*/every", Full),
];

const HEALTH_CHECK: &[Field] = &[
    Field("tcp/port", Full),
    Field("tcp/host", Full),
    Field("listening/port", Full),
    Field("listening/address", Full),
    Field("exec/argv", Full),
    Field("exec/user", Full),
    Field("exec/environment", Full),
    Field("http/url", Full),
    Field("http/host", Full),
    Field("http/method", Full),
    Field("http/statuses", Full),
    Field("http/contains", Full),
    Field("http/insecure", Full),
    Field("file/path", Full),
    Field("file/equals", Full),
    Field("process/name", Full),
    Field("process/minimum", Full),
    Field("route/to", Full),
    Field("route/interface", Full),
    Field("interval", Full),
    Field("timeout", Full),
    Field("fall", Full),
    Field("rise", Full),
    Field("initially", Full),
];

const NOTIFIER: &[Field] = &[
    Field("email/to", Full),
    Field("email/from", Full),
    Field("email/server", Full),
    Field("email/tls", Full),
    Field("email/username", Full),
    Field("email/password/value", Full),
    Field("email/password/fromFile", Full),
    Field("email/password/fromEnv", Full),
    Field("email/password/sealed", Full),
    Field("email/password/fromNodeFile", Full),
    Field("email/timeout", Full),
    Field("webhook/url/value", Full),
    Field("webhook/url/fromFile", Full),
    Field("webhook/url/fromEnv", Full),
    Field("webhook/url/sealed", Full),
    Field("webhook/url/fromNodeFile", Full),
    Field("webhook/headers", Full),
    Field("webhook/timeout", Full),
    Field("webhook/retries", Full),
    Field("exec/argv", Full),
    Field("exec/user", Full),
    Field("exec/timeout", Full),
];

const SERVICE: &[Field] = &[
    Field("image", Full),
    Field("digest", Full),
    Field("command", Full),
    Field("args", Full),
    Field("environment", Full),
    Field("labels", Full),
    Field("containerLabels", Full),
    Field("mode/replicated/replicas", Full),
    Field("mode/replicated/maxPerNode", Full),
    Field("mode/global", Full),
    Field("mode/replicatedJob", Full),
    Field("mode/globalJob", Full),
    Field("ports/*/published", Full),
    Field("ports/*/target", Full),
    Field("ports/*/protocol", Full),
    Field("ports/*/mode", Full),
    Field(
        "ports/*/onlyOn",
        Later("remove it: the port is reachable on every address of the node"),
    ),
    Field("placement/constraints", Full),
    Field("placement/spread", Full),
    Field("placement/platforms", Full),
    Field("networks", Full),
    Field("mounts", Full),
    Field("configs", Full),
    Field("secrets", Full),
    Field("containerHealth", Full),
    Field("resources", Full),
    Field("restart", Full),
    Field("update", Full),
    Field("rollback", Full),
    Field("stop", Full),
    Field("init", Full),
    Field("user", Full),
    Field("workingDirectory", Full),
    Field("hostname", Full),
    Field("readOnly", Full),
    Field("capabilities", Full),
    Field("sysctls", Full),
    Field("ulimits", Full),
    Field("hosts", Full),
    Field("dns", Full),
    Field("endpoint", Full),
    Field("logging", Full),
    Field("drift", Full),
];

const STACK: &[Field] = &[
    Field("compose/value", Full),
    Field("compose/fromFile", Full),
    Field("compose/read", Full),
    Field("environment", Full),
];

const NETWORK: &[Field] = &[
    Field("driver", Full),
    Field("attachable", Full),
    Field("internal", Full),
    Field("encrypted", Full),
    Field("ipv6", Full),
    Field("subnets", Full),
    Field("options", Full),
    Field("labels", Full),
];

/// Of a `Config` and of a `Secret`.
const FILE: &[Field] = &[
    Field("data/value", Full),
    Field("data/fromFile", Full),
    Field("data/fromEnv", Full),
    Field("data/sealed", Full),
    // It can lie nowhere but in the swarm's store: an error that says so.
    Field("data/fromNodeFile", Full),
    Field("labels", Full),
];

fn is_true(value: &Value) -> bool {
    *value == true
}

fn is_false(value: &Value) -> bool {
    *value == false
}

fn is_told(value: &Value) -> bool {
    *value != "leaving"
}
