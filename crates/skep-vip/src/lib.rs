//! The brain of the data plane: which virtual routers run, which addresses they hold, what is
//! announced when.
//!
//! [`skep_vrrp`] knows one virtual router; this crate knows all those of a node together with the
//! addresses they move. It decides and says what to do, the threads of the vip process do it.
//! Start reading at [`brain::Brain`].
//!
//! [`configuration`] and [`message`] are what control and vip say to each other; [`action`] is
//! what the brain wants done, [`acceptance`] which configurations it takes, [`interfaces`] what it
//! is told about the node's interfaces.
#![warn(clippy::wildcard_enum_match_arm)]

pub mod acceptance;
pub mod action;
mod announcing;
mod authenticity;
mod bonds;
pub mod brain;
pub mod configuration;
mod counting;
mod deadlines;
mod holdings;
mod inputs;
pub mod interfaces;
mod links;
pub mod message;
mod news;
mod outbox;
mod roster;
mod router;
mod routes;
mod segments;
mod sensing;
mod transport;
