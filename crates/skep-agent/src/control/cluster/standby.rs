//! Who stands by for this node's virtual routers, as the agents of the others say.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use skep_api::cluster::PeerReport;
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
        let reports = self
            .peers
            .iter()
            .filter_map(|(_, peer)| peer.latest.as_ref());
        let best = best(reports, now);
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

/// The best router of each group and family that stands by, as the reports that are fresh say.
fn best<'a>(
    reports: impl Iterator<Item = &'a (Arc<PeerReport>, Instant)>,
    now: Instant,
) -> BTreeMap<(&'a str, Family), (Priority, Instant)> {
    let mut best = BTreeMap::new();
    let is_fresh = |heard_at: Instant| now.saturating_duration_since(heard_at) <= FRESH;
    for (report, heard_at) in reports.filter(|(_, heard_at)| is_fresh(*heard_at)) {
        for group in &report.vip_groups {
            for (family, priority) in group.routers.iter().filter_map(standing_by) {
                let offered = (priority, *heard_at);
                let known = best.entry((group.name.as_str(), family)).or_insert(offered);
                *known = offered.max(*known);
            }
        }
    }
    best
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use skep_plan::observed::{Engine, Membership};

    use super::*;

    fn router(state: &str, priority: u8) -> Value {
        json!({
            "family": "ipv4", "virtualRouterId": 51, "interface": "eth0", "state": state,
            "because": "", "sinceMs": 0, "basePriority": priority, "effectivePriority": priority,
            "inputs": [], "heard": null, "holding": [], "transitions": [], "counters": {},
        })
    }

    const SILENT: Engine = Engine {
        membership: Membership::Silent,
        remembers: None,
        refused: None,
        is_stuck: false,
        keeps_unlock_key: false,
        is_certified: false,
    };

    fn report(routers: &Value, heard_s: u64) -> (Arc<PeerReport>, Instant) {
        let report = json!({
            "version": "0", "generation": null,
            "engine": SILENT,
            "vipGroups": [{
                "name": "ingress", "addresses": [], "members": [], "active": null,
                "routers": routers, "conditions": [],
            }],
        });
        let report = serde_json::from_value(report).expect("a report");
        (
            Arc::new(report),
            Instant::from_boot(Duration::from_secs(heard_s)),
        )
    }

    #[test]
    fn only_who_freshly_said_that_it_is_backup_stands_by() {
        let reports = [
            report(&json!([router("Backup", 90)]), 8),
            report(&json!([router("Backup", 110)]), 9),
            report(&json!([router("Backup", 200)]), 1),
            report(&json!([router("Fault", 210)]), 9),
            report(&json!([router("Active", 220)]), 9),
            report(&json!([]), 9),
        ];
        let now = Instant::from_boot(Duration::from_secs(10));
        let found = best(reports.iter(), now);
        let heard_at = Instant::from_boot(Duration::from_secs(9));
        let key = ("ingress", Family::Ipv4);
        assert_eq!(
            found,
            BTreeMap::from([(key, (Priority::new(110), heard_at))])
        );
        assert!(best(reports[2..].iter(), now).is_empty());
    }
}
