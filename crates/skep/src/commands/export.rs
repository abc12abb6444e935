//! `skep export`.

mod keepalived;

use clap::Subcommand;

use crate::exit::Exit;

/// Write what a manifest wants in the language of another tool.
#[derive(Subcommand)]
pub(crate) enum Export {
    Keepalived(keepalived::Arguments),
}

pub(crate) fn run(export: &Export) -> anyhow::Result<Exit> {
    match export {
        Export::Keepalived(arguments) => keepalived::run(arguments),
    }
}
