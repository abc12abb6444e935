//! skep: one manifest for a Docker Swarm and its floating IPs.
//!
//! One file per command in `commands`, one per thing a person looks at in `render`. A command
//! prints data on standard output and everything else on standard error.

mod commands;
mod exit;
mod output;
mod render;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory as _, Parser, Subcommand};

use crate::exit::Exit;

/// Keeps a Docker Swarm and its floating IPs as one declared state.
#[derive(Parser)]
#[command(version, arg_required_else_help = true, max_term_width = 100)]
struct Arguments {
    /// The socket of the agent on this machine.
    #[arg(
        long,
        global = true,
        env = "SKEP_SOCKET",
        default_value = skep_api::path::DEFAULT_SOCKET,
        value_name = "PATH"
    )]
    socket: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Agent(Box<commands::agent::Arguments>),
    Apply(commands::apply::Arguments),
    Backup(commands::backup::Arguments),
    Completion(commands::completion::Arguments),
    Confirm(commands::confirm::Arguments),
    Cordon(commands::cordon::Arguments),
    Delete(commands::delete::Arguments),
    Describe(commands::describe::Arguments),
    Diff(commands::diff::Arguments),
    Drain(commands::drain::Arguments),
    Events(commands::events::Arguments),
    Explain(commands::explain::Arguments),
    #[command(subcommand)]
    Export(commands::export::Export),
    #[command(hide = true)]
    Generate(commands::generate::Arguments),
    Get(commands::get::Arguments),
    History(commands::history::Arguments),
    #[command(subcommand)]
    Import(commands::import::Import),
    Keygen(commands::keygen::Arguments),
    Lab(commands::lab::Arguments),
    Lint(commands::lint::Arguments),
    Man(commands::man::Arguments),
    Move(commands::move_group::Arguments),
    Pause(commands::pause::Arguments),
    Preflight(commands::preflight::Arguments),
    Recover(commands::recover::Arguments),
    Restore(commands::restore::Arguments),
    Resume(commands::resume::Arguments),
    Rollback(commands::rollback::Arguments),
    Schema(commands::schema::Arguments),
    Seal(commands::seal::Arguments),
    Simulate(commands::simulate::Arguments),
    Status(commands::status::Arguments),
    Uncordon(commands::uncordon::Arguments),
    /// Print the version of this binary.
    Version,
    Wait(commands::wait::Arguments),
}

fn main() -> ExitCode {
    let arguments = Arguments::try_parse().unwrap_or_else(|error| refuse(error));
    let socket = arguments.socket;
    let outcome = match arguments.command {
        Command::Agent(arguments) => commands::agent::run(*arguments, socket),
        Command::Apply(arguments) => commands::apply::run(&arguments, &socket),
        Command::Backup(arguments) => commands::backup::run(&arguments, &socket),
        Command::Completion(arguments) => commands::completion::run(&arguments),
        Command::Confirm(arguments) => commands::confirm::run(&arguments, &socket),
        Command::Cordon(arguments) => commands::cordon::run(&arguments, &socket),
        Command::Delete(arguments) => commands::delete::run(&arguments, &socket),
        Command::Diff(arguments) => commands::diff::run(&arguments, &socket),
        Command::Describe(arguments) => commands::describe::run(&arguments, &socket),
        Command::Drain(arguments) => commands::drain::run(&arguments, &socket),
        Command::Events(arguments) => commands::events::run(&arguments, &socket),
        Command::Explain(arguments) => commands::explain::run(&arguments),
        Command::Export(export) => commands::export::run(&export),
        Command::Generate(arguments) => commands::generate::run(&arguments),
        Command::Get(arguments) => commands::get::run(&arguments, &socket),
        Command::History(arguments) => commands::history::run(&arguments, &socket),
        Command::Import(import) => commands::import::run(&import),
        Command::Keygen(arguments) => commands::keygen::run(&arguments, &socket),
        Command::Lab(arguments) => commands::lab::run(&arguments),
        Command::Lint(arguments) => commands::lint::run(&arguments),
        Command::Man(arguments) => commands::man::run(&arguments),
        Command::Move(arguments) => commands::move_group::run(&arguments, &socket),
        Command::Pause(arguments) => commands::pause::run(&arguments, &socket),
        Command::Preflight(arguments) => commands::preflight::run(&arguments, &socket),
        Command::Recover(arguments) => commands::recover::run(&arguments, &socket),
        Command::Restore(arguments) => commands::restore::run(&arguments),
        Command::Resume(arguments) => commands::resume::run(&arguments, &socket),
        Command::Rollback(arguments) => commands::rollback::run(&arguments, &socket),
        Command::Schema(arguments) => commands::schema::run(&arguments),
        Command::Seal(arguments) => commands::seal::run(&arguments),
        Command::Simulate(arguments) => commands::simulate::run(&arguments),
        Command::Status(arguments) => commands::status::run(&arguments, &socket),
        Command::Uncordon(arguments) => commands::uncordon::run(&arguments, &socket),
        Command::Version => commands::version::run(),
        Command::Wait(arguments) => commands::wait::run(&arguments, &socket),
    };
    outcome
        .unwrap_or_else(|error| {
            output::complain(&error);
            Exit::Usage
        })
        .into()
}

/// Says what is wrong with the command line, and suggests no command that is not for users.
fn refuse(mut error: clap::Error) -> ! {
    if let Some(ContextValue::Strings(mut similar)) = error.remove(ContextKind::SuggestedSubcommand)
    {
        let all = Arguments::command();
        let is_hidden = |name: &String| {
            all.find_subcommand(name)
                .is_some_and(clap::Command::is_hide_set)
        };
        similar.retain(|name| !is_hidden(name));
        if !similar.is_empty() {
            error.insert(
                ContextKind::SuggestedSubcommand,
                ContextValue::Strings(similar),
            );
        }
    }
    error.exit()
}
