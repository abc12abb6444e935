//! Where operators moved VIP groups: every agent keeps the orders itself, so that they count
//! without anybody to ask.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use skep_api::moves::Move;
use skep_manifest::desired::{Desired, Runs};
use skep_manifest::name::{Name, NodeName};
use skep_vrrp::time::Instant;

use crate::control::cluster::{KeptMove, Store};
use crate::control::understand::with_causes;
use crate::control::unkept::Unkept;

/// How much of the name of who ordered a move is kept: enough for a user and a host.
const BY_LENGTH_MAX: usize = 128;

/// The orders this agent knows, at most one per group of the desired state.
pub(super) struct Moves {
    /// Where they survive a restart.
    directory: PathBuf,
    held: BTreeMap<Name, Held>,
    unkept: Option<Unkept>,
}

struct Held {
    /// As it was taken; an order that ended has nowhere to go.
    order: Move,
    /// When it ends, on the clock that nobody sets.
    until: Option<Instant>,
}

impl Moves {
    /// The orders kept in `directory`, at the moment `now` which is `wall` on the wall clock.
    pub(super) fn open(directory: PathBuf, now: Instant, wall: SystemTime) -> Self {
        let kept = Store::moves(&directory).unwrap_or_else(|error| {
            tracing::warn!("moves of VIP groups are forgotten: {}", with_causes(&error));
            Vec::new()
        });
        let held = kept.into_iter().map(|kept| {
            let held = Held::revive(kept, now, wall);
            (held.order.group.clone(), held)
        });
        Self {
            held: held.collect(),
            directory,
            unkept: None,
        }
    }

    /// The groups that are moved, each with its target.
    pub(super) fn in_force(&self) -> BTreeMap<Name, NodeName> {
        let targets = self.held.iter();
        targets
            .filter_map(|(group, held)| Some((group.clone(), held.order.to.clone()?)))
            .collect()
    }

    /// The order for `group` while it counts.
    pub(super) fn of(&self, group: &Name, now: Instant) -> Option<Move> {
        let held = self.held.get(group)?;
        held.order.to.as_ref()?;
        Some(held.at(now))
    }

    /// Every order, also those that ended, as others are told of them.
    pub(super) fn all(&self, now: Instant) -> Vec<Move> {
        self.held.values().map(|held| held.at(now)).collect()
    }

    /// The number of the next order for `group`.
    pub(super) fn next_number(&self, group: &Name) -> u64 {
        let known = self.held.get(group).map_or(0, |held| held.order.number);
        known.saturating_add(1)
    }

    /// Keeps `order` if it supersedes what is known and fits `desired`; whether it did.
    pub(super) fn take(&mut self, mut order: Move, desired: &Desired, now: Instant) -> bool {
        let is_newer = self
            .held
            .get(&order.group)
            .is_none_or(|held| order.supersedes(&held.order));
        if !is_newer || !fits(&order, desired) {
            return false;
        }
        order.by.retain(|letter| !letter.is_control());
        order.by = order.by.chars().take(BY_LENGTH_MAX).collect();
        match &order.to {
            Some(to) => {
                tracing::info!(group = %order.group, %to, by = order.by, "the group is moved");
            }
            None => tracing::info!(group = %order.group, by = order.by, "the move ended"),
        }
        let until = order.left_ms.map(|left| now + Duration::from_millis(left));
        self.held.insert(order.group.clone(), Held { order, until });
        self.keep(now);
        true
    }

    /// Ends what is over at `now`; whether anything was.
    pub(super) fn expire(&mut self, now: Instant) -> bool {
        let mut ended = false;
        for held in self.held.values_mut() {
            let is_over = held.until.is_some_and(|until| until <= now);
            if is_over && held.order.to.take().is_some() {
                tracing::info!(group = %held.order.group, "the time of the move is over");
                ended = true;
            }
        }
        if ended {
            self.keep(now);
        }
        ended
    }

    /// Forgets the orders that do not fit `desired`.
    pub(super) fn prune(&mut self, desired: &Desired, now: Instant) {
        let before = self.held.len();
        self.held.retain(|_, held| fits(&held.order, desired));
        if self.held.len() != before {
            self.keep(now);
        }
    }

    /// Keeps the orders on disk, if that did not take them.
    pub(super) fn keep_again(&mut self, now: Instant) {
        if self.unkept.is_some() {
            self.keep(now);
        }
    }

    /// Why the disk lacks the orders.
    pub(super) const fn unkept(&self) -> Option<&Unkept> {
        self.unkept.as_ref()
    }

    fn keep(&mut self, now: Instant) {
        let wall = SystemTime::now();
        let kept: Vec<KeptMove> = self
            .held
            .values()
            .map(|held| held.kept(now, wall))
            .collect();
        let written = Store::open(&self.directory).and_then(|store| store.keep_moves(&kept));
        let before = self.unkept.take();
        self.unkept = Unkept::after(before, "where VIP groups are moved", written, now);
    }
}

impl Held {
    /// The order with the time it still has.
    fn at(&self, now: Instant) -> Move {
        Move {
            left_ms: self
                .until
                .map(|until| whole_ms(until.saturating_duration_since(now))),
            ..self.order.clone()
        }
    }

    fn kept(&self, now: Instant, wall: SystemTime) -> KeptMove {
        let left = self.until.map(|until| until.saturating_duration_since(now));
        KeptMove {
            order: self.order.clone(),
            until_ms: left.map(|left| whole_ms(since_1970(wall) + left)),
        }
    }

    fn revive(kept: KeptMove, now: Instant, wall: SystemTime) -> Self {
        let KeptMove {
            mut order,
            until_ms,
        } = kept;
        let left = until_ms.map(|until| {
            let left = Duration::from_millis(until).saturating_sub(since_1970(wall));
            // A clock that starts in 1970 must not make it last longer than was ordered.
            left.min(Duration::from_millis(order.left_ms.unwrap_or(u64::MAX)))
        });
        if left.is_some_and(|left| left.is_zero()) {
            order.to = None;
        }
        Self {
            order,
            until: left.map(|left| now + left),
        }
    }
}

/// Whether the desired state has the group, and its target as a member that an agent runs.
fn fits(order: &Move, desired: &Desired) -> bool {
    let Some(group) = desired.vip_groups.get(&order.group) else {
        return false;
    };
    let members: BTreeSet<&NodeName> = group
        .members
        .iter()
        .filter(|member| member.runs == Runs::Agent)
        .map(|member| &member.name)
        .collect();
    order.to.as_ref().is_none_or(|to| members.contains(to))
}

fn since_1970(wall: SystemTime) -> Duration {
    wall.duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn whole_ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
