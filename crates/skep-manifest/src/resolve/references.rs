//! Names that must be declared somewhere.

use super::{KnownSwarm, Resolver};
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
                self.require_node(document, &member.node, || {
                    format!("/spec/members/{index}/node")
                });
            }
        }
        for (index, tracking) in spec.tracking.iter().enumerate() {
            let pointer = |field: &str| format!("/spec/tracking/{index}/{field}");
            match tracking {
                Tracking::Check(tracked) => {
                    self.require(document, Kind::HealthCheck, &tracked.check, || {
                        pointer("check")
                    });
                }
                Tracking::Service(tracked) => {
                    self.require(document, Kind::Service, &tracked.service, || {
                        pointer("service")
                    });
                }
                Tracking::Interface(_) | Tracking::External(_) | Tracking::Swarm(_) => {}
            }
        }
        for (index, notification) in spec.notify.iter().enumerate() {
            self.require(document, Kind::Notifier, &notification.notifier, || {
                format!("/spec/notify/{index}/notifier")
            });
        }
    }

    pub(super) fn check_service_references(&mut self, document: &Document, spec: &ServiceSpec) {
        for (index, port) in spec.ports.iter().enumerate() {
            if let Some(OnlyOn::VipGroup(group)) = &port.only_on {
                self.require(document, Kind::VipGroup, group, || {
                    format!("/spec/ports/{index}/onlyOn/vipGroup")
                });
            }
        }
        for (index, attachment) in spec.networks.iter().enumerate() {
            if let NetworkReference::Network(network) = &attachment.network {
                self.require(document, Kind::Network, network, || {
                    format!("/spec/networks/{index}/network")
                });
            }
        }
        for (index, file) in spec.configs.iter().enumerate() {
            if let ConfigReference::Config(config) = &file.config {
                self.require(document, Kind::Config, config, || {
                    format!("/spec/configs/{index}/config")
                });
            }
        }
        for (index, file) in spec.secrets.iter().enumerate() {
            if let SecretReference::Secret(secret) = &file.secret {
                self.require(document, Kind::Secret, secret, || {
                    format!("/spec/secrets/{index}/secret")
                });
            }
        }
    }

    /// Reports a name that is declared nowhere; `pointer` says where it stands.
    fn require(
        &mut self,
        document: &Document,
        kind: Kind,
        name: &Name,
        pointer: impl FnOnce() -> String,
    ) {
        if self.declared.contains_key(&(kind, name)) || self.is_full() {
            return;
        }
        let candidates = self.declared.keys().filter(|(other, _)| *other == kind);
        let candidates = candidates.map(|(_, name)| name.as_str());
        let meant = Self::guess(&mut self.guesses, name.as_str(), candidates);
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
        let span = document.span(&pointer());
        self.report(Problem::error("unresolved-reference", span, message).help(help));
    }

    fn require_node(
        &mut self,
        document: &Document,
        name: &NodeName,
        pointer: impl FnOnce() -> String,
    ) {
        let KnownSwarm::Declared {
            document: declaring,
            resource,
        } = self.swarm
        else {
            return;
        };
        if self.nodes.contains_key(name) || self.is_full() {
            return;
        }
        let nodes = self.nodes.keys().map(|node| node.as_str());
        let meant = Self::guess(&mut self.guesses, name.as_str(), nodes);
        let help = match meant {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "list it there, or write `external:` for a router skep does not run".to_owned(),
        };
        let message = format!(
            "`{name}` is no node of the swarm `{}`",
            resource.metadata.name
        );
        self.report(
            Problem::error("unresolved-reference", document.span(&pointer()), message)
                .help(help)
                .related(
                    declaring.key_span("/spec/nodes"),
                    "the nodes are listed here",
                ),
        );
    }
}
