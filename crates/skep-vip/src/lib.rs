//! The brain of the data plane: which virtual routers run, which addresses they hold, what is
//! announced when.
//!
//! [`skep_vrrp`] knows one virtual router; this crate knows all those of a node together with the
//! addresses they move. It decides and says what to do, the threads of the vip process do it.
#![warn(clippy::wildcard_enum_match_arm)]

pub mod configuration;
pub mod message;
