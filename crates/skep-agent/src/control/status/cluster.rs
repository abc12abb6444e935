//! The cluster as this agent sees it.

use std::collections::BTreeSet;

use skep_api::cluster::{ClusterStatus, NodeStatus, ServiceStatus};
use skep_api::status::{Holder, RouterStatus, VipGroupStatus};
use skep_manifest::desired::Declared;
use skep_manifest::name::NodeName;
use skep_manifest::service::ServiceSpec;
use skep_manifest::service::port::{Port, Protocol, PublishMode};
use skep_manifest::swarm::{Availability, Node, Role, SwarmSpec};
use skep_plan::observed::{Cluster as Swarm, Engine, Manager, Membership, NodeState};
use skep_vip::message::RouterReport;
use skep_vrrp::time::Instant;

use crate::control::cluster::{Cluster, managers};
use crate::control::desired::Accepted;
use crate::control::status::{Knowledge, age_ms, router, vip_groups};

/// The whole cluster, when the agent belongs to one and knows its desired state.
pub(super) fn status(known: &Knowledge<'_>, now: Instant) -> Option<ClusterStatus> {
    let (cluster, accepted) = (known.cluster?, known.desired.accepted()?);
    let declared = accepted.desired.swarm.as_ref()?;
    let swarm = known_swarm(cluster, &declared.spec, now);
    let leaderless_ms = cluster.leaderless_ms(now);
    let own = accepted.node.as_ref();
    let writer = own.and_then(|own| cluster.writer(&declared.spec, own, now));
    let nodes = declared.spec.nodes.iter();
    let groups = vip_groups(known, now);
    let services = &accepted.desired.services;
    let troubled = services.keys().filter_map(|name| {
        let service = swarm?.services.get(name.as_str())?;
        let trouble = service.trouble.as_ref()?;
        let lacks_tasks = service.tasks.running < service.tasks.desired;
        let (words, remedy) = (trouble.message(), trouble.remedy(name.as_str()));
        lacks_tasks.then(|| format!("service/{name}: {words} ({remedy})"))
    });
    let blocked = cluster.blocked().iter().map(|blocked| {
        format!(
            "{}: {} ({})",
            blocked.object, blocked.message, blocked.remedy
        )
    });
    Some(ClusterStatus {
        name: declared.metadata.name.to_string(),
        writer: writer.map(ToString::to_string),
        managers_reachable: match swarm {
            Some(swarm) => reachable(swarm),
            None => cluster.managers_answering(&declared.spec, own, now),
        },
        managers: managers(&declared.spec).len(),
        managers_listed: swarm.map(|swarm| manager_states(swarm).count()),
        leaderless_ms,
        nodes: nodes
            .map(|node| node_status(node, (cluster, &groups), accepted, now))
            .collect(),
        services: services
            .values()
            .map(|service| service_status(service, swarm))
            .collect(),
        blocked: blocked
            .chain(troubled)
            .chain(cluster.troubles().map(str::to_owned))
            .collect(),
        questions: cluster.questions(),
    })
}

/// The node that holds `group`, as the nodes themselves say.
pub(super) fn holder_by_peers(
    known: &Knowledge<'_>,
    cluster: &Cluster,
    group: &str,
    now: Instant,
) -> Option<Holder> {
    let accepted = known.desired.accepted()?;
    let swarm = accepted.desired.swarm.as_ref()?;
    let mut nodes = swarm.spec.nodes.iter().map(|node| &node.name);
    nodes.find_map(|node| {
        let (report, at) = cluster.peer(node)?;
        let heard_ms = age_ms(*at, now);
        let holds = heard_ms < FRESH_MS && held(&report.vip_groups).any(|held| held == group);
        holds.then(|| Holder {
            node: Some(node.to_string()),
            address: None,
            heard_ms,
        })
    })
}

/// What another node said about a group that it holds.
pub(super) struct OtherHolder {
    pub(super) node: String,
    /// For how many milliseconds it had held the group when it said so.
    pub(super) since_ms: u64,
    /// How many milliseconds ago that was.
    pub(super) age_ms: u64,
}

/// Which other nodes say that they hold `group`.
pub(super) fn holders_by_peers(
    known: &Knowledge<'_>,
    cluster: &Cluster,
    group: &str,
    now: Instant,
) -> Vec<OtherHolder> {
    let swarm = known
        .desired
        .accepted()
        .and_then(|accepted| accepted.desired.swarm.as_ref());
    let nodes = swarm.iter().flat_map(|swarm| &swarm.spec.nodes);
    let since = |node: &Node| {
        let (report, at) = cluster.peer(&node.name)?;
        let age = age_ms(*at, now);
        let mut groups = report.vip_groups.iter();
        let theirs = groups.find(|theirs| theirs.name == group)?;
        let mut routers = theirs.routers.iter();
        let holder = routers.find(|router| !router.holding.is_empty())?;
        (age < FRESH_MS).then(|| OtherHolder {
            node: node.name.to_string(),
            since_ms: holder.since_ms,
            age_ms: age,
        })
    };
    nodes.filter_map(since).collect()
}

/// The routers of the other nodes in the group and family of `report`, as their agents say.
pub(super) fn routers_by_peers<'a>(
    known: &Knowledge<'a>,
    report: &RouterReport,
    now: Instant,
) -> Vec<&'a RouterStatus> {
    let (Some(cluster), Some(accepted)) = (known.cluster, known.desired.accepted()) else {
        return Vec::new();
    };
    let swarm = accepted.desired.swarm.iter();
    let nodes = swarm.flat_map(|swarm| &swarm.spec.nodes);
    let peers = nodes.filter_map(|node| cluster.peer(&node.name));
    let fresh = peers.filter(|(_, at)| age_ms(*at, now) < FRESH_MS);
    let groups = fresh.flat_map(|(peer, _)| &peer.vip_groups);
    let routers = groups
        .filter(|group| group.name == report.key.group)
        .flat_map(|group| &group.routers);
    let family = router::family(report.key.family);
    routers.filter(|router| router.family == family).collect()
}

/// A peer's word about what it holds is good for this long.
pub(super) const FRESH_MS: u64 = 3_000;

/// The swarm as this node's engine tells it, or else as the first manager that was heard does; what
/// was said before the managers lost their leader is not how it is.
fn known_swarm<'a>(cluster: &'a Cluster, declared: &SwarmSpec, now: Instant) -> Option<&'a Swarm> {
    if cluster.leaderless_ms(now).is_some() {
        return None;
    }
    cluster.swarm().or_else(|| {
        let mut nodes = declared.nodes.iter();
        nodes.find_map(|node| cluster.told_by(&node.name))
    })
}

fn reachable(swarm: &Swarm) -> usize {
    let reachable = manager_states(swarm).filter(|manager| manager.reachable);
    reachable.count()
}

fn manager_states(swarm: &Swarm) -> impl Iterator<Item = Manager> + '_ {
    swarm.nodes.values().filter_map(|node| node.manager)
}

/// How `node` is, of a cluster where this node knows `groups`.
fn node_status(
    node: &Node,
    (cluster, groups): (&Cluster, &[VipGroupStatus]),
    accepted: &Accepted,
    now: Instant,
) -> NodeStatus {
    let is_here = accepted.node.as_ref() == Some(&node.name);
    let (agent, heard_ms, engine, holds) = if is_here {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        (
            Some(version),
            Some(0),
            Some(cluster.engine()),
            held(groups).collect(),
        )
    } else {
        let peer = cluster.peer(&node.name);
        let holds = peer.filter(|(_, at)| age_ms(*at, now) < FRESH_MS);
        (
            peer.map(|(report, _)| report.version.clone()),
            peer.map(|(_, at)| age_ms(*at, now)),
            peer.map(|(report, _)| report.engine.clone()),
            holds_elsewhere(
                &node.name,
                holds.map_or(&[], |(report, _)| &report.vip_groups),
                groups,
            ),
        )
    };
    let swarm = accepted
        .desired
        .swarm
        .as_ref()
        .and_then(|declared| known_swarm(cluster, &declared.spec, now));
    NodeStatus {
        name: node.name.to_string(),
        address: node.address.0,
        role: node.role.word().to_owned(),
        agent,
        heard_ms,
        engine: engine.map_or_else(
            || "unknown".to_owned(),
            |engine| engine_word(&engine, swarm),
        ),
        availability: match node.availability {
            Availability::Active => "active".to_owned(),
            Availability::Pause => "pause".to_owned(),
            Availability::Drain => "drain".to_owned(),
        },
        is_ordered: cluster.held().is_some_and(|held| {
            let ordered = &held.generation.kept.availability;
            ordered.contains_key(&node.name)
        }),
        holds,
    }
}

/// The groups that the other node `node` holds: those that it said so of, up to a few seconds ago,
/// and those that it is heard to advertise, of which it may not have said so yet.
fn holds_elsewhere(
    node: &NodeName,
    told: &[VipGroupStatus],
    groups: &[VipGroupStatus],
) -> Vec<String> {
    let is_heard = |group: &&VipGroupStatus| {
        let active = group.active.as_ref().and_then(|it| it.node.as_deref());
        active == Some(node.as_str())
    };
    let heard = groups
        .iter()
        .filter(is_heard)
        .map(|group| group.name.clone());
    let holds: BTreeSet<String> = held(told).chain(heard).collect();
    holds.into_iter().collect()
}

/// The groups that a node says it holds.
fn held(groups: &[VipGroupStatus]) -> impl Iterator<Item = String> + '_ {
    let holds = |group: &&VipGroupStatus| {
        group
            .routers
            .iter()
            .any(|router| !router.holding.is_empty())
    };
    groups.iter().filter(holds).map(|group| group.name.clone())
}

/// An engine's part in the swarm, in a word or two.
fn engine_word(engine: &Engine, swarm: Option<&Swarm>) -> String {
    match &engine.membership {
        Membership::Silent => "silent".to_owned(),
        Membership::Inactive => "up, no swarm".to_owned(),
        Membership::Pending => "joining".to_owned(),
        Membership::Error(message) => format!("error: {message}"),
        Membership::Locked => "locked".to_owned(),
        Membership::Active(active) => {
            let node = swarm.and_then(|swarm| swarm.nodes.get(&active.node_id));
            match node.map(|node| node.state) {
                None if active.role == Role::Manager => "up, no quorum".to_owned(),
                None | Some(NodeState::Ready) => "up".to_owned(),
                Some(NodeState::Down) => "down".to_owned(),
                Some(NodeState::Disconnected) => "disconnected".to_owned(),
                Some(NodeState::Unknown) => "unknown".to_owned(),
            }
        }
    }
}

fn service_status(service: &Declared<ServiceSpec>, swarm: Option<&Swarm>) -> ServiceStatus {
    let name = service.metadata.name.to_string();
    let found = swarm.map(|swarm| swarm.services.get(&name));
    let tasks = found.flatten().map(|service| service.tasks);
    ServiceStatus {
        image: service.spec.image.to_string(),
        running: found.map(|_| tasks.map_or(0, |tasks| tasks.running)),
        desired: tasks.map(|tasks| tasks.desired),
        ports: service.spec.ports.iter().map(port).collect(),
        name,
    }
}

/// `80->8080/tcp host`
fn port(port: &Port) -> String {
    let protocol = match port.protocol {
        Protocol::Tcp => "tcp",
        Protocol::Udp => "udp",
        Protocol::Sctp => "sctp",
    };
    let mode = match port.mode {
        PublishMode::Ingress => "ingress",
        PublishMode::Host => "host",
    };
    let published = port
        .published
        .map_or_else(|| "*".to_owned(), |published| published.to_string());
    format!("{published}->{}/{protocol} {mode}", port.target)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn group(name: &str, active: &Value, holding: &Value) -> VipGroupStatus {
        let group = json!({
            "name": name, "addresses": [], "members": [], "conditions": [],
            "active": active, "routers": holding,
        });
        serde_json::from_value(group).expect("a group")
    }

    #[test]
    fn a_node_holds_what_it_says_and_what_it_is_heard_to_advertise() {
        let by = |node: &str| json!({"node": node, "address": "10.0.0.60", "heardMs": 20});
        let heard = [
            group("egress", &by("cube01"), &json!([])),
            group("ingress", &by("cube02"), &json!([])),
            group("mail", &Value::Null, &json!([])),
        ];
        let holds = |node: &str| {
            let node: NodeName = node.parse().expect("a name");
            holds_elsewhere(&node, &[], &heard)
        };
        // It came back a moment ago: what it said last is from before.
        assert_eq!(holds("cube02"), ["ingress"]);
        assert_eq!(holds("cube03"), [""; 0]);
    }
}
