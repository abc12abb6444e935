use skep_lint::{Audience, lint, lint_for};

use crate::support::{standing, written};

const TWO_MANAGERS: &str = "\
apiVersion: skep/v1
kind: Swarm
metadata: {name: home}
spec:
  nodes: # skep: ignore[even-number-of-managers] the third one arrives in May
    - {name: pi1, address: 192.168.1.21, role: manager}
    - {name: pi2, address: 192.168.1.22, role: manager}
";

#[test]
fn a_suppressed_finding_is_marked_with_the_reason_and_kept() {
    let findings = lint(&written(TWO_MANAGERS));
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].rule, "even-number-of-managers");
    assert_eq!(
        findings[0].suppressed.as_deref(),
        Some("the third one arrives in May")
    );
}

#[test]
fn an_error_of_the_reader_is_never_suppressed() {
    let broken = TWO_MANAGERS.replace(
        "role: manager}\n",
        "rolle: manager} # skep: ignore[unknown-field] I like it\n",
    );
    let set = written(&broken);
    let found = standing(&lint(&set)).to_vec();
    assert!(found.contains(&"unknown-field"), "{found:?}");
    assert!(found.contains(&"unused-suppression"), "{found:?}");
}

#[test]
fn a_key_of_a_compose_file_that_counts_for_nothing_may_stay_where_somebody_says_so() {
    let stack = |comment: &str| {
        format!(
            "{TWO_MANAGERS}---
apiVersion: skep/v1
kind: Stack
metadata: {{name: shop}}
spec:
  compose:
    value: |
      services:
        web:
          image: nginx:1.27
          depends_on: [db] {comment}
"
        )
    };
    let set = written(&stack(""));
    let findings = lint_for(&set, Audience::Agent);
    let places = findings
        .iter()
        .filter(|finding| finding.suppressed.is_none())
        .map(|finding| format!("{} {}", set.location(finding.span), finding.rule));
    assert_eq!(
        places.collect::<Vec<_>>(),
        ["manifest.yaml (stack/shop):4:5 compose-unsupported"]
    );
    let known = written(&stack(
        "# skep: ignore[compose-unsupported] it waits by itself",
    ));
    let standing = standing(&lint_for(&known, Audience::Agent)).len();
    assert_eq!(standing, 0);
}

#[test]
fn the_agent_heeds_no_suppression_of_what_it_cannot_do() {
    let group = "\
---
apiVersion: skep/v1
kind: VipGroup
metadata: {name: web}
spec:
  virtualRouterId: 51
  virtualMac: true # skep: ignore[not-supported-yet] later is early enough
  interface: eth0
  addresses: [192.168.1.30/24]
  members: [{node: pi1}, {node: pi2}]
";
    let set = written(&format!("{TWO_MANAGERS}{group}"));
    assert_eq!(
        standing(&lint_for(&set, Audience::Author)),
        Vec::<&str>::new()
    );
    assert_eq!(
        standing(&lint_for(&set, Audience::Agent)),
        ["not-supported-yet"]
    );
}

#[test]
fn a_comment_above_an_entry_learns_which_line_of_it_has_the_finding_and_is_kept() {
    let text = "apiVersion: skep/v1\nkind: VipGroup\nmetadata: {name: a}\nspec:\n  addresses: [10.0.0.70]\n  \
                members:\n    - {node: a, priority: 9}\n    # skep: ignore[equal-priorities] twins\n    \
                - node: b\n      priority: 9\n";
    let findings = lint(&written(text));
    let unused = findings.iter().find(|it| it.rule == "unused-suppression");
    let unused = unused.expect("it suppresses nothing");
    let help = unused.help.as_deref();
    assert_eq!(help, Some("put it above line 10, where the finding is"));
    assert!(unused.fix.is_empty(), "the reason would be lost");
}

#[test]
fn a_comment_for_a_warning_of_the_reader_is_not_told_that_it_cannot_be() {
    let text = TWO_MANAGERS.to_owned() + "# skep: ignore[empty-value] left for later\n";
    let findings = lint(&written(&text));
    let unused = findings.iter().find(|it| it.rule == "unused-suppression");
    let message = &unused.expect("it suppresses nothing").message;
    assert!(message.contains("finds nothing"), "{message}");
}

#[test]
fn a_name_that_nothing_has_is_one_mistake() {
    let text = "apiVersion: skep/v1\nkind: VipGroup\nmetadata: {name: a}\nspec: {interface: eth0, \
                virtualRouterId: 5, addresses: [10.0.0.70], members: [a, b], tracking: [{check: haproxi}]}\n\
                ---\napiVersion: skep/v1\nkind: HealthCheck\nmetadata: {name: haproxy}\n\
                spec: {listening: {port: 80}}\n";
    let findings = lint(&written(text));
    assert_eq!(standing(&findings), ["unresolved-reference"]);
}
