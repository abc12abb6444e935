//! `skep wait`.

mod goal;

use std::path::Path;
use std::time::Duration;

use anyhow::bail;
use skep_api::call::CallError;
use skep_api::client::Client;
use skep_api::path;
use skep_api::status::{AgentStatus, Mode};
use skep_api::submit::Reached;
use skep_manifest::duration::Interval;
use tokio::time::{Instant, sleep};

use crate::commands::{Target, runtime};
use crate::exit::Exit;
use crate::output;
use goal::{Goal, Look, Met};

/// How often the agent is asked.
const ASK: Duration = Duration::from_millis(250);

/// What somebody wrote or applied a moment ago may not have come to this agent yet.
const NEWS: Duration = Duration::from_secs(2);

/// Wait until one thing is as it shall be.
///
/// Ends with 0 when it is, with 3 when it is not in time (and says how it is), with 2 when nobody
/// can tell or it can never be: what the manifest does not declare is given two seconds to come.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// KIND NAME or KIND/NAME; kinds are: node, service, vip.
    #[arg(required = true, num_args = 1..=2, value_name = "KIND NAME")]
    target: Vec<String>,
    /// `condition=TYPE[=STATUS]` with Ready, Reconciling, Stalled or Degraded, and True or False;
    /// `active=NODE` or `active=ADDRESS` for who holds a VIP group and advertises from there;
    /// `delete` for when it is gone.
    #[arg(long = "for", value_name = "WHAT")]
    goal: Goal,
    /// How long to wait.
    #[arg(long, default_value = "5m", value_name = "DURATION")]
    timeout: Interval,
}

pub(crate) fn run(arguments: &Arguments, socket: &Path) -> anyhow::Result<Exit> {
    let Target {
        kind,
        name: Some(name),
    } = Target::parse(&arguments.target)?
    else {
        bail!("name one: `skep wait --for condition=Ready service/web`");
    };
    arguments.goal.check(kind)?;
    let client = Client::new(socket);
    let told = match arguments.goal {
        Goal::Active(_) => Told::ByStatus,
        Goal::Condition(..) | Goal::Delete => Told::ByProgress,
    };
    runtime()?.block_on(wait(
        &client,
        told,
        |look| arguments.goal.is_met(kind, &name, look),
        (arguments.timeout.time(), arguments.goal.hint(&name)),
    ))
}

/// Who can tell whether it is so.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    /// Every agent by itself.
    ByStatus,
    /// In a cluster the agent that writes to the swarm.
    ByProgress,
}

async fn wait(
    client: &Client,
    told: Told,
    is_met: impl Fn(&Look) -> Met,
    (timeout, hint): (Duration, Option<String>),
) -> anyhow::Result<Exit> {
    let started = Instant::now();
    let mut said = String::new();
    let mut is_there = false;
    let mut undeclared_since = None;
    loop {
        let how = match look(client, told, &mut is_there).await {
            Ok(look) => match is_met(&look) {
                Met::Yes(how) => {
                    output::print(&format!("{how}\n"))?;
                    return Ok(Exit::Success);
                }
                Met::NotYet(how) => {
                    undeclared_since = None;
                    how
                }
                Met::Undeclared(why) => {
                    let since: Instant = *undeclared_since.get_or_insert_with(Instant::now);
                    if since.elapsed() >= NEWS {
                        bail!("{why}");
                    }
                    why
                }
                Met::Never(why) => bail!("{why}"),
            },
            // An agent that starts again, or whose peers do, answers in a moment.
            Err(
                error @ (CallError::NoAgent { .. }
                | CallError::NotStarted { .. }
                | CallError::Refused { .. }
                | CallError::Late { .. }
                | CallError::Broken(_)),
            ) => {
                if !is_there {
                    return Err(error.into());
                }
                error.to_string()
            }
            Err(error) => return Err(error.into()),
        };
        if how != said {
            output::tell(&how);
            said = how;
        }
        if started.elapsed() > timeout {
            output::tell(&format!(
                "error: not so within {:.0} s",
                timeout.as_secs_f64()
            ));
            if let Some(hint) = hint {
                output::tell(&format!("hint: {hint}"));
            }
            return Ok(Exit::NotConverged);
        }
        // How it is can only be asked.
        sleep(ASK).await;
    }
}

/// What the agent knows at present; `is_there` from its first answer on, also when the agent that
/// it asks in turn is silent.
async fn look(client: &Client, told: Told, is_there: &mut bool) -> Result<Look, CallError> {
    let status: AgentStatus = client.status().await?;
    *is_there = true;
    let objects = match (status.mode, told) {
        // It keeps no account of objects: what it knows of its groups is in its status.
        (Mode::Standalone, _) | (Mode::Clustered, Told::ByStatus) => Vec::new(),
        (Mode::Clustered, Told::ByProgress) => client.get::<Reached>(path::PROGRESS).await?.objects,
    };
    Ok(Look { status, objects })
}
