//! A process of several: what a supervisor and its children need of the kernel.
//!
//! The supervisor is single-threaded and waits with [`crate::poll::Poller`] for
//! [`signals::Signals`], [`channel::Channel`]s and [`child::Child`]ren.

pub mod channel;
pub mod child;
pub mod errand;
pub mod inheritance;
pub mod name;
pub mod parent;
pub mod privileges;
pub mod session;
pub mod shared_memory;
pub mod signals;
