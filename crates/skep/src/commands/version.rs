//! `skep version`.

use crate::exit::Exit;
use crate::output;

pub(crate) fn run() -> anyhow::Result<Exit> {
    output::print(&format!("skep {}\n", env!("CARGO_PKG_VERSION")))?;
    Ok(Exit::Success)
}
