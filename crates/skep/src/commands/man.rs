//! `skep man`.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::CommandFactory;
use clap_mangen::Man;

use crate::exit::Exit;
use crate::output;

/// Print a manual page, or write all of them.
///
/// To read one: `skep man lint | man -l -`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The command that it is about, such as `import keepalived`; skep itself when left out.
    #[arg(conflicts_with = "directory")]
    command: Vec<String>,
    /// Write the pages of all commands into this directory, such as `/usr/share/man/man1`.
    #[arg(long, value_name = "PATH")]
    directory: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let mut all = crate::Arguments::command();
    all.build();
    if let Some(directory) = &arguments.directory {
        let written = clap_mangen::generate_to(all, directory);
        written.with_context(|| format!("cannot write into {}", directory.display()))?;
        return Ok(Exit::Success);
    }
    let mut command = &all;
    for word in &arguments.command {
        let Some(next) = command.find_subcommand(word) else {
            bail!("there is no command `{}`", arguments.command.join(" "));
        };
        command = next;
    }
    let mut page = Vec::new();
    Man::new(command.clone()).render(&mut page)?;
    output::print(&String::from_utf8(page)?)?;
    Ok(Exit::Success)
}
