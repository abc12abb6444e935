//! The addresses this node holds, in one table, whichever virtual router wants them.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;

use crate::action::{Action, Holding};

/// What is wanted, and the changes on the way there.
///
/// The table is keyed by interface and address, not by router: an address that moves from one
/// Active router to another is never removed in between.
#[derive(Debug, Default)]
pub(crate) struct Holdings {
    held: BTreeMap<(Arc<str>, IpAddr), Holding>,
    changes: VecDeque<Change>,
    settled: Settled,
}

#[derive(Debug)]
enum Change {
    Add(Holding),
    Remove(Holding),
}

/// Whether the table is known to be what the routers want.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Settled {
    #[default]
    Yes,
    No,
}

impl Holdings {
    /// A router's wishes changed.
    pub(crate) const fn unsettle(&mut self) {
        self.settled = Settled::No;
    }

    /// Whether no router's wishes changed since the last settlement.
    pub(crate) const fn is_settled(&self) -> bool {
        matches!(self.settled, Settled::Yes)
    }

    /// Makes the table what is `wanted`, unless nothing changed. Removals come first: an address
    /// whose prefix changes has to go before it can come back.
    pub(crate) fn settle<'a>(&mut self, wanted: impl Iterator<Item = &'a Holding>) {
        if self.settled == Settled::Yes {
            return;
        }
        self.settled = Settled::Yes;
        let wanted: BTreeMap<_, _> = wanted
            .map(|holding| {
                (
                    (Arc::clone(&holding.interface), holding.address),
                    holding.clone(),
                )
            })
            .collect();
        let before = std::mem::take(&mut self.held);
        for (key, holding) in &before {
            if wanted
                .get(key)
                .is_none_or(|wanted| !replaces(wanted, holding))
            {
                self.changes.push_back(Change::Remove(holding.clone()));
            }
        }
        for (key, holding) in &wanted {
            if before.get(key) != Some(holding) {
                self.changes.push_back(Change::Add(holding.clone()));
            }
        }
        self.held = wanted;
    }

    /// Puts an address back that somebody else removed, if it is held.
    pub(crate) fn restore(&mut self, interface: &str, address: IpAddr) -> Option<&Holding> {
        let mut held = self.held.values();
        let lost = held.find(|held| held.address == address && *held.interface == *interface)?;
        self.changes.push_back(Change::Add(lost.clone()));
        Some(lost)
    }

    /// Whether the address is held.
    pub(crate) fn holds(&self, interface: &Arc<str>, address: IpAddr) -> bool {
        self.held.contains_key(&(Arc::clone(interface), address))
    }

    /// The next change.
    pub(crate) fn pop(&mut self) -> Option<Action<'static>> {
        self.changes.pop_front().map(|change| match change {
            Change::Add(holding) => Action::AddAddress(holding),
            Change::Remove(holding) => Action::RemoveAddress(holding),
        })
    }

    /// Everything held.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Holding> {
        self.held.values()
    }
}

/// Whether adding `new` changes `old` in place: the kernel tells addresses apart by their prefix,
/// and keeps the label an address was born with.
fn replaces(new: &Holding, old: &Holding) -> bool {
    new.prefix_length == old.prefix_length && new.label == old.label
}
