//! Many data planes on one virtual clock, with one seed.
//!
//! A [`cluster::Cluster`] is nodes with a brain each ([`skep_vip`]), a model of their kernels and
//! hands, and a network that loses, doubles, delays and cuts. Nothing here is real: no socket, no
//! clock, no thread; the same seed gives the same story. After every step all invariants are
//! checked (`invariants`): at once, or as duties that must be done within the time that the
//! protocol gives.
//!
//! [`chaos`] makes clusters and misfortunes from a seed and is how the brain is tested;
//! [`scenario`] reads a story that a person wrote and is what `skep simulate` tells. [`paper`] is a
//! swarm of any size for plans.
#![warn(clippy::wildcard_enum_match_arm)]

mod accord;
pub mod chaos;
pub mod clock;
pub mod cluster;
mod group;
pub mod happening;
pub mod invariants;
mod kernel;
pub mod network;
mod node;
pub mod paper;
mod random;
pub mod record;
mod recording;
pub mod scenario;
pub mod setup;
pub mod stage;
pub mod story;
