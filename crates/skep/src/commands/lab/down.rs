//! `skep lab down`.

use skep_lab::Lab;

use super::Selection;
use super::interrupt::Interrupt;
use crate::exit::Exit;
use crate::output;

/// End everything that runs in the lab and remove it, with its disks. No lab is no error.
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    lab: Selection,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let up = Lab::names()?;
    if up.is_empty() {
        output::tell("no lab is up");
        return Ok(Exit::Success);
    }
    let name = arguments.lab.resolve()?;
    // What is begun is finished: half a lab is harder to remove than a whole one.
    let _interrupt = Interrupt::watch()?;
    Lab::remove(&name)?;
    output::tell(&if up.contains(&name) {
        format!("lab `{name}` is gone")
    } else {
        format!("no lab `{name}` is up")
    });
    Ok(Exit::Success)
}
