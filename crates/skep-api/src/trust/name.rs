//! The name that a certificate gives a node: `NODE.nodes.skep.internal`.

use rustls::pki_types::{CertificateDer, DnsName};
use skep_manifest::name::NodeName;

/// `.internal` is reserved for private use: no public authority issues for it.
const SUFFIX: &str = ".nodes.skep.internal";

/// A node whose name leaves no room for the suffix.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the name of node `{node}` is too long for a certificate: at most {} characters", 253 - SUFFIX.len())]
pub struct NameTooLong {
    /// The node.
    pub node: NodeName,
}

/// The name of `node` in its certificate.
pub(crate) fn certified_name(node: &NodeName) -> Result<DnsName<'static>, NameTooLong> {
    // A node's name consists of valid labels: only the length can be wrong.
    DnsName::try_from(format!("{node}{SUFFIX}"))
        .map_err(|_too_long| NameTooLong { node: node.clone() })
}

/// The node that `certificate` names, when it names exactly one and nothing else.
pub(crate) fn node_of(certificate: &CertificateDer<'_>) -> Option<NodeName> {
    let certificate = webpki::EndEntityCert::try_from(certificate).ok()?;
    let mut names = certificate.valid_dns_names();
    let name = names.next()?.strip_suffix(SUFFIX)?;
    if names.next().is_some() {
        return None;
    }
    name.parse().ok()
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};
    use skep_manifest::name::NodeName;

    use super::{certified_name, node_of};

    /// The node that a certificate with these names is read as.
    fn check(names: &[&str], expected: Option<&str>) {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let key = KeyPair::generate().unwrap();
        let parameters = CertificateParams::new(names.clone()).unwrap();
        let certificate = parameters.self_signed(&key).unwrap();
        let expected = expected.map(|node| node.parse().unwrap());
        assert_eq!(node_of(certificate.der()), expected, "{names:?}");
    }

    #[test]
    fn a_certificate_names_exactly_one_node() {
        check(&["cube01.nodes.skep.internal"], Some("cube01"));
        check(
            &["cube01.example.com.nodes.skep.internal"],
            Some("cube01.example.com"),
        );
        check(&[], None);
        check(&["cube01"], None);
        check(&["nodes.skep.internal"], None);
        check(&["cube01.operators.skep.internal"], None);
        check(&["*.nodes.skep.internal"], None);
        check(&["CUBE01.nodes.skep.internal"], None);
        check(&["10.0.0.60"], None);
        check(
            &["cube01.nodes.skep.internal", "cube02.nodes.skep.internal"],
            None,
        );
        check(&["cube01.nodes.skep.internal", "example.com"], None);
    }

    #[test]
    fn bytes_that_are_no_certificate_name_nobody() {
        assert_eq!(node_of(&b"\x30\x82\xff\xff"[..].into()), None);
    }

    #[test]
    fn a_name_that_leaves_no_room_is_refused() {
        let label = "a".repeat(58);
        let longest: NodeName = [&label[..]; 4].join(".")[..233].parse().unwrap();
        assert!(certified_name(&longest).is_ok());
        let node: NodeName = format!("a{longest}").parse().unwrap();
        let error = certified_name(&node).unwrap_err().to_string();
        assert!(error.ends_with("at most 233 characters"), "{error}");
    }
}
