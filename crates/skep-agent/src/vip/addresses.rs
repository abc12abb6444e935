//! The addresses that hand keeps as wire wants them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use skep_linux::clock;
use skep_linux::netlink::{
    AddAddressError, Assignment, Lifetime, Netlink, RemoveAddressError, Scope,
};
use skep_linux::sysctl::promote_secondaries;
use skep_vip::action::Holding;
use skep_vip::configuration::{Lease, shares_subnet};
use tokio::time::sleep;

use crate::memory::{Memory, Placed};
use crate::vip::interfaces::Interfaces;
use crate::vip::lease::{Holder, Leases, is_wire_fresh};

/// How long an address is waited for that the kernel has added and does not take for its own. It
/// does after a fraction of a millisecond, unless its worker is busy.
const LOCAL_WITHIN: Duration = Duration::from_millis(50);

/// Between two looks whether it does: as short as the runtime can wait.
const LOOK: Duration = Duration::from_millis(1);

/// An address on an interface.
pub(super) type Place = (Arc<str>, IpAddr);

/// What became of an address.
pub(super) enum Outcome {
    /// It is there as it was wanted.
    Present(Place),
    /// It is gone as it was wanted.
    Absent(Place),
}

/// How far an address is that was wanted at some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// It is in place.
    InPlace,
    /// It is not yet.
    Awaited,
    /// It is not wanted any more.
    Unwanted,
}

/// What is wanted, and what is still to be done about it.
///
/// Wishes arrive faster than the kernel answers while Docker starts containers: only the last one
/// about an address is carried out.
pub(super) struct Addresses {
    memory: Arc<Memory>,
    wanted: BTreeMap<Place, Holding>,
    /// Addresses that were wanted, with the length of their prefix.
    unwanted: BTreeMap<Place, u8>,
    /// What was not yet carried out, or failed.
    due: BTreeSet<Place>,
    leases: Leases,
    /// The addresses that were put beside others of their subnet.
    beside: BTreeSet<Place>,
    /// The node's own addresses, which it advertises as their owner: they stay.
    own: BTreeSet<Place>,
    /// What was removed here, until the kernel says so.
    removed_here: BTreeSet<Place>,
}

/// What hand knows beyond the addresses themselves.
pub(super) struct Surroundings<'a> {
    pub(super) netlink: &'a Netlink,
    pub(super) interfaces: &'a Interfaces,
    pub(super) holders: &'a BTreeMap<Place, Holder>,
    pub(super) departing: &'a BTreeMap<Place, Holder>,
    pub(super) virtual_addresses: &'a BTreeSet<IpAddr>,
}

impl Addresses {
    /// Nothing is wanted; what is put in place is written down in `memory`.
    pub(super) fn new(memory: Arc<Memory>) -> Self {
        Self {
            memory,
            wanted: BTreeMap::new(),
            unwanted: BTreeMap::new(),
            due: BTreeSet::new(),
            leases: Leases::default(),
            beside: BTreeSet::new(),
            own: BTreeSet::new(),
            removed_here: BTreeSet::new(),
        }
    }

    /// `holding` shall be present.
    pub(super) fn want(&mut self, holding: Holding) {
        let place = (Arc::clone(&holding.interface), holding.address);
        self.unwanted.remove(&place);
        self.due.insert(place.clone());
        self.wanted.insert(place, holding);
    }

    /// The address `placed` shall be absent.
    pub(super) fn drop(&mut self, placed: &Placed) {
        let place = (Arc::clone(&placed.interface), placed.address);
        self.wanted.remove(&place);
        self.leases.stop(&place);
        self.beside.remove(&place);
        self.due.insert(place.clone());
        self.unwanted.insert(place, placed.prefix_length);
    }

    /// Whether `placed` shall be present.
    pub(super) fn is_wanted(&self, placed: &Placed) -> bool {
        let place = (Arc::clone(&placed.interface), placed.address);
        self.wanted
            .get(&place)
            .is_some_and(|holding| holding.prefix_length == placed.prefix_length)
    }

    /// What is wanted.
    pub(super) fn wanted(&self) -> impl Iterator<Item = Placed> {
        self.wanted.values().map(placed)
    }

    /// What is wanted at `place`.
    pub(super) fn wanted_at(&self, place: &Place) -> Option<Placed> {
        self.wanted.get(place).map(placed)
    }

    /// Whether the address was removed by this process; it is asked for once.
    pub(super) fn was_removed_here(&mut self, place: &Place) -> bool {
        self.removed_here.remove(place)
    }

    /// The addresses of `holders` that are on `interfaces` and that skep did not put there, as far
    /// as it can be told: it wants none of them and none is on its way out. An owner's are its own.
    pub(super) fn foreign<'a>(
        &'a self,
        interfaces: &'a Interfaces,
        holders: &'a BTreeMap<Place, Holder>,
    ) -> impl Iterator<Item = Placed> + 'a {
        interfaces.untagged().filter(move |placed| {
            let place = (Arc::clone(&placed.interface), placed.address);
            holders.get(&place).is_some_and(|holder| !holder.owns)
                && !self.wanted.contains_key(&place)
                && !self.unwanted.contains_key(&place)
                && !self.removed_here.contains(&place)
                && !self.memory.journal().has(placed)
        })
    }

    /// What the kernel says may have been missed.
    pub(super) fn forget_removals(&mut self) {
        self.removed_here.clear();
    }

    /// Whether the address was put beside another one of its subnet, which is gone: it would
    /// become the first one there, and take that one along when it goes.
    pub(super) fn is_left_alone(&self, placed: &Placed, around: &Surroundings<'_>) -> bool {
        let place = (Arc::clone(&placed.interface), placed.address);
        self.beside.contains(&place)
            && !around
                .interfaces
                .has_neighbour(placed, around.virtual_addresses)
    }

    /// How far the address at `place` is.
    pub(super) fn progress(&self, place: &Place) -> Progress {
        match (self.wanted.contains_key(place), self.due.contains(place)) {
            (true, false) => Progress::InPlace,
            (true, true) => Progress::Awaited,
            (false, _) => Progress::Unwanted,
        }
    }

    /// Whether something is to be done now.
    pub(super) fn is_anything_due(&self) -> bool {
        !self.due.is_empty()
    }

    /// When the next lease is to be renewed.
    pub(super) fn next_renewal(&self) -> Option<Duration> {
        self.leases.next()
    }

    /// Carries out what is due, removals first: an address that moves between interfaces is never
    /// on both. Returns what succeeded.
    pub(super) async fn ensure(&mut self, around: &Surroundings<'_>) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        let due = std::mem::take(&mut self.due);
        let (additions, removals): (Vec<Place>, Vec<Place>) = due
            .into_iter()
            .partition(|place| self.wanted.contains_key(place));
        for place in removals {
            if self.remove(around, &place).await {
                self.unwanted.remove(&place);
                outcomes.push(Outcome::Absent(place));
            } else {
                self.due.insert(place);
            }
        }
        let mut added = Vec::new();
        for place in additions {
            if self.add(around, &place).await {
                added.push(place);
            } else {
                self.due.insert(place);
            }
        }
        wait_until_local(around.netlink, &added).await;
        outcomes.extend(added.into_iter().map(Outcome::Present));
        outcomes
    }

    /// Renews the leases that are due, as far as wire is known to want them still.
    pub(super) async fn renew(&mut self, around: &Surroundings<'_>) {
        for place in self.leases.take_due(clock::now()) {
            let Some(holding) = self.wanted.get(&place) else {
                continue;
            };
            let holders = [around.holders, around.departing];
            let mut holders = holders.iter().filter_map(|holders| holders.get(&place));
            // One that is gone comes back by the guard's way: wire decides, and it is announced.
            if !around.interfaces.has(&placed(holding))
                || !holders.any(|holder| holder.may_renew(&self.memory, clock::now()))
            {
                continue;
            }
            self.put(around, holding).await;
        }
    }

    /// Whether the address at `place` is present now.
    async fn add(&mut self, around: &Surroundings<'_>, place: &Place) -> bool {
        let Some(holding) = self.wanted.get(place) else {
            return true;
        };
        // What wire wanted before it slept may be somebody else's by now.
        if !is_wire_fresh(&self.memory, clock::now()) {
            return false;
        }
        let placed = placed(holding);
        let owns = around.holders.get(place).is_some_and(|holder| holder.owns);
        if owns && around.interfaces.has(&placed) && !self.memory.journal().has(&placed) {
            self.own.insert(place.clone());
            return true;
        }
        // Before it is there: a vip that dies in between leaves an entry too many, not one too few.
        self.memory.journal().enter(&placed);
        if !self.put(around, holding).await {
            return false;
        }
        match holding.lease {
            Lease::For(_) => self.leases.start(place, clock::now()),
            Lease::Forever => self.leases.stop(place),
        }
        if around
            .interfaces
            .has_neighbour(&placed, around.virtual_addresses)
        {
            self.beside.insert(place.clone());
        }
        true
    }

    /// Puts the address in place or renews it.
    async fn put(&self, around: &Surroundings<'_>, holding: &Holding) -> bool {
        let (interface, address) = (&holding.interface, holding.address);
        // Without the interface the router is in Fault, and this is not wanted for long.
        let Some(link) = around.interfaces.link(interface) else {
            return false;
        };
        if shares_subnet(address, holding.prefix_length)
            && let Err(error) = promote_secondaries(interface)
        {
            tracing::error!(%address, "{:#}", anyhow::Error::new(error));
            return false;
        }
        match around
            .netlink
            .replace_address(&assignment(holding, link.index))
            .await
        {
            Ok(()) | Err(AddAddressError::AlreadyPresent { .. }) => true,
            Err(error) => {
                tracing::error!(%interface, %address, %error, "the address cannot be added");
                false
            }
        }
    }

    /// Whether the address at `place` is absent now.
    async fn remove(&mut self, around: &Surroundings<'_>, place: &Place) -> bool {
        let (interface, address) = place;
        let (Some(prefix_length), Some(link)) =
            (self.unwanted.get(place), around.interfaces.link(interface))
        else {
            return true;
        };
        let placed = Placed {
            interface: Arc::clone(interface),
            address: *address,
            prefix_length: *prefix_length,
        };
        if self.own.remove(place) {
            return true;
        }
        match around
            .netlink
            .remove_address(link.index, *address, *prefix_length)
            .await
        {
            Ok(()) => {
                self.removed_here.insert(place.clone());
                self.memory.journal().strike(&placed);
                true
            }
            Err(RemoveAddressError::NotPresent { .. }) => {
                self.memory.journal().strike(&placed);
                true
            }
            Err(error) => {
                tracing::error!(%interface, %address, %error, "the address cannot be removed");
                false
            }
        }
    }
}

/// The kernel adds an IPv6 address before it takes what is sent there for its own. Clients that
/// are told in between ask in vain.
async fn wait_until_local(netlink: &Netlink, added: &[Place]) {
    let deadline = clock::now() + LOCAL_WITHIN;
    for (_, address) in added.iter().filter(|(_, address)| address.is_ipv6()) {
        // Who cannot be asked is not waited for.
        while matches!(netlink.is_local(*address).await, Ok(false)) && clock::now() < deadline {
            sleep(LOOK).await;
        }
    }
}

fn placed(holding: &Holding) -> Placed {
    Placed {
        interface: Arc::clone(&holding.interface),
        address: holding.address,
        prefix_length: holding.prefix_length,
    }
}

fn assignment(holding: &Holding, interface_index: u32) -> Assignment {
    let valid = match holding.lease {
        Lease::For(time) => Lifetime::For(time),
        Lease::Forever => Lifetime::Forever,
    };
    Assignment {
        interface_index,
        address: holding.address,
        prefix_length: holding.prefix_length,
        label: holding.label.as_deref().map(str::to_owned),
        scope: Scope::Global,
        valid,
        preferred: match holding.address {
            IpAddr::V4(_) => valid,
            // It is for who comes, never what this node's own connections start from.
            IpAddr::V6(_) => Lifetime::For(Duration::ZERO),
        },
    }
}
