//! The name that a certificate gives a node: `NODE.nodes.skep.internal`, and what it says beside
//! that.

use rustls::pki_types::{CertificateDer, DnsName};
use skep_manifest::name::NodeName;

/// `.internal` is reserved for private use: no public authority issues for it.
const SUFFIX: &str = ".nodes.skep.internal";

/// A second name with this suffix says that the node has no cluster key. An agent that does not
/// know this believes a certificate of two names nothing.
const CERTIFIED_SUFFIX: &str = ".certified.skep.internal";

/// What a node's agent has to show for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The cluster's key, with which it could be any node.
    KeyHolder,
    /// A certificate that somebody with the key made for this node alone.
    Certified,
}

/// A node that proved to be at the other end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// Its name.
    pub node: NodeName,
    /// What it proved that with.
    pub standing: Standing,
}

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

/// The second name of `node` in a certificate that was made for it alone.
pub(crate) fn mark_of_certified(node: &NodeName) -> Result<DnsName<'static>, NameTooLong> {
    DnsName::try_from(format!("{node}{CERTIFIED_SUFFIX}"))
        .map_err(|_too_long| NameTooLong { node: node.clone() })
}

/// The node that is called `name` in a certificate.
pub(crate) fn node_called(name: &str) -> Option<&str> {
    name.strip_suffix(SUFFIX)
}

/// The node that `certificate` names, when it names exactly one and nothing else.
pub(crate) fn proven_by(certificate: &CertificateDer<'_>) -> Option<Proven> {
    let certificate = webpki::EndEntityCert::try_from(certificate).ok()?;
    let mut names = certificate.valid_dns_names();
    let name = node_called(names.next()?)?;
    let standing = match names.next() {
        None => Standing::KeyHolder,
        Some(mark) if mark.strip_suffix(CERTIFIED_SUFFIX) == Some(name) => Standing::Certified,
        Some(_) => return None,
    };
    if names.next().is_some() {
        return None;
    }
    let node = name.parse().ok()?;
    Some(Proven { node, standing })
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};
    use skep_manifest::name::NodeName;

    use super::{Proven, Standing, certified_name, proven_by};

    /// The node that a certificate with these names is read as, and that it has the key.
    fn check(names: &[&str], expected: Option<&str>) {
        check_standing(names, expected, Standing::KeyHolder);
    }

    fn check_standing(names: &[&str], expected: Option<&str>, standing: Standing) {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let key = KeyPair::generate().unwrap();
        let parameters = CertificateParams::new(names.clone()).unwrap();
        let certificate = parameters.self_signed(&key).unwrap();
        let expected = expected.map(|node| (node.parse().unwrap(), standing));
        let proven = proven_by(certificate.der());
        let proven = proven.map(|Proven { node, standing }| (node, standing));
        assert_eq!(proven, expected, "{names:?}");
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
    fn a_second_name_says_that_the_node_has_no_key() {
        let own = "cube01.nodes.skep.internal";
        let mark = "cube01.certified.skep.internal";
        check_standing(&[own, mark], Some("cube01"), Standing::Certified);
        check(&[mark], None);
        check(&[mark, own], None);
        check(&[own, mark, mark], None);
        check(&[own, "cube02.certified.skep.internal"], None);
    }

    #[test]
    fn bytes_that_are_no_certificate_name_nobody() {
        assert_eq!(proven_by(&b"\x30\x82\xff\xff"[..].into()), None);
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
