//! Names that must be declared somewhere.

use super::{KnownSwarm, Resolver};
use crate::check::similar;
use crate::name::{Name, NodeName};
use crate::object::Kind;
use crate::problem::Problem;
use crate::service::ServiceSpec;
use crate::service::files::{ConfigReference, SecretReference};
use crate::service::network::NetworkReference;
use crate::service::port::OnlyOn;
use crate::set::Document;
use crate::vip_group::VipGroupSpec;
use crate::vip_group::member::Member;
use crate::vip_group::tracking::Tracking;

impl Resolver<'_> {
    pub(super) fn check_group_references(&mut self, document: &Document, spec: &VipGroupSpec) {
        for (index, member) in spec.members.iter().enumerate() {
            if let Member::Node(member) = member {
                let pointer = format!("/spec/members/{index}/node");
                self.require_node(document, &pointer, &member.node);
            }
        }
        for (index, tracking) in spec.tracking.iter().enumerate() {
            let pointer = |field: &str| format!("/spec/tracking/{index}/{field}");
            match tracking {
                Tracking::Check(tracked) => {
                    let pointer = pointer("check");
                    self.require(document, &pointer, Kind::HealthCheck, &tracked.check);
                }
                Tracking::Service(tracked) => {
                    let pointer = pointer("service");
                    self.require(document, &pointer, Kind::Service, &tracked.service);
                }
                Tracking::Interface(_) | Tracking::External(_) | Tracking::Swarm(_) => {}
            }
        }
        for (index, notification) in spec.notify.iter().enumerate() {
            let pointer = format!("/spec/notify/{index}/notifier");
            self.require(document, &pointer, Kind::Notifier, &notification.notifier);
        }
    }

    pub(super) fn check_service_references(&mut self, document: &Document, spec: &ServiceSpec) {
        for (index, port) in spec.ports.iter().enumerate() {
            if let Some(OnlyOn::VipGroup(group)) = &port.only_on {
                let pointer = format!("/spec/ports/{index}/onlyOn/vipGroup");
                self.require(document, &pointer, Kind::VipGroup, group);
            }
        }
        for (index, attachment) in spec.networks.iter().enumerate() {
            if let NetworkReference::Network(network) = &attachment.network {
                let pointer = format!("/spec/networks/{index}/network");
                self.require(document, &pointer, Kind::Network, network);
            }
        }
        for (index, file) in spec.configs.iter().enumerate() {
            if let ConfigReference::Config(config) = &file.config {
                let pointer = format!("/spec/configs/{index}/config");
                self.require(document, &pointer, Kind::Config, config);
            }
        }
        for (index, file) in spec.secrets.iter().enumerate() {
            if let SecretReference::Secret(secret) = &file.secret {
                let pointer = format!("/spec/secrets/{index}/secret");
                self.require(document, &pointer, Kind::Secret, secret);
            }
        }
    }

    fn require(&mut self, document: &Document, pointer: &str, kind: Kind, name: &Name) {
        if self.declared.contains_key(&(kind, name)) {
            return;
        }
        let candidates = self.declared.keys().filter(|(other, _)| *other == kind);
        let meant = similar(name.as_str(), candidates.map(|(_, name)| name.as_str()));
        let external = matches!(
            kind,
            Kind::Service | Kind::Network | Kind::Config | Kind::Secret
        );
        let help = match (meant, external) {
            (Some(meant), _) => format!("did you mean `{meant}`?"),
            (None, true) => format!(
                "declare a `{kind}` of that name, or write `external:` for one skep does not own"
            ),
            (None, false) => format!("declare a `{kind}` of that name"),
        };
        let message = format!("there is no `{kind}` named `{name}`");
        let span = document.span(pointer);
        self.problems
            .push(Problem::error("unresolved-reference", span, message).help(help));
    }

    fn require_node(&mut self, document: &Document, pointer: &str, name: &NodeName) {
        let KnownSwarm::Declared {
            document: declaring,
            resource,
        } = self.swarm
        else {
            return;
        };
        let nodes = &resource.spec.nodes;
        if nodes.iter().any(|node| node.name == *name) {
            return;
        }
        let meant = similar(name.as_str(), nodes.iter().map(|node| node.name.as_str()));
        let help = match meant {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "list it there, or write `external:` for a router skep does not run".to_owned(),
        };
        let message = format!(
            "`{name}` is no node of the swarm `{}`",
            resource.metadata.name
        );
        self.problems.push(
            Problem::error("unresolved-reference", document.span(pointer), message)
                .help(help)
                .related(
                    declaring.key_span("/spec/nodes"),
                    "the nodes are listed here",
                ),
        );
    }
}
