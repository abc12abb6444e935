//! `skep completion`.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::exit::Exit;
use crate::output;

/// Print what lets a shell complete the words of this command.
///
/// In bash: `skep completion bash > /etc/bash_completion.d/skep`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Which shell.
    shell: Shell,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let mut command = crate::Arguments::command();
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "skep", &mut script);
    output::print(&String::from_utf8(script)?)?;
    Ok(Exit::Success)
}
