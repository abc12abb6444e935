//! The agent of a node: the wiring of its processes.
//!
//! [`supervisor`] starts two children and restarts either when it ends: [`control`] reads
//! manifests, answers questions and tells vip what to run; `vip` speaks VRRP and holds
//! addresses. They talk by [`skep_vip::message`]. Nothing is decided here: what to run comes from
//! [`skep_plan`], who is Active from [`skep_vip`].

pub mod control;
mod link;
mod memory;
pub mod process;
pub mod release;
pub mod source;
mod standing;
pub mod supervisor;
mod vip;
