//! `skep get`.

use std::path::Path;

use anyhow::{Context, bail};
use clap::ValueEnum;
use serde::Serialize;
use skep_api::client::Client;
use skep_api::status::AgentStatus;

use crate::commands::{Kind, Target, ask};
use crate::exit::Exit;
use crate::{output, render};

/// List things of a kind: what is desired beside what is observed.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// KIND, KIND NAME or KIND/NAME; kinds are: nodes, services, vips.
    #[arg(required = true, num_args = 1..=2, value_name = "KIND [NAME]")]
    target: Vec<String>,
    /// How to print it.
    #[arg(short, long, default_value = "table", value_name = "FORMAT")]
    output: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Table,
    Wide,
    Json,
    Yaml,
}

pub(crate) fn run(arguments: &Arguments, socket: &Path) -> anyhow::Result<Exit> {
    let Target { kind, name } = Target::parse(&arguments.target)?;
    let name = name.as_deref();
    let status = ask(Client::new(socket).status())?;
    let format = arguments.output;
    match kind {
        Kind::Node => {
            let nodes = named(cluster(status)?.nodes, name, "node", |node| &node.name)?;
            print(&nodes, format, render::cluster::nodes)?;
        }
        Kind::Service => {
            let services = named(cluster(status)?.services, name, "service", |service| {
                &service.name
            })?;
            print(&services, format, render::cluster::services)?;
        }
        Kind::VipGroup => {
            let groups = named(status.vip_groups, name, "VIP group", |group| &group.name)?;
            print(&groups, format, |groups| match format {
                Format::Wide => render::vips::wide_table(groups),
                Format::Table | Format::Json | Format::Yaml => render::vips::table(groups),
            })?;
        }
    }
    Ok(Exit::Success)
}

fn cluster(status: AgentStatus) -> anyhow::Result<skep_api::cluster::ClusterStatus> {
    status.cluster.context(
        "this agent knows no swarm: it is standalone, or nothing was applied yet (`skep status`)",
    )
}

/// All of `things`, or the one called `name`.
fn named<T>(
    mut things: Vec<T>,
    name: Option<&str>,
    kind: &str,
    name_of: fn(&T) -> &String,
) -> anyhow::Result<Vec<T>> {
    let Some(name) = name else {
        return Ok(things);
    };
    things.retain(|thing| name_of(thing) == name);
    if things.is_empty() {
        bail!("there is no {kind} `{name}`");
    }
    Ok(things)
}

fn print<T: Serialize>(
    things: &[T],
    format: Format,
    table: impl FnOnce(&[T]) -> String,
) -> anyhow::Result<()> {
    match format {
        Format::Table | Format::Wide => output::print(&table(things)),
        Format::Json => output::print_json(&things),
        Format::Yaml => output::print_yaml(&things),
    }
}
