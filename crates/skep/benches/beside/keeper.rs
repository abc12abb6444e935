//! The process that a person starts: it measures nothing, and takes away what is left when it is
//! told to stop or the one that measures fails.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use skep_lab::Lab;
use skep_linux::poll::{Events, Poller};
use skep_linux::process::child::{self, Child, End, Outcome};
use skep_linux::process::signals::{Signal, Signals};

/// The option that tells a process to measure, and where its files are.
pub(crate) const OPTION: &str = "--within";

/// Measures in another process with the same arguments, and leaves nothing behind.
pub(crate) fn keep() -> anyhow::Result<ExitCode> {
    let signals = Signals::catch().context("cannot catch signals")?;
    let poller = Poller::new().context("cannot wait")?;
    poller.add(&signals, 0).context("cannot wait for signals")?;
    let directory = tempfile::tempdir().context("there is no room for files")?;
    let mut arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    arguments.extend([OPTION.into(), directory.path().into()]);
    let child = child::spawn_self(&arguments, Vec::new())?;
    let outcome = wait(&signals, &poller, &child);
    take_away(child.id(), directory.path())?;
    Ok(match outcome? {
        Outcome::Exited(0) => ExitCode::SUCCESS,
        Outcome::Exited(_) | Outcome::Killed(_) => ExitCode::FAILURE,
    })
}

/// Waits for the end of the process, which comes at once when this one is told to stop.
fn wait(signals: &Signals, poller: &Poller, child: &Child) -> anyhow::Result<Outcome> {
    let mut events = Events::with_capacity(1);
    loop {
        let _ready = poller.wait(&mut events, None).context("cannot wait")?;
        while let Some(signal) = signals.receive().context("cannot read signals")? {
            match signal {
                Signal::Stop | Signal::Reload => child.end(End::Force)?,
                Signal::ChildEnded => {}
            }
        }
        while let Some(ended) = child::reap().context("cannot wait for the process")? {
            if ended.id == child.id() {
                return Ok(ended.how);
            }
        }
    }
}

/// Removes the labs of a process that has ended; all of them bear its number.
fn take_away(process: u32, directory: &Path) -> anyhow::Result<()> {
    let ours = format!("-{process}");
    for name in Lab::names()?.iter().filter(|name| name.ends_with(&ours)) {
        eprintln!("{name} is taken away");
        Lab::remove(name)?;
    }
    std::fs::remove_dir_all(directory).context("the files cannot be removed")
}
