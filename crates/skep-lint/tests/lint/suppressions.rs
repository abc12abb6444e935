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
