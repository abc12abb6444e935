//! The documents of a set by kind, as the rules look at them.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use skep_manifest::desired::Desired;
use skep_manifest::health_check::HealthCheckSpec;
use skep_manifest::name::{InterfaceName, Name, NodeName};
use skep_manifest::object::{Object, Resource};
use skep_manifest::service::ServiceSpec;
use skep_manifest::service::placement::{Constraint, may_match};
use skep_manifest::service::port::PublishMode;
use skep_manifest::set::{Document, ManifestSet};
use skep_manifest::swarm::{Node, SwarmSpec};
use skep_manifest::vip_group::VipGroupSpec;
use skep_manifest::vip_group::member::{Member, Selector};

/// The documents of a set by kind.
pub(crate) struct Manifests<'a> {
    /// The set they come from.
    pub(crate) set: &'a ManifestSet,
    /// What they mean together, with what applies when nothing is said.
    pub(crate) desired: &'a Desired,
    /// The swarm, if it is declared once and readable.
    pub(crate) swarm: Option<Declaration<'a, SwarmSpec>>,
    /// The VIP groups.
    pub(crate) groups: Vec<Declaration<'a, VipGroupSpec>>,
    /// The health checks, by name.
    pub(crate) checks: BTreeMap<&'a Name, Declaration<'a, HealthCheckSpec>>,
    /// The services.
    pub(crate) services: Vec<Declaration<'a, ServiceSpec>>,
    /// The nodes that fulfil the constraints which were asked for so far: several rules ask, and
    /// many services have the same.
    candidates: RefCell<BTreeMap<&'a [Constraint], Rc<[&'a Node]>>>,
}

/// An object of one kind, with the document it stands in.
pub(crate) struct Declaration<'a, Spec> {
    pub(crate) document: &'a Document,
    pub(crate) name: &'a Name,
    pub(crate) spec: &'a Spec,
}

/// The place of a node in a group: which node, and on which interface it advertises if the
/// manifest says so.
pub(crate) struct Seat<'a> {
    pub(crate) node: &'a NodeName,
    pub(crate) interface: Option<&'a InterfaceName>,
}

impl<'a> Manifests<'a> {
    pub(crate) fn new(set: &'a ManifestSet, desired: &'a Desired) -> Self {
        let mut manifests = Self {
            set,
            desired,
            swarm: None,
            groups: Vec::new(),
            checks: BTreeMap::new(),
            services: Vec::new(),
            candidates: RefCell::default(),
        };
        for document in set.declarations() {
            match &document.object {
                Object::Swarm(swarm) => {
                    manifests.swarm = Some(Declaration::new(document, swarm));
                }
                Object::VipGroup(group) => {
                    manifests.groups.push(Declaration::new(document, group));
                }
                Object::HealthCheck(check) => {
                    let check = Declaration::new(document, check);
                    manifests.checks.insert(check.name, check);
                }
                Object::Service(service) => {
                    manifests.services.push(Declaration::new(document, service));
                }
                Object::Notifier(_)
                | Object::Stack(_)
                | Object::Network(_)
                | Object::Config(_)
                | Object::Secret(_) => {}
            }
        }
        manifests
    }

    /// The nodes of the swarm; none without a swarm.
    pub(crate) fn nodes(&self) -> &'a [Node] {
        self.swarm.as_ref().map_or(&[], |swarm| &swarm.spec.nodes)
    }

    /// The nodes for which none of the constraints is known to fail.
    pub(crate) fn candidates(&self, constraints: &'a [Constraint]) -> Rc<[&'a Node]> {
        let mut known = self.candidates.borrow_mut();
        let candidates = known.entry(constraints).or_insert_with(|| {
            let fits = |node: &&Node| may_match(constraints, node);
            self.nodes().iter().filter(fits).collect()
        });
        Rc::clone(candidates)
    }

    /// The VIP groups that move together, by the word they have in common.
    pub(crate) fn sync_groups(&self) -> BTreeMap<&'a str, Vec<&Declaration<'a, VipGroupSpec>>> {
        let mut tied: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for group in &self.groups {
            if let Some(word) = &group.spec.sync_group {
                tied.entry(word.as_str()).or_default().push(group);
            }
        }
        tied
    }

    /// The nodes that are members of a group.
    pub(crate) fn seats(&self, group: &Declaration<'a, VipGroupSpec>) -> Vec<Seat<'a>> {
        let spec = group.spec;
        let listed = spec.members.iter().filter_map(|member| match member {
            Member::Node(member) => Some(Seat {
                node: &member.node,
                interface: member.interface.as_ref().or(spec.interface.as_ref()),
            }),
            Member::External(_) => None,
        });
        let resolved = self.desired.vip_groups.get(group.name);
        let selected = resolved.filter(|_| spec.selector.is_some());
        let selected = selected.into_iter().flat_map(|group| &group.members);
        listed
            .chain(selected.map(|member| Seat {
                node: &member.name,
                interface: spec.interface.as_ref(),
            }))
            .collect()
    }
}

/// Whether all conditions of the selector hold for the node.
pub(crate) fn selects(selector: &Selector, node: &Node) -> bool {
    selector.role.is_none_or(|role| role == node.role)
        && selector
            .node_labels
            .iter()
            .all(|(key, value)| node.labels.get(key) == Some(value))
}

/// The first published port of a service that belongs to one task of a node: its place in the
/// list, and its number.
pub(crate) fn host_port(service: &ServiceSpec) -> Option<(usize, u16)> {
    let mut ports = service.ports.iter().enumerate();
    ports.find_map(|(index, port)| match port.mode {
        PublishMode::Host => Some((index, port.published?)),
        PublishMode::Ingress => None,
    })
}

/// A key as a step of a pointer (RFC 6901 §3).
pub(crate) fn escaped(key: &str) -> Cow<'_, str> {
    if key.contains(['~', '/']) {
        key.replace('~', "~0").replace('/', "~1").into()
    } else {
        key.into()
    }
}

impl<'a, Spec> Declaration<'a, Spec> {
    const fn new(document: &'a Document, resource: &'a Resource<Spec>) -> Self {
        Self {
            document,
            name: &resource.metadata.name,
            spec: &resource.spec,
        }
    }
}
