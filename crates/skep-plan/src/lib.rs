//! Decides what to do: desired and observed state in, ordered actions and configurations out.
//!
//! The value that `skep diff` prints is the value the agents apply; nothing is left to choose.

pub mod action;
mod bootstrap;
pub mod configure;
pub mod diff;
mod difference;
mod membership;
mod nodes;
pub mod observed;
pub mod ownership;
mod plan;
pub mod progress;
mod quorum;
mod roster;
mod service_spec;
mod services;
mod settings;

pub use plan::plan;
