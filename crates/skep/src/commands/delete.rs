//! `skep delete`.

use std::path::Path;

use anyhow::{Context, bail};
use skep_api::path;
use skep_manifest::object::ObjectKey;
use skep_plan::feeding::{Change, Deletion};

use crate::commands::manifests::{DryRun, submission};
use crate::commands::{manifest_kind, submitted};
use crate::exit::Exit;

/// Remove an object from the desired state.
///
/// Ends with 0 when that is accepted, with 1 when it is not.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// What to remove: KIND NAME or KIND/NAME.
    #[arg(required = true, num_args = 1..=2, value_name = "KIND/NAME")]
    what: Vec<String>,
    /// Remove it also if another feeder fed it, such as a watched directory.
    #[arg(long)]
    take_over: bool,
}

pub(crate) fn run(arguments: &Arguments, socket: &Path) -> anyhow::Result<Exit> {
    let key = parse(&arguments.what)?;
    let by = format!("delete {key}");
    let change = Change::Delete(Deletion {
        objects: vec![key],
        take_over: arguments.take_over,
    });
    let submission = submission(by, change, DryRun::No);
    submitted::ask_and_tell(socket, path::SUBMIT, &submission)
}

fn parse(words: &[String]) -> anyhow::Result<ObjectKey> {
    let (kind, name) = match words {
        [one] => one
            .split_once('/')
            .context("name one object: KIND NAME or KIND/NAME")?,
        [kind, name] => (kind.as_str(), name.as_str()),
        _ => bail!("name one object: KIND NAME or KIND/NAME"),
    };
    Ok(ObjectKey {
        kind: manifest_kind(kind)?,
        name: name.parse()?,
    })
}
