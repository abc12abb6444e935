//! `skep get`.

use std::path::Path;

use anyhow::bail;
use clap::ValueEnum;
use skep_api::client::Client;
use skep_api::status::AgentStatus;

use crate::commands::{Kind, Target, ask};
use crate::exit::Exit;
use crate::{output, render};

/// List things of a kind: what is desired beside what is observed.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// KIND, KIND NAME or KIND/NAME; kinds are: vips.
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
    let target = Target::parse(&arguments.target)?;
    let mut status = ask(Client::new(socket).status())?;
    match target.kind {
        Kind::VipGroup => keep_group(&mut status, target.name.as_deref())?,
    }
    match arguments.output {
        Format::Table => output::print(&render::vips::table(&status.vip_groups))?,
        Format::Wide => output::print(&render::vips::wide_table(&status.vip_groups))?,
        Format::Json => output::print_json(&status.vip_groups)?,
        Format::Yaml => output::print_yaml(&status.vip_groups)?,
    }
    Ok(Exit::Success)
}

/// Drops every group but the one called `name`, when there is a name.
fn keep_group(status: &mut AgentStatus, name: Option<&str>) -> anyhow::Result<()> {
    let Some(name) = name else {
        return Ok(());
    };
    status.vip_groups.retain(|group| group.name == name);
    if status.vip_groups.is_empty() {
        bail!("there is no VIP group `{name}`; `skep get vips` lists them");
    }
    Ok(())
}
