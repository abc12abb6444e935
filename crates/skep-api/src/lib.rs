//! What the command line and the agents say to each other: the paths, the types, the clients and
//! the trust between nodes.
//!
//! The types here are the stable JSON that `-o json` prints. They are plain: whoever serves them
//! converts from its own state, whoever shows them needs nothing else.

pub mod call;
pub mod client;
pub mod cluster;
pub mod dismissal;
pub mod event;
pub mod generation;
pub mod moves;
pub mod path;
pub mod peer;
pub mod preflight;
pub mod recovery;
pub mod rotation;
pub mod status;
pub mod submit;
pub mod tls;
pub mod told;
pub mod trouble;
pub mod trust;
