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
