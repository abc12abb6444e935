//! The agent on the real kernel: hosts as network namespaces on one segment.
//!
//! Run as root: `cargo test -p skep --features namespaces --test namespaces`.

#[path = "../cluster/cluster.rs"]
mod cluster;

mod branch;
mod certified;
mod checks;
mod checksums;
mod choosing;
mod clustered;
mod editing;
mod failover;
mod families;
mod floor;
mod guard;
mod handover;
mod host;
mod hostile;
mod inside;
mod interfaces;
mod late;
mod leases;
mod load;
mod mail;
mod many;
mod memory;
mod monitor;
mod moving;
mod notifications;
mod owner;
mod pair;
mod processes;
mod remote;
mod repository;
mod rest;
mod rotating;
mod signed;
mod traffic;
mod unheard;
