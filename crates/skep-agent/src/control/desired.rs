//! The desired state of this agent: what it accepted and what it refuses.

use std::error::Error;

use skep_lint::finding::Finding;
use skep_lint::{Audience, lint_for};
use skep_linux::host::HostName;
use skep_manifest::desired::Desired;
use skep_manifest::name::NodeName;
use skep_manifest::parse::parse;
use skep_manifest::problem::Severity;
use skep_manifest::resolve::resolve;
use skep_manifest::set::{ManifestSet, Source};
use skep_plan::configure::configure;
use skep_vip::configuration::RouterConfiguration;
use skep_vrrp::time::Instant;

use crate::control::directory::Contents;

/// What the agent works towards and what it was last offered in vain.
pub(super) struct DesiredState {
    /// The names this node may have in a manifest, the preferred one first.
    names: Vec<NodeName>,
    accepted: Option<Accepted>,
    rejected: Option<Rejected>,
}

/// The set the agent works towards.
pub(super) struct Accepted {
    pub(super) generation: u64,
    pub(super) documents: usize,
    pub(super) at: Instant,
    pub(super) desired: Desired,
    /// The name this node has in the set.
    pub(super) node: Option<NodeName>,
    pub(super) routers: Vec<RouterConfiguration>,
}

/// A set that was refused.
pub(super) struct Rejected {
    pub(super) at: Instant,
    /// Why, a line each.
    pub(super) errors: Vec<String>,
}

/// A set that can be worked towards.
struct Understood {
    documents: usize,
    desired: Desired,
    node: Option<NodeName>,
    routers: Vec<RouterConfiguration>,
}

impl DesiredState {
    /// Nothing yet, for the node called `name` or else by its host name.
    pub(super) fn new(name: Option<NodeName>) -> Self {
        let names = name.map_or_else(host_names, |name| vec![name]);
        Self {
            names,
            accepted: None,
            rejected: None,
        }
    }

    pub(super) const fn accepted(&self) -> Option<&Accepted> {
        self.accepted.as_ref()
    }

    pub(super) const fn rejected(&self) -> Option<&Rejected> {
        self.rejected.as_ref()
    }

    /// The name a manifest has to use for this node.
    pub(super) fn node(&self) -> Option<&NodeName> {
        let accepted = self
            .accepted
            .as_ref()
            .and_then(|accepted| accepted.node.as_ref());
        accepted.or_else(|| self.names.first())
    }

    /// Takes what the source holds, or refuses it and stays with what was accepted; whether there
    /// is something new to work towards.
    pub(super) fn offer(&mut self, contents: Contents, now: Instant) -> bool {
        match self.understand(contents) {
            Ok(Understood {
                documents,
                desired,
                node,
                routers,
            }) => {
                let generation = self.accepted.as_ref().map_or(1, |last| last.generation + 1);
                tracing::info!(generation, documents, routers = routers.len(), "accepted");
                self.accepted = Some(Accepted {
                    generation,
                    documents,
                    at: now,
                    desired,
                    node,
                    routers,
                });
                self.rejected = None;
                true
            }
            Err(errors) => {
                for error in &errors {
                    tracing::warn!("rejected: {error}");
                }
                self.rejected = Some(Rejected { at: now, errors });
                false
            }
        }
    }

    fn understand(&self, contents: Contents) -> Result<Understood, Vec<String>> {
        let sources = contents.map_err(|error| vec![with_causes(&error)])?;
        self.refuse_sudden_emptiness(&sources)?;
        let set = parse(sources);
        let (desired, _linted) = resolve(&set);
        // Before its details: what a swarm implies is no mistake to be mended one by one.
        if let Some(swarm) = &desired.swarm {
            let at = format!("{}:{}", swarm.origin.file, swarm.origin.line);
            return Err(vec![format!(
                "{at}: this agent has no cluster.key, so it is standalone and forms no swarm: \
                 remove the Swarm document"
            )]);
        }
        refuse_errors(&set)?;
        let node = self
            .names
            .iter()
            .find(|name| is_member(&desired, name))
            .cloned();
        let routers = match &node {
            Some(node) => configure(&desired, node).map_err(|error| vec![with_causes(&error)])?,
            None => Vec::new(),
        };
        Ok(Understood {
            documents: set.documents.len(),
            desired,
            node,
            routers,
        })
    }

    /// A directory that lost every manifest at once is more often a mistake (an unmounted disk, a
    /// checkout that failed) than a wish to release everything.
    fn refuse_sudden_emptiness(&self, sources: &[Source]) -> Result<(), Vec<String>> {
        let runs_something = self
            .accepted
            .as_ref()
            .is_some_and(|last| last.documents > 0);
        if sources.is_empty() && runs_something {
            return Err(vec![
                "every manifest is gone: to release everything, stop the agent".to_owned(),
            ]);
        }
        Ok(())
    }
}

/// The names of this host that can stand in a manifest.
fn host_names() -> Vec<NodeName> {
    let HostName { full, short } = HostName::observe();
    let mut names: Vec<NodeName> = [full, short]
        .iter()
        .filter_map(|name| name.to_ascii_lowercase().parse().ok())
        .collect();
    names.dedup();
    names
}

fn is_member(desired: &Desired, node: &NodeName) -> bool {
    let mut groups = desired.vip_groups.values();
    groups.any(|group| group.members.iter().any(|member| member.name == *node))
}

fn refuse_errors(set: &ManifestSet) -> Result<(), Vec<String>> {
    let findings = lint_for(set, Audience::Agent);
    let errors: Vec<String> = findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error && finding.suppressed.is_none())
        .map(|finding| one_line(set, finding))
        .collect();
    if errors.is_empty() {
        Ok(())
    } else {
        Err(errors)
    }
}

fn one_line(set: &ManifestSet, finding: &Finding) -> String {
    let at = set.location(finding.span);
    let help = finding
        .help
        .as_deref()
        .map_or_else(String::new, |help| format!(" ({help})"));
    format!("{at}: {}{help}", finding.message)
}

/// The message of `error` with those of what caused it.
fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_swarm_is_refused_as_such_and_not_for_what_it_implies() {
        let text = "apiVersion: skep/v1\nkind: Swarm\nmetadata: {name: cube}\nspec:\n  nodes:\n    \
                    - {name: a, address: 10.0.0.60, role: manager}\n---\napiVersion: skep/v1\n\
                    kind: VipGroup\nmetadata: {name: ingress}\nspec:\n  virtualRouterId: 51\n  \
                    addresses: [10.0.0.70]\n  members: [a, b]\n";
        let source = Source {
            name: "skep.yaml".to_owned(),
            text: text.as_bytes().to_vec(),
        };
        let mut state = DesiredState::new(Some("a".parse().expect("a name")));
        assert!(!state.offer(Ok(vec![source]), Instant::default()));
        let errors = &state.rejected().expect("it is refused").errors;
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert!(
            errors[0].starts_with("skep.yaml:1: this agent has no cluster.key"),
            "{errors:?}"
        );
    }
}
