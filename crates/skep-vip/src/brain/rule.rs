//! Whether a router takes part, and with which priority: its interface, its inputs and the routers
//! it moves together with decide.

use std::net::IpAddr;

use skep_vrrp::action::State;
use skep_vrrp::identity::Priority;
use skep_vrrp::time::Instant;

use super::Brain;
use crate::bonds::{Part, WITH_LEADER, WITHOUT_LEADER};
use crate::configuration::{Relocation, RouterConfiguration};
use crate::links;
use crate::message::Reason;
use crate::router::Router;

impl Brain {
    /// Lets everything decide about a router, and about those it moves together with.
    pub(super) fn rule(&mut self, slot: usize, now: Instant) {
        if self.routers.get(slot).is_some_and(Router::is_retired) {
            self.rule_retired(slot, now);
            return;
        }
        let together = self.bonds.members(slot);
        if together.is_empty() {
            let source = self.source(slot);
            self.rule_one(slot, source, now);
            return;
        }
        let together = together.to_vec();
        let sources: Vec<_> = together.iter().map(|slot| self.source(*slot)).collect();
        let faulty = together.iter().zip(&sources).find(|(_, it)| it.is_err());
        let faulty = faulty.and_then(|(slot, _)| self.routers.get(*slot));
        let shared = faulty.map(|router| Reason::SyncGroup {
            router: router.configuration.key.clone(),
        });
        for (slot, source) in together.into_iter().zip(sources) {
            let source = source.and_then(|source| shared.clone().map_or(Ok(source), Err));
            self.rule_one(slot, source, now);
        }
    }

    /// The router in this slot changed its state: those that follow it move along.
    pub(super) fn bring_along(&mut self, slot: usize, now: Instant) {
        match self.bonds.part(slot) {
            Part::Leads => {}
            Part::Alone | Part::Follows(_) => return,
        }
        for follower in self.bonds.members(slot).to_vec() {
            let Some(router) = self.routers.get(follower) else {
                continue;
            };
            if follower != slot {
                let priority = self.priority(follower, &router.configuration);
                if let Some(router) = self.routers.get_mut(follower) {
                    router.machine.handle_priority(priority, now);
                }
                self.catch_up(follower, now);
                self.follow(follower, now);
                self.report(follower);
            }
        }
    }

    /// Lets a follower whose leader is Active wait for nothing: who is heard with a lower priority
    /// may go on for a whole down interval otherwise.
    pub(super) fn catch_up(&mut self, slot: usize, now: Instant) {
        let Part::Follows(leader) = self.bonds.part(slot) else {
            return;
        };
        if self.is_active(leader)
            && let Some(router) = self.routers.get_mut(slot)
        {
            router.machine.handle_claim(now);
        }
    }

    /// The priority of a router that is told to be `configuration`.
    pub(super) fn priority(&self, slot: usize, configuration: &RouterConfiguration) -> Priority {
        let base = configuration.priority;
        let tracking = match self.bonds.part(slot) {
            Part::Alone => &configuration.tracking,
            Part::Leads => self.bonds.tracking(slot),
            // RFC 9568 §5.2.4 ties this priority to owning the addresses, unless an operator moves
            // them away from their owner.
            Part::Follows(leader) if base == Priority::OWNER && !self.is_away(leader) => {
                return base;
            }
            Part::Follows(leader) if self.is_active(leader) => return WITH_LEADER,
            Part::Follows(_) => return WITHOUT_LEADER,
        };
        let priority = self.inputs.effective_priority(base, tracking);
        configuration.relocation.rank(priority)
    }

    /// What is believed of tracked links from `now` on becomes an input.
    pub(super) fn turn_links(&mut self, now: Instant) {
        while let Some((interface, health)) = self.links.expire(now) {
            self.handle_input(&links::input_name(&interface), health, now);
        }
    }

    fn is_away(&self, slot: usize) -> bool {
        let router = self.routers.get(slot);
        router.is_some_and(|router| router.configuration.relocation == Relocation::Away)
    }

    fn is_active(&self, slot: usize) -> bool {
        let state = self.routers.get(slot).map(|router| router.machine.state());
        match state {
            Some(State::Active) => true,
            // Its followers make room for those of its successor.
            Some(State::Initialize | State::Backup | State::Leaving) | None => false,
        }
    }

    /// From where the router in this slot advertises, or what of its own keeps it out.
    pub(super) fn source(&self, slot: usize) -> Result<IpAddr, Reason> {
        let Some(router) = self.routers.get(slot) else {
            return Err(Reason::Stopped);
        };
        let source = self.interfaces.source(&router.configuration)?;
        let fault = self.inputs.fault(&router.configuration.tracking);
        let fault = fault.or_else(|| self.setting_fault(&router.configuration));
        fault.map_or(Ok(source), Err)
    }

    fn rule_one(&mut self, slot: usize, source: Result<IpAddr, Reason>, now: Instant) {
        let Some(router) = self.routers.get(slot) else {
            return;
        };
        let priority = self.priority(slot, &router.configuration);
        let reception = self.interfaces.reception(&router.configuration.interface);
        if let Some(router) = self.routers.get_mut(slot) {
            if source.is_ok() {
                router.begin(reception, now);
            }
            router.rule(source, priority, now);
        }
        self.catch_up(slot, now);
        self.follow(slot, now);
        self.report(slot);
    }

    /// A router that only lives on until it has left is bound to its interface alone.
    fn rule_retired(&mut self, slot: usize, now: Instant) {
        let Some(router) = self.routers.get_mut(slot) else {
            return;
        };
        router.rule_retired(self.interfaces.source(&router.configuration));
        self.follow(slot, now);
        self.report(slot);
    }
}
