//! `skep import`.

mod keepalived;
mod swarm;

use clap::Subcommand;

use crate::exit::Exit;

/// Turn what is there into a manifest that takes it over.
#[derive(Subcommand)]
pub(crate) enum Import {
    Keepalived(keepalived::Arguments),
    Swarm(swarm::Arguments),
}

pub(crate) fn run(import: &Import) -> anyhow::Result<Exit> {
    match import {
        Import::Keepalived(arguments) => keepalived::run(arguments),
        Import::Swarm(arguments) => swarm::run(arguments),
    }
}
