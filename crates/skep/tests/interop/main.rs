//! The agent beside Debian's keepalived in one group.
//!
//! Run as root: `cargo test -p skep --features interop --test interop`.

#[path = "../cluster/cluster.rs"]
mod cluster;

mod group;
mod keepalived;
mod seed001;
mod version3;
