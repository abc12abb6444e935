//! Objects as text again.

#[path = "support/fixture.rs"]
mod fixture;

use fixture::{read_all, report};
use skep_manifest::parse::parse;
use skep_manifest::set::Source;

#[test]
fn every_object_reads_the_same_after_printing() {
    for source in read_all("manifests").into_iter().chain(read_all("broken")) {
        let name = source.name.clone();
        for document in parse(vec![source]).documents {
            let printed = serde_yaml::to_string(&document.object.to_document()).expect("prints");
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
                // An object that was read in spite of a conflict is printed with it.
                assert!(
                    found.contains("conflicting") || found.contains("long"),
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
    let document = set.documents[0].object.to_document();
    let printed = serde_yaml::to_string(&document).expect("prints");
    assert_eq!(printed, text);
}
