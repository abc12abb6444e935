//! Tells the notifiers of this node's groups what its virtual routers become.
//!
//! Events are the transitions that the data plane reports. Each is told once: reports repeat them,
//! and one that is no later than the last that was told is old.

mod told;

use std::collections::BTreeMap;
use std::path::Path;

use skep_manifest::desired::VipGroup;
use skep_manifest::name::{Name, NodeName};
use skep_manifest::vip_group::MemberState;
use skep_probe::notify::event::Event;
use skep_probe::notify::outbox::{Novelty, Outbox};
use skep_probe::notify::record::Record;
use skep_probe::notify::subscription::Subscription;
use skep_vip::message::{Reason, RouterReport, State, Transition};
use skep_vrrp::identity::Family;
use skep_vrrp::time::Instant;

use crate::control::LAUNCH;
use crate::control::desired::Accepted;
use crate::control::status::{because, wall_time};
use told::Told;

/// Who is told what about which group.
pub(super) struct Notifications {
    told: Told,
    groups: BTreeMap<Name, Group>,
}

struct Group {
    outbox: Outbox,
    /// The last state that was told; Leaving is none.
    state: Option<State>,
}

impl Default for Group {
    fn default() -> Self {
        Self {
            outbox: Outbox::new(LAUNCH),
            state: None,
        }
    }
}

/// What became of a group's virtual router.
struct Change<'a> {
    state: State,
    reason: &'a Reason,
    at: Instant,
    novelty: Novelty,
}

impl Notifications {
    /// Nobody is told anything. What was told is remembered in a file of this directory, so that
    /// the next control tells what happened in between and nothing twice.
    pub(super) fn new(directory: &Path, now: Instant) -> Self {
        Self {
            told: Told::read(directory, now),
            groups: BTreeMap::new(),
        }
    }

    /// Tells whom `accepted` names from here on, about the groups of this node.
    pub(super) fn follow(&mut self, accepted: &Accepted) {
        let desired = &accepted.desired;
        let is_here = |name: &Name| {
            let mut routers = accepted.routers.iter();
            routers.any(|router| router.key.group == name.as_str())
        };
        self.groups.retain(|name, _| is_here(name));
        for (name, declared) in desired.vip_groups.iter().filter(|(name, _)| is_here(name)) {
            let notify = declared.declared.spec.notify.iter();
            let subscriptions = notify.filter_map(|notification| {
                let notifier = desired.notifiers.get(&notification.notifier)?;
                Some(Subscription::new(notification, &notifier.spec))
            });
            let group = self.groups.entry(name.clone()).or_default();
            group.outbox.follow(subscriptions.collect());
        }
    }

    /// Tells what is new in `report`.
    pub(super) fn handle_report(
        &mut self,
        report: &RouterReport,
        accepted: &Accepted,
        now: Instant,
    ) {
        let name = report.key.group.as_str();
        let (Some(declared), Some(node)) = (accepted.desired.vip_groups.get(name), &accepted.node)
        else {
            return;
        };
        let Some(group) = self.groups.get_mut(name) else {
            return;
        };
        // The router of the first address decides for the group.
        if report.key.family != family(declared) {
            return;
        }
        let since = self.told.last(name);
        for transition in report.transitions.iter().filter(|it| it.at > since) {
            self.told.remember(name, transition.at);
            if let Some(change) = group.change(transition) {
                group.tell(event(declared, node, report, &change, now), &change);
            }
        }
        if group.state.is_none() && report.state != State::Leaving {
            let change = Change {
                state: report.state,
                reason: &report.reason,
                at: report.since,
                novelty: Novelty::Lasting,
            };
            group.tell(event(declared, node, report, &change, now), &change);
        }
    }

    /// How telling goes for the group `name`.
    pub(super) fn records(&self, name: &Name) -> Vec<Record> {
        let group = self.groups.get(name);
        group.map_or_else(Vec::new, |group| group.outbox.records())
    }
}

impl Group {
    /// What `transition` means to those who are told. Leaving is nothing of its own: it ends in
    /// Backup, or in Active again, which it then never left.
    fn change<'a>(&self, transition: &'a Transition) -> Option<Change<'a>> {
        let is_back = transition.from == State::Leaving && self.state == Some(transition.to);
        if transition.to == State::Leaving || is_back {
            return None;
        }
        Some(Change {
            state: transition.to,
            reason: &transition.reason,
            at: transition.at,
            novelty: Novelty::Entered,
        })
    }

    fn tell(&mut self, event: Event, change: &Change<'_>) {
        self.state = Some(change.state);
        self.outbox.tell(event, change.novelty);
    }
}

fn event(
    group: &VipGroup,
    node: &NodeName,
    report: &RouterReport,
    change: &Change<'_>,
    now: Instant,
) -> Event {
    let declared = &group.declared;
    let addresses = declared.spec.addresses.iter();
    Event {
        group: declared.metadata.name.clone(),
        node: node.clone(),
        state: match change.state {
            State::Active => MemberState::Active,
            State::Backup => MemberState::Backup,
            State::Fault => MemberState::Fault,
            State::Leaving => MemberState::Leaving,
        },
        because: because(change.reason),
        priority: report.effective_priority.number(),
        addresses: addresses.map(|held| held.address.address()).collect(),
        at: wall_time(change.at, now),
    }
}

fn family(group: &VipGroup) -> Family {
    let first = group.declared.spec.addresses.first();
    first.map_or(Family::Ipv4, |first| Family::of(first.address.address()))
}

#[cfg(test)]
mod tests;
