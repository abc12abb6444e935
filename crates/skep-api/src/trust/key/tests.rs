use skep_plan::rotation::Keyring;

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
    let third = ONE.replace("00", "77");
    check(&[ONE, OTHER, &third], Err(ArmourError::TooMany { line: 4 }));
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

/// Keys on their way from one to another.
fn on_the_way() -> [ClusterKeys; 4] {
    let old = ClusterKeys::from(ClusterKey::generate().unwrap());
    let knows = old.knowing(old.generate_next().unwrap()).unwrap();
    let speaks = knows.speaking().unwrap();
    let done = speaks.dropping().unwrap();
    [old, knows, speaks, done]
}

#[test]
fn keys_on_their_way_are_read_back_as_what_they_are() {
    for keys in on_the_way() {
        assert_eq!(ClusterKeys::parse(keys.armour().as_bytes()), Ok(keys));
    }
}

#[test]
fn each_step_changes_who_issues_or_who_is_trusted_and_what_was_made_is_opened_for_ever() {
    let [old, knows, speaks, done] = on_the_way();
    let (first, second) = (old.issuing(), speaks.issuing());
    assert_eq!(knows.issuing(), first);
    assert_eq!(knows.trusted().collect::<Vec<_>>(), [first, second]);
    assert_eq!(speaks.trusted().collect::<Vec<_>>(), [second, first]);
    assert_eq!(done.trusted().collect::<Vec<_>>(), [second]);
    assert_eq!(done.opening().collect::<Vec<_>>(), [second, first]);
    let sealed = old.value_keys().seal("hive");
    let named = old.naming_keys().next().unwrap();
    let stored = old.store_keys().next().unwrap();
    for keys in [&knows, &speaks, &done] {
        assert_eq!(keys.value_keys().open(&sealed).unwrap(), "hive");
        assert!(keys.naming_keys().any(|key| key == named));
        assert!(keys.store_keys().any(|key| key == stored));
    }
    let sealed = done.value_keys().seal("hive");
    assert!(old.value_keys().open(&sealed).is_err());

    let [key, new] = [first.fingerprint(), second.fingerprint()];
    assert_eq!(old.keyring(), Some(Keyring::One(key.clone())));
    let both = Keyring::Knows(key.clone(), new.clone());
    assert_eq!(knows.keyring(), Some(both));
    let both = Keyring::Speaks(new.clone(), key.clone());
    assert_eq!(speaks.keyring(), Some(both));
    assert_eq!(done.keyring(), Some(Keyring::One(new)));
    assert_eq!(done.trusted_one(&key), None);
    // No step can be taken twice, and none that was not begun.
    assert_eq!((old.speaking(), old.dropping()), (None, None));
    assert_eq!((knows.dropping(), speaks.speaking()), (None, None));
}

#[test]
fn a_key_that_was_dropped_never_comes_back_and_the_oldest_of_many_goes() {
    let [old, .., mut keys] = on_the_way();
    assert!(keys.knowing(old.issuing().clone()).is_err());
    for _rotation in 0..super::RETIRED_MAX {
        let next = keys.generate_next().unwrap();
        let done = keys.knowing(next).unwrap().speaking().unwrap();
        keys = done.dropping().unwrap();
        assert_eq!(
            ClusterKeys::parse(keys.armour().as_bytes()),
            Ok(keys.clone())
        );
    }
    assert_eq!(keys.opening().count(), 1 + super::RETIRED_MAX);
    assert!(keys.opening().all(|key| key != old.issuing()));
}

#[test]
fn what_a_key_is_to_the_first_is_said_by_one_word_before_it() {
    let [next, retired] = ["next", "retired"].map(|word| format!("{word} {OTHER}"));
    check(&[ONE, &next], Ok(2));
    check(&[ONE, &retired], Ok(1));
    check(&[&next, ONE], Err(ArmourError::NotAKey { line: 2 }));
    let former = format!("former {OTHER}");
    check(&[ONE, &former], Err(ArmourError::NotAKey { line: 3 }));
    check(
        &[ONE, OTHER, &retired],
        Err(ArmourError::Repeated { line: 4 }),
    );
    let unsaid = format!("{FIRST_LINE}\n{ONE}\n{OTHER}\n");
    assert_eq!(
        ClusterKeys::parse(unsaid.as_bytes()).unwrap().keyring(),
        None
    );
}
