//! What outlives a vip process: the supervisor owns the memory, every vip maps it.
//!
//! Everything in it is numbers and opaque bytes. Only one vip writes at a time; the supervisor
//! reads the heartbeat and the journal, and writes before it starts a vip.

mod journal;
mod standing;

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use skep_linux::process::shared_memory::{
    SharedMemory, SharedMemoryError, cells_for, load_bytes, store_bytes,
};

use skep_vip::acceptance::ROUTERS_MAX;

pub(crate) use journal::{Journal, Placed};
pub(crate) use standing::{Identity, StandingState, Standings};

/// The cell that counts the turns of the wire thread.
const HEARTBEAT: usize = 0;
/// The cell that tells how many bytes of configuration are complete; zero while they are written.
const CONFIGURATION_LENGTH: usize = 1;
/// The cell that tells up to when the wire thread has dealt with all that arrived.
const SETTLED_AT: usize = 2;
/// The cell that tells how many bytes of inputs are complete; zero while they are written.
const INPUTS_LENGTH: usize = 3;
/// The cell that counts the changes of the journal.
const JOURNAL_CHANGES: usize = 4;
/// The cell that tells since when vip ends again and again; zero while it does not.
const LOOPING_SINCE: usize = 5;
/// The cell that counts the entries of the journal that were ever taken.
const JOURNAL_TAKEN: usize = 6;
/// Where the standings begin; the cells before have room for more numbers.
const STANDINGS: usize = 64;
/// Where the journal begins.
const JOURNAL: usize = STANDINGS + ROUTERS_MAX * standing::ENTRY_CELLS;
/// How many addresses the journal holds: those of hundreds of groups.
const JOURNAL_ENTRIES: usize = 4096;
/// Where the inputs begin.
const INPUTS: usize = JOURNAL + JOURNAL_ENTRIES * journal::ENTRY_CELLS;
/// The longest list of inputs: thousands of checks stay below it.
const INPUTS_BYTES_MAX: usize = 1 << 20;
/// Where the configuration begins.
const CONFIGURATION: usize = INPUTS + cells_for(INPUTS_BYTES_MAX);
/// The longest configuration: 255 routers of 255 addresses each stay below it.
const CONFIGURATION_BYTES_MAX: usize = 16 << 20;

/// The memory of the data plane.
#[derive(Debug)]
pub(crate) struct Memory {
    shared: SharedMemory,
}

impl Memory {
    /// New memory: no heartbeat, no configuration. What is never written takes no room.
    pub(crate) fn create() -> Result<Self, SharedMemoryError> {
        let cells = CONFIGURATION + cells_for(CONFIGURATION_BYTES_MAX);
        Ok(Self {
            shared: SharedMemory::create("skep-vip", cells)?,
        })
    }

    /// The memory that the supervisor made.
    pub(crate) fn map(descriptor: OwnedFd) -> Result<Self, SharedMemoryError> {
        Ok(Self {
            shared: SharedMemory::map(descriptor)?,
        })
    }

    /// How many turns the wire threads made so far.
    pub(crate) fn heartbeat(&self) -> u64 {
        self.cell(HEARTBEAT).load(Ordering::Relaxed)
    }

    /// The wire thread made a turn.
    pub(crate) fn beat(&self) {
        self.cell(HEARTBEAT).fetch_add(1, Ordering::Relaxed);
    }

    /// The wire thread has dealt with all that had arrived at this moment, and handed on what
    /// follows from it.
    pub(crate) fn set_settled_at(&self, woken_at: Duration) {
        self.cell(SETTLED_AT)
            .store(nanoseconds(woken_at), Ordering::Release);
    }

    /// Up to when the wire thread has dealt with all that arrived.
    pub(crate) fn settled_at(&self) -> Duration {
        Duration::from_nanos(self.cell(SETTLED_AT).load(Ordering::Acquire))
    }

    /// Since when vip ends again and again, if it does.
    pub(crate) fn looping_since(&self) -> Option<Duration> {
        let at = self.cell(LOOPING_SINCE).load(Ordering::Relaxed);
        (at > 0).then(|| Duration::from_nanos(at))
    }

    /// Says since when vip ends again and again, or that it does not.
    pub(crate) fn set_looping_since(&self, at: Option<Duration>) {
        let at = at.map_or(0, nanoseconds);
        self.cell(LOOPING_SINCE).store(at, Ordering::Relaxed);
    }

    /// Keeps `bytes` for the next vip; what is too long is not kept, and neither is what was there.
    pub(crate) fn keep_configuration(&self, bytes: &[u8]) {
        let room = &self.shared.cells()[CONFIGURATION..];
        keep(self.cell(CONFIGURATION_LENGTH), room, bytes);
    }

    /// The configuration an earlier vip kept.
    pub(crate) fn configuration(&self) -> Option<Vec<u8>> {
        let room = &self.shared.cells()[CONFIGURATION..];
        kept(self.cell(CONFIGURATION_LENGTH), room)
    }

    /// Keeps the inputs `bytes` for the next vip, as a configuration is kept.
    pub(crate) fn keep_inputs(&self, bytes: &[u8]) {
        let room = &self.shared.cells()[INPUTS..CONFIGURATION];
        keep(self.cell(INPUTS_LENGTH), room, bytes);
    }

    /// The inputs an earlier vip kept.
    pub(crate) fn inputs(&self) -> Option<Vec<u8>> {
        let room = &self.shared.cells()[INPUTS..CONFIGURATION];
        kept(self.cell(INPUTS_LENGTH), room)
    }

    /// The addresses that were put in place.
    pub(crate) fn journal(&self) -> Journal<'_> {
        Journal {
            cells: &self.shared.cells()[JOURNAL..INPUTS],
            changes: self.cell(JOURNAL_CHANGES),
            taken: self.cell(JOURNAL_TAKEN),
        }
    }

    /// What the virtual routers are.
    pub(crate) fn standings(&self) -> Standings<'_> {
        Standings(&self.shared.cells()[STANDINGS..JOURNAL])
    }

    fn cell(&self, index: usize) -> &AtomicU64 {
        &self.shared.cells()[index]
    }
}

impl AsFd for Memory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.shared.as_fd()
    }
}

/// Keeps `bytes` in `room`, whole or not at all.
fn keep(length: &AtomicU64, room: &[AtomicU64], bytes: &[u8]) {
    // A vip that dies in between leaves nothing rather than half of it.
    length.store(0, Ordering::Release);
    if cells_for(bytes.len()) > room.len() {
        return;
    }
    store_bytes(room, bytes);
    length.store(bytes.len() as u64, Ordering::Release);
}

fn kept(length: &AtomicU64, room: &[AtomicU64]) -> Option<Vec<u8>> {
    let length = usize::try_from(length.load(Ordering::Acquire)).ok()?;
    if length == 0 || cells_for(length) > room.len() {
        return None;
    }
    let mut bytes = vec![0; length];
    load_bytes(room, &mut bytes);
    Some(bytes)
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;
    use std::time::Duration;

    use super::Memory;

    fn another_process_s_view(memory: &Memory) -> Memory {
        let descriptor = memory.as_fd().try_clone_to_owned().expect("a copy");
        Memory::map(descriptor).expect("the memory maps")
    }

    #[test]
    fn the_next_process_finds_what_the_last_one_kept() {
        let memory = Memory::create().expect("memory");
        assert_eq!(memory.configuration(), None);
        let first = another_process_s_view(&memory);
        first.keep_configuration(b"a longer configuration");
        first.keep_configuration(b"a configuration");
        first.keep_inputs(b"inputs");
        first.beat();
        first.set_settled_at(Duration::from_secs(7));
        drop(first);
        let second = another_process_s_view(&memory);
        assert_eq!(
            second.configuration().as_deref(),
            Some(b"a configuration".as_slice())
        );
        assert_eq!(second.inputs().as_deref(), Some(b"inputs".as_slice()));
        assert_eq!(memory.heartbeat(), 1);
        assert_eq!(memory.settled_at(), Duration::from_secs(7));
    }
}
