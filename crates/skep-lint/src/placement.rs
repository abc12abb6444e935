//! On which nodes of a manifest a service's tasks may run, as far as the manifest knows.

use skep_manifest::address::{Address, Subnet};
use skep_manifest::service::placement::{Comparison, Constraint, ConstraintSubject};
use skep_manifest::swarm::{Node, Role};

/// The nodes for which none of the constraints is known to fail.
pub(crate) fn candidates<'a>(nodes: &'a [Node], constraints: &[Constraint]) -> Vec<&'a Node> {
    let fits = |node: &&Node| {
        let mut constraints = constraints.iter();
        constraints.all(|constraint| may_match(constraint, node))
    };
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

/// Whether a constraint holds for a node, or may hold because it asks for what no manifest says.
///
/// As in swarmkit: values are compared without regard to case, a label that is missing is empty.
pub(crate) fn may_match(constraint: &Constraint, node: &Node) -> bool {
    let value = constraint.value.as_str();
    let is_equal = match &constraint.subject {
        ConstraintSubject::Id
        | ConstraintSubject::Os
        | ConstraintSubject::Architecture
        | ConstraintSubject::EngineLabel(_) => return true,
        ConstraintSubject::Hostname => match same_host(node.name.as_str(), value) {
            SameHost::Yes => true,
            SameHost::No => false,
            SameHost::Perhaps => return true,
        },
        ConstraintSubject::Role => role_name(node.role).eq_ignore_ascii_case(value),
        ConstraintSubject::Ip => is_address_in(node.address, value),
        ConstraintSubject::NodeLabel(key) => node
            .labels
            .get(key)
            .is_some_and(|label| label.eq_ignore_ascii_case(value)),
    };
    match constraint.comparison {
        Comparison::Equal => is_equal,
        Comparison::NotEqual => !is_equal,
    }
}

/// The role as constraints write it.
pub(crate) const fn role_name(role: Role) -> &'static str {
    match role {
        Role::Manager => "manager",
        Role::Worker => "worker",
    }
}

enum SameHost {
    Yes,
    No,
    Perhaps,
}

/// The manifest may name a node by its short name while the engine knows the full one, and the
/// other way round.
fn same_host(node: &str, value: &str) -> SameHost {
    let short = |name: &str| {
        let (short, _) = name.split_once('.').unwrap_or((name, ""));
        short.to_ascii_lowercase()
    };
    if node.eq_ignore_ascii_case(value) {
        SameHost::Yes
    } else if node.contains('.') != value.contains('.') && short(node) == short(value) {
        SameHost::Perhaps
    } else {
        SameHost::No
    }
}

fn is_address_in(address: Address, value: &str) -> bool {
    match value.parse::<Subnet>() {
        Ok(subnet) => subnet.contains(address.0),
        Err(_) => value.parse() == Ok(address),
    }
}
