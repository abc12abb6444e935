//! Which virtual routers of the node move together.
//!
//! The two families of a group do, and all routers of a sync group. One of them leads: it takes
//! part with its own priority and the inputs of all. The others follow it: they rank above every
//! other member while it is Active here, and below every other while it is not. A fault of any is
//! a fault of all.

use std::collections::BTreeMap;

use skep_vrrp::identity::Priority;

use crate::configuration::{RouterConfiguration, TrackedInput};

/// What a follower ranks with while its leader is Active: above every router but an owner.
pub(crate) const WITH_LEADER: Priority = Priority::new(254);
/// What a follower ranks with otherwise: below every router that should have the addresses. One
/// less would be a farewell, and a follower that says so is still there.
pub(crate) const WITHOUT_LEADER: Priority = Priority::new(2);

/// Who leads whom, by slot.
#[derive(Debug, Default)]
pub(crate) struct Bonds {
    bonds: Vec<Bond>,
    by_slot: BTreeMap<usize, usize>,
}

/// Two routers or more.
#[derive(Debug)]
struct Bond {
    leader: usize,
    members: Vec<usize>,
    tracking: Vec<TrackedInput>,
}

/// A router's part in its bond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// It moves alone.
    Alone,
    /// It leads the others.
    Leads,
    /// It follows the router in this slot.
    Follows(usize),
}

/// What holds routers together.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Tie<'a> {
    Group(&'a str),
    SyncGroup(&'a str),
}

impl Bonds {
    /// The bonds between the routers in these slots.
    pub(crate) fn between<'a>(
        routers: impl Iterator<Item = (usize, &'a RouterConfiguration)>,
    ) -> Self {
        let mut tied: BTreeMap<Tie<'a>, Vec<(usize, &RouterConfiguration)>> = BTreeMap::new();
        for (slot, router) in routers {
            let tie = match &router.sync_group {
                Some(word) => Tie::SyncGroup(word),
                None => Tie::Group(&router.key.group),
            };
            tied.entry(tie).or_default().push((slot, router));
        }
        let tied = tied.into_values().filter(|members| members.len() > 1);
        let bonds: Vec<Bond> = tied.filter_map(|members| Bond::of(&members)).collect();
        let by_slot = bonds.iter().enumerate().flat_map(|(number, bond)| {
            let members = bond.members.iter();
            members.map(move |slot| (*slot, number))
        });
        Self {
            by_slot: by_slot.collect(),
            bonds,
        }
    }

    /// The part of the router in this slot.
    pub(crate) fn part(&self, slot: usize) -> Part {
        match self.bond(slot) {
            None => Part::Alone,
            Some(bond) if bond.leader == slot => Part::Leads,
            Some(bond) => Part::Follows(bond.leader),
        }
    }

    /// All that move together with the router in this slot, the leader first; none if it moves
    /// alone.
    pub(crate) fn members(&self, slot: usize) -> &[usize] {
        self.bond(slot).map_or(&[], |bond| &bond.members)
    }

    /// The inputs of all that move together with the router in this slot; none if it moves alone.
    pub(crate) fn tracking(&self, slot: usize) -> &[TrackedInput] {
        self.bond(slot).map_or(&[], |bond| &bond.tracking)
    }

    fn bond(&self, slot: usize) -> Option<&Bond> {
        self.bonds.get(*self.by_slot.get(&slot)?)
    }
}

impl Bond {
    /// The leader is the same on every node: the router that follows no other family, of the first
    /// group by name.
    fn of(members: &[(usize, &RouterConfiguration)]) -> Option<Self> {
        let mut members = members.to_vec();
        members.sort_by_key(|(_, router)| (router.follows.is_some(), &router.key));
        let (leader, _) = members.first()?;
        let mut tracking = Vec::new();
        for tracked in members.iter().flat_map(|(_, router)| &router.tracking) {
            if !tracking.contains(tracked) {
                tracking.push(tracked.clone());
            }
        }
        Some(Self {
            leader: *leader,
            members: members.iter().map(|(slot, _)| *slot).collect(),
            tracking,
        })
    }
}
