//! The files of the four articles.

use crate::fixture::{directory, ids, import_directory, ledger, lint, problems};
use skep_manifest::problem::Severity;

fn check(seed: &str, expected: &[&str]) {
    let import = import_directory(&directory("seeds").join(seed));
    let found: Vec<&str> = ids(&import).into_iter().collect();
    assert_eq!(found, expected, "{}", problems(&import));
    let seen = format!(
        "{}\n{}\n{}\n{}",
        problems(&import),
        import.text,
        ledger(&import),
        lint(&import, Severity::Warning)
    );
    insta::assert_snapshot!(format!("seed-{seed}"), seen);
}

#[test]
fn seed_000_has_three_owners_and_a_placeholder() {
    check(
        "000",
        &["no-address", "priority-255-twice", "template-placeholder"],
    );
}

#[test]
fn seed_001_comes_over_as_it_is() {
    check("001", &[]);
}

#[test]
fn seed_002_is_explained() {
    check(
        "002",
        &[
            "equal-priorities",
            "missing-value",
            "password-truncated",
            "shell-in-script",
        ],
    );
}

#[test]
fn seed_003_comes_over_with_the_password_that_is_sent() {
    check("003", &["password-truncated"]);
}
