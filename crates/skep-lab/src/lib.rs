//! A cluster on one machine: nodes as network namespaces, cables that can be pulled, and the
//! instruments that see what then happens.
//!
//! A [`plan::LabPlan`] says which nodes there are; [`Lab::up`] makes them on one bridge, runs
//! programs inside them and takes everything away again. [`capture`] writes down what the bridge
//! carries, [`prober`] finds out how long an address does not answer, [`visitor`] what a client of a
//! web service sees, [`engine`] runs a Docker engine on a node, for which [`image`] makes images without a registry, [`agent`] runs `skep agent`. A
//! [`cluster::Cluster`] is all of that for the nodes of a manifest. Everything needs root.
//!
//! It knows what nodes a manifest has, and nothing else about manifests.

pub mod agent;
pub mod capture;
pub mod cluster;
mod disk;
pub mod engine;
pub mod image;
mod lab;
mod namespace;
pub mod plan;
pub mod prober;
mod program;
pub mod visitor;

pub use lab::{Lab, NodeCommand, Segment, ensure_root};
