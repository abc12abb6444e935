//! A set of objects to the desired state: references followed, selectors expanded, defaults that
//! depend on other objects decided.
//!
//! What is merely unwise is the lint rules' affair; here is only what leaves no sensible state.

mod attached;
mod consistency;
mod group;
mod references;
mod service;
mod swarm;

use std::collections::BTreeMap;

use crate::check::similar;
use crate::desired::{Declared, Desired, Origin};
use crate::name::{Name, NodeName};
use crate::object::{Kind, Object, Resource};
use crate::problem::Problem;
use crate::set::{Document, ManifestSet};
use crate::span::Span;
use crate::swarm::{Node, SwarmSpec};

pub use attached::FILE_BYTES_MAX;

/// The desired state that a set of manifests describes, and what is wrong with it as a whole.
///
/// It never fails; with problems among the set's own or the returned ones, what the state says
/// about the objects concerned is not to be applied.
#[must_use]
pub fn resolve(set: &ManifestSet) -> (Desired, Vec<Problem>) {
    let mut resolver = Resolver::new(set);
    resolver.index();
    resolver.index_nodes();
    let mut desired = Desired::default();
    for document in set.declarations() {
        resolver.add(document, &mut desired);
    }
    let mut problems = resolver.problems;
    problems.sort_by_key(|problem| problem.span);
    (desired, problems)
}

/// What is known of all objects while each is resolved.
struct Resolver<'a> {
    set: &'a ManifestSet,
    /// Every name that some document declares, with its place unless the document is broken.
    declared: BTreeMap<(Kind, &'a Name), Option<Span>>,
    swarm: KnownSwarm<'a>,
    nodes: BTreeMap<&'a NodeName, &'a Node>,
    ports: service::Ports<'a>,
    problems: Vec<Problem>,
    /// How many names were compared with all others.
    guesses: usize,
    /// How many members selectors have selected.
    selected: usize,
}

/// The most problems of a set as a whole: nobody reads more.
const PROBLEMS_MAX: usize = 2_000;
/// For how many names the one that was meant is looked for among all others.
const GUESSES_MAX: usize = 100;

/// What is known of the swarm.
#[derive(Clone, Copy)]
enum KnownSwarm<'a> {
    /// There is none: the agents are standalone.
    None,
    /// There is one whose document is broken.
    Broken,
    /// There is this one.
    Declared {
        document: &'a Document,
        resource: &'a Resource<SwarmSpec>,
    },
}

impl<'a> Resolver<'a> {
    fn new(set: &'a ManifestSet) -> Self {
        Self {
            set,
            declared: BTreeMap::new(),
            swarm: KnownSwarm::None,
            nodes: BTreeMap::new(),
            ports: service::Ports::default(),
            problems: Vec::new(),
            guesses: 0,
            selected: 0,
        }
    }

    /// Whether nobody wants to know of another problem.
    const fn is_full(&self) -> bool {
        self.problems.len() >= PROBLEMS_MAX
    }

    fn report(&mut self, problem: Problem) {
        if !self.is_full() {
            self.problems.push(problem);
        }
    }

    /// The one of `candidates` that `name` was probably meant to be.
    fn guess<'c>(
        guesses: &mut usize,
        name: &str,
        candidates: impl Iterator<Item = &'c str>,
    ) -> Option<&'c str> {
        *guesses += 1;
        similar(name, candidates.take_while(|_| *guesses <= GUESSES_MAX))
    }

    /// Learns which objects there are, and reports those that are declared twice.
    fn index(&mut self) {
        for (kind, name) in &self.set.broken {
            self.declared.insert((*kind, name), None);
            if *kind == Kind::Swarm {
                self.swarm = KnownSwarm::Broken;
            }
        }
        for document in self.set.declarations() {
            let span = document.span("/metadata/name");
            let key = (document.object.kind(), document.object.name());
            match self.declared.get(&key) {
                Some(Some(first)) => {
                    let message = format!("there are two {} named `{}`", plural(key.0), key.1);
                    self.report(
                        Problem::error("duplicate-object", span, message)
                            .help("rename or remove one of them")
                            .related(*first, "first declared here"),
                    );
                }
                Some(None) | None => {
                    self.declared.insert(key, Some(span));
                }
            }
            if let Object::Swarm(resource) = &document.object {
                self.learn_swarm(document, resource);
            }
        }
    }

    fn learn_swarm(&mut self, document: &'a Document, resource: &'a Resource<SwarmSpec>) {
        match self.swarm {
            KnownSwarm::Declared {
                document: first,
                resource: other,
            } if other.metadata.name != resource.metadata.name => {
                self.report(
                    Problem::error(
                        "duplicate-swarm",
                        document.span("/metadata/name"),
                        "there is more than one `Swarm`",
                    )
                    .help("one desired state describes one swarm; keep the others elsewhere")
                    .related(first.span("/metadata/name"), "the first one is here"),
                );
            }
            KnownSwarm::Declared { .. } => {}
            KnownSwarm::None | KnownSwarm::Broken => {
                self.swarm = KnownSwarm::Declared { document, resource };
            }
        }
    }

    /// Learns which nodes there are, and reports those that are listed twice.
    fn index_nodes(&mut self) {
        let KnownSwarm::Declared { document, resource } = self.swarm else {
            return;
        };
        let place = |index| document.span(&format!("/spec/nodes/{index}/name"));
        let mut places = BTreeMap::new();
        for (index, node) in resource.spec.nodes.iter().enumerate() {
            if let Some(first) = places.get(&node.name) {
                let message = format!("the node `{}` is listed twice", node.name);
                self.report(
                    Problem::error("duplicate-node", place(index), message)
                        .help("remove one of them, or give it the name that it has")
                        .related(place(*first), "first listed here"),
                );
            } else {
                places.insert(&node.name, index);
                self.nodes.insert(&node.name, node);
            }
        }
    }

    fn add(&mut self, document: &'a Document, desired: &mut Desired) {
        let origin = self.origin(document);
        match &document.object {
            Object::Swarm(resource) => {
                self.check_swarm(document, &resource.spec);
                desired
                    .swarm
                    .get_or_insert_with(|| declared(resource, origin));
            }
            Object::VipGroup(resource) => {
                self.check_group_references(document, &resource.spec);
                self.check_consistency(document, &resource.spec);
                let group = self.group(document, declared(resource, origin));
                desired
                    .vip_groups
                    .entry(resource.metadata.name.clone())
                    .or_insert(group);
            }
            Object::HealthCheck(resource) => add(&mut desired.health_checks, resource, origin),
            Object::Notifier(resource) => add(&mut desired.notifiers, resource, origin),
            Object::Service(resource) => {
                self.check_service_references(document, &resource.spec);
                self.check_service(document, &resource.spec);
                self.require_swarm(document);
                add(&mut desired.services, resource, origin);
            }
            Object::Stack(resource) => {
                self.require_swarm(document);
                add(&mut desired.stacks, resource, origin);
            }
            Object::Network(resource) => {
                self.check_network(document, &resource.spec);
                self.require_swarm(document);
                add(&mut desired.networks, resource, origin);
            }
            Object::Config(resource) => {
                self.check_file(document, Kind::Config, &resource.spec.data);
                self.require_swarm(document);
                add(&mut desired.configs, resource, origin);
            }
            Object::Secret(resource) => {
                self.check_file(document, Kind::Secret, &resource.spec.data);
                self.require_swarm(document);
                add(&mut desired.secrets, resource, origin);
            }
        }
    }

    fn origin(&self, document: &Document) -> Origin {
        let location = self.set.location(document.whole());
        Origin {
            file: location.file,
            line: location.line,
        }
    }

    fn require_swarm(&mut self, document: &Document) {
        // Of a stack it is said once.
        let is_part = document.whole().source >= self.set.sources.len();
        if matches!(self.swarm, KnownSwarm::None) && !is_part {
            let message = format!("a `{}` needs a `Swarm`", document.object.kind());
            self.report(
                Problem::error("needs-swarm", document.span("/kind"), message)
                    .help("without a `Swarm` document there are only VIP groups and checks"),
            );
        }
    }
}

fn declared<Spec: Clone>(resource: &Resource<Spec>, origin: Origin) -> Declared<Spec> {
    Declared {
        metadata: resource.metadata.clone(),
        spec: resource.spec.clone(),
        origin,
    }
}

/// Adds an object unless there is one of that name, which has been reported.
fn add<Spec: Clone>(
    objects: &mut BTreeMap<Name, Declared<Spec>>,
    resource: &Resource<Spec>,
    origin: Origin,
) {
    objects
        .entry(resource.metadata.name.clone())
        .or_insert_with(|| declared(resource, origin));
}

const fn plural(kind: Kind) -> &'static str {
    match kind {
        Kind::Swarm => "swarms",
        Kind::VipGroup => "VIP groups",
        Kind::HealthCheck => "health checks",
        Kind::Notifier => "notifiers",
        Kind::Service => "services",
        Kind::Stack => "stacks",
        Kind::Network => "networks",
        Kind::Config => "configs",
        Kind::Secret => "secrets",
    }
}

#[cfg(test)]
mod tests;
