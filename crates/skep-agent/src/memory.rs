//! What outlives a vip process: the supervisor owns the memory, every vip maps it.
//!
//! Everything in it is numbers and opaque bytes. Only one vip writes at a time; the supervisor
//! reads the heartbeat.

mod journal;

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};

use skep_linux::process::shared_memory::{
    SharedMemory, SharedMemoryError, cells_for, load_bytes, store_bytes,
};

pub(crate) use journal::{Journal, Placed};

use crate::memory::journal::ENTRY_CELLS;

/// The cell that counts the turns of the wire thread.
const HEARTBEAT: usize = 0;
/// The cell that tells how many bytes of configuration are complete; zero while they are written.
const CONFIGURATION_LENGTH: usize = 1;
/// Where the journal begins; the cells before it have room for more numbers.
const JOURNAL: usize = 64;
/// How many addresses the journal holds: those of hundreds of groups.
const JOURNAL_ENTRIES: usize = 4096;
/// Where the configuration begins.
const CONFIGURATION: usize = JOURNAL + JOURNAL_ENTRIES * ENTRY_CELLS;
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

    /// Keeps `bytes` for the next vip; what is too long is not kept, and neither is what was there.
    pub(crate) fn keep_configuration(&self, bytes: &[u8]) {
        let length = self.cell(CONFIGURATION_LENGTH);
        // A vip that dies in between leaves no configuration rather than half of one.
        length.store(0, Ordering::Release);
        if bytes.len() > CONFIGURATION_BYTES_MAX {
            return;
        }
        store_bytes(&self.shared.cells()[CONFIGURATION..], bytes);
        length.store(bytes.len() as u64, Ordering::Release);
    }

    /// The configuration an earlier vip kept.
    pub(crate) fn configuration(&self) -> Option<Vec<u8>> {
        let length = self.cell(CONFIGURATION_LENGTH).load(Ordering::Acquire);
        let length = usize::try_from(length).ok()?;
        if length == 0 || length > CONFIGURATION_BYTES_MAX {
            return None;
        }
        let mut bytes = vec![0; length];
        load_bytes(&self.shared.cells()[CONFIGURATION..], &mut bytes);
        Some(bytes)
    }

    /// The addresses that were put in place.
    pub(crate) fn journal(&self) -> Journal<'_> {
        Journal(&self.shared.cells()[JOURNAL..CONFIGURATION])
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

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

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
        first.beat();
        drop(first);
        let second = another_process_s_view(&memory);
        assert_eq!(
            second.configuration().as_deref(),
            Some(b"a configuration".as_slice())
        );
        assert_eq!(memory.heartbeat(), 1);
    }
}
