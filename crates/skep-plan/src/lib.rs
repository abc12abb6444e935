//! Decides what to do: desired and observed state in, ordered actions and configurations out.
//!
//! The value that `skep diff` prints is the value the agents apply; nothing is left to choose.

pub mod action;
pub mod configure;
pub mod observed;
