//! `skep recover`.

use std::io::{self, BufRead, IsTerminal};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use anyhow::{Context, bail};
use skep_api::client::Client;
use skep_api::path;
use skep_api::recovery::{ManagerStatus, RecoverAnswer, RecoverRequest, Situation};
use skep_manifest::duration::Interval;
use skep_manifest::name::NodeName;
use tokio::time::{Instant, sleep};

use crate::commands::{Format, ask, runtime};
use crate::exit::Exit;
use crate::{output, render};

/// How often the agent is asked how far it is: an engine needs some seconds.
const ASK: Duration = Duration::from_millis(200);

/// Explain what is left of a swarm without a majority of its managers, or go on with one of them.
///
/// Without --on nothing is changed: ends with 0 when there is nothing to recover, with 1 when there
/// is. With --on the swarm goes on with that manager alone, after its part was copied and you typed
/// the name of the swarm. The others join anew as they come back. Ends with 0 when the swarm has a
/// leader again, with 1 when that is refused, with 3 when it did not come about in time.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The manager that the swarm shall go on with.
    #[arg(long, value_name = "NODE")]
    on: Option<NodeName>,
    /// The name of the swarm, instead of typing it.
    #[arg(long, requires = "on", value_name = "SWARM")]
    confirm: Option<String>,
    /// How long to wait for a leader.
    #[arg(long, default_value = "60s", value_name = "DURATION")]
    timeout: Interval,
    /// How to print what is known.
    #[arg(short, long, default_value = "text", value_name = "FORMAT")]
    output: Format,
}

pub(crate) fn run(arguments: &Arguments, socket: &Path) -> anyhow::Result<Exit> {
    let client = Client::new(socket);
    let situation: Situation = ask(client.get(path::SITUATION))?;
    match arguments.output {
        Format::Json => output::print_json(&situation)?,
        Format::Text => output::print(&render::recovery::situation(&situation))?,
    }
    let Some(on) = &arguments.on else {
        return Ok(match situation.refused {
            Some(_) => Exit::Success,
            None => Exit::Findings,
        });
    };
    let refused = manager(&situation, on).and_then(|manager| manager.refused.as_ref());
    if let Some(refusal) = situation.refused.as_ref().or(refused) {
        output::tell_errors(&[format!("{}\nhint: {}", refusal.message, refusal.remedy)]);
        return Ok(Exit::Findings);
    }
    output::tell(&render::recovery::plan(&situation, on));
    let confirm = match &arguments.confirm {
        Some(confirm) => confirm.clone(),
        None => typed(&situation.swarm)?,
    };
    let request = RecoverRequest {
        on: on.clone(),
        confirm,
        attempt: UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs()),
    };
    let answer = runtime()?.block_on(wait(&client, &request, arguments.timeout.time()))?;
    tell(on, answer)
}

fn manager<'a>(situation: &'a Situation, name: &NodeName) -> Option<&'a ManagerStatus> {
    situation
        .managers
        .iter()
        .find(|manager| manager.name == *name)
}

/// What a person types to confirm.
fn typed(swarm: &str) -> anyhow::Result<String> {
    if !io::stdin().is_terminal() {
        bail!("nobody is there to confirm it: say --confirm {swarm}");
    }
    output::tell(&format!("type the name of the swarm to go on, `{swarm}`:"));
    let mut line = String::new();
    io::stdin()
        .lock()
        .read_line(&mut line)
        .context("cannot read what is typed")?;
    Ok(line.trim().to_owned())
}

/// Orders it, and asks until it has ended or `timeout` is over.
async fn wait(
    client: &Client,
    request: &RecoverRequest,
    timeout: Duration,
) -> anyhow::Result<RecoverAnswer> {
    let started = Instant::now();
    loop {
        let answer = client.post(path::RECOVER, request).await?;
        if answer != RecoverAnswer::Working || started.elapsed() > timeout {
            return Ok(answer);
        }
        // How far it is can only be asked.
        sleep(ASK).await;
    }
}

fn tell(on: &NodeName, answer: RecoverAnswer) -> anyhow::Result<Exit> {
    Ok(match answer {
        RecoverAnswer::Done { backup } => {
            output::print(&format!(
                "the swarm goes on with {on} as its only manager\nbackup on {on}: {}\n",
                backup.display()
            ))?;
            output::tell(
                "hint: start the other managers; they join anew one by one, `skep status` shows how \
                 far that is",
            );
            Exit::Success
        }
        RecoverAnswer::Refused(refusal) => {
            output::tell_errors(&[format!("{}\nhint: {}", refusal.message, refusal.remedy)]);
            Exit::Findings
        }
        RecoverAnswer::Failed(why) => {
            output::tell_errors(&[why]);
            Exit::Findings
        }
        RecoverAnswer::Working => {
            output::tell("it goes on; `skep recover` says how it is");
            Exit::NotConverged
        }
    })
}
