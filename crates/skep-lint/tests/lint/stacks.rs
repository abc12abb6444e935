use skep_lint::lint;
use skep_lint::render::human::{self, Colour};
use skep_lint::render::{github, json, junit, sarif};

use crate::support::written;

#[test]
fn what_is_wrong_with_a_compose_file_stands_in_every_report() {
    let set = written(
        "\
apiVersion: skep/v1
kind: Swarm
metadata: {name: home}
spec: {nodes: [{name: pi1, address: 192.168.1.21, role: manager}]}
---
apiVersion: skep/v1
kind: Stack
metadata: {name: shop}
spec: {compose: {value: \"services: {web: {image: 'nginx:1.27', links: [db]}}\"}}
",
    );
    let findings = lint(&set);
    for report in [
        human::render(&set, &findings, Colour::Never),
        json::render(&set, &findings),
        sarif::render(&set, &findings),
        github::render(&set, &findings),
        junit::render(&set, &findings),
    ] {
        assert!(report.contains("compose-unsupported"), "{report}");
        assert!(report.contains("stack/shop"), "{report}");
    }
}
