//! Which addresses a vip put in place: the next one finds them here, also on kernels that do not
//! keep who added an address.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use skep_linux::process::shared_memory::{load_bytes, store_bytes};

/// How many cells one entry takes: a tag, an address, and the name of an interface.
pub(super) const ENTRY_CELLS: usize = 5;

/// The longest name of an interface, from the kernel's `IFNAMSIZ`.
const INTERFACE_LENGTH_MAX: usize = 15;

/// The tag of a free entry; any other value tells the family and the prefix.
const FREE: u64 = 0;
const IPV4: u64 = 4;
const IPV6: u64 = 6;

/// An address in place on an interface.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Placed {
    pub(crate) interface: Arc<str>,
    pub(crate) address: IpAddr,
    pub(crate) prefix_length: u8,
}

/// A table in shared memory. One process writes it at a time; an entry is whole when its tag is
/// set, which happens last.
pub(crate) struct Journal<'a> {
    pub(super) cells: &'a [AtomicU64],
    pub(super) changes: &'a AtomicU64,
    /// How many entries were ever taken: those behind them are free, and what is not read takes
    /// no room.
    pub(super) taken: &'a AtomicU64,
}

impl Journal<'_> {
    /// Enters `placed`, unless it is there; a full table enters nothing.
    pub(crate) fn enter(&self, placed: &Placed) {
        if placed.interface.len() > INTERFACE_LENGTH_MAX || self.has(placed) {
            return;
        }
        let is_free = |entry: &&[AtomicU64]| entry[0].load(Ordering::Acquire) == FREE;
        let Some(entry) = self.taken().find(is_free).or_else(|| self.take()) else {
            return;
        };
        let (tag, high, low) = match placed.address {
            IpAddr::V4(address) => (IPV4, 0, u64::from(u32::from(address))),
            IpAddr::V6(address) => {
                let bits = u128::from(address);
                (IPV6, (bits >> 64) as u64, bits as u64)
            }
        };
        let mut name = [0; INTERFACE_LENGTH_MAX + 1];
        name[..placed.interface.len()].copy_from_slice(placed.interface.as_bytes());
        entry[1].store(high, Ordering::Relaxed);
        entry[2].store(low, Ordering::Relaxed);
        store_bytes(&entry[3..], &name);
        let tag = tag << 8 | u64::from(placed.prefix_length);
        entry[0].store(tag, Ordering::Release);
        self.changes.fetch_add(1, Ordering::Release);
    }

    /// Strikes out `placed`.
    pub(crate) fn strike(&self, placed: &Placed) {
        for (entry, known) in self.entries() {
            if known == *placed {
                entry[0].store(FREE, Ordering::Release);
                self.changes.fetch_add(1, Ordering::Release);
            }
        }
    }

    /// Whether `placed` is in place, as far as was written down.
    pub(crate) fn has(&self, placed: &Placed) -> bool {
        self.entries().any(|(_, known)| known == *placed)
    }

    /// Every address that is in place, as far as was written down.
    pub(crate) fn placed(&self) -> Vec<Placed> {
        self.entries().map(|(_, placed)| placed).collect()
    }

    /// How often it changed so far.
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    fn entries(&self) -> impl Iterator<Item = (&[AtomicU64], Placed)> {
        self.taken().filter_map(|entry| Some((entry, read(entry)?)))
    }

    /// The entries that were ever taken.
    fn taken(&self) -> impl Iterator<Item = &[AtomicU64]> {
        let taken = usize::try_from(self.taken.load(Ordering::Acquire)).unwrap_or(usize::MAX);
        self.cells.chunks_exact(ENTRY_CELLS).take(taken)
    }

    /// Takes one more entry, which is free.
    fn take(&self) -> Option<&[AtomicU64]> {
        let entry = self
            .cells
            .chunks_exact(ENTRY_CELLS)
            .nth(self.taken().count())?;
        // Before anything is written there: whoever reads it then sees that it is not whole.
        self.taken.fetch_add(1, Ordering::Release);
        Some(entry)
    }
}

fn read(entry: &[AtomicU64]) -> Option<Placed> {
    let tag = entry[0].load(Ordering::Acquire);
    let cell = |index: usize| entry[index].load(Ordering::Relaxed);
    let address = match tag >> 8 {
        IPV4 => IpAddr::V4(Ipv4Addr::from(u32::try_from(cell(2)).ok()?)),
        IPV6 => {
            let bits = u128::from(cell(1)) << 64 | u128::from(cell(2));
            IpAddr::V6(Ipv6Addr::from(bits))
        }
        _ => return None,
    };
    let mut name = [0; INTERFACE_LENGTH_MAX + 1];
    load_bytes(&entry[3..], &mut name);
    let end = name.iter().position(|byte| *byte == 0)?;
    Some(Placed {
        interface: std::str::from_utf8(&name[..end]).ok()?.into(),
        address,
        prefix_length: u8::try_from(tag & 0xFF).ok()?,
    })
}

/// `10.0.0.70/32 eth0`, the form of the copy outside of the memory.
impl fmt::Display for Placed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}/{} {}",
            self.address, self.prefix_length, self.interface
        )
    }
}

/// The line is not of that form.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotPlaced;

impl FromStr for Placed {
    type Err = NotPlaced;

    fn from_str(line: &str) -> Result<Self, Self::Err> {
        let (prefix, interface) = line.split_once(' ').ok_or(NotPlaced)?;
        let (address, prefix_length) = prefix.split_once('/').ok_or(NotPlaced)?;
        Ok(Self {
            interface: Arc::from(interface),
            address: address.parse().map_err(|_| NotPlaced)?,
            prefix_length: prefix_length.parse().map_err(|_| NotPlaced)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(line: &str) -> Placed {
        line.parse().expect("an address on an interface")
    }

    #[test]
    fn what_is_entered_is_found_until_it_is_struck_out() {
        let cells: Vec<AtomicU64> = (0..3 * ENTRY_CELLS).map(|_| AtomicU64::new(0)).collect();
        let (changes, taken) = (AtomicU64::new(0), AtomicU64::new(0));
        let journal = Journal {
            cells: &cells,
            changes: &changes,
            taken: &taken,
        };
        let (one, two) = (
            placed("10.0.0.70/32 eth0"),
            placed("fd00::70/128 enp0s31f6.4000"),
        );
        for entry in [&one, &two, &one] {
            journal.enter(entry);
        }
        assert_eq!(journal.placed(), [one.clone(), two.clone()]);
        assert_eq!(journal.changes(), 2);
        journal.strike(&one);
        assert_eq!(journal.placed(), [two]);
        for last in ["10.0.0.1/24 a", "10.0.0.2/24 a", "10.0.0.3/24 a"] {
            journal.enter(&placed(last));
        }
        assert_eq!(journal.placed().len(), 3, "a full table takes no more");
        assert_eq!(taken.into_inner(), 3, "a free entry is taken again");
    }

    #[test]
    fn a_line_is_read_as_it_was_written_and_anything_else_is_not() {
        for line in ["10.0.0.70/24 eth0", "fd00::70/128 br-0"] {
            assert_eq!(placed(line).to_string(), line);
        }
        for line in ["", "10.0.0.70 eth0", "10.0.0.70/x eth0", "eth0/1 10.0.0.70"] {
            assert_eq!(line.parse::<Placed>(), Err(NotPlaced));
        }
    }
}
