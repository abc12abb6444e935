//! Memory that only the start of a process needed.
#![expect(
    unsafe_code,
    reason = "madvise(2) on the pages of the program, which only the dynamic linker knows"
)]

use std::io;
use std::ops::Range;
use std::os::raw::{c_int, c_void};

use rustix::io::Errno;
use rustix::mm::{Advice, madvise};
use rustix::param::page_size;

/// How much of the stack the next calls may use at once, and below that what is asked here.
const KEPT_STACK: usize = 32 * 1024;

/// Gives back what this process does not use at the moment: free memory of the allocator, the
/// current thread's stack below this call, and the pages of the program itself, which come back
/// from the page cache when they are used again.
///
/// A process that locked its memory keeps what it locked: call it before.
///
/// # Errors
///
/// When the kernel does not take pages back.
pub fn give_back() -> io::Result<()> {
    // Only glibc keeps what was freed; elsewhere there is nothing to trim.
    #[cfg(target_env = "gnu")]
    // SAFETY: it takes a number and returns one.
    unsafe {
        libc::malloc_trim(0);
    }
    for pages in read_only_pages() {
        // SAFETY: the range is part of a segment of this program that can never be written to, so
        // the file has the same content. It stays mapped.
        unsafe {
            madvise(
                pages.start as *mut c_void,
                pages.len(),
                Advice::LinuxDontNeed,
            )
        }?;
    }
    let stack = unused_stack();
    // SAFETY: the range is part of this thread's stack, and deeper than any call that has not
    // returned; what was there is used by nobody.
    let given = unsafe {
        madvise(
            stack.start as *mut c_void,
            stack.len(),
            Advice::LinuxDontNeed,
        )
    };
    match given {
        // The main thread's stack grows: its far end may not be there yet.
        Ok(()) | Err(Errno::NOMEM) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Where the current thread's stack is that no call uses, in whole pages; empty when that is not
/// known.
fn unused_stack() -> Range<usize> {
    let local = 0_u8;
    let here = &raw const local as usize;
    let mut low = std::ptr::null_mut();
    let mut size = 0;
    // SAFETY: the attributes are written by the first call before they are read by the second,
    // and destroyed once; all pointers outlive the calls.
    let known = unsafe {
        let mut attributes = std::mem::zeroed();
        libc::pthread_getattr_np(libc::pthread_self(), &raw mut attributes) == 0
            && libc::pthread_attr_getstack(&raw const attributes, &raw mut low, &raw mut size) == 0
            && libc::pthread_attr_destroy(&raw mut attributes) == 0
    };
    let page = page_size();
    let low = (low as usize).next_multiple_of(page);
    let high = here.saturating_sub(KEPT_STACK) / page * page;
    if known && low < high { low..high } else { 0..0 }
}

/// Where the segments of this program are that were never writable, in whole pages.
fn read_only_pages() -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    // SAFETY: the callback gets the vector that outlives the call, and only during it.
    unsafe { libc::dl_iterate_phdr(Some(note_program), (&raw mut ranges).cast()) };
    ranges
}

/// Notes the segments of the first object, which is the program, and wants no other.
unsafe extern "C" fn note_program(
    object: *mut libc::dl_phdr_info,
    _size: usize,
    ranges: *mut c_void,
) -> c_int {
    // SAFETY: `read_only_pages` passes its vector, and nobody else uses it meanwhile. The linker
    // passes an object with as many headers as it says.
    let (object, headers, ranges) = unsafe {
        let object = &*object;
        let headers = std::slice::from_raw_parts(object.dlpi_phdr, object.dlpi_phnum.into());
        (object, headers, &mut *ranges.cast::<Vec<Range<usize>>>())
    };
    let page = page_size();
    for header in headers {
        if header.p_type != libc::PT_LOAD || header.p_flags & libc::PF_W != 0 {
            continue;
        }
        let start = object.dlpi_addr as usize + header.p_vaddr as usize;
        let end = start + header.p_filesz as usize;
        // The first and the last page may be shared with a segment that is written to.
        ranges.push(start.next_multiple_of(page)..end / page * page);
    }
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_back_is_there_when_it_is_used_again() {
        let words = vec!["a".repeat(1 << 20); 8];
        let before = words.concat();
        drop(words);
        let ranges = read_only_pages();
        let this = give_back as fn() -> io::Result<()> as usize;
        assert!(
            ranges.iter().any(|range| range.contains(&this)),
            "{ranges:x?}"
        );
        give_back().unwrap();
        assert_eq!(before.len(), 8 << 20);
        assert!(before.bytes().all(|byte| byte == b'a'));
    }
}
