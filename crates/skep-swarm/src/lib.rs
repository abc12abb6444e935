//! The Docker engine of a node, and through it the swarm.
//!
//! [`engine`] asks it, over its Unix socket and within a time limit; [`observe`] tells what is
//! there in the words of [`skep_plan::observed`]; [`apply`] does one [`skep_plan::action::Action`].
//! What is to be done, in which order and by whom is decided elsewhere.
//!
//! What an engine answers is taken as hostile: it has a size limit, and what is not understood is
//! an error. JSON that is only carried stays as it was read, so a setting of a newer engine
//! survives being read and written back.

pub mod apply;
pub mod backup;
pub mod engine;
pub mod event;
#[cfg(test)]
mod fake;
pub mod generations;
pub mod images;
pub mod inventory;
pub mod observe;
pub mod raft_log;
pub mod recovery;
pub mod registries;
pub mod token;
pub mod unlock;
