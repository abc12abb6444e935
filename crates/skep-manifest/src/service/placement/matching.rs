//! Whether a node is what constraints ask for, as far as a manifest knows.

use super::{Comparison, Constraint, ConstraintSubject};
use crate::address::{Address, Subnet};
use crate::swarm::Node;

/// Whether none of `constraints` is known to fail for `node`.
#[must_use]
pub fn may_match(constraints: &[Constraint], node: &Node) -> bool {
    let mut constraints = constraints.iter();
    constraints.all(|constraint| constraint.may_match(node))
}

impl Constraint {
    /// Whether it holds for `node`, or may hold because it asks for what no manifest says.
    ///
    /// As in swarmkit: values are compared without regard to case, a label that is missing is empty.
    #[must_use]
    pub fn may_match(&self, node: &Node) -> bool {
        let value = self.value.as_str();
        let is_equal = match &self.subject {
            ConstraintSubject::Id
            | ConstraintSubject::Os
            | ConstraintSubject::Architecture
            | ConstraintSubject::EngineLabel(_) => return true,
            ConstraintSubject::Hostname => match same_host(node.name.as_str(), value) {
                SameHost::Yes => true,
                SameHost::No => false,
                SameHost::Perhaps => return true,
            },
            ConstraintSubject::Role => node.role.word().eq_ignore_ascii_case(value),
            ConstraintSubject::Ip => is_address_in(node.address, value),
            ConstraintSubject::NodeLabel(key) => node
                .labels
                .get(key)
                .is_some_and(|label| label.eq_ignore_ascii_case(value)),
        };
        match self.comparison {
            Comparison::Equal => is_equal,
            Comparison::NotEqual => !is_equal,
        }
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
