//! `skep apply`.

mod said;

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::ValueEnum;
use skep_api::call::CallError;
use skep_api::client::Client;
use skep_api::generation::GenerationId;
use skep_api::path;
use skep_api::submit::{Differences, Reached, Submission, Submitted};
use skep_manifest::duration::Interval;
use skep_plan::feeding::{APPLY, Change};
use tokio::time::{Instant, sleep};

use crate::commands::manifests::{DryRun, Manifests, Ownership, submission};
use crate::commands::{ask, left_over, runtime, submitted};
use crate::exit::Exit;
use crate::output;
use said::Said;

/// How often progress is asked for.
const ASK: Duration = Duration::from_millis(250);

/// Make manifests the desired state of the cluster.
///
/// What was applied before and is not among them stays, unless --prune says that it goes. Ends with 0 when they are accepted (and, with --wait, when all is as declared), with 1 when they
/// are not (or, with --wait, when nothing is left to wait for and a job failed or an update was paused), with 3 when they are accepted and not everything is as declared in time.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    manifests: Manifests,
    #[command(flatten)]
    ownership: Ownership,
    /// Wait until everything is as declared, and say what is done meanwhile.
    #[arg(long)]
    wait: bool,
    /// How long to wait.
    #[arg(long, default_value = "5m", value_name = "DURATION", requires = "wait")]
    timeout: Interval,
    /// Only look: at the manifests (client), or also at what the cluster says (server).
    #[arg(long, value_name = "WHERE", conflicts_with = "wait")]
    dry_run: Option<Where>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Where {
    Client,
    Server,
}

pub(crate) fn run(arguments: &Arguments, socket: &Path) -> anyhow::Result<Exit> {
    let dry_run = if arguments.dry_run.is_some() {
        DryRun::Yes
    } else {
        DryRun::No
    };
    let Some(feeding) = arguments.manifests.feeding(arguments.ownership)? else {
        return Ok(Exit::Findings);
    };
    let kept = (!feeding.prune).then(|| feeding.clone());
    let submission = submission(APPLY.to_owned(), Change::Feed(feeding), dry_run);
    if arguments.dry_run == Some(Where::Client) {
        output::print("acceptable, as far as can be said without the cluster\n")?;
        return Ok(Exit::Success);
    }
    let client = Client::new(socket);
    let answer = if submission.dry_run {
        ask(client.post(path::SUBMIT, &submission))?
    } else {
        submitted::ask_for_change(&client, path::SUBMIT, &submission)?
    };
    let is_conflict = matches!(answer, Submitted::Conflict(_));
    let id = match submitted::tell(answer)? {
        ControlFlow::Continue(id) => id,
        ControlFlow::Break(exit) => {
            if is_conflict {
                tell_new_difference(&client, &submission)?;
            }
            return Ok(exit);
        }
    };
    // Nothing was before the first one.
    if let Some(feeding) = kept.filter(|_| id.number > 1) {
        left_over::tell(&client, feeding);
    }
    if arguments.wait {
        return runtime()?.block_on(wait(&client, &id, None, arguments.timeout.time()));
    }
    Ok(Exit::Success)
}

/// Shows what applying again would do, now that somebody else's desired state came before.
fn tell_new_difference(client: &Client, submission: &Submission) -> anyhow::Result<()> {
    match ask(client.post::<Differences>(path::DIFF, submission))? {
        Differences::Plan(plan) => output::print(&plan.to_string()),
        Differences::Rejected(errors) => {
            output::tell_errors(&errors);
            Ok(())
        }
    }
}

/// Says what is done until everything is as declared, or the one object that matters.
pub(super) async fn wait(
    client: &Client,
    id: &GenerationId,
    only: Option<&str>,
    timeout: Duration,
) -> anyhow::Result<Exit> {
    let started = Instant::now();
    let mut said = Said::default();
    loop {
        match client.get::<Reached>(path::PROGRESS).await {
            Ok(mut reached) => {
                let matters = |object: &str| only.is_none_or(|only| only == object);
                reached.objects.retain(|it| matters(&it.object));
                let is_other = |known: &GenerationId| known.number >= id.number && known != id;
                if reached.generation.as_ref().is_some_and(is_other) {
                    bail!(
                        "somebody applied another desired state meanwhile, which counts: look at \
                         `skep diff` and apply again what is missing"
                    );
                }
                said.trouble = None;
                let is_known = reached.generation.as_ref() == Some(id);
                said.say(&reached.objects, started.elapsed())?;
                if is_known && reached.is_all() {
                    let took = started.elapsed().as_secs_f64();
                    let what = only.unwrap_or("everything");
                    output::print(&format!("{what} is as declared after {took:.1}s\n"))?;
                    return Ok(Exit::Success);
                }
                if is_known && reached.has_failed() {
                    said.say_what_is_missing();
                    return Ok(Exit::Findings);
                }
            }
            // The agent that writes may change while managers join.
            Err(error @ (CallError::Refused { .. } | CallError::Late { .. })) => {
                said.trouble = Some(error.to_string());
            }
            Err(error) => return Err(error).context("the agent cannot say how far it is"),
        }
        if started.elapsed() > timeout {
            said.say_what_is_missing();
            output::tell("hint: it goes on without you; follow it with `skep status`");
            return Ok(Exit::NotConverged);
        }
        // How far it is can only be asked.
        sleep(ASK).await;
    }
}
