//! What is told of members of VIP groups that do not hear each other.

use std::collections::BTreeSet;
use std::net::IpAddr;

use skep_manifest::name::NodeName;

use super::{Carrier, End, Finding, Try};
use crate::preflight::{Passage, Path, Severity, Subject};

/// Nothing passes between any of several.
pub(super) fn nobody(carrier: Carrier, tries: &[&Try<'_>]) -> Finding {
    let ends: BTreeSet<End<'_>> = tries.iter().map(|one| one.to).collect();
    let told: Vec<String> = ends.iter().map(End::told).collect();
    let told = told.join(", ");
    let (message, remedy) = match carrier.multicast {
        Some(group) => (
            format!(
                "VRRP passes between none of {told}: IP protocol 112 to {group} does not arrive"
            ),
            format!(
                "let IP protocol 112 to {group} pass in their firewalls, and multicast in the \
                 switches between them (IGMP or MLD snooping), or use `transport: {{unicast: {{}}}}`"
            ),
        ),
        None => (
            format!("VRRP passes between none of {told}: IP protocol 112 does not arrive"),
            "let IP protocol 112 pass between them, in their firewalls and on the way".to_owned(),
        ),
    };
    let nodes = ends.iter().map(|end| end.node.clone()).collect();
    finding(nodes, tries, message, remedy)
}

/// One hears none of several.
pub(super) fn deaf(lost: &[&Try<'_>]) -> Finding {
    let Try {
        to, destination, ..
    } = lost[0];
    let message = format!(
        "{} hears no VRRP from anybody: IP protocol 112 to {destination} does not arrive on {}",
        to.node, to.interface
    );
    let remedy = format!("let IP protocol 112 in on {} of {}", to.interface, to.node);
    finding(vec![to.node.clone()], lost, message, remedy)
}

/// One is heard by none of several.
pub(super) fn mute(lost: &[&Try<'_>]) -> Finding {
    let from = lost[0].from;
    let message = format!(
        "nobody hears VRRP from {}, but from others: IP protocol 112{} arrives nowhere",
        from.told(),
        from.sends_from()
    );
    let remedy = format!(
        "let IP protocol 112 out on {} of {}",
        from.interface, from.node
    );
    finding(vec![from.node.clone()], lost, message, remedy)
}

/// One does not hear one other, as far as is known.
pub(super) fn between(one: &Try<'_>) -> Finding {
    let (from, to) = (one.from, one.to);
    let message = format!(
        "{} hears no VRRP from {}: IP protocol 112 to {} does not arrive on {}",
        to.node, from.node, one.destination, to.interface
    );
    let remedy = format!(
        "let IP protocol 112 in on {} of {}{}, and out on {} of {}{}",
        to.interface,
        to.node,
        from.sends_from(),
        from.interface,
        from.node,
        one.carrier.otherwise()
    );
    let nodes = vec![to.node.clone(), from.node.clone()];
    finding(nodes, &[one], message, remedy)
}

/// A node does not let it out.
pub(super) fn kept(kept: &[&Try<'_>], why: &str) -> Finding {
    let from = kept[0].from;
    let to: BTreeSet<IpAddr> = kept.iter().map(|one| one.destination).collect();
    let to: Vec<String> = to.iter().map(ToString::to_string).collect();
    let message = format!(
        "{} cannot send VRRP: IP protocol 112 to {} does not leave on {}: {why}",
        from.node,
        to.join(", "),
        from.interface
    );
    let remedy = format!(
        "let IP protocol 112 out on {} of {}",
        from.interface, from.node
    );
    finding(vec![from.node.clone()], kept, message, remedy)
}

/// It arrives from an address that nobody listens to.
pub(super) fn disguised(one: &Try<'_>, source: IpAddr) -> Finding {
    let (from, to) = (one.from, one.to);
    let message = format!(
        "{} hears VRRP of {} from {source}, which the group does not know",
        to.node, from.node
    );
    let remedy = format!(
        "nothing between them may translate addresses; or give {} the address {source} in the group",
        from.node
    );
    let nodes = vec![from.node.clone(), to.node.clone()];
    finding(nodes, &[one], message, remedy)
}

/// It arrives from further away than is accepted.
pub(super) fn far(one: &Try<'_>, hop_limit: u8) -> Finding {
    let (from, to) = (one.from, one.to);
    let message = format!(
        "{} hears VRRP of {} with a TTL of {hop_limit} only and discards it",
        to.node, from.node
    );
    let remedy = format!(
        "let the members be in one network, or allow it: `transport: {{unicast: {{minimumTtl: \
         {hop_limit}}}}}`"
    );
    let nodes = vec![to.node.clone(), from.node.clone()];
    finding(nodes, &[one], message, remedy)
}

fn finding(nodes: Vec<NodeName>, tries: &[&Try<'_>], message: String, remedy: String) -> Finding {
    let from: BTreeSet<&NodeName> = tries.iter().map(|one| one.from.node).collect();
    let to: BTreeSet<&NodeName> = tries.iter().map(|one| one.to.node).collect();
    Finding {
        severity: Severity::Problem,
        subject: Subject::Network,
        nodes,
        path: Some(Path {
            from: from.into_iter().cloned().collect(),
            to: to.into_iter().cloned().collect(),
            way: Passage::Vrrp(tries[0].carrier),
        }),
        message,
        remedy,
    }
}

impl End<'_> {
    fn told(&self) -> String {
        format!("{} ({})", self.node, self.interface)
    }

    fn sends_from(&self) -> String {
        let source = self.source.map(|source| format!(" from {source}"));
        source.unwrap_or_default()
    }
}

impl Carrier {
    const fn otherwise(self) -> &'static str {
        match self.multicast {
            Some(_) => "; where multicast does not pass, use `transport: {unicast: {}}`",
            None => "",
        }
    }
}
