//! What the agent says of itself: the desired beside the observed.

mod anomaly;
mod cluster;
mod condition;
mod feeding;
mod observed;
pub mod router;
mod unheard;

use std::net::IpAddr;

use skep_api::status::{
    AcceptedStatus, AgentStatus, DataPlaneStatus, DesiredStatus, Holder, LatenessStatus,
    MemberStatus, Mode, NotificationStatus, RejectedStatus, VipGroupStatus,
};
use skep_manifest::condition::Condition;
use skep_manifest::desired::{Desired, VipGroup};
use skep_manifest::name::Name;
use skep_plan::feeding::GIT;
use skep_plan::progress::{ObjectProgress, Progress};
use skep_probe::notify::record::Record;
use skep_vip::message::{LATENESS_BOUNDS_US, Lateness, State};
use skep_vrrp::time::Instant;

use crate::control::Options;
use crate::control::checks::Checks;
use crate::control::cluster::Cluster;
use crate::control::desired::{Accepted, DesiredState, Rejected};
use crate::control::moves::Moves;
use crate::control::notifications::Notifications;
use crate::control::understand;
use crate::control::watched::{Awaited, Watched};

pub(super) use condition::{wall_milliseconds, wall_time};
pub(super) use feeding::feeding;
use observed::Known;
pub(super) use observed::Observed;
pub(super) use router::{backup_priority, because, is_fault, signs};

/// Everything the status is made from.
pub(super) struct Knowledge<'a> {
    pub(super) options: &'a Options,
    pub(super) desired: &'a DesiredState,
    pub(super) observed: &'a Observed,
    pub(super) checks: &'a Checks,
    pub(super) moves: &'a Moves,
    pub(super) notifications: &'a Notifications,
    pub(super) cluster: Option<&'a Cluster>,
    pub(super) watched: Option<&'a Watched>,
    pub(super) awaited: Option<&'a Awaited>,
}

impl Knowledge<'_> {
    /// Why an input of this node does not pass.
    fn complaint(&self, input: &str, now: Instant) -> Option<String> {
        let check = self.checks.complaint(input).map(str::to_owned);
        check.or_else(|| {
            self.cluster?
                .complaint(self.desired.accepted()?, input, now)
        })
    }
}

/// The whole status at the moment `now`.
pub(super) fn agent_status(known: &Knowledge<'_>, now: Instant) -> AgentStatus {
    let Knowledge {
        options,
        desired: state,
        observed,
        ..
    } = *known;
    let accepted = state.accepted();
    let mut conditions = own_conditions(known, now);
    conditions.extend(feeding::of_peers(known, now));
    AgentStatus {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        node: state.node().map(ToString::to_string),
        mode: match state.mode() {
            understand::Mode::Standalone => Mode::Standalone,
            understand::Mode::Clustered => Mode::Clustered,
        },
        conditions,
        desired: DesiredStatus {
            source: source(options, known.cluster, accepted),
            accepted: accepted.map(|accepted| accepted_status(accepted, now)),
            rejected: state
                .rejected()
                .map(|rejected| rejected_status(rejected, now)),
            paused: known
                .cluster
                .and_then(Cluster::held)
                .map_or_else(Vec::new, |held| held.generation.kept.paused()),
        },
        data_plane: data_plane(observed, now),
        vip_groups: vip_groups(known, now),
        cluster: cluster::status(known, now),
    }
}

/// How well this agent and what is fed here do.
pub(super) fn own_conditions(known: &Knowledge<'_>, now: Instant) -> Vec<Condition> {
    let mut conditions = condition::of_agent(known.desired, known.observed, known.cluster, now);
    let generation = known.desired.accepted().map_or(0, |it| it.generation);
    let unkept = known
        .cluster
        .and_then(Cluster::unkept)
        .or(known.moves.unkept());
    conditions.extend(unkept.map(|unkept| condition::of_disk(unkept, generation, now)));
    if known.cluster.is_none() {
        let options = &known.options.cluster;
        conditions.extend(condition::of_lost_key(options, generation, now));
    }
    conditions.extend(feeding(known, now));
    conditions
}

fn accepted_status(accepted: &Accepted, now: Instant) -> AcceptedStatus {
    AcceptedStatus {
        generation: accepted.generation,
        documents: accepted.documents,
        age_ms: age_ms(accepted.at, now),
    }
}

fn rejected_status(rejected: &Rejected, now: Instant) -> RejectedStatus {
    RejectedStatus {
        age_ms: age_ms(rejected.at, now),
        reason: rejected.reason,
        errors: rejected.errors.clone(),
    }
}

fn data_plane(observed: &Observed, now: Instant) -> DataPlaneStatus {
    let process = observed.process();
    DataPlaneStatus {
        running: observed.is_data_plane_alive(now),
        generation: process.map_or(0, |process| process.revision),
        restrictions: process.map_or_else(Vec::new, |process| process.restrictions.clone()),
        wire_lateness: lateness(process.map(|process| process.wire_lateness)),
        hand_lateness: lateness(process.map(|process| process.hand_lateness)),
    }
}

/// Whether the data plane runs what is accepted with the keys that it was given.
pub(super) fn keys_in_force(observed: &Observed, accepted: Option<&Accepted>) -> bool {
    let mut routers = accepted.into_iter().flat_map(|accepted| &accepted.routers);
    routers.all(|router| observed.runs_with_keys_of(router))
}

/// The VIP groups as this node knows them.
pub(super) fn vip_groups(known: &Knowledge<'_>, now: Instant) -> Vec<VipGroupStatus> {
    let Some(accepted) = known.desired.accepted() else {
        return Vec::new();
    };
    let groups = accepted.desired.vip_groups.iter();
    groups
        .map(|(name, group)| {
            let mut status = vip_group(accepted, name, group, known, now);
            anomaly::judge(&mut status, accepted, known, now);
            unheard::judge(&mut status, accepted, known, now);
            status
        })
        .collect()
}

/// How far the VIP groups are: each is there when somebody holds it.
pub(super) fn group_progress(known: &Knowledge<'_>, now: Instant) -> Vec<ObjectProgress> {
    let groups = vip_groups(known, now).into_iter();
    let progress = |group: VipGroupStatus| {
        let holder = group.active.and_then(|holder| holder.node).or_else(|| {
            let cluster = known.cluster?;
            cluster::holder_by_peers(known, cluster, &group.name, now)?.node
        });
        ObjectProgress {
            object: format!("vipgroup/{}", group.name),
            state: if holder.is_some() {
                Progress::Done
            } else {
                Progress::Working
            },
            message: holder.map_or_else(
                || "nobody holds the addresses yet".to_owned(),
                |node| format!("{node} holds the addresses"),
            ),
            remedy: None,
        }
    };
    groups.map(progress).collect()
}

fn lateness(known: Option<Lateness>) -> LatenessStatus {
    let Lateness {
        counts,
        sum_us,
        max_us,
    } = known.unwrap_or_default();
    let bounds_us = LATENESS_BOUNDS_US.to_vec();
    LatenessStatus {
        bounds_us,
        counts: counts.to_vec(),
        sum_us,
        max_us,
    }
}

/// Where the desired state comes from.
fn source(options: &Options, cluster: Option<&Cluster>, accepted: Option<&Accepted>) -> String {
    match cluster {
        None => match (&options.git, accepted.and_then(|it| it.origin.as_ref())) {
            (None, _) => options.manifests.display().to_string(),
            (Some(_), Some(origin)) => format!("{GIT} {origin}"),
            (Some(git), None) => git.name(),
        },
        Some(cluster) => {
            let feeder = cluster.held().map(|held| held.generation.feeder.as_str());
            feeder.unwrap_or("skep apply").to_owned()
        }
    }
}

fn vip_group(
    accepted: &Accepted,
    name: &Name,
    group: &VipGroup,
    knowledge: &Knowledge<'_>,
    now: Instant,
) -> VipGroupStatus {
    let spec = &group.declared.spec;
    let refused = accepted
        .refused
        .iter()
        .find(|refused| refused.group == *name);
    let is_member = refused.is_some()
        || accepted
            .routers
            .iter()
            .any(|router| router.key.group == name.as_str());
    let routers: Vec<Known<'_>> = knowledge.observed.routers_of(name).collect();
    let active = routers
        .iter()
        .find_map(|known| holder(accepted, known, now))
        .or_else(|| {
            // Whoever is no member hears nothing of it but what the members' agents say.
            let cluster = knowledge.cluster.filter(|_| !is_member)?;
            cluster::holder_by_peers(knowledge, cluster, name.as_str(), now)
        });
    let records = knowledge.notifications.records(name);
    let mut conditions = match refused {
        Some(refused) => vec![condition::of_refused(refused, accepted, now)],
        None => condition::of_group(
            is_member,
            (&routers, knowledge.observed),
            active.as_ref(),
            accepted,
            now,
        ),
    };
    let process = knowledge.observed.process();
    let foreign = process.map_or(&[][..], |process| &process.foreign);
    conditions.extend(condition::of_foreign(name.as_str(), accepted, foreign, now));
    conditions.extend(condition::of_notifications(&records, accepted, now));
    VipGroupStatus {
        name: name.to_string(),
        addresses: spec
            .addresses
            .iter()
            .map(|held| held.address.to_string())
            .collect(),
        members: group
            .members
            .iter()
            .map(|member| MemberStatus {
                name: member.name.to_string(),
                priority: member.priority.map(|priority| priority.number()),
                address: member.source.or(member.peer_address).map(|it| it.0),
            })
            .collect(),
        conditions,
        refused: refused.map(|refused| refused.missing.to_string()),
        active,
        moved: knowledge.moves.of(name, now),
        routers: routers
            .iter()
            .map(|known| router::status(known.report, knowledge, now))
            .collect(),
        notifications: records.into_iter().map(notification).collect(),
    }
}

fn notification(record: Record) -> NotificationStatus {
    NotificationStatus {
        notifier: record.notifier.to_string(),
        waiting: record.waiting,
        delivered: record.delivered,
        failed_attempts: record.failed_attempts,
        given_up: record.given_up,
        dropped: record.dropped,
        error: record.trouble.map(|trouble| trouble.error),
    }
}

/// Who holds the group, as the virtual router `known` sees it.
fn holder(accepted: &Accepted, known: &Known<'_>, now: Instant) -> Option<Holder> {
    match known.report.state {
        State::Active | State::Leaving => Some(Holder {
            node: accepted.node.as_ref().map(ToString::to_string),
            address: None,
            heard_ms: age_ms(known.heard_at, now),
        }),
        // Who takes no part still hears who does.
        State::Backup | State::Fault => {
            let heard = known.living_active(now)?;
            Some(Holder {
                node: node_at(&accepted.desired, &known.report.key.group, heard.from),
                address: Some(heard.from),
                heard_ms: age_ms(heard.at, now),
            })
        }
    }
}

/// The member of `group` that advertises from `address`.
fn node_at(desired: &Desired, group: &str, address: IpAddr) -> Option<String> {
    let group = desired.vip_groups.get(group)?;
    let is_it = |declared: skep_manifest::address::Address| declared.0 == address;
    let member = group.members.iter().find(|member| {
        member.source.is_some_and(is_it) || member.peer_address.is_some_and(is_it)
    })?;
    Some(member.name.to_string())
}

/// How long ago `then` was, in milliseconds.
pub(super) fn age_ms(then: Instant, now: Instant) -> u64 {
    let age = now.saturating_duration_since(then).as_millis();
    u64::try_from(age).unwrap_or(u64::MAX)
}

/// The wall clock, for people: RFC 3339 in UTC.
pub(super) fn wall_clock() -> String {
    wall_time(Instant::default(), Instant::default())
}
