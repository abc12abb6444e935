//! Development tasks: `cargo xtask setup | test | demo | bench | order | regenerate | dist`.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a development tool talks to the person who runs it"
)]

mod bench;
mod demo;
mod dist;
mod interrupt;
mod order;
mod packages;
mod regenerate;
mod rings;
mod run;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::rings::Ring;

#[derive(Parser)]
#[command(about = "Development tasks of the skep workspace")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Install the Debian packages that the privileged test rings need.
    Setup,
    /// Run all rings of tests but the nightly one, or the named ones.
    Test {
        /// The rings to run.
        rings: Vec<Ring>,
    },
    /// Show one manifest become a swarm, a service and a VIP that fails over, on this machine.
    Demo,
    /// Measure skep beside keepalived and print one table.
    Bench(bench::Bench),
    /// Find what agents at rest run, and have the linker lay it side by side.
    Order,
    /// Write every generated file: schemas and references.
    Regenerate,
    /// Build what is shipped: an archive and a package with the static binary and its unit.
    Dist(dist::Dist),
}

fn main() -> anyhow::Result<ExitCode> {
    match Arguments::parse().task {
        Task::Setup => packages::ensure_installed(packages::ALL).map(|()| {
            println!("setup: all Debian packages are installed");
            ExitCode::SUCCESS
        }),
        Task::Test { rings } => rings::test(&rings),
        Task::Demo => demo::demo(),
        Task::Bench(bench) => bench::bench(&bench).map(|()| ExitCode::SUCCESS),
        Task::Order => order::order().map(|()| ExitCode::SUCCESS),
        Task::Regenerate => regenerate::regenerate().map(|()| ExitCode::SUCCESS),
        Task::Dist(dist) => dist::dist(&dist).map(|()| ExitCode::SUCCESS),
    }
}
