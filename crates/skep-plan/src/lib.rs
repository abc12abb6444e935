//! Decides what to do: desired and observed state in, ordered actions and configurations out.
//!
//! [`plan()`] says what happens to the swarm, its nodes and its services,
//! [`configure::configure`] which virtual routers a node runs, [`progress::progress`] how far the
//! world is. The value that `skep diff` prints is the value the agents apply; nothing is left to
//! choose. Nothing is read or written here: other crates observe and apply.

pub mod acquaintance;
pub mod action;
mod adoption;
mod autolock;
mod bootstrap;
pub mod configure;
pub mod content;
pub mod decisions;
pub mod departure;
pub mod diff;
mod difference;
mod draining;
pub mod effect;
pub mod feeding;
mod files;
pub mod groups;
pub mod images;
pub mod imagined;
pub mod import;
mod membership;
pub mod model;
pub mod naming;
mod networks;
mod nodes;
pub mod observed;
pub mod ownership;
mod plan;
pub mod preflight;
pub mod progress;
mod quorum;
pub mod recovery;
mod rejoining;
mod roster;
pub mod rotation;
pub mod segments;
mod service_spec;
mod services;
mod settings;
pub mod site;
pub mod tracking;
mod words;
mod workload;

pub use plan::plan;
