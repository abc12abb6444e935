//! `skep describe`.

use std::path::Path;

use anyhow::{Context, bail};
use skep_api::call::CallError;
use skep_api::client::Client;
use skep_api::event::Event;
use skep_api::path;
use skep_api::status::AgentStatus;
use skep_api::submit::Reached;
use skep_plan::progress::ObjectProgress;

use crate::commands::{Kind, Target, events, runtime};
use crate::exit::Exit;
use crate::{output, render};

/// How many events are shown.
const EVENTS_SHOWN: usize = 10;

/// Show everything known about one thing, and what happened to it last.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// KIND NAME or KIND/NAME; kinds are: node, service, vip.
    #[arg(required = true, num_args = 1..=2, value_name = "KIND NAME")]
    target: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments, socket: &Path) -> anyhow::Result<Exit> {
    let Target { kind, name } = Target::parse(&arguments.target)?;
    let Some(name) = name else {
        bail!("name one: `skep describe vip NAME`; `skep get vips` lists them");
    };
    let Known {
        status,
        objects,
        events,
    } = runtime()?.block_on(known(&Client::new(socket)))?;
    let object = format!("{}/{name}", kind.word());
    let progress = objects.iter().find(|known| known.object == object);
    let list = kind.plural();
    let description = describe(kind, &name, &status, progress)
        .with_context(|| format!("there is no {object}; `skep get {list}` lists what is there"))?;
    let is_of_it =
        |event: &&Event| event.object == object || kind == Kind::Node && event.node == name;
    let of_it: Vec<&Event> = events.iter().filter(is_of_it).collect();
    let last = of_it.split_at(of_it.len().saturating_sub(EVENTS_SHOWN)).1;
    output::print(&(description + &render::describe::events(last)))?;
    Ok(Exit::Success)
}

/// What an agent knows, as far as it can be told at present.
struct Known {
    status: AgentStatus,
    objects: Vec<ObjectProgress>,
    events: Vec<Event>,
}

async fn known(client: &Client) -> Result<Known, CallError> {
    let status = client.status().await?;
    // Without a writer, or with agents of another version, what is known is shown.
    let reached = client.get::<Reached>(path::PROGRESS).await;
    let events = events::all(client).await;
    Ok(Known {
        status,
        objects: reached.map_or_else(|_| Vec::new(), |reached| reached.objects),
        events: events.unwrap_or_default(),
    })
}

/// The description of the thing `name`, if it is there.
fn describe(
    kind: Kind,
    name: &str,
    status: &AgentStatus,
    progress: Option<&ObjectProgress>,
) -> Option<String> {
    let groups = &status.vip_groups;
    let cluster = status.cluster.as_ref();
    match kind {
        Kind::VipGroup => {
            let group = groups.iter().find(|group| group.name == name)?;
            Some(render::describe::group(group))
        }
        Kind::Node => {
            let mut nodes = cluster?.nodes.iter();
            let node = nodes.find(|node| node.name == name)?;
            Some(render::describe::objects::node(node, groups, progress))
        }
        Kind::Service => {
            let mut services = cluster?.services.iter();
            let service = services.find(|service| service.name == name)?;
            Some(render::describe::objects::service(service, progress))
        }
    }
}
