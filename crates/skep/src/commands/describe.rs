//! `skep describe`.

use std::path::Path;

use anyhow::bail;
use skep_api::client::Client;

use crate::commands::{Kind, Target, ask};
use crate::exit::Exit;
use crate::{output, render};

/// Show everything known about one thing.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// KIND NAME or KIND/NAME; kinds are: vip.
    #[arg(required = true, num_args = 1..=2, value_name = "KIND NAME")]
    target: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments, socket: &Path) -> anyhow::Result<Exit> {
    let target = Target::parse(&arguments.target)?;
    let Some(name) = target.name else {
        bail!("name one: `skep describe vip NAME`; `skep get vips` lists them");
    };
    let status = ask(Client::new(socket).status())?;
    let described = match target.kind {
        Kind::VipGroup => status.vip_groups.iter().find(|group| group.name == name),
        Kind::Node | Kind::Service => {
            bail!("only VIP groups can be described yet; `skep get nodes` and `skep get services`")
        }
    };
    let Some(group) = described else {
        bail!("there is no VIP group `{name}`; `skep get vips` lists them");
    };
    output::print(&render::describe::group(group))?;
    Ok(Exit::Success)
}
