//! What is owed within a time: by the protocol, by hand, by the kernel.

use std::net::IpAddr;
use std::time::Duration;

use skep_vip::message::State;
use skep_vrrp::identity::Priority;
use skep_vrrp::time::Instant;

use super::World;
use super::at_once::{is_at_fault, is_responsible};
use super::hand_over::owe_answers;
use crate::accord::{Wire, understand_each_other};
use crate::group::{Group, Slack};
use crate::kernel::EXPIRY_LATE_MAX;
use crate::network::Relation;
use crate::node::{Node, Router, places};

/// What a router ranks with that follows one which is not Active.
const FOLLOWER: Priority = Priority::new(2);

/// Something that may be so for some time only. Groups and nodes are indices, classes sets of
/// nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Duty {
    /// An address is present on a node whose agent is gone or stands still.
    Abandoned { node: usize, address: IpAddr },
    /// An address is present although no router of the node is Active or Leaving.
    Stray { node: usize, address: IpAddr },
    /// An address is absent although its router is Active or Leaving.
    Missing { node: usize, group: usize },
    /// A router is Leaving.
    Leaving { node: usize, group: usize },
    /// Two nodes that hear each other have the same address.
    Overlap {
        one: usize,
        other: usize,
        address: IpAddr,
    },
    /// Nobody has the addresses, and some could.
    Vacancy { group: usize, class: Class },
    /// Nobody has an address that was handed over.
    Unanswered { group: usize, address: IpAddr },
    /// The election is not settled yet. It stays when it is, and then nothing may change.
    Unsettled { group: usize, class: Class },
}

/// Nodes that hear each other and nobody else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Class(u64);

/// A duty and the time it has.
pub(crate) struct Owed {
    pub(crate) duty: Duty,
    pub(crate) within: Duration,
}

impl Class {
    fn add(&mut self, node: usize) {
        self.0 |= 1 << node;
    }

    pub(crate) const fn has(self, node: usize) -> bool {
        self.0 & (1 << node) != 0
    }

    /// Its nodes that run a router of the group, with the router.
    pub(crate) fn routers<'a>(
        self,
        world: &World<'a>,
        group: usize,
    ) -> impl Iterator<Item = (usize, &'a Router)> + use<'a> {
        let nodes = world.nodes.iter().enumerate();
        let inside = nodes.filter(move |(number, _)| self.has(*number));
        inside.filter_map(move |(number, node)| Some((number, node.router(group)?)))
    }
}

impl Duty {
    /// Whether what happens to a node excuses a delay.
    pub(crate) const fn concerns(&self, number: usize) -> bool {
        match self {
            // Neither the kernel's leases nor the end of Leaving depend on what else happens.
            Self::Abandoned { .. } => false,
            Self::Stray { node, .. } | Self::Missing { node, .. } | Self::Leaving { node, .. } => {
                *node == number
            }
            Self::Overlap { one, other, .. } => *one == number || *other == number,
            // Who could not hold the addresses can still say something, with its last breath.
            Self::Vacancy { .. } | Self::Unanswered { .. } | Self::Unsettled { .. } => true,
        }
    }

    /// Whether what happens to the network does.
    pub(crate) const fn concerns_network(&self) -> bool {
        match self {
            Self::Abandoned { .. }
            | Self::Stray { .. }
            | Self::Missing { .. }
            | Self::Leaving { .. } => false,
            Self::Overlap { .. }
            | Self::Vacancy { .. }
            | Self::Unanswered { .. }
            | Self::Unsettled { .. } => true,
        }
    }
}

/// Everything that is owed.
pub(crate) fn owed(world: &World<'_>) -> Vec<Owed> {
    let mut owed = Vec::new();
    for (number, node) in world.nodes.iter().enumerate() {
        owe_addresses(number, node, world, &mut owed);
    }
    owe_overlaps(world, &mut owed);
    for (number, group) in world.groups.iter().enumerate() {
        owe_answers(number, world, &mut owed);
        for class in classes(world, number) {
            owe_election(number, group, class, world, &mut owed);
        }
    }
    owed
}

fn owe_addresses(number: usize, node: &Node, world: &World<'_>, owed: &mut Vec<Owed>) {
    let Some(agent) = node.running() else {
        let leased = node.kernel.leased();
        owed.extend(leased.map(|(address, lease)| Owed {
            duty: Duty::Abandoned {
                node: number,
                address,
            },
            within: lease + EXPIRY_LATE_MAX,
        }));
        return;
    };
    let within = hand(node);
    for place in node.kernel.places() {
        let mut routers = agent.routers.iter().flatten();
        let wanted = routers.any(|router| {
            is_responsible(router.state) && places(&router.configuration).any(|it| it == *place)
        });
        if !wanted && !agent.is_shadowed(place, node.time(world.now)) {
            let duty = Duty::Stray {
                node: number,
                address: place.1,
            };
            owed.push(Owed { duty, within });
        }
    }
    for (group, router) in agent.routers.iter().enumerate() {
        let Some(router) = router else { continue };
        if is_responsible(router.state) && !has_all(node, router) {
            let duty = Duty::Missing {
                node: number,
                group,
            };
            owed.push(Owed { duty, within });
        }
        if router.state == State::Leaving {
            let duty = Duty::Leaving {
                node: number,
                group,
            };
            let within = world.groups[group].leaving_max();
            owed.push(Owed { duty, within });
        }
    }
}

fn owe_overlaps(world: &World<'_>, owed: &mut Vec<Owed>) {
    for (one, node) in world.nodes.iter().enumerate() {
        for place in node.kernel.places() {
            for (other, peer) in world.nodes.iter().enumerate().skip(one + 1) {
                let address = place.1;
                let mut theirs = peer.kernel.places();
                if !theirs.any(|their| their.1 == address) {
                    continue;
                }
                let Some(number) = common_group(world, [node, peer], address) else {
                    continue;
                };
                let group = &world.groups[number];
                if hear_each_other(world, number, one, other) {
                    let mut within = group.overlap_max(slack(world, [node, peer]));
                    if group.leader != number {
                        // One that waited in vain yields at the next word of the other.
                        within += world.groups[group.leader].forbearance() + group.longest;
                    }
                    // Two that leave wait for a third in silence, and one may have left the address
                    // to another group meanwhile.
                    let leaves =
                        |node: &Node| is_leaving(node, number, address, node.time(world.now));
                    if leaves(node) || leaves(peer) {
                        let longest = world.groups.iter().map(Group::leaving_max).max();
                        within += longest.unwrap_or_default();
                    }
                    let duty = Duty::Overlap {
                        one,
                        other,
                        address,
                    };
                    owed.push(Owed { duty, within });
                }
            }
        }
    }
}

/// The group whose routers on both nodes move the address.
fn common_group(world: &World<'_>, nodes: [&Node; 2], address: IpAddr) -> Option<usize> {
    let moves = |node: &Node, group: usize| {
        let router = node.router(group);
        router.is_some_and(|it| places(&it.configuration).any(|(_, moved)| moved == address))
    };
    (0..world.groups.len()).find(|group| nodes.iter().all(|node| moves(node, *group)))
}

fn is_leaving(node: &Node, group: usize, address: IpAddr, now: Instant) -> bool {
    let Some(agent) = node.running() else {
        return false;
    };
    let leaves = |router: &Router| {
        let mut moved = places(&router.configuration);
        router.state == State::Leaving
            || moved.any(|place| place.1 == address && agent.is_shadowed(&place, now))
    };
    agent.routers[group].as_ref().is_some_and(leaves)
}

fn owe_election(
    number: usize,
    group: &Group,
    class: Class,
    world: &World<'_>,
    owed: &mut Vec<Owed>,
) {
    let (mut best, mut delay) = (Priority::new(1), Duration::ZERO);
    let mut held = false;
    for (node, router) in class.routers(world, number) {
        let node = &world.nodes[node];
        best = best.max(router.effective);
        delay = delay.max(router.configuration.preemption.delay);
        held |= is_responsible(router.state) && has_all(node, router);
    }
    let members = class.routers(world, number);
    let slack = slack(world, members.map(|(node, _)| &world.nodes[node]));
    if group.leader != number {
        // It is this until the router that leads is Active.
        best = FOLLOWER;
    }
    let duty = Duty::Unsettled {
        group: number,
        class,
    };
    let mut within = group.settling_max(delay, slack);
    // A router that follows another one is where it shall be when that one is, and that one is
    // nowhere for long where its nodes do not hear each other.
    let leads = group.leader == number;
    if !leads {
        within += world.groups[group.leader].settling_max(delay, slack);
    }
    if leads || classes(world, group.leader).contains(&class) {
        owed.push(Owed { duty, within });
    }
    if !held {
        let duty = Duty::Vacancy {
            group: number,
            class,
        };
        let hears = |(by, wire): (usize, Wire)| {
            let mut members = class.routers(world, number);
            members.all(|(node, router)| {
                node != by
                    && wire == Wire::of(&router.configuration)
                    && world.network.relation(group.segment, by, node) == Relation::Whole
            })
        };
        // Who leaves can find a successor that some do not hear, and says farewell to all.
        let mut nodes = world.nodes.iter();
        let leaves = |node: &Node| {
            let router = node.router(number);
            router.is_some_and(|router| router.state == State::Leaving)
        };
        let within = if group.released.is_some_and(hears) {
            group.succession_max(best, slack)
        } else if nodes.any(leaves) {
            group.leaving_max() + group.vacancy_max(best, slack)
        } else {
            group.vacancy_max(best, slack)
        };
        owed.push(Owed { duty, within });
    }
}

/// The nodes that can hold the addresses of a group, in sets that hear each other wholly and no
/// other set at all. None where the network allows no such sets.
fn classes(world: &World<'_>, number: usize) -> Vec<Class> {
    let nodes = world.nodes.iter().enumerate();
    let able = nodes.filter(|(_, node)| can_hold(node, number));
    let able: Vec<usize> = able.map(|(at, _)| at).collect();
    let mut classes: Vec<Class> = Vec::new();
    for one in &able {
        let mut class = Class::default();
        for other in &able {
            let relation = relation(world, number, *one, *other);
            match relation {
                Relation::Impaired if one != other => return Vec::new(),
                Relation::Apart if one != other => {}
                Relation::Impaired | Relation::Apart | Relation::Whole => class.add(*other),
            }
        }
        if !classes.contains(&class) {
            classes.push(class);
        }
    }
    // Who hears somebody whom the others do not hear is in two sets.
    let in_one = |node: &usize| classes.iter().filter(|class| class.has(*node)).count() == 1;
    if able.iter().all(in_one) {
        classes
    } else {
        Vec::new()
    }
}

/// Whether a node runs a router of the group that may take the addresses.
pub(super) fn can_hold(node: &Node, group: usize) -> bool {
    let (Some(agent), Some(router)) = (node.running(), node.router(group)) else {
        return false;
    };
    let router = &router.configuration;
    // What is not configured any more only leaves, and so does everything of an agent that stops.
    let mut configured = agent.configuration.iter();
    let stays = !agent.stopping && configured.any(|it| it.key == router.key);
    let interface = node.interfaces.get(router.interface.as_str());
    let carries = interface.is_some_and(|interface| interface.carries());
    stays && carries && !is_at_fault(node, agent, router)
}

/// What the routers of a group are to each other on two nodes.
fn relation(world: &World<'_>, group: usize, one: usize, other: usize) -> Relation {
    let router = |node: usize| world.nodes[node].router(group);
    if let (Some(here), Some(there)) = (router(one), router(other))
        && !understand_each_other(&here.configuration, &there.configuration)
    {
        return Relation::Apart;
    }
    let segment = world.groups[group].segment;
    world.network.relation(segment, one, other)
}

fn hear_each_other(world: &World<'_>, group: usize, one: usize, other: usize) -> bool {
    let segment = world.groups[group].segment;
    let listens = |node: usize| {
        let node = &world.nodes[node];
        let mut interfaces = node.interfaces.values();
        node.running().is_some()
            && interfaces.any(|interface| interface.segment == segment && interface.carries())
    };
    relation(world, group, one, other) == Relation::Whole && listens(one) && listens(other)
}

/// Whether a node has all addresses of a router of its own.
pub(crate) fn has_all(node: &Node, router: &Router) -> bool {
    places(&router.configuration).all(|place| node.kernel.has(&place))
}

/// How long hand takes for everything it has to do, and one more thing.
pub(super) fn hand(node: &Node) -> Duration {
    node.pace.most() * (node.changes_left() + 1)
}

/// What is slow beside the protocol.
fn slack<'a>(world: &World<'_>, nodes: impl IntoIterator<Item = &'a Node>) -> Slack {
    Slack {
        hand: nodes.into_iter().map(hand).max().unwrap_or_default(),
        leaver: world.nodes.iter().map(hand).max().unwrap_or_default(),
        latency: world.network.latency_max(),
    }
}
