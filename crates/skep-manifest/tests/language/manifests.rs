//! The manifests that must be understood: the whole language, the seeds, the everyday cases.

use crate::fixture::{compare, read_all, report};
use skep_manifest::parse::parse;
use skep_manifest::resolve::resolve;

#[test]
fn every_everyday_manifest_is_understood_and_resolves() {
    let everyday = read_all("manifests")
        .into_iter()
        .filter(|file| file.name != "language.yaml");
    for source in everyday {
        let name = source.name.clone();
        let set = parse(vec![source]);
        let (_, problems) = resolve(&set);
        assert_eq!(
            report(&set, &[set.problems.as_slice(), &problems].concat()),
            "",
            "{name}"
        );
        assert!(!set.documents.is_empty(), "{name}");
    }
}

#[test]
fn the_whole_language_has_only_the_conflicts_it_shows_on_purpose() {
    let language = read_all("manifests")
        .into_iter()
        .find(|file| file.name == "language.yaml");
    let set = parse(vec![language.expect("the language is described")]);
    let (_, problems) = resolve(&set);
    let found = report(&set, &[set.problems.as_slice(), &problems].concat());
    compare("manifests/language.expected", &found);
}
