//! Ports that two cannot have.

use std::collections::BTreeMap;

use crate::problem::Problem;
use crate::service::ServiceSpec;
use crate::service::network::Endpoint;
use crate::service::port::{Protocol, PublishMode};
use crate::set::Document;
use crate::span::Span;

/// The ports that services publish.
#[derive(Default)]
pub(in super::super) struct Ports<'a> {
    published: BTreeMap<(u16, Protocol), Vec<Published<'a>>>,
}

/// Who publishes a port.
struct Published<'a> {
    service: &'a Document,
    mode: PublishMode,
    span: Span,
}

impl<'a> Ports<'a> {
    pub(super) fn check(
        &mut self,
        document: &'a Document,
        spec: &ServiceSpec,
        problems: &mut Vec<Problem>,
    ) {
        for (index, port) in spec.ports.iter().enumerate() {
            let pointer = format!("/spec/ports/{index}");
            if spec.endpoint == Endpoint::Dnsrr && port.mode == PublishMode::Ingress {
                let message =
                    "the mesh needs the virtual address that `endpoint: dnsrr` does without";
                problems.push(
                    Problem::error("conflicting-fields", document.span(&pointer), message)
                        .help("publish the port with `mode: host`, or remove `endpoint`"),
                );
            }
            let Some(number) = port.published else {
                continue;
            };
            let published = Published {
                service: document,
                mode: port.mode,
                span: document.span(&format!("{pointer}/published")),
            };
            let others = self.published.entry((number, port.protocol)).or_default();
            if let Some(other) = others.iter().find(|other| published.clashes_with(other)) {
                let message = format!(
                    "port {number} is published by `{}` already",
                    other.service.object.name()
                );
                problems.push(
                    Problem::error("duplicate-port", published.span, message)
                        .help("give one of them another port")
                        .related(other.span, "published here"),
                );
            }
            others.push(published);
        }
    }
}

impl Published<'_> {
    /// On a node that runs only one of them, two services may have the same port for themselves.
    fn clashes_with(&self, other: &Self) -> bool {
        std::ptr::eq(self.service, other.service)
            || self.mode == PublishMode::Ingress
            || other.mode == PublishMode::Ingress
    }
}
