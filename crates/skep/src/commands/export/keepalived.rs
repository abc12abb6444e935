//! `skep export keepalived`.

use skep_keepalived::export::export;
use skep_manifest::name::{InterfaceName, NodeName};

use crate::commands::manifests::Manifests;
use crate::exit::Exit;
use crate::output;

/// Write the keepalived.conf of one node.
///
/// The file goes to standard output; what keepalived cannot do goes to standard error. Ends with 0
/// when the file does all that the manifest wants, with 1 when something is left out, with 2 when
/// there is no such file.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    manifests: Manifests,
    /// The node whose file it is.
    #[arg(long, value_name = "NODE")]
    node: NodeName,
    /// The interface of groups that name none.
    #[arg(long, value_name = "INTERFACE")]
    interface: Option<InterfaceName>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let Some(desired) = arguments.manifests.desired()? else {
        return Ok(Exit::Usage);
    };
    let export = export(&desired, &arguments.node, arguments.interface.as_ref())?;
    output::print(&export.text)?;
    for what in &export.left_out {
        output::tell(&format!("left out: {what}"));
    }
    Ok(if export.left_out.is_empty() {
        Exit::Success
    } else {
        Exit::Findings
    })
}
