//! What agents tell each other once a second: all of it at first, and then what changed.
//!
//! Nobody is told again what it knows. A report whose ages went on as time did is the same report:
//! whoever has it lets it grow older by itself.

use std::collections::BTreeMap;

use ring::digest;
use serde::{Deserialize, Serialize};
use skep_manifest::hexadecimal;
use skep_manifest::name::NodeName;
use skep_plan::observed::Cluster;

use crate::cluster::PeerReport;
use crate::moves::Move;
use crate::status::{HeardStatus, RouterStatus, VipGroupStatus};

/// A router that was heard within so many intervals, and this long, is being heard.
const HEARD_INTERVALS: u64 = 3;
const HEARD_MS: u64 = 3_000;

/// Moments that two looks at one clock find this near are one: milliseconds are rounded.
const MOMENT_MS: u64 = 1_000;

/// Bytes of a digest that are told: those who have the key do not forge them.
const DIGEST_BYTES: usize = 16;

/// What an agent knows already that asks another one how it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// The report with this digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<String>,
    /// The swarm with this digest, empty for none; without it the asker does not want it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub swarm: Option<String>,
    /// What was relayed up to this position, empty for nothing; without it the asker wants nothing
    /// relayed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relayed: Option<String>,
}

/// How an agent is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Told {
    /// The digest of its report.
    pub digest: String,
    /// The report, unless the asker knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Box<PeerReport>>,
    /// The digest of the swarm, when its engine is a manager that answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub swarm_digest: Option<String>,
    /// The swarm, when the asker wants it and does not have it already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub swarm: Option<Box<Cluster>>,
    /// What others told it, when the asker wants that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relayed: Option<Relayed>,
}

/// What an agent was told by others.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Relayed {
    /// How far this goes.
    pub position: String,
    /// Whether this is all it knows, not only what changed since the asker's position.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_whole: bool,
    /// How long ago, at most, each node was heard that is not silent.
    pub age_ms: u64,
    /// The nodes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub nodes: BTreeMap<NodeName, RelayedNode>,
}

/// What the agent of one node told another one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RelayedNode {
    /// What it said last.
    pub report: Box<PeerReport>,
    /// How long ago that was, when it is silent since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silent_ms: Option<u64>,
}

impl Told {
    /// What counts of this when a node without the cluster's key tells it: it manages nothing and
    /// speaks for nobody else.
    #[must_use]
    pub fn of_certified(self) -> Self {
        let report = self.report.map(|report| Box::new(report.of_certified()));
        Self {
            digest: self.digest,
            report,
            swarm_digest: None,
            swarm: None,
            relayed: None,
        }
    }
}

impl PeerReport {
    /// What tells this report from another one, whatever the time is: `now_ms` is the moment at
    /// which it was made, by any clock of the agent that made it.
    #[must_use]
    pub fn digest(&self, now_ms: u64) -> String {
        let mut timeless = self.clone();
        for router in routers(&mut timeless) {
            router.since_ms = moment(now_ms, router.since_ms);
            if let Some(heard) = &mut router.heard {
                heard.age_ms = u64::from(!is_being_heard(heard));
            }
        }
        for condition in &mut timeless.feeding {
            condition.last_transition_time.clear();
        }
        for order in &mut timeless.moves {
            order.left_ms = order.left_ms.map(|_| 0);
        }
        let leaderless = &mut timeless.recovery.leaderless_ms;
        *leaderless = leaderless.map(|ms| moment(now_ms, ms));
        let told = serde_json::to_vec(&timeless).expect("a report has only string keys");
        let digest = digest::digest(&digest::SHA256, &told);
        hexadecimal::digits(&digest.as_ref()[..DIGEST_BYTES])
    }

    /// The same report so many milliseconds later.
    pub fn grow_older(&mut self, by_ms: u64) {
        for router in routers(self) {
            router.since_ms = router.since_ms.saturating_add(by_ms);
            // That goes on being heard, or the report would be another one.
            if let Some(heard) = router.heard.as_mut().filter(|it| !is_being_heard(it)) {
                heard.age_ms = heard.age_ms.saturating_add(by_ms);
            }
        }
        for Move { left_ms, .. } in &mut self.moves {
            *left_ms = left_ms.map(|left| left.saturating_sub(by_ms));
        }
        let leaderless = &mut self.recovery.leaderless_ms;
        *leaderless = leaderless.map(|ms| ms.saturating_add(by_ms));
    }
}

impl VipGroupStatus {
    /// What other agents need to know of the group, unless this node takes no part in it: what is
    /// declared they know themselves, and what happened is asked for where somebody wants to see it.
    #[must_use]
    pub fn for_peers(self) -> Option<Self> {
        let routers: Vec<RouterStatus> = self.routers.into_iter().map(for_peers).collect();
        (!routers.is_empty()).then(|| Self {
            name: self.name,
            addresses: Vec::new(),
            members: Vec::new(),
            active: None,
            moved: None,
            routers,
            refused: None,
            conditions: Vec::new(),
            notifications: Vec::new(),
        })
    }
}

fn for_peers(router: RouterStatus) -> RouterStatus {
    RouterStatus {
        inputs: Vec::new(),
        transitions: Vec::new(),
        counters: BTreeMap::new(),
        anomalies: Vec::new(),
        ..router
    }
}

fn routers(report: &mut PeerReport) -> impl Iterator<Item = &mut RouterStatus> {
    let groups = report.vip_groups.iter_mut();
    groups.flat_map(|group| &mut group.routers)
}

const fn is_being_heard(heard: &HeardStatus) -> bool {
    heard.age_ms < heard.interval_ms.saturating_mul(HEARD_INTERVALS) + HEARD_MS
}

/// When it was, in a word that is the same however often it is asked for.
const fn moment(now_ms: u64, age_ms: u64) -> u64 {
    now_ms.saturating_sub(age_ms).saturating_add(MOMENT_MS / 2) / MOMENT_MS
}

#[cfg(test)]
mod tests;
