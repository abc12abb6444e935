//! skep-linux against the real kernel, in network namespaces that vanish with the test.
//!
//! Each test makes its own namespaces and nothing outside them. Run as root:
//! `cargo test -p skep-linux --features namespaces`.

mod advertisements;
mod announcements;
mod namespace;
mod netlink;
mod rights;
mod routes;
