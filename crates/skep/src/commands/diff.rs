//! `skep diff`.

mod from;

use std::path::Path;

use skep_api::client::Client;
use skep_api::path;
use skep_api::submit::Differences;
use skep_plan::action::Plan;
use skep_plan::diff::Diff;
use skep_plan::feeding::{APPLY, Change, Feeding};
use skep_plan::imagined::plan_between;

use crate::commands::diff::from::From;
use crate::commands::manifests::{DryRun, Manifests, Ownership, submission};
use crate::commands::{Format, ask};
use crate::exit::Exit;
use crate::output;

/// Show what applying manifests would do, and nothing else.
///
/// Asks the agent what runs, or compares with other manifests. Ends with 0 when nothing would
/// change, with 1 when something would, with 2 on errors.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    manifests: Manifests,
    #[command(flatten)]
    ownership: Ownership,
    /// Compare with these manifests instead, offline: a path, or `git:REF` for the same paths in
    /// another commit.
    #[arg(long, value_name = "PATH|git:REF", conflicts_with_all = ["prune", "take_over"])]
    from: Option<From>,
    /// How to print it.
    #[arg(short, long, default_value = "text", value_name = "FORMAT")]
    output: Format,
}

pub(crate) fn run(arguments: &Arguments, socket: &Path) -> anyhow::Result<Exit> {
    let plan = match &arguments.from {
        Some(from) => between(from, &arguments.manifests)?,
        None => asked(arguments, socket)?,
    };
    let Some(plan) = plan else {
        return Ok(Exit::Usage);
    };
    let is_empty = plan.is_empty();
    match arguments.output {
        Format::Text => output::print(&plan.to_string())?,
        Format::Json => output::print_json(&Diff::from(plan))?,
    }
    if is_empty {
        output::tell("nothing would change");
        return Ok(Exit::Success);
    }
    Ok(Exit::Findings)
}

/// What the agent says; nothing when the manifests cannot be, which was shown.
fn asked(arguments: &Arguments, socket: &Path) -> anyhow::Result<Option<Plan>> {
    let Some(feeding) = arguments.manifests.feeding(arguments.ownership)? else {
        return Ok(None);
    };
    // Whether somebody has to confirm it makes no difference to what it would do.
    let change = Change::Feed(Feeding {
        confirmed: true,
        ..feeding
    });
    let submission = submission(APPLY.to_owned(), change, DryRun::Yes);
    let client = Client::new(socket);
    match ask(client.post::<Differences>(path::DIFF, &submission))? {
        Differences::Plan(plan) => Ok(Some(*plan)),
        Differences::Rejected(errors) => {
            output::tell_errors(&errors);
            Ok(None)
        }
    }
}

/// What lies between two sets of manifests; nothing when one of them cannot be, which was shown.
fn between(from: &From, manifests: &Manifests) -> anyhow::Result<Option<Plan>> {
    let Some(new) = manifests.desired()? else {
        return Ok(None);
    };
    let old = from.desired(manifests.paths())?;
    Ok(old.map(|old| plan_between(&old, &new)))
}
