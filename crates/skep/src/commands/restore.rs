//! `skep restore`.

use std::fs;
use std::path::PathBuf;
use std::time::UNIX_EPOCH;

use anyhow::{Context, bail};
use skep_swarm::backup::Backup;

use crate::commands::backup::{Places, SwarmDirectory, describe};
use crate::exit::Exit;
use crate::output;

/// Put back what `skep backup` kept, for an engine that is stopped.
///
/// An engine that has a part in a swarm keeps it, unless you say --confirm with the name of the swarm
/// that is put back: what it has then is put aside. Ends with 0 when it is put back, with 1 when that
/// needs something else first, with 2 when the file is no good.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// What `skep backup` wrote.
    file: PathBuf,
    /// The name of the swarm in the backup, to put aside what the engine has.
    #[arg(long, value_name = "SWARM")]
    confirm: Option<String>,
    #[command(flatten)]
    places: Places,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let backup = Backup::read(&arguments.file)?;
    let SwarmDirectory { path, silence } = arguments.places.swarm()?;
    if silence.is_none() {
        output::tell_errors(&[
            "the engine runs, and would not notice what is put back\nhint: stop it: `systemctl stop \
             docker.socket docker`"
                .to_owned(),
        ]);
        return Ok(Exit::Findings);
    }
    let name = backup.about.swarm.as_deref().unwrap_or("swarm");
    if path.join("certificates").exists() && arguments.confirm.as_deref() != Some(name) {
        output::tell_errors(&[format!(
            "{} has a part in a swarm already\nhint: to put that aside and this in its place: \
             --confirm {name}",
            path.display()
        )]);
        return Ok(Exit::Findings);
    }
    if path.exists() {
        let seconds = UNIX_EPOCH.elapsed().unwrap_or_default().as_secs();
        let aside = path.with_file_name(format!("swarm.before-{seconds}"));
        if aside.exists() {
            bail!("{} exists already: try again", aside.display());
        }
        fs::rename(&path, &aside)
            .with_context(|| format!("cannot put {} aside", path.display()))?;
        output::tell(&format!("what was there is in {}", aside.display()));
    }
    backup.put_back(&path, &arguments.places.state_dir)?;
    let node = backup.about.node.as_deref().unwrap_or("a manager");
    output::print(&format!(
        "{}: what {node} had of {}\n",
        path.display(),
        describe(&backup.about)
    ))?;
    if backup.about.is_locked {
        output::tell("its keys are locked: `docker swarm unlock` with the unlock key of that time");
    }
    output::tell(&format!(
        "hint: start Docker and skep; if the other managers are gone too: skep recover --on {node}"
    ));
    Ok(Exit::Success)
}
