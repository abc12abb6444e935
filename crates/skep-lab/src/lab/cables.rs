//! The bridge and the cables from it to the nodes.

use std::net::IpAddr;

use anyhow::Result;

use crate::plan::{LabNode, LabPlan, port};
use crate::program::ip;

/// Where all nodes are.
const BRIDGE: &str = "bridge0";
/// Where the nodes are that a partition takes away.
const OTHER_BRIDGE: &str = "bridge1";

/// With whom a node can talk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segment {
    /// With everybody who is not taken away.
    Common,
    /// With those whom a partition took away.
    Partitioned,
    /// With nobody: its cable is pulled.
    Unplugged,
}

/// Makes the bridges and one cable per node.
pub(super) fn lay(plan: &LabPlan) -> Result<()> {
    let network = plan.bridge_namespace();
    for bridge in [BRIDGE, OTHER_BRIDGE] {
        // Without snooping, multicast reaches every port at once and always.
        ip(&[
            "-n",
            &network,
            "link",
            "add",
            bridge,
            "type",
            "bridge",
            "forward_delay",
            "0",
            "stp_state",
            "0",
            "mcast_snooping",
            "0",
        ])?;
        ip(&["-n", &network, "link", "set", bridge, "up"])?;
    }
    for (position, node) in plan.nodes.iter().enumerate() {
        connect(plan, position, node)?;
    }
    Ok(())
}

fn connect(plan: &LabPlan, position: usize, node: &LabNode) -> Result<()> {
    let interface = &node.interface;
    let (network, host, port) = (
        plan.bridge_namespace(),
        plan.node_namespace(&node.name),
        port(position),
    );
    ip(&[
        "-n", &network, "link", "add", &port, "type", "veth", "peer", "name", interface, "netns",
        &host,
    ])?;
    join(plan, position)?;
    ip(&["-n", &network, "link", "set", &port, "up"])?;
    ip(&["-n", &host, "link", "set", "lo", "up"])?;
    ip(&["-n", &host, "link", "set", interface, "up"])?;
    give_address(plan, node)
}

/// Leaves a node the address it has by its plan, and no other.
pub(super) fn forget_addresses(plan: &LabPlan, node: &str) -> Result<()> {
    let position = plan.position(node)?;
    if !is_laid(plan, position)? {
        return Ok(());
    }
    let node = &plan.nodes[position];
    let host = plan.node_namespace(&node.name);
    let flush = ["-n", &host, "address", "flush", "dev", &node.interface];
    ip(&[&flush[..], &["scope", "global"]].concat())?;
    give_address(plan, node)
}

fn give_address(plan: &LabPlan, node: &LabNode) -> Result<()> {
    let LabNode {
        name,
        address,
        prefix_length,
        interface,
    } = node;
    let host = plan.node_namespace(name);
    let address_and_length = format!("{address}/{prefix_length}");
    let add = [
        "-n",
        &host,
        "address",
        "add",
        &address_and_length,
        "dev",
        interface,
    ];
    match address {
        IpAddr::V4(_) if *prefix_length < 31 => ip(&[&add[..], &["broadcast", "+"]].concat())?,
        IpAddr::V4(_) => ip(&add)?,
        IpAddr::V6(_) => ip(&[&add[..], &["nodad"]].concat())?,
    };
    Ok(())
}

/// Takes the carrier from a node's interface.
pub(super) fn pull(plan: &LabPlan, position: usize) -> Result<()> {
    if !is_laid(plan, position)? {
        return Ok(());
    }
    ip(&[
        "-n",
        &plan.bridge_namespace(),
        "link",
        "set",
        &port(position),
        "down",
    ])
    .map(drop)
}

/// Gives a node's interface its carrier back, and the interface itself when the node removed it.
pub(super) fn plug(plan: &LabPlan, position: usize) -> Result<()> {
    if !is_laid(plan, position)? {
        return connect(plan, position, &plan.nodes[position]);
    }
    ip(&[
        "-n",
        &plan.bridge_namespace(),
        "link",
        "set",
        &port(position),
        "up",
    ])
    .map(drop)
}

/// Whether the cable is there: a node that removes its interface removes all of it.
fn is_laid(plan: &LabPlan, position: usize) -> Result<bool> {
    let ports = ip(&["-n", &plan.bridge_namespace(), "-o", "link", "show"])?;
    let port = port(position);
    let mut names = ports.lines().filter_map(|line| line.split(": ").nth(1));
    Ok(names.any(|name| name.split('@').next() == Some(&port)))
}

/// Puts a node on the bridge of all.
pub(super) fn join(plan: &LabPlan, position: usize) -> Result<()> {
    enslave(plan, position, BRIDGE)
}

/// Puts a node on the other bridge.
pub(super) fn isolate(plan: &LabPlan, position: usize) -> Result<()> {
    enslave(plan, position, OTHER_BRIDGE)
}

/// Where a node's cable leads.
pub(super) fn segment(plan: &LabPlan, position: usize) -> Result<Segment> {
    if !is_laid(plan, position)? {
        return Ok(Segment::Unplugged);
    }
    let network = plan.bridge_namespace();
    let shown = ip(&["-n", &network, "-o", "link", "show", "dev", &port(position)])?;
    let (_, flags) = shown.split_once('<').unwrap_or_default();
    let (flags, rest) = flags.split_once('>').unwrap_or_default();
    let bridge = rest
        .split_whitespace()
        .skip_while(|word| *word != "master")
        .nth(1);
    Ok(if !flags.split(',').any(|flag| flag == "UP") {
        Segment::Unplugged
    } else if bridge == Some(OTHER_BRIDGE) {
        Segment::Partitioned
    } else {
        Segment::Common
    })
}

fn enslave(plan: &LabPlan, position: usize, bridge: &str) -> Result<()> {
    if !is_laid(plan, position)? {
        return Ok(());
    }
    let network = plan.bridge_namespace();
    ip(&[
        "-n",
        &network,
        "link",
        "set",
        &port(position),
        "master",
        bridge,
    ])
    .map(drop)
}
