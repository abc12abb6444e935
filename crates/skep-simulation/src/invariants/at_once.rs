//! What holds at every moment.

use std::collections::{BTreeSet, VecDeque};

use skep_vip::configuration::{Effect, RouterConfiguration};
use skep_vip::interfaces::Link;
use skep_vip::message::{Health, Reason, RouterReport, State, Transition};
use skep_vrrp::identity::{Priority, Version};
use skep_vrrp::time::Instant;

use super::Violation;
use crate::accord::{Wire, are_tied};
use crate::group::{Group, ROUNDING};
use crate::kernel::{Kernel, Place, place};
use crate::node::{Agent, Change, Journal, Node, Router, identity, places};
use crate::record::seconds;

/// More than a brain of some groups does in one turn: bursts of announcements, and all else.
const ACTIONS_MAX: u32 = 10_000;

/// After the timers were handled none of them is due: otherwise wire would spin.
pub(crate) fn timers_are_in_the_future(
    overdue: Option<Instant>,
    now: Instant,
) -> Result<(), Violation> {
    let Some(overdue) = overdue else {
        return Ok(());
    };
    let what = format!("a timer of {} is still due", seconds(overdue));
    broken("timers are in the future", now, what)
}

/// A brain has had its say after some actions.
pub(crate) fn actions_end(count: u32, now: Instant) -> Result<(), Violation> {
    if count < ACTIONS_MAX {
        return Ok(());
    }
    broken("actions end", now, format!("{count} actions in one turn"))
}

/// Who is Active keeps Backups quiet: it wakes up within its interval to advertise.
pub(crate) fn the_active_advertise_in_time(agent: &Agent, now: Instant) -> Result<(), Violation> {
    for router in agent.routers.iter().flatten() {
        let latest = now + router.configuration.advertisement_interval;
        let in_time = agent.brain.poll_timeout().is_some_and(|due| due <= latest);
        if router.state == State::Active && !in_time {
            let what = format!("{} does not wake up for it", router.configuration.key);
            return broken("the Active advertise in time", now, what);
        }
    }
    Ok(())
}

/// Only who is responsible for the addresses says so; giving them up is everybody's right, and so
/// is the farewell of who has left.
pub(crate) fn only_the_active_advertise(
    advertised: &[(usize, u8)],
    before: &[Option<State>],
    agent: &Agent,
    now: Instant,
) -> Result<(), Violation> {
    for (group, priority) in advertised {
        let Some(router) = &agent.routers[*group] else {
            continue;
        };
        let quiet = |state| matches!(state, State::Backup | State::Fault);
        let was_quiet = before[*group].is_none_or(quiet);
        if *priority > Priority::FAREWELL.number()
            && was_quiet
            && quiet(router.state)
            && router.since < now
        {
            let what = format!("{} in state {:?}", router.configuration.key, router.state);
            return broken("only the Active advertise", now, what);
        }
    }
    Ok(())
}

/// What the brain says it holds is what its Active and Leaving routers move, and nothing else.
pub(crate) fn holdings_follow_the_routers(agent: &Agent, now: Instant) -> Result<(), Violation> {
    let responsible = agent
        .routers
        .iter()
        .flatten()
        .filter(|router| is_responsible(router.state));
    let wanted: BTreeSet<Place> = responsible
        .flat_map(|router| places(&router.configuration))
        .collect();
    let held: BTreeSet<Place> = agent.brain.holdings().map(place).collect();
    let mut beyond = held.difference(&wanted);
    if wanted.is_subset(&held) && beyond.all(|place| agent.is_shadowed(place, now)) {
        return Ok(());
    }
    let what = format!("holds {held:?}, its routers move {wanted:?}");
    broken("holdings follow the routers", now, what)
}

/// Every change the brain asked for together makes the kernel have what the brain holds: nothing
/// is added without being removed later, and nothing twice.
pub(crate) fn changes_lead_to_what_is_held(
    kernel: &Kernel,
    agent: &Agent,
    now: Instant,
) -> Result<(), Violation> {
    let mut then: BTreeSet<Place> = kernel.places().cloned().collect();
    for change in &agent.changes {
        match change {
            Change::Add(holding) => then.insert(place(holding)),
            Change::Remove(holding) => then.remove(&place(holding)),
        };
    }
    let held: BTreeSet<Place> = agent.brain.holdings().map(place).collect();
    if then == held {
        return Ok(());
    }
    let what = format!("the kernel will have {then:?}, the brain holds {held:?}");
    broken("changes lead to what is held", now, what)
}

/// Only what is here, or will be before the announcement is made, is announced.
pub(crate) fn announced_is_wanted(
    kernel: &Kernel,
    changes: &VecDeque<Change>,
    announced: &Place,
    now: Instant,
) -> Result<(), Violation> {
    let last = changes.iter().rev().find_map(|change| match change {
        Change::Add(holding) => (place(holding) == *announced).then_some(true),
        Change::Remove(holding) => (place(holding) == *announced).then_some(false),
    });
    if last.unwrap_or_else(|| kernel.has(announced)) {
        return Ok(());
    }
    let what = format!("{} is announced and not here", announced.1);
    broken("what is announced is here", now, what)
}

/// A router is in Fault exactly while something is at fault.
pub(crate) fn eligible_routers_take_part(
    node: &Node,
    agent: &Agent,
    report: &RouterReport,
    now: Instant,
) -> Result<(), Violation> {
    let mut configurations = agent.configuration.iter();
    let Some(configuration) = configurations.find(|router| router.key == report.key) else {
        return Ok(());
    };
    let fault = is_at_fault(node, agent, configuration);
    // Who can still send leaves first.
    let leaves = fault && report.state == State::Leaving;
    if leaves || fault == (report.state == State::Fault) {
        return Ok(());
    }
    let what = format!(
        "{} of {} is {:?} ({:?}), at fault: {fault}",
        report.key, node.name, report.state, report.reason
    );
    broken("a router is in Fault exactly while it must be", now, what)
}

/// The states change as they are drawn, each from the one before it.
pub(crate) fn states_change_as_drawn(
    mut before: State,
    news: &[Transition],
    now: Instant,
) -> Result<(), Violation> {
    for transition in news {
        let drawn = match (transition.from, transition.to) {
            (State::Fault, State::Backup | State::Active)
            | (State::Backup | State::Leaving, State::Active | State::Fault)
            | (State::Active, State::Backup | State::Leaving | State::Fault)
            | (State::Leaving, State::Backup) => true,
            (State::Fault, State::Fault | State::Leaving)
            | (State::Backup, State::Backup | State::Leaving)
            | (State::Active, State::Active)
            | (State::Leaving, State::Leaving) => false,
        };
        if !drawn || transition.from != before {
            let what = format!("{before:?}, then {transition:?}");
            return broken("states change as drawn", now, what);
        }
        before = transition.to;
    }
    Ok(())
}

/// Under another name a router is what it was. This one remembers nothing of that.
pub(crate) fn a_name_is_only_a_name(
    before: &Router,
    told: &RouterConfiguration,
    now: Instant,
) -> Result<(), Violation> {
    let was = &before.configuration;
    let is_same = was.key != told.key
        && identity(was) == identity(told)
        && Wire::of(was) == Wire::of(told)
        && !before.transitions.is_empty();
    // Who leaves is not configured any more: what comes after it is another one.
    if !is_same || before.state == State::Leaving {
        return Ok(());
    }
    let what = format!("{} was {} and {:?}", told.key, was.key, before.state);
    broken("a router with another name is the same router", now, what)
}

/// Who takes over has waited for as long as its rank demands since it last heard somebody.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "after the others an advertisement that is ignored can come in between"
)]
pub(crate) fn nobody_takes_over_early(
    group: &Group,
    report: &RouterReport,
    (version, before, news): (Version, Option<Priority>, &[Transition]),
    now: Instant,
) -> Result<(), Violation> {
    // Timers come before control's words: its rank may have changed since, in the same turn.
    let rank = report
        .effective_priority
        .max(before.unwrap_or(Priority::RELEASE));
    let Some(taken) = news.last().filter(|last| last.to == State::Active) else {
        return Ok(());
    };
    let waits = match taken.reason {
        Reason::Silence => group.least_silence(version, rank),
        _ => return Ok(()),
    };
    let heard = report
        .heard
        .as_ref()
        .map(|heard| heard.at)
        .unwrap_or_default();
    if heard + waits <= taken.at + ROUNDING {
        return Ok(());
    }
    let what = format!("{} heard at {}, {taken:?}", report.key, seconds(heard));
    broken("nobody takes over early", now, what)
}

/// Who was Active when its data plane ended, and advertised less than two intervals ago, is Active
/// again before anybody else can be: nobody waits for less than three.
pub(crate) fn who_was_active_carries_on(
    node: &Node,
    journal: &Journal,
    now: Instant,
) -> Result<(), Violation> {
    let Some(agent) = node.running() else {
        return Ok(());
    };
    for router in agent.routers.iter().flatten() {
        let configuration = &router.configuration;
        let Some(advertised_at) = journal.get(&identity(configuration)) else {
            continue;
        };
        let fresh = now < *advertised_at + configuration.advertisement_interval * 2;
        let carries_on = router.state == State::Active;
        let adopted = router
            .transitions
            .iter()
            .any(|it| it.reason == Reason::Adopted);
        let expected = fresh && !is_at_fault(node, agent, configuration);
        if (expected && !carries_on) || (adopted && !fresh) {
            let since = seconds(*advertised_at);
            let what = format!(
                "{} of {} advertised at {since} and is {:?}",
                configuration.key, node.name, router.state
            );
            return broken("who was Active a moment ago carries on", now, what);
        }
    }
    Ok(())
}

/// Whether something outside keeps a router from taking part, or one that it moves together with.
pub(crate) fn is_at_fault(node: &Node, agent: &Agent, router: &RouterConfiguration) -> bool {
    let tied = agent.configuration.iter();
    let mut tied = tied.filter(|other| are_tied(router, other));
    is_kept_out(node, router) || tied.any(|other| is_kept_out(node, other))
}

fn is_kept_out(node: &Node, router: &RouterConfiguration) -> bool {
    let Some(interface) = node.interfaces.get(router.interface.as_str()) else {
        return true;
    };
    let mut tracking = router.tracking.iter();
    let mut links = router.tracked_interfaces.iter();
    let is_down = |name: &str| {
        let tracked = node.interfaces.get(name);
        tracked.is_none_or(|interface| interface.link != Link::Up)
    };
    links.any(|tracked| tracked.effect == Effect::Fault && is_down(&tracked.interface))
        || (router.track_interface && !interface.carries())
        || interface.source(router.key.family).is_none()
        || tracking.any(|tracked| {
            tracked.effect == Effect::Fault
                && node.inputs.get(&tracked.name) == Some(&Health::Failing)
        })
}

/// Whether a router in this state answers for the addresses.
pub(crate) const fn is_responsible(state: State) -> bool {
    match state {
        State::Active | State::Leaving => true,
        State::Fault | State::Backup => false,
    }
}

fn broken(rule: &'static str, at: Instant, what: String) -> Result<(), Violation> {
    Err(Violation { rule, at, what })
}
