//! Objects as text again.

use crate::fixture::{read_all, report};
use skep_manifest::parse::parse;
use skep_manifest::set::Source;

#[test]
fn every_object_reads_the_same_after_printing() {
    for source in read_all("manifests").into_iter().chain(read_all("broken")) {
        let name = source.name.clone();
        for document in parse(vec![source]).documents {
            let printed = document.object.to_yaml();
            let again = Source {
                name: name.clone(),
                text: printed.clone().into_bytes(),
            };
            let set = parse(vec![again]);
            let found = report(&set, &set.problems);
            let objects: Vec<_> = set.documents.into_iter().map(|one| one.object).collect();
            if found.is_empty() {
                assert_eq!(objects, [document.object], "{name}:\n{printed}");
            } else {
                // An object that was read in spite of a mistake is printed with it.
                let mistakes = ["conflicting-fields", "missing-choice", "longer than 40"];
                assert!(
                    mistakes.iter().any(|mistake| found.contains(mistake)),
                    "{found}"
                );
            }
        }
    }
}

#[test]
fn an_object_is_printed_as_its_author_would_write_it() {
    let text = "\
apiVersion: skep/v1
kind: VipGroup
metadata:
  name: home
spec:
  virtualRouterId: 51
  addresses:
  - 192.168.1.20
  - address: 10.0.0.2/24
    interface: eth1
  members:
  - pi1
  - node: pi2
    priority: 90
  tracking:
  - check: haproxy
";
    let set = parse(vec![Source {
        name: "home.yaml".to_owned(),
        text: text.into(),
    }]);
    assert_eq!(report(&set, &set.problems), "");
    assert_eq!(set.documents[0].object.to_yaml(), text);
    assert_eq!(
        set.documents[0].object.to_json()["spec"]["members"][0],
        "pi1"
    );
}
