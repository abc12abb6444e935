//! Who stands by for this node's virtual routers, as the agents of the others say.

use std::collections::BTreeMap;
use std::time::Duration;

use skep_api::status::RouterStatus;
use skep_vip::configuration::{RouterConfiguration, RouterKey};
use skep_vip::message::Command;
use skep_vrrp::identity::{Family, Priority};
use skep_vrrp::time::Instant;

use crate::control::cluster::Cluster;
use crate::control::status::backup_priority;

/// What a peer said counts for this long.
const FRESH: Duration = Duration::from_secs(3);

impl Cluster {
    /// For each of `routers` the best other member that stands by, if a fresh report tells of one.
    pub(in crate::control) fn standbys(
        &self,
        routers: &[RouterConfiguration],
        now: Instant,
    ) -> Vec<Command> {
        let mut best: BTreeMap<(&str, Family), (Priority, Instant)> = BTreeMap::new();
        let heard = self
            .peers
            .iter()
            .filter_map(|(_, peer)| peer.latest.as_ref());
        for (report, heard_at) in heard {
            if now.saturating_duration_since(*heard_at) > FRESH {
                continue;
            }
            for group in &report.vip_groups {
                for (family, priority) in group.routers.iter().filter_map(standing_by) {
                    let known = best
                        .entry((&group.name, family))
                        .or_insert((priority, *heard_at));
                    *known = (*known).max((priority, *heard_at));
                }
            }
        }
        let standby = |router: &RouterConfiguration| {
            let RouterKey { group, family } = &router.key;
            let (priority, heard_at) = *best.get(&(group.as_str(), *family))?;
            Some(Command::Standby {
                key: router.key.clone(),
                priority,
                heard_at,
            })
        };
        routers.iter().filter_map(standby).collect()
    }
}

/// The family and the priority of a router that would take over.
fn standing_by(router: &RouterStatus) -> Option<(Family, Priority)> {
    let family = match router.family.as_str() {
        "ipv4" => Family::Ipv4,
        "ipv6" => Family::Ipv6,
        _ => return None,
    };
    Some((family, backup_priority(router)?))
}
