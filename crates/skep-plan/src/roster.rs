//! Who is who: the nodes of the manifest beside the engines and the swarm's own list.

use std::collections::{BTreeMap, BTreeSet};

use skep_manifest::name::{Name, NodeName};
use skep_manifest::swarm::{Node, Role, SwarmSpec};

use crate::observed::{Cluster, ClusterNode, Engine, Membership, NodeState, Observed};
use crate::ownership;

/// The nodes of the manifest and of the swarm, matched.
pub(crate) struct Roster<'a> {
    pub(crate) swarm: &'a Name,
    pub(crate) cluster: &'a Cluster,
    /// Nodes of which nobody knows whether they are still there.
    pub(crate) unheard: &'a BTreeSet<NodeName>,
    /// The nodes of the manifest, in its order.
    pub(crate) members: Vec<Member<'a>>,
    /// Nodes that skep labelled with a name that another node bears: the same host before its
    /// engine lost its state.
    pub(crate) twins: Vec<Labelled<'a>>,
    /// Nodes that skep labelled with a name that the manifest does not have.
    pub(crate) leavers: Vec<Labelled<'a>>,
}

/// A node of the manifest.
pub(crate) struct Member<'a> {
    pub(crate) declared: &'a Node,
    pub(crate) engine: Option<&'a Engine>,
    /// Its entry in the swarm's list.
    pub(crate) listed: Option<Listed<'a>>,
}

/// A node in the swarm's list.
#[derive(Clone, Copy)]
pub(crate) struct Listed<'a> {
    pub(crate) id: &'a str,
    pub(crate) node: &'a ClusterNode,
}

/// A node in the swarm's list that skep gave a name.
pub(crate) struct Labelled<'a> {
    pub(crate) name: NodeName,
    pub(crate) listed: Listed<'a>,
}

impl<'a> Roster<'a> {
    pub(crate) fn new(
        swarm: &'a Name,
        spec: &'a SwarmSpec,
        observed: &'a Observed,
        cluster: &'a Cluster,
    ) -> Self {
        let labelled = labelled(swarm, cluster);
        let members: Vec<Member<'a>> = spec
            .nodes
            .iter()
            .map(|declared| {
                let engine = observed.engines.get(&declared.name);
                Member {
                    declared,
                    engine,
                    listed: listed(declared, engine, cluster, &labelled),
                }
            })
            .collect();
        let taken: BTreeSet<&str> = members
            .iter()
            .filter_map(|member| Some(member.listed?.id))
            .collect();
        let names: BTreeSet<&NodeName> = spec.nodes.iter().map(|node| &node.name).collect();
        let (twins, leavers) = labelled
            .into_iter()
            .flat_map(|(name, nodes)| {
                nodes.into_iter().map(move |listed| Labelled {
                    name: name.clone(),
                    listed,
                })
            })
            .filter(|node| !taken.contains(node.listed.id))
            .partition(|node| names.contains(&node.name));
        Self {
            swarm,
            cluster,
            unheard: &observed.unheard,
            members,
            twins,
            leavers,
        }
    }

    /// The managers of the swarm, those on the way to become one or to stop being one among them.
    pub(crate) fn managers(&self) -> impl Iterator<Item = Listed<'a>> + use<'a> {
        let nodes = self
            .cluster
            .nodes
            .iter()
            .map(|(id, node)| Listed { id, node });
        nodes.filter(|listed| listed.is_manager())
    }

    /// What people call a node: its name in the manifest or, for a node of somebody else, its host
    /// name.
    pub(crate) fn name_of(&self, listed: Listed<'_>) -> String {
        let member = self
            .members
            .iter()
            .find(|member| member.listed.is_some_and(|other| other.id == listed.id));
        match (member, ownership::node_name(self.swarm, listed.node)) {
            (Some(member), _) => member.declared.name.to_string(),
            (None, Some(name)) => name.to_string(),
            // It has come in and not yet said who it is.
            (None, None) if listed.node.host_name.is_empty() => "a new node".to_owned(),
            (None, None) => listed.node.host_name.clone(),
        }
    }
}

impl Member<'_> {
    /// Whether its last attempt to join failed.
    pub(crate) fn was_refused(&self) -> bool {
        self.engine.is_some_and(|engine| engine.refused.is_some())
    }
}

impl Listed<'_> {
    /// Whether it is a manager, or on the way to become one or to stop being one.
    pub(crate) fn is_manager(self) -> bool {
        self.node.manager.is_some() || self.node.role == Role::Manager && !self.is_left_out()
    }

    /// Whether it is a manager that the others reach.
    pub(crate) fn is_reachable(self) -> bool {
        self.node.manager.is_some_and(|manager| manager.reachable)
    }

    /// Whether the managers neither count it nor take it in, whatever its role says: it was left
    /// behind by a recovery. The engine lets it be removed, and not be demoted.
    fn is_left_out(self) -> bool {
        self.node.manager.is_none() && !self.is_changing()
    }

    /// Whether the managers are still taking it in or letting it go.
    pub(crate) fn is_changing(self) -> bool {
        let changes_role = (self.node.role == Role::Manager) != self.node.manager.is_some()
            && self.node.state == NodeState::Ready;
        // A node that has just come in has not yet said who it is, and nobody knows how it is.
        let comes_in = self.node.host_name.is_empty() && self.node.state == NodeState::Unknown;
        changes_role || comes_in
    }
}

/// The entry of a node in the swarm's list: the one its engine names, or while its agent is silent
/// the one that bears its name.
fn listed<'a>(
    declared: &Node,
    engine: Option<&Engine>,
    cluster: &'a Cluster,
    labelled: &BTreeMap<NodeName, Vec<Listed<'a>>>,
) -> Option<Listed<'a>> {
    match engine.map(|engine| &engine.membership) {
        Some(Membership::Active(active)) => {
            let (id, node) = cluster.nodes.get_key_value(&active.node_id)?;
            Some(Listed { id, node })
        }
        Some(Membership::Inactive) => None,
        Some(
            Membership::Silent | Membership::Pending | Membership::Error(_) | Membership::Locked,
        )
        | None => {
            let own = labelled.get(&declared.name)?;
            let ready = own
                .iter()
                .find(|listed| listed.node.state == NodeState::Ready);
            ready.or_else(|| own.first()).copied()
        }
    }
}

/// The nodes that skep labelled, by the name it gave them.
fn labelled<'a>(swarm: &Name, cluster: &'a Cluster) -> BTreeMap<NodeName, Vec<Listed<'a>>> {
    let mut labelled: BTreeMap<NodeName, Vec<Listed<'a>>> = BTreeMap::new();
    for (id, node) in &cluster.nodes {
        if let Some(name) = ownership::node_name(swarm, node) {
            labelled.entry(name).or_default().push(Listed { id, node });
        }
    }
    labelled
}
