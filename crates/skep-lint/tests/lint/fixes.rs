use std::fs;
use std::path::PathBuf;

use skep_lint::fix::{Edit, fix};
use skep_lint::{lint, rule};
use skep_manifest::span::Span;

use crate::support::{path, read, standing, written};

/// `before` is corrected to `after`, and `after` is left as it is.
#[track_caller]
fn check(before: &str, after: &str) {
    let set = written(before);
    let fixed = fix(&set, &lint(&set));
    assert_eq!(fixed.refused, Vec::new());
    let text = fixed.texts.get(&0).map_or(before, String::as_str);
    assert_eq!(text, after);
    let set = written(after);
    assert_eq!(fix(&set, &lint(&set)).applied, 0, "{after}");
}

fn group(fields: &str) -> String {
    format!(
        "apiVersion: skep/v1\nkind: VipGroup\nmetadata: {{name: web}}\nspec:\n  virtualRouterId: 51\n  interface: eth0\n  members: [lb1, lb2] # both\n{fields}"
    )
}

#[test]
fn a_password_is_cut_to_what_is_sent() {
    let password = |password: &str| {
        group(&format!(
            "  version: 2\n  addresses: [10.0.0.70]\n  authentication: {{simple: {{password: {{value: {password}}}}}}} # old\n"
        ))
    };
    check(&password("mypassword"), &password("mypasswo"));
    check(&password("'mypassword'"), &password("mypasswo"));
    check(&password("a12345678"), &password("a1234567"));
    check(&password("\"1234567890\""), &password("\"12345678\""));
    check(&password("'my \"pass\\word'"), &password("\"my \\\"pass\""));
}

#[test]
fn what_is_listed_twice_is_listed_once() {
    check(
        &group("  addresses: [10.0.0.70,  10.0.0.71, 10.0.0.70] # three\n"),
        &group("  addresses: [10.0.0.70,  10.0.0.71] # three\n"),
    );
    check(
        &group(
            "  addresses:\n    - 10.0.0.70 # first\n    - 10.0.0.70\n    # the other\n    - 10.0.0.71\n",
        ),
        &group("  addresses:\n    - 10.0.0.70 # first\n    # the other\n    - 10.0.0.71\n"),
    );
    // The comment belongs to the entry and would be lost.
    let commented = group("  addresses:\n    - 10.0.0.70\n    - 10.0.0.70 # why?\n");
    check(&commented, &commented);
    // Which one is meant, nobody knows.
    let different = group("  addresses: [10.0.0.70, 10.0.0.70/24]\n");
    check(&different, &different);
    check(
        &group(
            "  addresses: [10.0.0.70]\n  tracking:\n    - interface: eth1\n    - interface: eth1\n",
        ),
        &group("  addresses: [10.0.0.70]\n  tracking:\n    - interface: eth1\n"),
    );
}

#[test]
fn a_comment_that_suppresses_nothing_goes() {
    let addresses = "  addresses: [10.0.0.70]\n";
    let clean = group(addresses);
    check(
        &group(&format!(
            "  # skep: ignore[equal-priorities] twins\n{addresses}"
        )),
        &clean,
    );
    check(
        &group("  addresses: [10.0.0.70]  # skep: ignore[equal-priorities, tracked-twice] twins\n"),
        &clean,
    );
    let used = "  # skep: ignore[setting-without-effect] later\n  checksum: {pseudoHeader: never}\n  version: 2\n";
    check(
        &group(&format!(
            "{addresses}  # skep: ignore[tracked-twice, setting-without-effect] later\n  checksum: {{pseudoHeader: never}}\n  version: 2\n"
        )),
        &group(&format!("{addresses}{used}")),
    );
    // A word nobody knows may be any rule: only its author can say which.
    let misspelled = group("  # skep: ignore[equal-prioritys] twins\n  addresses: [10.0.0.70]\n");
    check(&misspelled, &misspelled);
}

#[test]
fn quotes_come_and_go_where_the_type_needs_them() {
    let labelled = |label: &str| {
        format!(
            "apiVersion: skep/v1\nkind: VipGroup\nmetadata: {{name: web, labels: {{on-call: {label}}}}} # who\nspec: {{virtualRouterId: 51, interface: eth0, members: [lb1, lb2], addresses: [10.0.0.70]}}\n"
        )
    };
    check(&labelled("yes"), &labelled("\"yes\""));
    check(&labelled("12"), &labelled("\"12\""));
    check(
        &group("  addresses: [10.0.0.70]\n  trackInterface: yes\n"),
        &group("  addresses: [10.0.0.70]\n  trackInterface: true\n"),
    );
    check(
        &group("  addresses: [10.0.0.70]\n  preemption: {delay: \"1s\", enabled: off}\n"),
        &group("  addresses: [10.0.0.70]\n  preemption: {delay: \"1s\", enabled: false}\n"),
    );
}

#[test]
fn what_a_comment_suppresses_is_not_corrected() {
    let kept = group(
        "  version: 2\n  addresses: [10.0.0.70]\n  # skep: ignore[simple-password-too-long] as the others have it\n  authentication: {simple: {password: {value: mypassword}}}\n",
    );
    check(&kept, &kept);
}

#[test]
fn corrections_that_touch_each_other_wait_for_another_run() {
    let set = written(&group("  addresses: [10.0.0.70, 10.0.0.70, 10.0.0.70]\n"));
    let findings = lint(&set);
    let fixed = fix(&set, &findings);
    assert_eq!((fixed.applied, fixed.refused.len()), (1, 1));
    let set = written(&fixed.texts[&0]);
    let fixed = fix(&set, &lint(&set));
    assert_eq!((fixed.applied, fixed.refused.len()), (1, 0));
    assert_eq!(fixed.texts[&0], group("  addresses: [10.0.0.70]\n"));
}

#[test]
fn a_correction_that_leads_to_other_mistakes_is_refused() {
    let set = written(&group(
        "  version: 2\n  addresses: [10.0.0.70]\n  authentication: {simple: {password: {value: mypassword}}}\n",
    ));
    let mut findings = lint(&set);
    for broken in ["{", "[]", "12345678"] {
        let span = findings[0].span;
        findings[0].fix = vec![Edit {
            span,
            text: broken.to_owned(),
        }];
        let fixed = fix(&set, &findings);
        assert_eq!(fixed.refused.len(), 1, "{broken}");
        assert!(fixed.texts.is_empty(), "{broken}: {:?}", fixed.texts);
    }
}

#[test]
fn a_file_that_is_no_utf_8_is_left_alone() {
    let mut text = group("  addresses: [10.0.0.70, 10.0.0.70]\n# ").into_bytes();
    text.extend([0xff, b'\n']);
    let set = skep_manifest::parse::parse(vec![skep_manifest::set::Source {
        name: "manifest.yaml".to_owned(),
        text,
    }]);
    let fixed = fix(&set, &lint(&set));
    assert!(fixed.texts.is_empty());
    assert_eq!(fixed.refused.len(), 1);
}

/// Over everything that is known to be wrong: every correction removes its finding, a second run
/// has nothing to do, and no comment is lost but those that suppress nothing.
#[test]
fn corrections_are_complete_after_one_run_and_keep_the_comments() {
    let mut files: Vec<PathBuf> = rule::all()
        .iter()
        .map(|rule| path("tests/fixtures").join(rule.id).join("fails.yaml"))
        .collect();
    let broken = fs::read_dir(path("../skep-manifest/tests/fixtures/broken"));
    files.extend(
        broken
            .expect("the fixtures of the reader")
            .map(|entry| entry.expect("it can be read").path())
            .filter(|path| path.extension().is_some_and(|it| it == "yaml")),
    );
    let mut applied = 0;
    for file in files {
        // What is no text is said to be none, and is not corrected.
        if !fs::read(&file).is_ok_and(|bytes| str::from_utf8(&bytes).is_ok()) {
            continue;
        }
        let set = read(&file);
        let findings = lint(&set);
        let fixed = fix(&set, &findings);
        assert_eq!(fixed.refused, Vec::new(), "{}", file.display());
        let Some(text) = fixed.texts.get(&0) else {
            continue;
        };
        applied += fixed.applied;
        let after = written(text);
        let left = lint(&after);
        assert_eq!(fix(&after, &left).applied, 0, "{}", file.display());
        let comments = |text: &str| {
            let lines = text.lines().filter(|line| line.contains('#'));
            lines.filter(|line| !line.contains("skep:")).count()
        };
        assert_eq!(comments(set.sources[0].text()), comments(text));
        let idle = |found: Vec<&str>| {
            found
                .iter()
                .filter(|id| **id == "unused-suppression")
                .count()
        };
        assert!(idle(standing(&left)) <= idle(standing(&findings)));
    }
    assert!(applied >= 5, "only {applied} corrections in all fixtures");
}

#[test]
fn every_correction_stays_inside_of_its_source() {
    for rule in rule::all() {
        let set = read(&path("tests/fixtures").join(rule.id).join("fails.yaml"));
        for finding in lint(&set) {
            for Edit { span, .. } in finding.fix {
                let Span { start, end, source } = span;
                assert!(set.sources[source].text().get(start..end).is_some());
            }
        }
    }
}
