//! On which nodes of a manifest a service's tasks may run, as far as the manifest knows.

use skep_manifest::service::placement::{Constraint, ConstraintSubject, may_match};
use skep_manifest::swarm::Node;

/// The nodes for which none of the constraints is known to fail.
pub(crate) fn candidates<'a>(nodes: &'a [Node], constraints: &[Constraint]) -> Vec<&'a Node> {
    let fits = |node: &&Node| may_match(constraints, node);
    nodes.iter().filter(fits).collect()
}

/// Whether a manifest knows everything that the constraints ask for.
pub(crate) fn is_decidable(constraints: &[Constraint]) -> bool {
    constraints.iter().all(|it| match it.subject {
        ConstraintSubject::Id
        | ConstraintSubject::Os
        | ConstraintSubject::Architecture
        | ConstraintSubject::EngineLabel(_) => false,
        ConstraintSubject::Hostname
        | ConstraintSubject::Role
        | ConstraintSubject::Ip
        | ConstraintSubject::NodeLabel(_) => true,
    })
}
