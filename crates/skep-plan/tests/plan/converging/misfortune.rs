//! What happens to a world by itself.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::json;
use skep_manifest::name::NodeName;
use skep_manifest::swarm::{Availability, Role};
use skep_plan::observed::{Membership, NodeState};

use super::NODES_MAX;
use crate::world::{World, engine, node_name};

/// What happens to a world by itself.
#[derive(Clone, Debug)]
pub(super) enum Event {
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

/// Anything that may happen.
pub(super) fn event() -> impl Strategy<Value = Event> {
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
    pub(super) fn bare() -> Self {
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

    pub(super) fn suffer(&mut self, event: &Event) {
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
    pub(super) fn agent_starts(&mut self, name: &NodeName) {
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

    pub(super) fn change_node(
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
    pub(super) fn quorum(&self) -> (usize, usize) {
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
