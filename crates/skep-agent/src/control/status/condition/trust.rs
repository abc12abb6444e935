//! What is wrong with what an agent proves itself with.

use std::time::Duration;

use skep_api::trust::certificate::NodeCertificate;
use skep_manifest::condition::{Condition, ConditionStatus, ConditionType, Reason};
use skep_manifest::swarm::Role;
use skep_vrrp::time::Instant;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::wall_time;
use crate::control::ClusterOptions;
use crate::control::cluster::{Cluster, Store, own_node};
use crate::control::desired::{Accepted, DesiredState};

/// How long before its end a certificate is told to end: whoever looks once in a month sees it.
const SOON: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// What a node has to be told that has a certificate in place of the cluster's key.
pub(super) fn of_certificate(
    cluster: Option<&Cluster>,
    accepted: Option<&Accepted>,
    now: Instant,
) -> Vec<Condition> {
    let Some(certificate) = cluster.and_then(Cluster::certificate) else {
        return Vec::new();
    };
    let generation = accepted.map_or(0, |accepted| accepted.generation);
    let condition = |(condition_type, reason, message)| Condition {
        condition_type,
        status: ConditionStatus::True,
        reason,
        message,
        last_transition_time: wall_time(now, now),
        observed_generation: generation,
    };
    let is_manager = accepted
        .and_then(own_node)
        .is_some_and(|node| node.role == Role::Manager);
    let keyless = is_manager.then(|| {
        let message = "it shall be a manager and has a certificate in place of the cluster's key: \
                       copy the key of another manager here, or declare it as worker";
        (
            ConditionType::Stalled,
            Reason::KeyMissing,
            message.to_owned(),
        )
    });
    let ends = ends(certificate, OffsetDateTime::now_utc());
    keyless.into_iter().chain(ends).map(condition).collect()
}

/// That other agents call this node by a name that it does not prove: it was found by its address.
pub(super) fn of_name(state: &DesiredState, now: Instant) -> Option<Condition> {
    let accepted = state.accepted()?;
    let (proven, declared) = state.unproven_name()?;
    Some(Condition {
        condition_type: ConditionType::Stalled,
        status: ConditionStatus::True,
        reason: Reason::NotAMember,
        message: format!(
            "the manifest gives this host's address to {declared}, and it proves to be {proven}: \
             no other agent takes it for {declared} (start it with `--node {declared}`, or call the \
             node {proven} in the manifest)"
        ),
        last_transition_time: wall_time(accepted.at, now),
        observed_generation: accepted.generation,
    })
}

/// That a node without the cluster's key was one of a cluster.
pub(in crate::control::status) fn of_lost_key(
    options: &ClusterOptions,
    generation: u64,
    now: Instant,
) -> Option<Condition> {
    let (key, state) = (options.key.display(), options.state.display());
    Store::is_of_cluster(&options.state).then(|| Condition {
        condition_type: ConditionType::Stalled,
        status: ConditionStatus::True,
        reason: Reason::KeyMissing,
        message: format!(
            "there is no cluster key at {key}, and {state} is of a node of a cluster: copy the key \
             of another node there and restart the agent; if this node shall be alone, remove {state}"
        ),
        last_transition_time: wall_time(now, now),
        observed_generation: generation,
    })
}

/// That `certificate` ends soon or has ended.
fn ends(
    certificate: &NodeCertificate,
    now: OffsetDateTime,
) -> Option<(ConditionType, Reason, String)> {
    let (until, node) = (certificate.until(), certificate.node());
    let at = until.format(&Rfc3339).unwrap_or_default();
    let remedy = format!(
        "make another with `skep keygen --node {node} --out FILE` where the cluster's key is, and \
         put it in place of this one: the agent takes it up"
    );
    if until <= now {
        let message = format!(
            "its certificate ended at {at}, so no other agent answers: it goes on with what it \
             knows ({remedy})"
        );
        return Some((ConditionType::Stalled, Reason::CertificateEnds, message));
    }
    (until - now <= SOON).then(|| {
        let message = format!("its certificate ends at {at} ({remedy})");
        (ConditionType::Degraded, Reason::CertificateEnds, message)
    })
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};

    use skep_api::trust::key::{ClusterKey, ClusterKeys};
    use skep_manifest::set::Source;
    use time::macros::datetime;

    use super::*;
    use crate::control::understand::Mode;

    #[test]
    fn a_node_that_is_found_by_its_address_says_which_name_it_proves_and_which_it_has() {
        let manifest = "apiVersion: skep/v1\nkind: Swarm\nmetadata: {name: cube}\nspec:\n  \
            nodes: [{name: cube04, address: 127.0.0.1, role: manager}]\n";
        let told = |name: &str| {
            let name = name.parse().expect("a name");
            let mut state = DesiredState::new(Some(name), Mode::Clustered);
            let source = Source {
                name: "skep.yaml".to_owned(),
                text: manifest.as_bytes().to_vec(),
            };
            let understood = state.understand(vec![source]).expect("it is whole");
            assert_eq!(
                understood.node.as_ref().map(|it| it.as_str()),
                Some("cube04")
            );
            let now = Instant::default();
            state.accept(1, None, understood, now);
            of_name(&state, now).map(|condition| condition.message)
        };
        assert_eq!(told("cube04"), None);
        let message = told("box").expect("others call it otherwise");
        assert!(
            message.contains("to cube04, and it proves to be box")
                && message.contains("`--node cube04`"),
            "{message}"
        );
    }

    #[test]
    fn the_end_of_a_certificate_is_told_a_month_before_and_when_it_came() {
        let keys = ClusterKeys::from(ClusterKey::generate().expect("random bytes"));
        let node = "cube04".parse().expect("a name");
        let until = datetime!(2030-06-30 12:00:00 UTC);
        let certificate = NodeCertificate::issue(&keys, &node, until).expect("issued");
        let told = |now| ends(&certificate, now).map(|(kind, _, message)| (kind, message));
        assert_eq!(told(datetime!(2030-05-31 11:59:00 UTC)), None);
        let (soon, message) = told(datetime!(2030-05-31 12:00:00 UTC)).expect("it ends");
        assert_eq!(soon, ConditionType::Degraded);
        assert!(message.starts_with("its certificate ends at 2030-06-30T12:00:00Z"));
        assert!(
            message.contains("`skep keygen --node cube04 --out FILE`"),
            "{message}"
        );
        let (over, message) = told(until).expect("it ended");
        assert_eq!(over, ConditionType::Stalled);
        assert!(message.starts_with("its certificate ended at"), "{message}");
    }

    #[test]
    fn a_node_of_a_cluster_that_lost_its_key_says_so_and_one_that_is_alone_does_not() {
        let directory = tempfile::tempdir().expect("a directory");
        let options = ClusterOptions {
            key: directory.path().join("cluster.key"),
            state: directory.path().to_owned(),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            docker: directory.path().join("docker.sock"),
        };
        let told = || of_lost_key(&options, 1, Instant::default());
        assert_eq!(told(), None);
        let store = Store::open(&options.state).expect("opened");
        store.keep_moves(&[]).expect("kept");
        assert_eq!(told(), None, "who is alone moves groups too");
        std::fs::write(options.state.join("generation.json"), "{}").expect("written");
        let condition = told().expect("it is told");
        assert_eq!(condition.reason, Reason::KeyMissing);
        assert!(
            condition.message.contains("cluster.key, and"),
            "{condition:?}"
        );
        store.forget().expect("it left the cluster");
        assert_eq!(told(), None);
    }
}
