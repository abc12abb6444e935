//! What the agent says of itself: the desired beside the observed.

mod condition;
mod observed;
mod router;

use std::net::IpAddr;

use skep_api::status::{
    AcceptedStatus, AgentStatus, DataPlaneStatus, DesiredStatus, Holder, MemberStatus, Mode,
    RejectedStatus, VipGroupStatus,
};
use skep_manifest::desired::{Desired, VipGroup};
use skep_manifest::name::Name;
use skep_vip::message::State;
use skep_vrrp::time::Instant;

use crate::control::Options;
use crate::control::checks::Checks;
use crate::control::desired::{Accepted, DesiredState, Rejected};

use observed::Known;
pub(super) use observed::Observed;

/// Everything the status is made from.
pub(super) struct Knowledge<'a> {
    pub(super) options: &'a Options,
    pub(super) desired: &'a DesiredState,
    pub(super) observed: &'a Observed,
    pub(super) checks: &'a Checks,
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
    let groups = accepted.map(|accepted| vip_groups(accepted, known, now));
    AgentStatus {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        node: state.node().map(ToString::to_string),
        mode: Mode::Standalone,
        conditions: condition::of_agent(state, observed, now),
        desired: DesiredStatus {
            source: options.manifests.display().to_string(),
            accepted: accepted.map(|accepted| accepted_status(accepted, now)),
            rejected: state
                .rejected()
                .map(|rejected| rejected_status(rejected, now)),
        },
        data_plane: data_plane(observed, now),
        vip_groups: groups.unwrap_or_default(),
    }
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
        errors: rejected.errors.clone(),
    }
}

fn data_plane(observed: &Observed, now: Instant) -> DataPlaneStatus {
    let process = observed.process();
    DataPlaneStatus {
        running: observed.is_data_plane_alive(now),
        generation: process.map_or(0, |process| process.revision),
        restrictions: process.map_or_else(Vec::new, |process| process.restrictions.clone()),
    }
}

fn vip_groups(accepted: &Accepted, known: &Knowledge<'_>, now: Instant) -> Vec<VipGroupStatus> {
    let groups = accepted.desired.vip_groups.iter();
    groups
        .map(|(name, group)| vip_group(accepted, name, group, known, now))
        .collect()
}

fn vip_group(
    accepted: &Accepted,
    name: &Name,
    group: &VipGroup,
    knowledge: &Knowledge<'_>,
    now: Instant,
) -> VipGroupStatus {
    let spec = &group.declared.spec;
    let is_member = accepted
        .routers
        .iter()
        .any(|router| router.key.group == name.as_str());
    let routers: Vec<Known<'_>> = knowledge.observed.routers_of(name).collect();
    let active = routers
        .iter()
        .find_map(|known| holder(accepted, known, now));
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
            })
            .collect(),
        conditions: condition::of_group(is_member, &routers, active.as_ref(), accepted, now),
        active,
        routers: routers
            .iter()
            .map(|known| router::status(known.report, knowledge.checks, now))
            .collect(),
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
        State::Backup => {
            let heard = known.living_active(now)?;
            Some(Holder {
                node: node_at(&accepted.desired, &known.report.key.group, heard.from),
                address: Some(heard.from),
                heard_ms: age_ms(heard.at, now),
            })
        }
        State::Fault => None,
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
fn age_ms(then: Instant, now: Instant) -> u64 {
    let age = now.saturating_duration_since(then).as_millis();
    u64::try_from(age).unwrap_or(u64::MAX)
}
