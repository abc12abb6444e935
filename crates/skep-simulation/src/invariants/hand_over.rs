//! A hand-over leaves no moment in which nobody answers.

use std::rc::Rc;

use skep_vip::configuration::RouterConfiguration;

use super::World;
use super::duty::{Duty, Owed, can_hold, hand};
use crate::accord::understand_each_other;
use crate::group::{ROUNDING, leaving_overlap};
use crate::kernel::Place;
use crate::network::Relation;
use crate::node::{Node, Router, places};

/// A router left when it heard its successor, and nothing happened since.
#[derive(Clone, Debug)]
pub(crate) struct HandOver {
    /// The node it left on.
    pub(crate) from: usize,
    /// What it was told.
    pub(crate) router: Rc<RouterConfiguration>,
}

/// While nothing happens somebody has the addresses whom the one that left hears and is heard by:
/// until the hand-over it was that one itself, which owes them as long as it is Leaving.
pub(super) fn owe_answers(number: usize, world: &World<'_>, owed: &mut Vec<Owed>) {
    let Some(hand_over) = &world.groups[number].handed_over else {
        return;
    };
    let Some(peers) = peers(number, hand_over, world) else {
        return;
    };
    if !peers.iter().any(|(node, _)| can_hold(node, number)) {
        return;
    }
    // Who takes over advertises before its hand is done; the one that left waited for a moment, in
    // which a hand that is fast enough is done.
    let hands = peers.iter().map(|(node, _)| hand(node)).max();
    let overlap = leaving_overlap(hand_over.router.advertisement_interval);
    let within = hands.filter(|hand| *hand > overlap).unwrap_or_default();
    let shared = |place: &Place| {
        let mut routers = peers.iter().map(|(_, router)| &router.configuration);
        routers.all(|router| places(router).any(|it| it == *place))
    };
    for place in places(&hand_over.router).filter(shared) {
        if !is_answered(number, hand_over.from, &place, world) {
            let duty = Duty::Unanswered {
                group: number,
                address: place.1,
            };
            let within = within + ROUNDING;
            owed.push(Owed { duty, within });
        }
    }
}

/// The other nodes of the group, as far as they and the one that left hear each other; none where
/// somebody hears only some of them, or is heard by some only.
fn peers<'a>(
    number: usize,
    hand_over: &HandOver,
    world: &World<'a>,
) -> Option<Vec<(&'a Node, &'a Router)>> {
    let nodes = || world.nodes.iter().enumerate();
    let others = || nodes().filter(|(other, _)| *other != hand_over.from);
    let relation = |one: usize, other: usize| {
        let segment = world.groups[number].segment;
        world.network.relation(segment, one, other)
    };
    let mut peers = Vec::new();
    for (other, node) in others() {
        let Some(router) = node.router(number) else {
            continue;
        };
        if !understand_each_other(&hand_over.router, &router.configuration) {
            continue;
        }
        let beside = relation(hand_over.from, other);
        if others().any(|(third, _)| third != other && relation(third, other) == Relation::Impaired)
        {
            return None;
        }
        match beside {
            Relation::Whole => peers.push((node, router)),
            Relation::Apart => {}
            Relation::Impaired => return None,
        }
    }
    Some(peers)
}

/// Whether somebody on the side of the one that left has the address on a link that works.
fn is_answered(number: usize, from: usize, place: &Place, world: &World<'_>) -> bool {
    let segment = world.groups[number].segment;
    let mut nodes = world.nodes.iter().enumerate();
    nodes.any(|(other, node)| {
        let beside =
            other == from || world.network.relation(segment, from, other) == Relation::Whole;
        let interface = node.interfaces.get(&place.0);
        beside && node.kernel.has(place) && interface.is_some_and(|it| it.carries())
    })
}
