//! Broken manifests, one file per kind of mistake, and beside each what is said about it.

use crate::fixture::{compare, read_all, report};
use skep_manifest::parse::parse;
use skep_manifest::resolve::resolve;

#[test]
fn every_mistake_is_named_with_its_place_and_remedy() {
    for source in read_all("broken") {
        let expected = format!("broken/{}", source.name.replace(".yaml", ".expected"));
        let set = parse(vec![source]);
        let (_, problems) = resolve(&set);
        compare(
            &expected,
            &report(&set, &[set.problems.as_slice(), &problems].concat()),
        );
    }
}
