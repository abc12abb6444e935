//! What it means that something was owed for too long.

use skep_vip::configuration::Relocation;
use skep_vip::message::State;
use skep_vrrp::identity::Priority;
use skep_vrrp::time::Instant;

use super::duty::{Class, Duty, has_all};
use super::{Violation, World};
use crate::record::seconds;

/// The duty was not done in time; for an election: whether it is settled as it must be. Says who
/// holds the addresses.
pub(super) fn overdue(
    duty: &Duty,
    since: Instant,
    world: &World<'_>,
) -> Result<Option<usize>, Violation> {
    let rule = match duty {
        Duty::Abandoned { .. } => "a dead agent holds nothing",
        Duty::Stray { .. } => "an address is present only while its router is Active or Leaving",
        Duty::Missing { .. } => "who is Active has the addresses",
        Duty::Leaving { .. } => "Leaving ends",
        Duty::Overlap { .. } => "two that hear each other do not hold the same address",
        Duty::Vacancy { .. } => "a vacancy is filled",
        Duty::Unanswered { .. } => "after a hand-over somebody answers at every moment",
        Duty::Unsettled { group, class } => {
            return prescribed_holder(*group, *class, world).map(Some);
        }
    };
    Err(Violation {
        rule,
        at: world.now,
        what: format!("{duty:?} since {}", seconds(since)),
    })
}

/// After enough quiet one node holds the addresses, and it is the one the priorities prescribe: no
/// better one that preempts stands by.
fn prescribed_holder(group: usize, class: Class, world: &World<'_>) -> Result<usize, Violation> {
    let broken = |what: String| Violation {
        rule: "a settled election has the holder that the priorities prescribe",
        at: world.now,
        what: format!("{}: {what}", world.groups[group].key),
    };
    let routers = || class.routers(world, group);
    let active: Vec<_> = routers()
        .filter(|(_, router)| router.state == State::Active)
        .collect();
    let leaving = routers().any(|(_, router)| router.state == State::Leaving);
    let &[(holder, router)] = active.as_slice() else {
        let nodes: Vec<usize> = active.iter().map(|(node, _)| *node).collect();
        return Err(broken(format!("Active are {nodes:?}")));
    };
    if leaving || !has_all(&world.nodes[holder], router) {
        return Err(broken(
            "somebody is Leaving, or an address is missing".to_owned(),
        ));
    }
    let better = routers().find(|(_, other)| {
        let preempts = other.configuration.preemption.enabled
            || other.effective == Priority::OWNER
            || other.configuration.relocation == Relocation::Here
            || world.groups[group].leader != group;
        other.effective > router.effective && preempts
    });
    match better {
        None => moves_with_its_leader(group, class, holder, world).map(|()| holder),
        Some((other, better)) => Err(broken(format!(
            "{holder} holds with priority {}, {other} has {}",
            router.effective, better.effective
        ))),
    }
}

/// Routers that move together are Active on the same node.
fn moves_with_its_leader(
    group: usize,
    class: Class,
    holder: usize,
    world: &World<'_>,
) -> Result<(), Violation> {
    let leader = world.groups[group].leader;
    if leader == group {
        return Ok(());
    }
    let leading = || class.routers(world, leader);
    // Two owners of the same addresses are a mistake, and each is right.
    let owners = leading().filter(|(_, router)| router.effective == Priority::OWNER);
    if owners.count() > 1 {
        return Ok(());
    }
    let mut leading = leading();
    let leads = leading.find(|(_, router)| router.state == State::Active);
    match leads {
        Some((node, _)) if node != holder => Err(Violation {
            rule: "routers that move together are on the same node",
            at: world.now,
            what: format!(
                "{} is on {holder}, {} on {node}",
                world.groups[group].key, world.groups[leader].key
            ),
        }),
        Some(_) | None => Ok(()),
    }
}

/// Once an election is settled nothing changes while nothing happens.
pub(super) fn stays_settled(
    group: usize,
    class: Class,
    holder: usize,
    world: &World<'_>,
) -> Result<(), Violation> {
    let now = prescribed_holder(group, class, world)?;
    if now == holder {
        return Ok(());
    }
    Err(Violation {
        rule: "a settled election stays settled",
        at: world.now,
        what: format!("{}: {holder} held, now {now}", world.groups[group].key),
    })
}
