//! `skep lab`: the manifest's nodes as namespaces on this machine.

mod down;
mod exec;
mod heal;
mod interrupt;
mod kill;
mod manifests;
mod partition;
mod status;
mod up;

use std::path::PathBuf;

use anyhow::bail;
use clap::Subcommand;
use skep_lab::Lab;

use crate::exit::Exit;

/// Try a manifest on this machine: its nodes as network namespaces on one bridge, each with its own
/// Docker engine and its own agent. Needs root.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Up(up::Arguments),
    Exec(exec::Arguments),
    Kill(kill::Arguments),
    Partition(partition::Arguments),
    Heal(heal::Arguments),
    Status(status::Arguments),
    Down(down::Arguments),
}

/// Which lab is meant; the only one that is up when nothing is said.
#[derive(clap::Args)]
struct Selection {
    /// The lab of this name.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// The lab of these manifests.
    #[arg(short = 'f', long, value_name = "PATH", conflicts_with = "name")]
    file: Option<PathBuf>,
}

impl Selection {
    /// The name of the lab, which need not be up when it was said.
    fn resolve(&self) -> anyhow::Result<String> {
        if let Some(name) = &self.name {
            return Ok(name.clone());
        }
        if let Some(path) = &self.file {
            return Ok(manifests::read(path)?.name());
        }
        match Lab::names()?.as_slice() {
            [] => bail!("no lab is up: make one with `skep lab up -f PATH`"),
            [one] => Ok(one.clone()),
            several => bail!(
                "several labs are up, name one with `--name`: {}",
                several.join(", ")
            ),
        }
    }

    fn open(&self) -> anyhow::Result<Lab> {
        Lab::open(&self.resolve()?)
    }
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    match &arguments.verb {
        Verb::Up(arguments) => up::run(arguments),
        Verb::Exec(arguments) => exec::run(arguments),
        Verb::Kill(arguments) => kill::run(arguments),
        Verb::Partition(arguments) => partition::run(arguments),
        Verb::Heal(arguments) => heal::run(arguments),
        Verb::Status(arguments) => status::run(arguments),
        Verb::Down(arguments) => down::run(arguments),
    }
}
