//! From manifests to what this node has to do, or to the reasons why they cannot be used.

use std::error::Error;
use std::net::UdpSocket;

use skep_lint::finding::Finding;
use skep_lint::{Audience, lint_for};
use skep_linux::host::HostName;
use skep_manifest::desired::{Desired, VipGroup};
use skep_manifest::fill::{self, Written};
use skep_manifest::name::NodeName;
use skep_manifest::problem::Severity;
use skep_manifest::resolve::resolve;
use skep_manifest::set::{ManifestSet, Source};
use skep_manifest::vip_group::tracking::Tracking;

use crate::control::sealing::{Opening, open};

/// Whether the agent belongs to a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// No `cluster.key`: no Docker, no peers.
    Standalone,
    /// It shares a `cluster.key` with its peers.
    Clustered,
}

impl Mode {
    /// What people call it.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Standalone => "standalone",
            Self::Clustered => "part of a cluster",
        }
    }
}

/// A set that can be worked towards.
pub(super) struct Understood {
    pub(super) documents: usize,
    pub(super) desired: Desired,
    /// The name this node has in the set.
    pub(super) node: Option<NodeName>,
}

/// What `sources` mean for the node that goes by one of `names`, or why they cannot be used, a
/// line each.
pub(super) fn understand(
    sources: Vec<Source>,
    mode: Mode,
    names: &[NodeName],
    opening: &Opening,
) -> Result<Understood, Vec<String>> {
    let set = open(sources, opening)?;
    let (desired, _linted) = resolve(&set);
    match mode {
        // Before its details: what a swarm implies is no mistake to be mended one by one.
        Mode::Standalone => {
            refuse_swarm(&desired)?;
            refuse_tracked_services(&desired)?;
            refuse_errors(&set)?;
        }
        // After them: a Swarm that cannot be read is not one that is missing.
        Mode::Clustered => {
            refuse_errors(&set)?;
            require_swarm(&desired)?;
        }
    }
    refuse_unread(&set)?;
    let node = own_name(&desired, names)?;
    Ok(Understood {
        documents: set.documents.len(),
        desired,
        node,
    })
}

/// The names of this host that can stand in a manifest, the preferred one first.
pub(super) fn host_names() -> Vec<NodeName> {
    let HostName { full, short } = HostName::observe();
    let mut names: Vec<NodeName> = [full, short]
        .iter()
        .filter_map(|name| name.to_ascii_lowercase().parse().ok())
        .collect();
    names.dedup();
    names
}

/// The message of `error` with those of what caused it.
pub(super) fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
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

/// Only whoever submitted a set could read what lies beside it.
fn refuse_unread(set: &ManifestSet) -> Result<(), Vec<String>> {
    let values = fill::unread(set).into_iter().map(|unread| unread.at);
    let stacks = fill::unread_stacks(set).into_iter().map(|unread| unread.at);
    let line = |at: Written| {
        let at = set.location(at.span);
        format!("{at}: the value was not read by who submitted this (submit with `skep apply`)")
    };
    let lines: Vec<String> = values.chain(stacks).map(line).collect();
    if lines.is_empty() { Ok(()) } else { Err(lines) }
}

fn one_line(set: &ManifestSet, finding: &Finding) -> String {
    let at = set.location(finding.span);
    let help = finding
        .help
        .as_deref()
        .map_or_else(String::new, |help| format!(" ({help})"));
    format!("{at}: {}{help}", finding.message)
}

fn refuse_swarm(desired: &Desired) -> Result<(), Vec<String>> {
    let Some(swarm) = &desired.swarm else {
        return Ok(());
    };
    Err(vec![format!(
        "{}:{}: this agent has no cluster.key, so it is standalone and forms no swarm (remove the \
         Swarm document, or make a key with `skep keygen` and copy it to every node)",
        swarm.origin.file, swarm.origin.line
    )])
}

/// Without an engine nothing would ever be known of them.
fn refuse_tracked_services(desired: &Desired) -> Result<(), Vec<String>> {
    let tracks = |group: &&VipGroup| {
        let mut tracking = group.tracking.iter();
        tracking.any(|it| matches!(it, Tracking::Service(_) | Tracking::External(_)))
    };
    let groups = desired.vip_groups.values().filter(tracks);
    let errors = groups.map(|group| {
        let place = &group.declared.origin;
        format!(
            "{}:{}: this agent has no cluster.key, so it asks no engine for tasks (track a \
             HealthCheck of a port of the service)",
            place.file, place.line
        )
    });
    let errors: Vec<String> = errors.collect();
    if errors.is_empty() {
        Ok(())
    } else {
        Err(errors)
    }
}

fn require_swarm(desired: &Desired) -> Result<(), Vec<String>> {
    if desired.swarm.is_some() {
        return Ok(());
    }
    Err(vec![
        "no Swarm is declared, and this agent has a cluster.key, so it belongs to a cluster \
         (declare the Swarm, or remove the key to run standalone)"
            .to_owned(),
    ])
}

/// The name this node has in `desired`: one of `names`, or that of the node whose address is ours.
fn own_name(desired: &Desired, names: &[NodeName]) -> Result<Option<NodeName>, Vec<String>> {
    let mut by_name = names.iter().filter(|name| is_named(desired, name));
    match (by_name.next(), by_name.next()) {
        (Some(first), Some(second)) => Err(vec![format!(
            "this host is called {first} and {second}, and both stand in the manifest: start its \
             agent with --node and the one that it is"
        )]),
        (Some(name), None) => Ok(Some(name.clone())),
        (None, _) => {
            let mut nodes = desired.swarm.iter().flat_map(|swarm| &swarm.spec.nodes);
            let node = nodes.find(|node| is_local(node.address.0));
            Ok(node.map(|node| node.name.clone()))
        }
    }
}

fn is_named(desired: &Desired, name: &NodeName) -> bool {
    let mut nodes = desired.swarm.iter().flat_map(|swarm| &swarm.spec.nodes);
    let mut members = desired.vip_groups.values().flat_map(|group| &group.members);
    nodes.any(|node| node.name == *name) || members.any(|member| member.name == *name)
}

/// Whether `address` is one of this host's: only those can be bound.
pub(super) fn is_local(address: std::net::IpAddr) -> bool {
    UdpSocket::bind((address, 0)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SWARM: &str = "apiVersion: skep/v1
kind: Swarm
metadata: {name: cube}
spec:
  nodes:
    - {name: a, address: 10.0.0.60, role: manager}
";
    const GROUP: &str = "apiVersion: skep/v1
kind: VipGroup
metadata: {name: ingress}
spec:
  virtualRouterId: 51
  addresses: [10.0.0.70]
  members: [a]
";

    /// The errors of understanding `text` on node `a`.
    fn errors(text: &str, mode: Mode) -> Vec<String> {
        match understood(text, mode, &["a"]) {
            Ok(_) => Vec::new(),
            Err(errors) => errors,
        }
    }

    /// What `text` means on a host of these names.
    fn understood(text: &str, mode: Mode, names: &[&str]) -> Result<Understood, Vec<String>> {
        let text = text.as_bytes().to_vec();
        let source = Source {
            name: "skep.yaml".to_owned(),
            text,
        };
        let names = names.iter().map(|name| name.parse().expect("a name"));
        let names: Vec<NodeName> = names.collect();
        understand(vec![source], mode, &names, &Opening::Nobody)
    }

    #[test]
    fn a_host_is_found_by_either_of_its_names_and_not_by_both() {
        let names = ["a.lab.example", "a"];
        let name_in = |text: &str| {
            let understood = understood(text, Mode::Clustered, &names)?;
            Ok::<_, Vec<String>>(understood.node.map(|node| node.to_string()))
        };
        assert_eq!(name_in(SWARM), Ok(Some("a".to_owned())));
        let full = SWARM.replace("name: a,", "name: a.lab.example,");
        assert_eq!(name_in(&full), Ok(Some("a.lab.example".to_owned())));
        let both = "    - {name: a.lab.example, address: 10.0.0.61, role: worker}\n";
        let errors = name_in(&format!("{SWARM}{both}")).expect_err("two nodes");
        let expected = "this host is called a.lab.example and a, and both stand in the manifest";
        assert!(errors[0].starts_with(expected), "{errors:?}");
    }

    #[test]
    fn a_swarm_is_refused_as_such_and_not_for_what_it_implies() {
        let errors = errors(&format!("{SWARM}---\n{GROUP}"), Mode::Standalone);
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert!(
            errors[0].starts_with("skep.yaml:1: this agent has no cluster.key"),
            "{errors:?}"
        );
    }

    #[test]
    fn a_service_is_tracked_only_where_an_engine_is_asked() {
        let tracking = format!("{GROUP}  tracking: [{{external: {{service: web}}}}]\n");
        let alone = errors(&tracking, Mode::Standalone);
        assert!(alone[0].contains("it asks no engine"), "{alone:?}");
        let clustered = errors(&format!("{tracking}---\n{SWARM}"), Mode::Clustered);
        assert_eq!(clustered, Vec::<String>::new());
    }

    #[test]
    fn a_cluster_without_a_swarm_says_what_is_missing_and_a_broken_one_what_is_broken() {
        let config = "apiVersion: skep/v1\nkind: HealthCheck\nmetadata: {name: a}\nspec: {tcp: {port: 80}}\n";
        let missing = errors(config, Mode::Clustered);
        assert!(
            missing[0].starts_with("no Swarm is declared"),
            "{missing:?}"
        );
        let broken = errors(&SWARM.replace("nodes:", "nods:"), Mode::Clustered);
        assert!(
            broken.iter().any(|error| error.contains("nods")),
            "{broken:?}"
        );
        assert_eq!(errors(SWARM, Mode::Clustered), Vec::<String>::new());
    }
}
