//! What a person sees: text made from values, without any I/O.

pub(crate) mod age;
pub(crate) mod cluster;
pub(crate) mod command_line;
pub(crate) mod describe;
pub(crate) mod events;
pub(crate) mod explain;
pub(crate) mod history;
pub(crate) mod lab;
pub(crate) mod moves;
pub(crate) mod preflight;
pub(crate) mod recovery;
pub(crate) mod simulation;
pub(crate) mod status;
pub(crate) mod table;
pub(crate) mod vips;
