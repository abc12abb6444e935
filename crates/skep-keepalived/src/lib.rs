//! `keepalived.conf` to manifests and back.
//!
//! Nothing here reads a file: [`import::import`] is given the text of each node's file and asks
//! its caller for what that includes. Every keyword it meets ends in a [`ledger::Ledger`]: taken
//! over, left out with a reason, or unknown. [`export::export`] writes the file of one node.
//! Start reading at [`import::import`].

pub mod export;
pub mod import;
mod keyword;
pub mod language;
pub mod ledger;
mod probe;
mod program;
