//! What each virtual router is: the next vip reads who may carry on as Active, and hand reads
//! whose addresses it may renew.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use skep_vrrp::identity::{Family, VirtualRouterId};

/// How many cells one entry takes.
pub(super) const ENTRY_CELLS: usize = 3;

/// The identity of a free entry.
const FREE: u64 = 0;

/// A virtual router as the network knows it, as one number: interface, family and id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Identity(u64);

impl Identity {
    /// The router `id` of `family` on `interface`. Two of a node share a number once in 2⁶⁴.
    pub(crate) fn new(interface: &str, family: Family, id: VirtualRouterId) -> Self {
        let family = match family {
            Family::Ipv4 => 4,
            Family::Ipv6 => 6,
        };
        let bytes = interface.bytes().chain([0, family, id.number()]);
        // FNV-1a: stable between processes of one supervisor, and nothing hostile chooses names.
        let hash = bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(hash.max(FREE + 1))
    }
}

/// The state of a virtual router as far as it matters who holds the addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StandingState {
    /// It holds nothing, or is gone.
    Without,
    /// It is Active.
    Active,
    /// It is Leaving.
    Leaving,
}

/// What a virtual router is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) state: StandingState,
    /// When it last advertised that it holds the addresses.
    pub(crate) advertised_at: Duration,
}

/// A table in shared memory that one process writes at a time.
pub(crate) struct Standings<'a>(pub(super) &'a [AtomicU64]);

impl Standings<'_> {
    /// The entry of `identity`, a new one if it has none; a full table has no room.
    pub(crate) fn enter(&self, identity: Identity) -> Option<usize> {
        self.position(|entry| entry == identity.0).or_else(|| {
            let vacant = self.position(|entry| entry == FREE).or_else(|| {
                let mut entries = 0..self.0.len() / ENTRY_CELLS;
                entries.find(|index| self.read(*index).state == StandingState::Without)
            })?;
            self.cell(vacant, 1).store(0, Ordering::Relaxed);
            self.cell(vacant, 2).store(0, Ordering::Relaxed);
            self.cell(vacant, 0).store(identity.0, Ordering::Release);
            Some(vacant)
        })
    }

    /// What the router `identity` is, if it is known.
    pub(crate) fn find(&self, identity: Identity) -> Option<Standing> {
        let index = self.position(|entry| entry == identity.0)?;
        Some(self.read(index))
    }

    /// The router of entry `index` is in this state.
    pub(crate) fn set_state(&self, index: usize, state: StandingState) {
        let number = match state {
            StandingState::Without => 0,
            StandingState::Active => 1,
            StandingState::Leaving => 2,
        };
        self.cell(index, 1).store(number, Ordering::Release);
    }

    /// The router of entry `index` advertised at this moment; zero means that it gave up.
    pub(crate) fn set_advertised_at(&self, index: usize, at: Duration) {
        self.cell(index, 2)
            .store(super::nanoseconds(at), Ordering::Release);
    }

    fn read(&self, index: usize) -> Standing {
        Standing {
            state: match self.cell(index, 1).load(Ordering::Acquire) {
                1 => StandingState::Active,
                2 => StandingState::Leaving,
                _ => StandingState::Without,
            },
            advertised_at: Duration::from_nanos(self.cell(index, 2).load(Ordering::Acquire)),
        }
    }

    fn position(&self, wanted: impl Fn(u64) -> bool) -> Option<usize> {
        for (index, entry) in self.0.chunks_exact(ENTRY_CELLS).enumerate() {
            let identity = entry[0].load(Ordering::Acquire);
            if wanted(identity) {
                return Some(index);
            }
            // Entries are taken in order and never freed: behind the first free one there are
            // none, and what is not read takes no room.
            if identity == FREE {
                return None;
            }
        }
        None
    }

    fn cell(&self, index: usize, cell: usize) -> &AtomicU64 {
        &self.0[index * ENTRY_CELLS + cell]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(interface: &str, id: u8) -> Identity {
        let id = VirtualRouterId::new(id).expect("not zero");
        Identity::new(interface, Family::Ipv4, id)
    }

    #[test]
    fn a_router_finds_its_entry_again_and_the_oldest_without_addresses_makes_room() {
        let cells: Vec<AtomicU64> = (0..2 * ENTRY_CELLS).map(|_| AtomicU64::new(0)).collect();
        let standings = Standings(&cells);
        let (one, two, three) = (
            identity("eth0", 1),
            identity("eth0", 2),
            identity("eth1", 1),
        );
        let at = Duration::from_millis(1234);
        let index = standings.enter(one).expect("there is room");
        standings.set_state(index, StandingState::Active);
        standings.set_advertised_at(index, at);
        assert_eq!(standings.enter(two), Some(1));
        assert_eq!(standings.enter(one), Some(index));
        let active = Standing {
            state: StandingState::Active,
            advertised_at: at,
        };
        assert_eq!(standings.find(one), Some(active));
        assert_eq!(standings.enter(three), Some(1));
        assert_eq!(standings.find(two), None);
        standings.set_state(1, StandingState::Leaving);
        assert_eq!(standings.enter(two), None, "the table is full");
    }
}
