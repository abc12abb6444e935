//! Which agent writes to the swarm.

use std::collections::BTreeMap;
use std::time::Duration;

use skep_manifest::name::NodeName;
use skep_plan::observed::Membership;

/// How long the agent of the Swarm leader may be silent before another one writes.
pub(super) const LEADER_SILENT: Duration = Duration::from_secs(10);

/// What one agent knows of another, or of itself.
pub(super) struct Candidate<'a> {
    /// How long ago it was heard.
    pub(super) silent: Duration,
    /// Its engine's part in the swarm.
    pub(super) membership: &'a Membership,
    /// Whether its engine leads the swarm.
    pub(super) leads: bool,
}

/// The agent of the Swarm leader, or, when that has not answered for [`LEADER_SILENT`], the first
/// manager of `order` whose agent answers and whose engine works as one.
///
/// Two agents may choose differently for a moment; every write is conditional, so that is harmless.
pub(super) fn writer<'a>(
    order: &'a [NodeName],
    candidates: &BTreeMap<NodeName, Candidate<'_>>,
) -> Option<&'a NodeName> {
    let answers = |name: &&NodeName| {
        candidates
            .get(*name)
            .is_some_and(|candidate| candidate.silent < LEADER_SILENT)
    };
    let leads = |name: &&NodeName| {
        candidates
            .get(*name)
            .is_some_and(|candidate| candidate.leads)
    };
    let manages = |name: &&NodeName| {
        candidates
            .get(*name)
            .is_some_and(|candidate| candidate.membership.is_manager())
    };
    let mut leaders = order.iter().filter(answers).filter(leads);
    leaders
        .next()
        .or_else(|| order.iter().filter(answers).find(manages))
}

#[cfg(test)]
mod tests {
    use skep_manifest::swarm::Role;
    use skep_plan::observed::Active;

    use super::*;

    /// Each candidate as (name, silent seconds, leads).
    fn check(candidates: &[(&str, u64, bool)], expected: Option<&str>) {
        let manager = Membership::Active(Active {
            swarm_id: Some("s".to_owned()),
            node_id: "n".to_owned(),
            advertised: None,
            role: Role::Manager,
        });
        let name = |name: &str| name.parse::<NodeName>().expect("a name");
        let order: Vec<NodeName> = ["a", "b", "c"].map(name).into();
        let candidates = candidates
            .iter()
            .map(|&(node, silent, leads)| {
                let silent = Duration::from_secs(silent);
                (
                    name(node),
                    Candidate {
                        silent,
                        membership: &manager,
                        leads,
                    },
                )
            })
            .collect();
        assert_eq!(writer(&order, &candidates), expected.map(name).as_ref());
    }

    #[test]
    fn the_agent_of_the_leader_writes() {
        check(
            &[("a", 0, false), ("b", 0, true), ("c", 0, false)],
            Some("b"),
        );
    }

    #[test]
    fn the_first_manager_that_answers_writes_when_the_leader_s_agent_is_silent() {
        check(
            &[("a", 0, false), ("b", 9, true), ("c", 0, false)],
            Some("b"),
        );
        check(
            &[("a", 0, false), ("b", 11, true), ("c", 0, false)],
            Some("a"),
        );
        check(
            &[("a", 11, false), ("b", 11, true), ("c", 0, false)],
            Some("c"),
        );
    }

    #[test]
    fn nobody_writes_when_nobody_answers() {
        check(&[("a", 11, true)], None);
        check(&[], None);
    }
}
