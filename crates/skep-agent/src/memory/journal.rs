//! Which addresses a vip put in place: the next one finds them here, also on kernels that do not
//! keep who added an address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};

/// How many cells one entry takes.
pub(super) const ENTRY_CELLS: usize = 4;

/// The tag of a free entry; any other value tells the family.
const FREE: u64 = 0;
const IPV4: u64 = 4;
const IPV6: u64 = 6;

/// An address in place on an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) interface_index: u32,
    pub(crate) address: IpAddr,
    pub(crate) prefix_length: u8,
}

/// A table in shared memory. One process writes it at a time; an entry is whole when its tag is
/// set, which happens last.
pub(crate) struct Journal<'a>(pub(super) &'a [AtomicU64]);

impl Journal<'_> {
    /// Enters `placed`, unless it is there; a full table enters nothing.
    pub(crate) fn enter(&self, placed: Placed) {
        if self.entries().any(|(_, known)| known == placed) {
            return;
        }
        let mut entries = self.0.chunks_exact(ENTRY_CELLS);
        let Some(entry) = entries.find(|entry| entry[0].load(Ordering::Acquire) == FREE) else {
            return;
        };
        let (tag, high, low) = match placed.address {
            IpAddr::V4(address) => (IPV4, 0, u64::from(u32::from(address))),
            IpAddr::V6(address) => {
                let bits = u128::from(address);
                (IPV6, (bits >> 64) as u64, bits as u64)
            }
        };
        let place = u64::from(placed.interface_index) << 8 | u64::from(placed.prefix_length);
        entry[1].store(place, Ordering::Relaxed);
        entry[2].store(high, Ordering::Relaxed);
        entry[3].store(low, Ordering::Relaxed);
        entry[0].store(tag, Ordering::Release);
    }

    /// Strikes out `placed`.
    pub(crate) fn strike(&self, placed: Placed) {
        for (entry, known) in self.entries() {
            if known == placed {
                entry[0].store(FREE, Ordering::Release);
            }
        }
    }

    /// Every address that is in place, as far as was written down.
    pub(crate) fn placed(&self) -> Vec<Placed> {
        self.entries().map(|(_, placed)| placed).collect()
    }

    fn entries(&self) -> impl Iterator<Item = (&[AtomicU64], Placed)> {
        let entries = self.0.chunks_exact(ENTRY_CELLS);
        entries.filter_map(|entry| Some((entry, read(entry)?)))
    }
}

fn read(entry: &[AtomicU64]) -> Option<Placed> {
    let cell = |index: usize| entry[index].load(Ordering::Relaxed);
    let address = match entry[0].load(Ordering::Acquire) {
        IPV4 => IpAddr::V4(Ipv4Addr::from(u32::try_from(cell(3)).ok()?)),
        IPV6 => {
            let bits = u128::from(cell(2)) << 64 | u128::from(cell(3));
            IpAddr::V6(Ipv6Addr::from(bits))
        }
        _ => return None,
    };
    Some(Placed {
        interface_index: u32::try_from(cell(1) >> 8).ok()?,
        address,
        prefix_length: u8::try_from(cell(1) & 0xFF).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(address: &str, prefix_length: u8) -> Placed {
        let address = address.parse().expect("an address");
        Placed {
            interface_index: 7,
            address,
            prefix_length,
        }
    }

    #[test]
    fn what_is_entered_is_found_until_it_is_struck_out() {
        let cells: Vec<AtomicU64> = (0..3 * ENTRY_CELLS).map(|_| AtomicU64::new(0)).collect();
        let journal = Journal(&cells);
        let (one, two) = (placed("10.0.0.70", 32), placed("fd00::70", 128));
        for entry in [one, two, one] {
            journal.enter(entry);
        }
        assert_eq!(journal.placed(), [one, two]);
        journal.strike(one);
        assert_eq!(journal.placed(), [two]);
        for last in ["10.0.0.1", "10.0.0.2", "10.0.0.3"] {
            journal.enter(placed(last, 24));
        }
        assert_eq!(journal.placed().len(), 3, "a full table takes no more");
    }
}
