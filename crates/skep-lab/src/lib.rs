//! A cluster on one machine: nodes as network namespaces, cables that can be pulled, and the
//! instruments that see what then happens.
//!
//! A [`plan::LabPlan`] says which nodes there are; [`Lab::up`] makes them on one bridge, runs
//! programs inside them and takes everything away again. [`capture`] writes down what the bridge
//! carries, [`prober`] finds out how long an address does not answer. Everything needs root.
//!
//! It knows neither manifests nor what runs on the nodes.

pub mod capture;
mod lab;
mod namespace;
pub mod plan;
pub mod prober;
mod program;

pub use lab::{Lab, NodeCommand};
