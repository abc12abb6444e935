//! `skep diff`.

mod from;

use std::path::Path;

use anyhow::bail;
use skep_api::client::Client;
use skep_api::path;
use skep_api::submit::{Comparison, Differences};
use skep_plan::action::Plan;
use skep_plan::diff::Diff;
use skep_plan::feeding::{APPLY, Change, Feeding};
use skep_plan::imagined::plan_between;

use crate::commands::diff::from::{Files, From};
use crate::commands::manifests::{DryRun, Manifests, Ownership, submission};
use crate::commands::{Format, ask, left_over};
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
    /// Compare with something else than what runs: with other manifests at a path, or with the same
    /// paths in another commit as `git:REF`, both offline; or with an earlier desired state, `@4`.
    #[arg(long, value_name = "PATH|@GENERATION|git:REF")]
    from: Option<From>,
    /// How to print it.
    #[arg(short, long, default_value = "text", value_name = "FORMAT")]
    output: Format,
}

pub(crate) fn run(arguments: &Arguments, socket: &Path) -> anyhow::Result<Exit> {
    let plan = match &arguments.from {
        Some(From::Files(_)) if arguments.ownership.is_said() => {
            bail!("--prune and --take-over are about what a cluster has: leave them out")
        }
        Some(From::Files(from)) => between(from, &arguments.manifests)?,
        Some(From::Generation(number)) => asked(arguments, Some(*number), socket)?,
        None => asked(arguments, None, socket)?,
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

/// What the agent says, of what runs or of a generation; nothing when the manifests cannot be, which
/// was shown.
fn asked(
    arguments: &Arguments,
    generation: Option<u64>,
    socket: &Path,
) -> anyhow::Result<Option<Plan>> {
    let Some(feeding) = arguments.manifests.feeding(arguments.ownership)? else {
        return Ok(None);
    };
    let kept = (generation.is_none() && !feeding.prune).then(|| feeding.clone());
    // Whether somebody has to confirm it makes no difference to what it would do.
    let change = Change::Feed(Feeding {
        confirmed: true,
        ..feeding
    });
    let submission = submission(APPLY.to_owned(), change, DryRun::Yes);
    let client = Client::new(socket);
    let differences = match generation {
        None => ask(client.post::<Differences>(path::DIFF, &submission))?,
        Some(generation) => {
            let comparison = Comparison {
                generation,
                submission,
            };
            ask(client.post::<Differences>(path::COMPARE, &comparison))?
        }
    };
    match differences {
        Differences::Plan(plan) => {
            if let Some(feeding) = kept {
                left_over::tell(&client, feeding);
            }
            Ok(Some(*plan))
        }
        Differences::Rejected(errors) => {
            output::tell_errors(&errors);
            Ok(None)
        }
    }
}

/// What lies between two sets of manifests; nothing when one of them cannot be, which was shown.
fn between(from: &Files, manifests: &Manifests) -> anyhow::Result<Option<Plan>> {
    let Some(new) = manifests.desired()? else {
        return Ok(None);
    };
    let old = from.desired(manifests.paths())?;
    Ok(old.map(|old| plan_between(&old, &new)))
}
