//! What a manifest knows of where tasks may run.

use skep_manifest::service::placement::{Constraint, ConstraintSubject};

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
