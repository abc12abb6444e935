//! `skep simulate`.

use std::path::PathBuf;

use skep_agent::source;
use skep_simulation::scenario;
use skep_simulation::stage::Stage;
use skep_simulation::story::Story;

use crate::commands::manifests::Manifests;
use crate::exit::Exit;
use crate::output;
use crate::render::simulation;

/// Play a scenario with the VIP groups of manifests: the same data plane on a virtual clock,
/// without privileges.
///
/// Ends with 0 when every expectation came true, with 1 when one did not, with 2 when something
/// cannot be read.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    manifests: Manifests,
    /// What happens, and what is expected: see docs/simulate.md.
    #[arg(long, value_name = "FILE")]
    scenario: PathBuf,
    /// Another chance: latencies, losses, how late the kernel is.
    #[arg(long, default_value = "0", value_name = "NUMBER")]
    seed: u64,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let Some(desired) = arguments.manifests.desired()? else {
        return Ok(Exit::Usage);
    };
    let stage = Stage::of(&desired, arguments.seed)?;
    let scenario = source::read_file(&arguments.scenario)?;
    let scenario = match scenario::parse(scenario, &stage) {
        Ok(scenario) => scenario,
        Err(mistakes) => {
            for mistake in mistakes {
                output::tell(&format!("error: {mistake}"));
            }
            return Ok(Exit::Usage);
        }
    };
    let story = Story::of(&stage, &scenario);
    output::print(&simulation::render(&stage, &story))?;
    for unmet in &story.unmet {
        output::tell(&format!("error: {unmet}"));
    }
    if let Some(violation) = &story.violation {
        output::tell(&format!("error: a defect of skep: {violation}"));
        output::tell("hint: report it with the manifest and the scenario");
    }
    let well = story.unmet.is_empty() && story.violation.is_none();
    Ok(if well { Exit::Success } else { Exit::Findings })
}
