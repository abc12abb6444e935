//! The manifest language: its kinds and fields, the reader that finds every mistake at its place,
//! the resolution to a desired state, and the schema.
//!
//! Nothing here reads a file: text comes in with its name ([`set::Source`]), a [`set::ManifestSet`]
//! comes out, and [`desired::Desired`] after that. Start reading at [`object::Object`].

pub mod address;
mod check;
pub mod compose;
pub mod condition;
pub mod config;
pub mod desired;
pub mod duration;
pub mod explain;
pub mod file_mode;
pub mod fill;
pub mod health_check;
pub mod hexadecimal;
pub mod name;
pub mod network;
pub mod notifier;
pub mod object;
pub mod parse;
pub mod plain;
mod print;
pub mod priority;
pub mod problem;
pub mod resolve;
pub mod schema;
pub mod secret;
pub mod service;
pub mod set;
mod shorthand;
pub mod size;
pub mod span;
pub mod stack;
pub mod swarm;
pub mod text;
mod tree;
pub mod value_source;
pub mod vip_group;
pub mod without;
mod yaml;
