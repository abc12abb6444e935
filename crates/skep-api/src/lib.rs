//! What the command line and the agents say to each other: the paths, the types and the client.
//!
//! The types here are the stable JSON that `-o json` prints. They are plain: whoever serves them
//! converts from its own state, whoever shows them needs nothing else.

pub mod client;
pub mod cluster;
pub mod generation;
pub mod path;
pub mod status;
pub mod submit;
