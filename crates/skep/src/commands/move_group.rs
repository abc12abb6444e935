//! `skep move`.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use serde::Serialize;
use skep_api::client::Client;
use skep_api::moves::{MoveAnswer, MoveRequest, Moved};
use skep_api::path;
use skep_api::status::{AgentStatus, VipGroupStatus};
use skep_manifest::duration::Interval;
use skep_manifest::name::{Name, NodeName};
use tokio::time::{Instant, sleep};

use crate::commands::{Format, ask, runtime};
use crate::exit::Exit;
use crate::render::age::age;
use crate::{output, render};

/// How often the agent is asked who holds the group: a hand-over takes some tens of milliseconds.
const ASK: Duration = Duration::from_millis(50);

/// Move a VIP group to another member, or let priorities decide again.
///
/// The members themselves keep it, so it works without quorum, and it outlives a restart. Ends with
/// 0 when the member holds the group (with --back: when it is no longer moved), with 1 when it
/// cannot be moved there, with 3 when it was ordered and did not come about in time.
#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("where").required(true))]
pub(crate) struct Arguments {
    /// The VIP group.
    #[arg(value_name = "GROUP")]
    group: String,
    /// The member that shall hold it.
    #[arg(long, group = "where", value_name = "NODE")]
    to: Option<NodeName>,
    /// Let priorities decide again.
    #[arg(long, group = "where")]
    back: bool,
    /// For how long; by default until `skep move GROUP --back`.
    #[arg(long = "for", requires = "to", value_name = "DURATION")]
    limit: Option<Interval>,
    /// How long to wait for the member to hold it.
    #[arg(long, default_value = "10s", value_name = "DURATION")]
    timeout: Interval,
    /// How to print it.
    #[arg(short, long, default_value = "text", value_name = "FORMAT")]
    output: Format,
}

/// What became of it, as `-o json` prints it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome<'a> {
    #[serde(flatten)]
    moved: &'a Moved,
    /// Whether the group is where it shall be.
    arrived: bool,
    took_ms: u128,
}

pub(crate) fn run(arguments: &Arguments, socket: &Path) -> anyhow::Result<Exit> {
    let client = Client::new(socket);
    let request = arguments.request()?;
    let started = Instant::now();
    let moved = match ask(client.post::<MoveAnswer>(path::MOVE, &request))? {
        MoveAnswer::Ordered(moved) => moved,
        MoveAnswer::Refused(why) => {
            output::tell_errors(&[why]);
            return Ok(Exit::Findings);
        }
    };
    let prints = arguments.output == Format::Text;
    if prints {
        if moved.order.group != request.group {
            let (asked, moved) = (&request.group, &moved.order.group);
            output::print(&format!(
                "{asked} moves with {moved}, which leads its sync group\n"
            ))?;
        }
        output::print(&ordered(&moved))?;
    }
    let arrived = runtime()?.block_on(wait(&client, &moved, arguments.timeout.time()))?;
    let took = started.elapsed();
    if prints {
        output::print(&ended(&moved, arrived, took))?;
    } else {
        output::print_json(&Outcome {
            moved: &moved,
            arrived,
            took_ms: took.as_millis(),
        })?;
    }
    if !arrived {
        output::tell("hint: `skep status` says why; `skep move GROUP --back` takes it back");
        return Ok(Exit::NotConverged);
    }
    Ok(Exit::Success)
}

impl Arguments {
    fn request(&self) -> anyhow::Result<MoveRequest> {
        let group = self
            .group
            .split_once('/')
            .map_or(&*self.group, |(_, name)| name);
        let group: Name = group.parse().context("this is no VIP group")?;
        let for_ms = self.limit.map(|limit| limit.time().as_millis());
        Ok(MoveRequest {
            group,
            to: self.to.clone(),
            for_ms: for_ms.map(|ms| u64::try_from(ms).unwrap_or(u64::MAX)),
            by: user(),
        })
    }
}

/// Who asks, as the shell knows.
fn user() -> String {
    let of = |name| std::env::var(name).ok().filter(|user| !user.is_empty());
    of("SUDO_USER")
        .or_else(|| of("USER"))
        .or_else(|| of("LOGNAME"))
        .unwrap_or_else(|| "somebody".to_owned())
}

/// Waits until the group is where it shall be; whether it came there in time.
async fn wait(client: &Client, moved: &Moved, timeout: Duration) -> anyhow::Result<bool> {
    let started = Instant::now();
    loop {
        let status = client.status().await.context("the group is moved")?;
        if has_arrived(&status, moved) {
            return Ok(true);
        }
        if started.elapsed() > timeout {
            return Ok(false);
        }
        // Who holds a group can only be asked.
        sleep(ASK).await;
    }
}

fn has_arrived(status: &AgentStatus, moved: &Moved) -> bool {
    let name = moved.order.group.as_str();
    let Some(group) = status.vip_groups.iter().find(|group| group.name == name) else {
        return false;
    };
    let Some(to) = &moved.order.to else {
        return group.moved.is_none();
    };
    if status.node.as_deref() == Some(to.as_str()) {
        return is_in(group, "Active");
    }
    if moved.only_here {
        return !is_in(group, "Active") && !is_in(group, "Leaving");
    }
    let nodes = status.cluster.iter().flat_map(|cluster| &cluster.nodes);
    let target = nodes.into_iter().find(|node| node.name == to.as_str());
    // What this node hears is sooner known than what the target's agent says.
    let is_heard = group
        .active
        .as_ref()
        .is_some_and(|active| active.node.as_deref() == Some(to.as_str()));
    is_heard || target.is_some_and(|node| node.holds.iter().any(|held| held == name))
}

/// Whether this node's part of the group is in `state`.
fn is_in(group: &VipGroupStatus, state: &str) -> bool {
    group.routers.iter().any(|router| router.state == state)
}

fn ordered(moved: &Moved) -> String {
    let order = &moved.order;
    let mut text = match &order.to {
        Some(_) => format!("{}\n", render::moves::sentence(order)),
        None => format!("{} is moved no more: priorities decide\n", order.group),
    };
    if moved.only_here {
        text.push_str("only on this node: it has no cluster.key, so it knows no other agent\n");
    }
    for untold in &moved.untold {
        text.push_str(&format!(
            "not told: {} ({}); it is told when it answers\n",
            untold.node, untold.reason
        ));
    }
    text
}

fn ended(moved: &Moved, arrived: bool, took: Duration) -> String {
    let group = &moved.order.group;
    let Some(to) = &moved.order.to else {
        return String::new();
    };
    match (arrived, moved.only_here) {
        (true, false) => format!("{to} holds {group} after {:.1}s\n", took.as_secs_f64()),
        (true, true) => format!("this node follows after {:.1}s\n", took.as_secs_f64()),
        (false, _) => {
            let waited = age(u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
            format!("{to} does not hold {group} after {waited}\n")
        }
    }
}
