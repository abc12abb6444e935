//! Real Docker engines, one per node of a lab.
//!
//! Run as root: `cargo test -p skep-swarm --features engines`.

mod fault;
mod generations;
mod jobs;
mod membership;
mod service;
mod services;
mod site;
