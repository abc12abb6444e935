//! How long things take by what a manifest says.

use std::time::Duration;

use skep_manifest::vip_group::VipGroupSpec;
use skep_manifest::vip_group::transport::Version;

/// How long a member of the lowest rank waits for a lost Active router, which is as long as any
/// member may (RFC 9568 §6.1, RFC 3768 §6.1).
pub(crate) fn down_interval(spec: &VipGroupSpec) -> Duration {
    let interval = spec.advertisement_interval.time();
    let skew_unit = match spec.version {
        Version::V2 => Duration::from_secs(1),
        Version::V3 => interval,
    };
    interval * 3 + skew_unit * 255 / 256
}
