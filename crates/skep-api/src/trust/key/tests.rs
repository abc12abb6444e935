use super::{ArmourError, ClusterKey, ClusterKeys, FIRST_LINE};

const ONE: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const OTHER: &str = "FFeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100";

fn check(lines: &[&str], expected: Result<usize, ArmourError>) {
    let text = format!("{FIRST_LINE}\n{}", lines.join("\n"));
    let keys = ClusterKeys::parse(text.as_bytes()).map(|keys| keys.trusted().count());
    assert_eq!(keys, expected, "{lines:?}");
}

#[test]
fn a_new_key_is_read_back_from_its_text() {
    let key = ClusterKey::generate().unwrap();
    let keys = ClusterKeys::parse(key.armour().as_bytes()).unwrap();
    assert_eq!(keys.issuing(), &key);
    assert_eq!(keys.trusted().count(), 1);
    assert_ne!(ClusterKey::generate().unwrap(), key);
}

#[test]
fn the_first_line_says_what_the_file_is_and_what_it_gives() {
    let text = ClusterKey::generate().unwrap().armour();
    let first = text.lines().next().unwrap();
    assert!(first.contains("cluster.key") && first.contains("root on every node"));
}

#[test]
fn the_first_of_two_keys_issues_and_both_are_trusted() {
    let text = format!("{FIRST_LINE}\r\n\r\n# the new one\r\n{OTHER}\r\n  {ONE}\r\n");
    let keys = ClusterKeys::parse(text.as_bytes()).unwrap();
    assert_eq!(keys.issuing().0[..3], [0xff, 0xee, 0xdd]);
    assert_eq!(keys.trusted().nth(1).unwrap().0[..3], [0, 1, 2]);
}

#[test]
fn every_mistake_names_its_line() {
    check(&[ONE], Ok(1));
    check(&[ONE, OTHER], Ok(2));
    check(&[], Err(ArmourError::Empty));
    check(&["# only words", ""], Err(ArmourError::Empty));
    check(&[&ONE[1..]], Err(ArmourError::NotAKey { line: 2 }));
    check(&[ONE, "", "g"], Err(ArmourError::NotAKey { line: 4 }));
    check(
        &[&ONE.replace('0', "é")[..64]],
        Err(ArmourError::NotAKey { line: 2 }),
    );
    check(
        &[&ONE.replace("00", "+0")],
        Err(ArmourError::NotAKey { line: 2 }),
    );
    check(&[ONE, ONE], Err(ArmourError::Repeated { line: 3 }));
    check(&[ONE, OTHER, ONE], Err(ArmourError::TooMany { line: 4 }));
}

#[test]
fn a_text_without_the_mark_is_something_else() {
    for text in [ONE, "", "# skep cluster.key, version 2\n"] {
        let error = ClusterKeys::parse(text.as_bytes());
        assert_eq!(error, Err(ArmourError::NotMarked), "{text}");
    }
}

#[test]
fn neither_debug_output_nor_errors_show_the_secret() {
    let keys = ClusterKeys::parse(format!("{FIRST_LINE}\n{ONE}").as_bytes()).unwrap();
    assert!(!format!("{keys:?}").contains("0102"));
    let broken = format!("{FIRST_LINE}\n{ONE}ff");
    let error = ClusterKeys::parse(broken.as_bytes()).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("0102"));
}

/// RFC 5869 §2 with this secret and salt, computed by a second implementation: another version
/// must derive the same.
#[test]
fn derivation_is_the_same_in_every_version() {
    let keys = ClusterKeys::parse(format!("{FIRST_LINE}\n{ONE}").as_bytes()).unwrap();
    let derived = keys.issuing().derive(b"a purpose");
    assert_eq!(derived, DERIVED);
    assert_ne!(keys.issuing().derive(b"another purpose"), derived);
}

const DERIVED: [u8; 32] = [
    0x96, 0x4e, 0xa2, 0xb8, 0xfc, 0xc0, 0x50, 0x30, 0xd0, 0x63, 0x35, 0xe0, 0x14, 0xf2, 0xfb, 0x39,
    0x9c, 0x03, 0xd7, 0xd3, 0x11, 0x40, 0x6f, 0x4d, 0xaa, 0xcc, 0x89, 0x99, 0x5a, 0xaa, 0xed, 0xe5,
];
