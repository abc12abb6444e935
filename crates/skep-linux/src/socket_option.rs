//! The socket options that neither `rustix` nor `socket2` offers.
#![expect(unsafe_code, reason = "setsockopt(2) takes a pointer")]

use std::io;
use std::os::fd::{AsFd, AsRawFd as _};

use libc::{c_int, socklen_t};

/// Sets an option whose value is a C `int`.
pub(crate) fn set(socket: impl AsFd, level: c_int, option: c_int, value: c_int) -> io::Result<()> {
    let length = size_of::<c_int>() as socklen_t;
    let pointer = (&raw const value).cast();
    // SAFETY: `pointer` is valid for `length` bytes during the call, and the descriptor is open
    // because it is borrowed.
    let result =
        unsafe { libc::setsockopt(socket.as_fd().as_raw_fd(), level, option, pointer, length) };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
