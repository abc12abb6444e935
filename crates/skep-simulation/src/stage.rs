//! The cluster that a manifest describes, ready to be simulated.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use skep_manifest::desired::{Desired, Runs};
use skep_manifest::name::{Name, NodeName};
use skep_plan::configure::{ConfigureError, configure};
use skep_plan::decisions::decide;
use skep_plan::site::Site;

use crate::clock::Clock;
use crate::setup::{InterfaceSetup, Memory, NodeSetup, Setup};

/// The most nodes that are simulated: the sets of nodes that hear each other are kept in 64 bits.
pub const NODES_MAX: usize = 64;

/// What an interface is called of which the manifest says nothing.
const INTERFACE: &str = "eth0";

/// A cluster with the names a scenario uses.
#[derive(Clone, Debug)]
pub struct Stage {
    /// The cluster.
    pub setup: Setup,
    /// The names of its checks.
    pub checks: BTreeSet<String>,
    /// The members that are none of skep's nodes and take no part.
    pub absent: Vec<String>,
}

/// Why a manifest cannot be simulated.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StageError {
    /// There is nothing to see.
    #[error("the manifests have no VIP group: there is nothing to simulate")]
    NoGroup,
    /// Too many nodes.
    #[error("the manifests have {0} nodes with VIP groups, {NODES_MAX} can be simulated")]
    TooManyNodes(usize),
    /// What an agent would refuse.
    #[error("{}", .0.join("; "))]
    Undecided(Vec<String>),
    /// A node cannot run its part.
    #[error(transparent)]
    Configure(#[from] ConfigureError),
}

impl Stage {
    /// The nodes of `desired` that have a part in a VIP group, each with what its agent would run.
    ///
    /// # Errors
    ///
    /// [`StageError`] when there is none, or when one of them could not run its part.
    pub fn of(desired: &Desired, seed: u64) -> Result<Self, StageError> {
        let mut desired = desired.clone();
        let decisions = decide(None, &desired, &BTreeSet::new()).map_err(StageError::Undecided)?;
        decisions.apply(&mut desired);
        let members = || desired.vip_groups.values().flat_map(|group| &group.members);
        let (here, elsewhere): (Vec<_>, Vec<_>) =
            members().partition(|member| member.runs == Runs::Agent);
        let names: BTreeSet<&NodeName> = here.iter().map(|member| &member.name).collect();
        if names.is_empty() {
            return Err(StageError::NoGroup);
        }
        if names.len() > NODES_MAX {
            return Err(StageError::TooManyNodes(names.len()));
        }
        let nodes = names.iter().enumerate();
        let nodes = nodes.map(|(number, name)| node(&desired, number, name));
        let mut nodes: Vec<NodeSetup> = nodes.collect::<Result<_, _>>()?;
        join_segments(&mut nodes);
        let checks = desired.health_checks.keys().map(ToString::to_string);
        let absent: BTreeSet<String> = elsewhere.iter().map(|it| it.name.to_string()).collect();
        Ok(Self {
            checks: checks.collect(),
            absent: absent.into_iter().collect(),
            setup: Setup {
                nodes,
                seed,
                memory: Memory::Timeline,
            },
        })
    }
}

fn node(desired: &Desired, number: usize, name: &NodeName) -> Result<NodeSetup, StageError> {
    // Where a real node would look for the network of the addresses, this one has one interface.
    let found = |group: &Name| (group.clone(), INTERFACE.to_owned());
    let site = Site {
        found: desired.vip_groups.keys().map(found).collect(),
        ..Site::default()
    };
    let configured = configure(desired, name, &site);
    if let Some(refused) = configured.refused.into_iter().next() {
        return Err(refused.into());
    }
    let sources = sources(desired, number, name);
    let interfaces: BTreeSet<&str> = configured
        .routers
        .iter()
        .map(|router| router.interface.as_str())
        .collect();
    let interfaces = interfaces.into_iter().map(|interface| {
        let setup = InterfaceSetup {
            segment: 0,
            sources: sources.clone(),
        };
        (interface.to_owned(), setup)
    });
    Ok(NodeSetup {
        name: name.to_string(),
        interfaces: interfaces.collect(),
        routers: configured.routers,
        wall_clock: Duration::ZERO,
        clock: Clock::default(),
    })
}

/// The addresses of a node: the one in the manifest, and what stands for the other family.
fn sources(desired: &Desired, number: usize, name: &NodeName) -> Vec<IpAddr> {
    let swarm = desired.swarm.iter().flat_map(|swarm| &swarm.spec.nodes);
    let in_swarm = swarm.filter(|node| node.name == *name);
    let members = desired.vip_groups.values().flat_map(|group| &group.members);
    let sources = members.filter(|member| member.name == *name);
    let told = in_swarm
        .map(|node| node.address.0)
        .chain(sources.filter_map(|member| Some(member.source?.0)));
    let last = u8::try_from(number + 1).unwrap_or(u8::MAX);
    // RFC 5737: addresses that are nobody's.
    let stand_ins = [
        Ipv4Addr::new(192, 0, 2, last).into(),
        Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, u16::from(last)).into(),
    ];
    told.chain(stand_ins).collect()
}

/// Interfaces that carry the same group are on the same segment.
fn join_segments(nodes: &mut [NodeSetup]) {
    let mut next = 0;
    let mut of_group = BTreeMap::new();
    for node in nodes.iter_mut() {
        for router in &node.routers {
            let segment = *of_group.entry(router.key.group.clone()).or_insert(next);
            next = next.max(segment + 1);
        }
    }
    // Two groups on one interface of one node are on one segment everywhere.
    let mut merged = true;
    while merged {
        merged = false;
        for node in nodes.iter() {
            for router in &node.routers {
                for other in &node.routers {
                    let (one, two) = (of_group[&router.key.group], of_group[&other.key.group]);
                    if router.interface == other.interface && one < two {
                        of_group.insert(other.key.group.clone(), one);
                        merged = true;
                    }
                }
            }
        }
    }
    for node in nodes {
        for router in &node.routers {
            if let Some(interface) = node.interfaces.get_mut(&router.interface) {
                interface.segment = of_group[&router.key.group];
            }
        }
    }
}
