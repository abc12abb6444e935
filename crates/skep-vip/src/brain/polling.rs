//! What the brain wants done next, and what control should know.

use std::collections::BTreeSet;

use skep_vrrp::action as machine;
use skep_vrrp::time::Instant;

use super::Brain;
use crate::action::{Action, Holding};
use crate::configuration::VirtualRoute;
use crate::message::Report;
use crate::roster::Roster;
use crate::router::{ReportState, Router};
use crate::routes::routes_of;

impl Brain {
    /// When [`Self::handle_timeout`] is due next.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let due = self.deadlines.first().map(|(due, _)| due);
        [due, self.links.poll_timeout()].into_iter().flatten().min()
    }

    /// What to do next: all advertisements, then what is not to be announced any more, then all
    /// changes of addresses and routes, then announcements.
    pub fn poll_action(&mut self) -> Option<Action<'_>> {
        if !self.outbox.is_empty() {
            return self.outbox.pop().map(Action::Send);
        }
        if let Some(withheld) = self.withheld.pop_front() {
            return Some(Action::Withhold(withheld));
        }
        if !self.holdings.is_settled() {
            self.routes.settle(wanted_routes(&self.routers));
        }
        self.holdings.settle(wanted(&self.routers));
        if let Some(removal) = self.routes.pop_removal() {
            return Some(removal);
        }
        if let Some(change) = self.holdings.pop() {
            return Some(change);
        }
        if let Some(addition) = self.routes.pop_addition() {
            return Some(addition);
        }
        // What was released meanwhile is not announced.
        while let Some(announcement) = self.announcements.pop_front() {
            if self
                .holdings
                .holds(&announcement.interface, announcement.address)
            {
                return Some(Action::Announce(announcement));
            }
        }
        None
    }

    /// What control should know: at most one report about each router, the newest.
    pub fn poll_report(&mut self) -> Option<Report> {
        if let Some(key) = self.removed.pop_front() {
            return Some(Report::Removed(key));
        }
        while let Some(slot) = self.reports.pop_front() {
            let superseded = self.is_superseded(slot);
            if let Some(router) = self.routers.get_mut(slot)
                && router.report == ReportState::Waiting
            {
                router.report = ReportState::Fetched;
                if router.is_parting() || superseded {
                    continue;
                }
                let source = self.interfaces.source(&router.configuration).ok();
                return Some(Report::Router(Box::new(
                    router.describe(&self.inputs, source),
                )));
            }
        }
        None
    }
}

/// An address is present only while its router is Active or Leaving. How it is put in place is what
/// the configuration says, not what a router says that is not part of it any more.
fn wanted(routers: &Roster) -> impl Iterator<Item = &Holding> {
    holding(routers).flat_map(|router| router.addresses.iter())
}

fn wanted_routes(routers: &Roster) -> BTreeSet<VirtualRoute> {
    holding(routers)
        .flat_map(|router| routes_of(&router.configuration))
        .collect()
}

/// The routers that hold their addresses, those that are not configured any more first.
fn holding(routers: &Roster) -> impl Iterator<Item = &Router> {
    let retired = routers.iter().filter(|(_, router)| router.is_retired());
    let configured = routers.iter().filter(|(_, router)| !router.is_retired());
    let routers = retired.chain(configured).map(|(_, router)| router);
    routers.filter(|router| holds(router.machine.state()))
}

pub(super) const fn holds(state: machine::State) -> bool {
    match state {
        machine::State::Active | machine::State::Leaving => true,
        machine::State::Initialize | machine::State::Backup => false,
    }
}
