//! Random worlds: whatever happened, plans lead to an end, and never to a second swarm or a lost
//! majority.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use skep_manifest::condition::Reason;
use skep_manifest::desired::Desired;
use skep_manifest::swarm::Role;
use skep_plan::action::{Action, Blocked, Plan, Waiting};
use skep_plan::observed::NodeState;
use skep_plan::plan;
use skep_plan::progress::{Progress, progress};

use crate::world::{World, node_name};
use declared::manifest;
use misfortune::event;

mod declared;
mod misfortune;

/// How many nodes a random manifest may list, and how many worlds they are drawn from.
const NODES_MAX: usize = 6;
/// Every change of a manager is a round, and so is every join of one.
const ROUNDS_MAX: usize = 4 * NODES_MAX + 8;

/// Executes a plan step by step and holds what must hold after each.
fn execute(world: &mut World, planned: &Plan) {
    let foreign = |world: &World| {
        let services = world
            .observed
            .cluster
            .iter()
            .flat_map(|cluster| cluster.services.clone());
        let foreign =
            services.filter(|(_, service)| service.spec["Labels"]["skep.swarm"] != "cube");
        foreign.collect::<Vec<_>>()
    };
    let before = foreign(world);
    let changes_managers = |action: &Action| match action {
        Action::SetRole(_) => true,
        Action::JoinSwarm(join) => join.role == Role::Manager,
        _ => false,
    };
    let changes = planned
        .steps
        .iter()
        .filter(|step| changes_managers(&step.action));
    assert!(
        changes.count() <= 1,
        "managers change one at a time: {planned}"
    );
    for step in &planned.steps {
        let (reachable, managers) = world.quorum();
        let unreachable = managers - reachable;
        world.step(step);
        let (reachable, managers) = world.quorum();
        assert!(reachable * 2 > managers, "the majority was lost: {step}");
        assert!(
            managers - reachable <= unreachable,
            "nobody may become unreachable: {step}"
        );
    }
    assert!(world.swarms <= 1, "a second swarm: {planned}");
    assert_eq!(
        before,
        foreign(world),
        "somebody else's service was touched"
    );
}

/// Plans and executes until nothing is left to do; returns what remains blocked.
fn settle(world: &mut World, desired: &Desired) -> Plan {
    for _ in 0..ROUNDS_MAX {
        let planned = plan(desired, &world.observed);
        assert_eq!(planned, plan(desired, &world.observed));
        if planned.steps.is_empty() {
            return planned;
        }
        execute(world, &planned);
    }
    panic!("it does not settle:\n{}", plan(desired, &world.observed));
}

/// What waits, and not for something that a person has to allow: that something is blocked, or it
/// waits for such itself.
fn for_nothing(rest: &Plan) -> Vec<&Waiting> {
    let mut held_up: Vec<&str> = rest.blocked.iter().map(|it| it.object.as_str()).collect();
    let mut left: Vec<&Waiting> = rest.waiting.iter().collect();
    loop {
        let waits_for = |waiting: &Waiting, object: &str| {
            let name = object.trim_start_matches("node/");
            waiting
                .until
                .starts_with(&format!("until {name} is in the swarm "))
        };
        let (known, others): (Vec<&Waiting>, Vec<&Waiting>) = left
            .into_iter()
            .partition(|waiting| held_up.iter().any(|object| waits_for(waiting, object)));
        if known.is_empty() {
            return others;
        }
        held_up.extend(known.iter().map(|waiting| waiting.object.as_str()));
        left = others;
    }
}

/// Everything that stalled or died works again.
fn heal(world: &mut World) {
    for index in 0..NODES_MAX {
        let name = node_name(&format!("n{index}"));
        if !world.wiped.contains(&name) {
            world.change_node(name.as_str(), |node| node.state = NodeState::Ready);
        }
        world.agent_starts(&name);
    }
}

proptest! {
    #[test]
    fn bare_engines_become_what_is_declared(desired in manifest()) {
        let mut world = World::bare();
        let rest = settle(&mut world, &desired);
        prop_assert_eq!(rest, Plan::default());
        prop_assert_eq!(world.swarms, 1);
        for object in progress(&desired, &world.observed) {
            // A service without a node that takes tasks has none.
            let idle = object.message.starts_with("0 of 0");
            prop_assert!(object.state == Progress::Done || idle, "{object:?}");
        }
    }

    #[test]
    fn any_world_settles_and_heals(
        first in manifest(),
        then in manifest(),
        early in vec(event(), 0..4),
        events in vec(event(), 0..12),
    ) {
        let mut world = World::bare();
        for event in &early {
            world.suffer(event);
        }
        settle(&mut world, &first);
        for event in &events {
            world.suffer(event);
            let planned = plan(&first, &world.observed);
            execute(&mut world, &planned);
        }
        settle(&mut world, &then);
        heal(&mut world);
        let rest = settle(&mut world, &then);
        prop_assert_eq!(for_nothing(&rest), Vec::<&Waiting>::new());
        let left_undrained =
            |blocked: &Blocked| blocked.reason == Reason::NodeNotDrained;
        for blocked in &rest.blocked {
            // Left to a person: somebody else's service of the same name, nodes that were not
            // drained before they left the manifest (a dead manager among them holds up all
            // others), and the address of an only manager.
            let expected = blocked.object.starts_with("service/s") && blocked.reason == Reason::Refused
                || blocked.object.starts_with("node/n") && left_undrained(blocked)
                || blocked.reason == Reason::QuorumAtRisk && rest.blocked.iter().any(left_undrained)
                || blocked.message == "it is the only manager";
            prop_assert!(expected, "{blocked:?}");
        }
    }

    #[test]
    fn a_plan_may_stop_after_any_step(desired in manifest(), stops in vec(any::<Index>(), 30)) {
        let mut world = World::bare();
        for stop in stops {
            let mut planned = plan(&desired, &world.observed);
            planned.steps.truncate(stop.index(planned.steps.len() + 1));
            execute(&mut world, &planned);
        }
        let rest = settle(&mut world, &desired);
        prop_assert_eq!(rest, Plan::default());
    }

    #[test]
    fn a_plan_survives_its_own_json(desired in manifest(), events in vec(event(), 0..8)) {
        let mut world = World::bare();
        settle(&mut world, &desired);
        for event in &events {
            world.suffer(event);
        }
        let planned = plan(&desired, &world.observed);
        let json = serde_json::to_string(&planned).expect("a plan is JSON");
        let read: Plan = serde_json::from_str(&json).expect("what was written can be read");
        prop_assert_eq!(read, planned);
    }
}
