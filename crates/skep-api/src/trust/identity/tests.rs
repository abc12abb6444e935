use super::{Authority, Identity, IssueError, fingerprint};
use crate::trust::key::{ClusterKey, ClusterKeys};

const TEXT: &[u8] = b"# skep cluster.key, version 1
000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
";

/// RFC 5869 and RFC 8032 with this secret, computed by other implementations: agents of all
/// versions must derive the same authority.
const AUTHORITY_PUBLIC_KEY: [u8; 32] = [
    0x8c, 0x7f, 0x53, 0x6f, 0x2e, 0x0f, 0x8b, 0x27, 0x2d, 0x32, 0x29, 0x3b, 0x52, 0x30, 0x95, 0x1b,
    0xb0, 0x5c, 0x24, 0x9a, 0x5f, 0xc2, 0x2f, 0xea, 0x35, 0xfb, 0xdb, 0xd3, 0x13, 0x88, 0xec, 0x3c,
];

#[test]
fn the_authority_of_a_key_is_the_same_in_every_version() {
    let keys = ClusterKeys::parse(TEXT).unwrap();
    let authority = Authority::derive(keys.issuing()).unwrap();
    assert_eq!(authority.key.public_key_raw(), AUTHORITY_PUBLIC_KEY);
    assert_eq!(
        fingerprint(authority.key.public_key_raw()),
        "17cc32ff9ef969df"
    );
    assert_eq!(keys.issuing().fingerprint().0, "17cc32ff9ef969df");
}

#[test]
fn every_identity_has_a_private_key_of_its_own() {
    let keys = ClusterKeys::parse(TEXT).unwrap();
    let issue = || Identity::issue(&keys, &"cube01".parse().unwrap()).unwrap();
    let (one, other) = (issue(), issue());
    assert_ne!(one.certificate().cert, other.certificate().cert);
}

#[test]
fn a_node_whose_name_does_not_fit_gets_no_identity() {
    let keys = ClusterKey::generate().unwrap().into();
    let name = ["a"; 127].join(".");
    let error = Identity::issue(&keys, &name.parse().unwrap()).unwrap_err();
    assert!(matches!(error, IssueError::Name(_)), "{error}");
}

#[test]
fn debug_output_shows_the_node_and_no_key() {
    let keys = ClusterKeys::parse(TEXT).unwrap();
    let identity = Identity::issue(&keys, &"cube01".parse().unwrap()).unwrap();
    let shown = format!("{identity:?}");
    assert_eq!(shown, "Identity { node: NodeName(\"cube01\"), .. }");
}
