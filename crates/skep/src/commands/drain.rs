//! `skep drain`.

use std::ops::ControlFlow;
use std::path::Path;

use skep_api::client::Client;
use skep_api::path;
use skep_api::submit::Submitted;
use skep_manifest::duration::Interval;
use skep_manifest::name::NodeName;
use skep_manifest::swarm::Availability;
use skep_plan::feeding::{Change, NodeOrder};

use crate::commands::manifests::{DryRun, submission};
use crate::commands::{apply, runtime, submitted};
use crate::exit::Exit;

/// Let a node have nothing to do: its VIPs are handed over, replacements of its tasks run elsewhere,
/// then its tasks end.
///
/// It stands in the desired state and lasts until `skep uncordon`, whatever the manifest says; a
/// manager goes on being one. Ends with 0 when no task is left on the node, with 1 when it would
/// leave a VIP group or the tasks without a place, with 3 when it was ordered and did not come about
/// in time.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The node.
    node: NodeName,
    /// Drain it also where something is left without a place.
    #[arg(long)]
    force: bool,
    /// How long to wait for the last of its tasks to end.
    #[arg(long, default_value = "5m", value_name = "DURATION")]
    timeout: Interval,
}

pub(crate) fn run(arguments: &Arguments, socket: &Path) -> anyhow::Result<Exit> {
    let order = NodeOrder {
        node: arguments.node.clone(),
        availability: Availability::Drain,
        force: arguments.force,
    };
    let client = Client::new(socket);
    let id = match submitted::tell(submit("drain", order, &client)?)? {
        ControlFlow::Continue(id) => id,
        ControlFlow::Break(exit) => return Ok(exit),
    };
    let object = format!("node/{}", arguments.node);
    let timeout = arguments.timeout.time();
    runtime()?.block_on(apply::wait(&client, &id, Some(&object), timeout))
}

/// Asks for what `word` says to be done about a node.
pub(super) fn submit(word: &str, order: NodeOrder, client: &Client) -> anyhow::Result<Submitted> {
    let by = format!("{word} {}", order.node);
    let submission = submission(by, Change::SetAvailability(order), DryRun::No);
    submitted::ask_for_change(client, path::SUBMIT, &submission)
}
