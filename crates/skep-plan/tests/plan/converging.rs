//! Random worlds: whatever happened, plans lead to an end, and never to a second swarm or a lost
//! majority.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::json;
use skep_manifest::condition::Reason;
use skep_manifest::desired::Desired;
use skep_manifest::name::NodeName;
use skep_manifest::swarm::{Availability, Role};
use skep_plan::action::{Action, Blocked, Plan, Waiting};
use skep_plan::observed::{Membership, NodeState};
use skep_plan::plan;
use skep_plan::progress::{Progress, progress};

use crate::world::{World, desired, engine, node_name};

/// How many nodes a random manifest may list, and how many worlds they are drawn from.
const NODES_MAX: usize = 6;
/// Every change of a manager is a round, and so is every join of one.
const ROUNDS_MAX: usize = 4 * NODES_MAX + 8;

/// What a random manifest says of one node.
#[derive(Clone, Debug)]
struct DeclaredNode {
    /// Whether it stands in the manifest at all.
    listed: bool,
    /// In which subnet its address is.
    subnet: u8,
    manager: bool,
    availability: &'static str,
    label: Option<&'static str>,
}

/// What a random manifest says of one service.
#[derive(Clone, Debug)]
struct DeclaredService {
    tag: u8,
    replicas: Option<u32>,
    arguments: usize,
    on_host: bool,
}

/// What happens to a world by itself.
#[derive(Clone, Debug)]
enum Event {
    AgentStops(Index),
    AgentStarts(Index),
    EngineStalls(Index, Membership),
    EngineIsWiped(Index),
    NodeDies(Index),
    NodeReturns(Index),
    LabelsVanish(Index),
    IsDrained(Index),
    IsPromotedByHand(Index),
    ServiceIsScaled(Index, u32),
    ServiceIsMangled(Index),
    ServiceIsRemoved(Index),
    ForeignServiceAppears(Index),
}

fn nodes() -> impl Strategy<Value = Vec<DeclaredNode>> {
    let availability = prop_oneof![4 => Just("active"), 1 => Just("pause"), 1 => Just("drain")];
    let label = prop_oneof![Just(None), Just(Some("a")), Just(Some("b"))];
    let listed = prop_oneof![5 => Just(true), 1 => Just(false)];
    let subnet = prop_oneof![3 => Just(0), 1 => Just(1)];
    let node = (listed, subnet, any::<bool>(), availability, label);
    let node = node.prop_map(
        |(listed, subnet, manager, availability, label)| DeclaredNode {
            listed,
            subnet,
            manager,
            availability,
            label,
        },
    );
    vec(node, NODES_MAX).prop_map(|mut nodes| {
        nodes[0].listed = true;
        nodes[0].manager |= nodes.iter().all(|node| !(node.manager && node.listed));
        nodes
    })
}

fn services() -> impl Strategy<Value = Vec<DeclaredService>> {
    let replicas = prop_oneof![Just(None), (0..5_u32).prop_map(Some)];
    let service = (0..3_u8, replicas, 0..3_usize, any::<bool>());
    let service = service.prop_map(|(tag, replicas, arguments, on_host)| DeclaredService {
        tag,
        replicas,
        arguments,
        on_host,
    });
    vec(service, 0..4)
}

fn manifest() -> impl Strategy<Value = Desired> {
    (nodes(), services()).prop_map(|(nodes, services)| desired(&yaml(&nodes, &services)))
}

fn yaml(nodes: &[DeclaredNode], services: &[DeclaredService]) -> String {
    let swarm = "apiVersion: skep/v1\nkind: Swarm\nmetadata: {name: cube}\nspec:\n  nodes:\n";
    let nodes = nodes.iter().enumerate().filter(|(_, node)| node.listed);
    let nodes = nodes.map(|(index, node)| {
        let role = if node.manager { "manager" } else { "worker" };
        let (availability, subnet) = (node.availability, node.subnet);
        let zone = node
            .label
            .map_or(String::new(), |zone| format!("zone: {zone}"));
        format!(
            "    - {{name: n{index}, address: 10.0.{subnet}.{index}, role: {role}, \
             availability: {availability}, labels: {{{zone}}}}}\n"
        )
    });
    let services = services.iter().enumerate().map(|(index, service)| {
        let mode = match service.replicas {
            Some(replicas) => format!("replicated: {{replicas: {replicas}}}"),
            None => "global: {}".to_owned(),
        };
        let tag = service.tag;
        let arguments = vec!["x"; service.arguments].join(", ");
        let network = if service.on_host {
            "{external: host}"
        } else {
            ""
        };
        format!(
            "---\napiVersion: skep/v1\nkind: Service\nmetadata: {{name: s{index}}}\n\
             spec: {{image: \"nginx:{tag}\", mode: {{{mode}}}, args: [{arguments}], \
             networks: [{network}]}}\n"
        )
    });
    std::iter::once(swarm.to_owned())
        .chain(nodes)
        .chain(services)
        .collect()
}

fn event() -> impl Strategy<Value = Event> {
    let stalled = prop_oneof![
        Just(Membership::Silent),
        Just(Membership::Pending),
        Just(Membership::Locked),
        Just(Membership::Error("broken".to_owned())),
    ];
    prop_oneof![
        any::<Index>().prop_map(Event::AgentStops),
        any::<Index>().prop_map(Event::AgentStarts),
        (any::<Index>(), stalled).prop_map(|(node, stalled)| Event::EngineStalls(node, stalled)),
        any::<Index>().prop_map(Event::EngineIsWiped),
        any::<Index>().prop_map(Event::NodeDies),
        any::<Index>().prop_map(Event::NodeReturns),
        any::<Index>().prop_map(Event::LabelsVanish),
        any::<Index>().prop_map(Event::IsDrained),
        any::<Index>().prop_map(Event::IsPromotedByHand),
        (any::<Index>(), 0..9_u32).prop_map(|(name, count)| Event::ServiceIsScaled(name, count)),
        any::<Index>().prop_map(Event::ServiceIsMangled),
        any::<Index>().prop_map(Event::ServiceIsRemoved),
        any::<Index>().prop_map(Event::ForeignServiceAppears),
    ]
}

impl World {
    /// All engines are there, in no swarm.
    fn bare() -> Self {
        let mut world = Self::default();
        for index in 0..NODES_MAX {
            let engines = &mut world.observed.engines;
            engines.insert(
                node_name(&format!("n{index}")),
                engine(Membership::Inactive),
            );
        }
        world
    }

    fn suffer(&mut self, event: &Event) {
        let name = |index: &Index| node_name(&format!("n{}", index.index(NODES_MAX)));
        match event {
            Event::AgentStops(index) => drop(self.observed.engines.remove(&name(index))),
            Event::AgentStarts(index) => self.agent_starts(&name(index)),
            Event::EngineStalls(index, stalled) => {
                if let Some(engine) = self.observed.engines.get_mut(&name(index)) {
                    engine.membership = stalled.clone();
                }
            }
            Event::EngineIsWiped(index) => {
                let name = name(index);
                // A node that was not labelled before is nobody's afterwards.
                if self.is_active(name.as_str())
                    && self.listed(name.as_str()).labels.contains_key("skep.node")
                    && self.survives_without(name.as_str())
                {
                    self.wipe(name.as_str());
                }
            }
            Event::NodeDies(index) => {
                let name = name(index);
                if self.survives_without(name.as_str()) {
                    self.change_node(name.as_str(), |node| node.state = NodeState::Down);
                }
            }
            Event::NodeReturns(index) => {
                let name = name(index);
                // The engine of one that left or was wiped does not return as that node.
                if !self.wiped.contains(&name) {
                    self.change_node(name.as_str(), |node| node.state = NodeState::Ready);
                }
            }
            Event::LabelsVanish(index) => {
                let name = name(index);
                // A name that nobody can tell would be another node.
                if self.is_active(name.as_str()) {
                    self.change_node(name.as_str(), |node| node.labels.clear());
                }
            }
            Event::IsDrained(index) => {
                let drain = |node: &mut skep_plan::observed::ClusterNode| {
                    node.availability = Availability::Drain;
                };
                self.change_node(name(index).as_str(), drain);
            }
            Event::IsPromotedByHand(index) => self.promote_by_hand(name(index).as_str()),
            Event::ServiceIsScaled(..)
            | Event::ServiceIsMangled(_)
            | Event::ServiceIsRemoved(_)
            | Event::ForeignServiceAppears(_) => self.suffer_service(event),
        }
    }

    fn suffer_service(&mut self, event: &Event) {
        let Some(cluster) = &mut self.observed.cluster else {
            return;
        };
        let names: Vec<String> = cluster.services.keys().cloned().collect();
        let pick = |index: &Index| (!names.is_empty()).then(|| index.get(&names).clone());
        match event {
            Event::ServiceIsScaled(index, count) => {
                if let Some(service) = pick(index).and_then(|name| cluster.services.get_mut(&name))
                {
                    service.version += 1;
                    service.spec["Mode"] = json!({"Replicated": {"Replicas": count}});
                }
            }
            Event::ServiceIsMangled(index) => {
                if let Some(service) = pick(index).and_then(|name| cluster.services.get_mut(&name))
                {
                    service.version += 1;
                    service.spec["TaskTemplate"] = json!({"ContainerSpec": {"Hosts": ["x"]}});
                }
            }
            Event::ServiceIsRemoved(index) => {
                pick(index).and_then(|name| cluster.services.remove(&name));
            }
            Event::ForeignServiceAppears(index) => {
                let name = format!("s{}", index.index(4));
                if !cluster.services.contains_key(&name) {
                    self.foreign_service(&name, json!({"Name": name}));
                }
            }
            _ => unreachable!("only what happens to services"),
        }
    }

    /// An agent comes back and finds its engine as it left it; on a dead host nothing starts.
    fn agent_starts(&mut self, name: &NodeName) {
        let cluster = self.observed.cluster.as_ref();
        let nodes = cluster.into_iter().flat_map(|cluster| &cluster.nodes);
        let mut own = nodes.filter(|(_, node)| node.host_name == name.as_str());
        let found = own
            .next_back()
            .map(|(id, node)| (id.clone(), node.role, node.state));
        let mut bare = engine(Membership::Inactive);
        match found {
            _ if self.wiped.contains(name) => {
                bare.remembers = cluster.map(|cluster| cluster.id.clone());
                self.observed.engines.insert(name.clone(), bare);
            }
            Some((id, role, NodeState::Ready)) => self.admit(name, id, role),
            Some(_) => {}
            None => drop(self.observed.engines.insert(name.clone(), bare)),
        }
    }

    fn is_active(&self, name: &str) -> bool {
        let engine = self.observed.engines.get(name);
        engine.is_some_and(|engine| matches!(engine.membership, Membership::Active(_)))
    }

    fn change_node(
        &mut self,
        name: &str,
        change: impl FnOnce(&mut skep_plan::observed::ClusterNode),
    ) {
        let cluster = self.observed.cluster.iter_mut();
        let mut nodes = cluster.flat_map(|cluster| cluster.nodes.values_mut());
        let node = nodes.rfind(|node| node.host_name == name);
        if let Some(node) = node {
            change(node);
            let reachable = node.state == NodeState::Ready;
            if let Some(manager) = &mut node.manager {
                manager.reachable = reachable;
                manager.leader &= reachable;
            }
        }
    }

    fn promote_by_hand(&mut self, name: &str) {
        let nodes = self
            .observed
            .cluster
            .iter()
            .flat_map(|cluster| &cluster.nodes);
        let mut ready = nodes.filter(|(_, node)| node.state == NodeState::Ready);
        let id = ready
            .rfind(|(_, node)| node.host_name == name)
            .map(|(id, _)| id.clone());
        if let Some(id) = id {
            self.set_role(&id, Role::Manager);
        }
    }

    /// The managers that are reachable, and all of them.
    fn quorum(&self) -> (usize, usize) {
        let nodes = self
            .observed
            .cluster
            .iter()
            .flat_map(|cluster| cluster.nodes.values());
        let managers: Vec<_> = nodes.filter_map(|node| node.manager).collect();
        (
            managers.iter().filter(|manager| manager.reachable).count(),
            managers.len(),
        )
    }

    /// Whether the majority lives on when this node dies: without one nothing can be written.
    fn survives_without(&self, name: &str) -> bool {
        let mut world = self.clone();
        world.change_node(name, |node| node.state = NodeState::Down);
        let (reachable, managers) = world.quorum();
        reachable * 2 > managers
    }
}

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
