//! Memory that several processes see, and that outlives each of them but the first.
#![expect(unsafe_code, reason = "mmap(2) returns a pointer")]

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, fcntl_get_seals, fstat, ftruncate};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};
use thiserror::Error;

/// The size of a cell in bytes.
const CELL: usize = size_of::<AtomicU64>();
/// The seals that make a mapping safe: its end can never move away under a reader.
const FIXED_SIZE: SealFlags = SealFlags::SHRINK
    .union(SealFlags::GROW)
    .union(SealFlags::SEAL);

/// A fixed number of 64-bit cells, zero at first. Every access is atomic, so any process may write
/// while any other reads.
#[derive(Debug)]
pub struct SharedMemory {
    descriptor: OwnedFd,
    cells: NonNull<AtomicU64>,
    length: usize,
}

// SAFETY: the cells are reached through shared references to atomics only, and the mapping
// belongs to no thread.
unsafe impl Send for SharedMemory {}
// SAFETY: as above.
unsafe impl Sync for SharedMemory {}

/// Why memory could not be shared.
#[derive(Debug, Error)]
pub enum SharedMemoryError {
    /// The descriptor is not memory whose size is fixed, as [`SharedMemory::create`] makes it.
    #[error("the descriptor is not shared memory of a fixed size")]
    NotSealed,
    /// The memory holds no cell.
    #[error("the shared memory is empty")]
    Empty,
    /// The kernel refuses.
    #[error("cannot share memory: {step} failed")]
    Refused {
        /// The call that failed.
        step: &'static str,
        /// The kernel's reason.
        #[source]
        source: io::Error,
    },
}

impl SharedMemory {
    /// New memory of `cells` cells; `name` is for `/proc` only.
    pub fn create(name: &str, cells: usize) -> Result<Self, SharedMemoryError> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let descriptor = rustix::fs::memfd_create(name, flags).map_err(refused("memfd_create"))?;
        let size = cells.saturating_mul(CELL) as u64;
        ftruncate(&descriptor, size).map_err(refused("ftruncate"))?;
        fcntl_add_seals(&descriptor, FIXED_SIZE).map_err(refused("sealing"))?;
        Self::map(descriptor)
    }

    /// Memory that another process made with [`SharedMemory::create`].
    pub fn map(descriptor: OwnedFd) -> Result<Self, SharedMemoryError> {
        let seals = fcntl_get_seals(&descriptor).unwrap_or(SealFlags::empty());
        if !seals.contains(FIXED_SIZE) {
            return Err(SharedMemoryError::NotSealed);
        }
        let size = fstat(&descriptor).map_err(refused("fstat"))?.st_size;
        let length = usize::try_from(size).unwrap_or_default() / CELL;
        if length == 0 {
            return Err(SharedMemoryError::Empty);
        }
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new mapping at an address of the kernel's choice overlaps nothing.
        let start = unsafe {
            mmap(
                std::ptr::null_mut(),
                length * CELL,
                access,
                MapFlags::SHARED,
                &descriptor,
                0,
            )
        };
        let cells =
            NonNull::new(start.map_err(refused("mmap"))?.cast()).ok_or(SharedMemoryError::Empty)?;
        Ok(Self {
            descriptor,
            cells,
            length,
        })
    }

    /// The cells.
    #[must_use]
    pub fn cells(&self) -> &[AtomicU64] {
        // SAFETY: the mapping starts at a page, has `length` cells, lives as long as `self`, and
        // cannot shrink because its size is sealed. Other processes write to it, which atomics
        // allow, and all bit patterns are values.
        unsafe { std::slice::from_raw_parts(self.cells.as_ptr(), self.length) }
    }
}

impl Drop for SharedMemory {
    fn drop(&mut self) {
        // SAFETY: this is the whole mapping, and no reference into it outlives `self`.
        // Unmapping what was mapped cannot fail.
        let _ = unsafe { munmap(self.cells.as_ptr().cast(), self.length * CELL) };
    }
}

impl AsFd for SharedMemory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

/// How many cells `length` bytes take.
#[must_use]
pub const fn cells_for(length: usize) -> usize {
    length.div_ceil(CELL)
}

/// Stores `bytes` in the first [`cells_for`] of `cells`, each cell by itself: a reader needs
/// another cell that tells whether the whole is complete. What does not fit is not stored.
pub fn store_bytes(cells: &[AtomicU64], bytes: &[u8]) {
    for (cell, chunk) in cells.iter().zip(bytes.chunks(CELL)) {
        let mut word = [0; CELL];
        word[..chunk.len()].copy_from_slice(chunk);
        cell.store(u64::from_le_bytes(word), Ordering::Relaxed);
    }
}

/// Loads what [`store_bytes`] stored, as many bytes as `bytes` has and the cells hold.
pub fn load_bytes(cells: &[AtomicU64], bytes: &mut [u8]) {
    for (cell, chunk) in cells.iter().zip(bytes.chunks_mut(CELL)) {
        let word = cell.load(Ordering::Relaxed).to_le_bytes();
        chunk.copy_from_slice(&word[..chunk.len()]);
    }
}

fn refused(step: &'static str) -> impl Fn(rustix::io::Errno) -> SharedMemoryError {
    move |error| SharedMemoryError::Refused {
        step,
        source: error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_mappings_of_one_memory_see_each_other_s_stores() {
        let first = SharedMemory::create("test", 1000).unwrap();
        let descriptor = first.as_fd().try_clone_to_owned().unwrap();
        let second = SharedMemory::map(descriptor).unwrap();
        assert_eq!(second.cells().len(), 1000);
        first.cells()[999].store(42, Ordering::Release);
        assert_eq!(second.cells()[999].load(Ordering::Acquire), 42);
    }

    #[test]
    fn bytes_of_any_length_come_back() {
        let memory = SharedMemory::create("test", cells_for(19)).unwrap();
        let bytes: Vec<u8> = (1..=19).collect();
        store_bytes(memory.cells(), &bytes);
        let mut loaded = vec![0; 19];
        load_bytes(memory.cells(), &mut loaded);
        assert_eq!(loaded, bytes);
    }

    #[test]
    fn memory_that_could_shrink_under_a_reader_is_refused() {
        let plain = rustix::fs::memfd_create("test", MemfdFlags::CLOEXEC).unwrap();
        assert!(matches!(
            SharedMemory::map(plain),
            Err(SharedMemoryError::NotSealed)
        ));
        let pipe = io::pipe().unwrap().0;
        assert!(matches!(
            SharedMemory::map(pipe.into()),
            Err(SharedMemoryError::NotSealed)
        ));
    }

    #[test]
    fn the_size_of_shared_memory_cannot_be_changed() {
        let memory = SharedMemory::create("test", 8).unwrap();
        assert!(ftruncate(&memory, 0).is_err());
        assert!(matches!(
            SharedMemory::create("test", 0),
            Err(SharedMemoryError::Empty)
        ));
    }
}
