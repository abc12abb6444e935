//! The agent beside Debian's keepalived and FRR in one group.
//!
//! Run as root: `cargo test -p skep --features interop --test interop`.

#[path = "../cluster/cluster.rs"]
mod cluster;

mod frr;
mod group;
mod handover;
mod keepalived;
mod matrix;
mod migration;
mod seed001;
mod version3;
