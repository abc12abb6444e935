//! Which nodes a lab has, and what its parts are called.

mod desired;

use std::collections::BTreeSet;
use std::net::IpAddr;

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

pub use desired::from_desired;

/// The longest name of a network interface.
const INTERFACE_LENGTH_MAX: usize = 15;
/// The longest name of a host, and of a lab, whose name becomes part of file names.
const NAME_LENGTH_MAX: usize = 63;

/// The nodes of a lab, all on one segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabPlan {
    /// What the lab is called; two labs with one name cannot exist at once.
    pub name: String,
    /// The nodes.
    pub nodes: Vec<LabNode>,
}

/// One node of a lab: a host with one network interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabNode {
    /// Its host name.
    pub name: String,
    /// Its address.
    pub address: IpAddr,
    /// The length of the address's prefix.
    pub prefix_length: u8,
    /// The name of its interface, such as `eth0`.
    pub interface: String,
}

impl LabPlan {
    /// Refuses what cannot become namespaces and interfaces.
    pub(crate) fn check(&self) -> Result<()> {
        check_name("lab", &self.name)?;
        let mut seen = BTreeSet::new();
        for LabNode {
            name,
            address,
            prefix_length,
            interface,
        } in &self.nodes
        {
            check_name("node", name)?;
            ensure!(seen.insert(name), "node `{name}` is named twice");
            let longest = if address.is_ipv4() { 32 } else { 128 };
            ensure!(
                *prefix_length <= longest,
                "node `{name}`: prefix length {prefix_length} is over {longest}"
            );
            let fits = (1..=INTERFACE_LENGTH_MAX).contains(&interface.len())
                && interface
                    .bytes()
                    .all(|byte| byte.is_ascii_graphic() && byte != b'/')
                && !["lo", ".", ".."].contains(&interface.as_str());
            ensure!(fits, "node `{name}`: `{interface}` is no interface name");
        }
        Ok(())
    }

    /// The place of a node in the plan.
    pub(crate) fn position(&self, node: &str) -> Result<usize> {
        let position = self.nodes.iter().position(|other| other.name == node);
        position.ok_or_else(|| {
            let known: Vec<_> = self.nodes.iter().map(|node| node.name.as_str()).collect();
            anyhow::anyhow!(
                "lab `{}` has no node `{node}`, it has {}",
                self.name,
                known.join(", ")
            )
        })
    }

    /// The namespace of a node.
    #[must_use]
    pub fn node_namespace(&self, node: &str) -> String {
        format!("skep-{}-{node}", self.name)
    }

    /// The namespace of the bridge. A node cannot have it, because it is not a host name.
    pub(crate) fn bridge_namespace(&self) -> String {
        format!("skep-{}-net_", self.name)
    }

    /// Every namespace of the lab.
    pub(crate) fn namespaces(&self) -> impl Iterator<Item = String> {
        self.nodes
            .iter()
            .map(|node| self.node_namespace(&node.name))
            .chain([self.bridge_namespace()])
    }
}

/// The bridge's end of the cable of the node at this place of the plan.
pub(crate) fn port(position: usize) -> String {
    format!("port{position}")
}

fn check_name(what: &str, name: &str) -> Result<()> {
    let letters = name
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
    let fits =
        letters && (1..=NAME_LENGTH_MAX).contains(&name.len()) && !name.starts_with(['-', '.']);
    ensure!(
        fits,
        "`{name}` is no {what} name: letters, digits, `-` and `.`, at most 63"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str, interface: &str) -> LabNode {
        LabNode {
            name: name.to_owned(),
            address: "10.0.0.60".parse().unwrap(),
            prefix_length: 24,
            interface: interface.to_owned(),
        }
    }

    fn check(name: &str, nodes: &[LabNode]) -> Result<(), String> {
        let plan = LabPlan {
            name: name.to_owned(),
            nodes: nodes.to_vec(),
        };
        plan.check().map_err(|error| error.to_string())
    }

    #[test]
    fn usual_names_pass() {
        assert_eq!(
            check(
                "cube",
                &[node("cube01", "eth0"), node("cube02.lan", "ens18")]
            ),
            Ok(())
        );
    }

    #[test]
    fn names_that_would_escape_their_directory_are_refused() {
        assert!(check("../etc", &[]).unwrap_err().contains("no lab name"));
        assert!(check("", &[]).is_err());
        assert!(
            check("cube", &[node("a/b", "eth0")])
                .unwrap_err()
                .contains("no node name")
        );
        assert!(
            check("cube", &[node("a", "eth/0")])
                .unwrap_err()
                .contains("no interface name")
        );
        assert!(check("cube", &[node("a", "an-interface-name")]).is_err());
        assert!(check("cube", &[node("a", "lo")]).is_err());
    }

    #[test]
    fn the_same_node_twice_is_refused() {
        let error = check("cube", &[node("a", "eth0"), node("a", "eth0")]).unwrap_err();
        assert!(error.contains("named twice"), "{error}");
    }

    #[test]
    fn an_unknown_node_is_answered_with_the_known_ones() {
        let plan = LabPlan {
            name: "cube".to_owned(),
            nodes: vec![node("a", "eth0")],
        };
        let error = plan.position("b").unwrap_err().to_string();
        assert_eq!(error, "lab `cube` has no node `b`, it has a");
    }
}
