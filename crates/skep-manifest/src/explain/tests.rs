use serde_json::json;

use super::*;

fn field(path: &str) -> Explanation {
    explain(Kind::VipGroup, path.split('.')).expect("it is part of the language")
}

#[test]
fn every_field_of_every_kind_says_what_it_is_and_what_is_written() {
    let mut count = 0;
    for kind in Kind::ALL {
        let mut open: Vec<Vec<String>> = vec![Vec::new()];
        while let Some(path) = open.pop() {
            let found = explain(kind, path.iter().map(String::as_str)).expect("it was listed");
            let place = &found.path;
            assert!(
                !found.field.description.is_empty(),
                "{place} has no meaning"
            );
            let is_written = !found.field.form.is_empty() || !found.field.words.is_empty();
            assert!(is_written, "{place} is written in no way");
            count += 1;
            for name in found.fields.keys() {
                let step = if name == "*" { "any" } else { name };
                open.push(path.iter().cloned().chain([step.to_owned()]).collect());
            }
        }
    }
    assert!(count > 200, "only {count} fields found");
}

#[test]
fn a_list_stands_for_its_elements_and_a_choice_for_all_of_them() {
    let tracking = field("spec.tracking");
    assert_eq!(tracking.path, "VipGroup.spec.tracking");
    assert_eq!(tracking.field.form, "list of object");
    let names: Vec<&str> = tracking.fields.keys().map(String::as_str).collect();
    for name in ["check", "interface", "swarm", "effect", "weight"] {
        assert!(names.contains(&name), "{names:?}");
    }
    let peer = field("spec.transport.unicast.minimumTtl");
    assert_eq!(peer.field.form, "number");
    assert_eq!(peer.field.default, Some(json!(255)));
}

#[test]
fn case_does_not_count_and_words_are_listed_once_with_their_meaning() {
    let mode = field("SPEC.Authentication.HMAC.mode");
    assert_eq!(mode.path, "VipGroup.spec.authentication.hmac.mode");
    let words: Vec<&str> = mode
        .field
        .words
        .iter()
        .map(|one| one.word.as_str())
        .collect();
    assert_eq!(words, ["enforce", "permissive", "receiveOnly"]);
    let without: Vec<&Word> = mode
        .field
        .words
        .iter()
        .filter(|one| one.meaning.is_empty())
        .collect();
    assert_eq!(without, Vec::<&Word>::new());
}

#[test]
fn a_wrong_step_is_answered_with_what_is_there() {
    let check = |steps: &str, expected: &str| {
        let error = explain(Kind::VipGroup, steps.split('.')).expect_err("there is no such field");
        assert_eq!(error.to_string(), expected);
    };
    check(
        "spec.transport.anycast",
        "there is no `anycast` in VipGroup.spec.transport: one of multicast, unicast",
    );
    check(
        "spec.lease.unit",
        "there is no `unit` in VipGroup.spec.lease, which has no fields",
    );
}

/// Whatever a condition says, its reason is a value of this type: a list of all its values is a list
/// of all conditions that can be seen.
#[test]
fn every_reason_has_a_cause_and_a_remedy() {
    let reasons = reasons();
    for known in &reasons {
        let paragraphs: Vec<&str> = known.meaning.split("\n\n").collect();
        let [cause, remedy] = paragraphs[..] else {
            panic!("{} is not a cause and a remedy: {paragraphs:?}", known.word);
        };
        assert!(
            !cause.starts_with("Remedy") && cause.ends_with('.'),
            "{known:?}"
        );
        assert!(
            remedy.starts_with("Remedy: ") && remedy.ends_with('.'),
            "{known:?}"
        );
        let reason: Reason = serde_json::from_value(json!(known.word)).expect("it can be emitted");
        assert_eq!(format!("{reason:?}"), known.word);
    }
    // The schema lists what the compiler knows: the last one is the last.
    let last = reasons.last().expect("there are reasons");
    assert_eq!(last.word, format!("{:?}", Reason::NotificationsFailing));
    assert_eq!(reasons.len(), Reason::NotificationsFailing as usize + 1);
}
