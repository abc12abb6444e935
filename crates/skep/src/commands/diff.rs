//! `skep diff`.

use std::path::Path;

use skep_api::client::Client;
use skep_api::path;
use skep_api::submit::Differences;
use skep_plan::feeding::{APPLY, Change, Feeding};

use crate::commands::manifests::{DryRun, Manifests, Ownership, submission};
use crate::commands::{Format, ask};
use crate::exit::Exit;
use crate::output;

/// Show what applying manifests would do, and nothing else.
///
/// Ends with 0 when nothing would change, with 1 when something would, with 2 on errors.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    manifests: Manifests,
    #[command(flatten)]
    ownership: Ownership,
    /// How to print it.
    #[arg(short, long, default_value = "text", value_name = "FORMAT")]
    output: Format,
}

pub(crate) fn run(arguments: &Arguments, socket: &Path) -> anyhow::Result<Exit> {
    let Some(feeding) = arguments.manifests.feeding(arguments.ownership)? else {
        return Ok(Exit::Usage);
    };
    // Whether somebody has to confirm it makes no difference to what it would do.
    let change = Change::Feed(Feeding {
        confirmed: true,
        ..feeding
    });
    let submission = submission(APPLY.to_owned(), change, DryRun::Yes);
    let client = Client::new(socket);
    let differences = ask(client.post::<Differences>(path::DIFF, &submission))?;
    let plan = match differences {
        Differences::Plan(plan) => plan,
        Differences::Rejected(errors) => {
            output::tell_errors(&errors);
            return Ok(Exit::Usage);
        }
    };
    match arguments.output {
        Format::Text => output::print(&plan.to_string())?,
        Format::Json => output::print_json(&plan)?,
    }
    Ok(if plan.is_empty() {
        Exit::Success
    } else {
        Exit::Findings
    })
}
