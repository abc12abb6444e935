//! What is wrong with single nodes.

use std::collections::{BTreeMap, BTreeSet};

use skep_manifest::name::NodeName;
use skep_manifest::service::image::Image;
use skep_manifest::swarm::Availability;

use super::{Asked, Facts, Finding, Protocol, Seen, Severity, Subject};
use crate::observed::Membership;

/// Clocks may be this far apart: signed advertisements are good for as long, unless the manifest
/// says otherwise.
const CLOCKS_APART_MAX_MS: u64 = 5_000;

/// What is wrong with each node, and what its nodes do not agree about.
pub(super) fn findings(asked: &Asked, seen: &Seen) -> Vec<Finding> {
    let facts = || {
        let visits = seen.visits.iter();
        visits.map(|(name, visit)| (name, &visit.facts))
    };
    let mut findings: Vec<Finding> = facts()
        .flat_map(|(name, facts)| of_node(asked, name, facts))
        .collect();
    findings.extend(clocks(seen));
    findings.extend(versions(
        (Subject::Agent, "agents"),
        facts().map(|(name, facts)| (name, Some(&facts.agent))),
    ));
    findings.extend(versions(
        (Subject::Engine, "engines"),
        facts().map(|(name, facts)| (name, facts.engine_version.as_ref().ok())),
    ));
    findings.extend(images(asked, seen));
    findings
}

fn of_node(asked: &Asked, name: &NodeName, facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut problem = |subject, message: String, remedy: String| {
        findings.push(Finding {
            severity: Severity::Problem,
            subject,
            nodes: vec![name.clone()],
            path: None,
            message,
            remedy,
        });
    };
    for address in &facts.missing_addresses {
        problem(
            Subject::Address,
            format!("{address} is no address of {name}"),
            format!("correct the address of {name} in the manifest, or add it to the node"),
        );
    }
    if let Err(why) = &facts.engine_version {
        problem(
            Subject::Engine,
            format!("the engine of {name} does not answer: {why}"),
            format!("`systemctl status docker` on {name} says why"),
        );
    }
    let is_foreign = matches!(facts.engine.membership, Membership::Active(_))
        && facts.engine.remembers.is_none()
        && !asked.adopts;
    if is_foreign {
        problem(
            Subject::Engine,
            format!("the engine of {name} is in a swarm that skep does not know"),
            format!(
                "`docker swarm leave` on {name} if nobody needs that swarm, or take it over with \
                 `Swarm.spec.adopt`"
            ),
        );
    }
    if facts.is_free() {
        for taken in &facts.taken {
            let (way, why) = (taken.way, &taken.why);
            problem(
                Subject::Engine,
                format!("{way} on {name} is not free for its engine: {why}"),
                format!("`ss -lntup` on {name} says which program has it; end that one"),
            );
        }
    } else if facts
        .taken
        .iter()
        .any(|taken| taken.way.protocol == Protocol::Udp)
    {
        findings.push(Finding {
            severity: Severity::Note,
            subject: Subject::Network,
            nodes: vec![name.clone()],
            path: None,
            message: format!(
                "the engine of {name} is in a swarm and has its UDP ports: what arrives there was \
                 not tried"
            ),
            remedy: "containers on different nodes that reach each other by an overlay network \
                     prove it"
                .to_owned(),
        });
    }
    findings
}

impl Facts {
    /// Whether the engine is in no swarm, so that nobody but the agent should have its ports.
    const fn is_free(&self) -> bool {
        match self.engine.membership {
            Membership::Silent | Membership::Inactive => true,
            Membership::Pending
            | Membership::Error(_)
            | Membership::Locked
            | Membership::Active(_) => false,
        }
    }
}

/// The nodes whose clocks are far from where most are.
fn clocks(seen: &Seen) -> Vec<Finding> {
    let visits = seen.visits.iter();
    let mut ahead: Vec<(i64, &NodeName)> = visits
        .map(|(name, visit)| (visit.clock_ahead_ms, name))
        .collect();
    ahead.sort_unstable();
    // The lower one of two: which of them is right cannot be told.
    let Some((middle, _)) = ahead.get(ahead.len().saturating_sub(1) / 2).copied() else {
        return Vec::new();
    };
    let far = ahead
        .into_iter()
        .filter(|(ahead, _)| ahead.abs_diff(middle) > CLOCKS_APART_MAX_MS);
    far.map(|(ahead, name)| {
        let seconds = ahead.abs_diff(middle) / 1_000;
        let side = if ahead > middle { "ahead of" } else { "behind" };
        Finding {
            severity: Severity::Problem,
            subject: Subject::Clock,
            nodes: vec![name.clone()],
            path: None,
            message: format!("the clock of {name} is {seconds} s {side} the others'"),
            remedy: format!("let {name} follow a time server, such as with chrony"),
        }
    })
    .collect()
}

/// That nodes run different versions of something.
fn versions<'a>(
    (subject, what): (Subject, &str),
    all: impl Iterator<Item = (&'a NodeName, Option<&'a String>)>,
) -> Option<Finding> {
    let mut by_version: BTreeMap<&String, Vec<NodeName>> = BTreeMap::new();
    for (name, version) in all {
        if let Some(version) = version {
            by_version.entry(version).or_default().push(name.clone());
        }
    }
    if by_version.len() < 2 {
        return None;
    }
    let told = by_version
        .iter()
        .map(|(version, nodes)| format!("{version} on {}", list(nodes)));
    let told: Vec<String> = told.collect();
    Some(Finding {
        severity: Severity::Note,
        subject,
        nodes: by_version.into_values().flatten().collect(),
        path: None,
        message: format!("the {what} are of different versions: {}", told.join("; ")),
        remedy: "it works while you update; do not leave it like that".to_owned(),
    })
}

/// The images that nodes which get tasks would have to pull.
fn images(asked: &Asked, seen: &Seen) -> Vec<Finding> {
    let mut missing: BTreeMap<&Image, BTreeSet<&NodeName>> = BTreeMap::new();
    for (name, visit) in &seen.visits {
        let node = asked.node(name);
        if node.is_some_and(|node| node.availability == Availability::Active) {
            for image in &visit.facts.missing_images {
                missing.entry(image).or_default().insert(name);
            }
        }
    }
    let finding = |(image, nodes): (&Image, BTreeSet<&NodeName>)| {
        let nodes: Vec<NodeName> = nodes.into_iter().cloned().collect();
        Finding {
            severity: Severity::Note,
            subject: Subject::Image,
            path: None,
            message: format!("the image {image} is not on {}", list(&nodes)),
            remedy: format!(
                "nothing if {} answers there: it is pulled when a task starts; otherwise `docker \
                 pull` or `docker load` it",
                image.registry()
            ),
            nodes,
        }
    };
    missing.into_iter().map(finding).collect()
}

fn list(nodes: &[NodeName]) -> String {
    let names: Vec<&str> = nodes.iter().map(NodeName::as_str).collect();
    names.join(", ")
}
