//! Any bytes as a file of manifests: read, resolved and linted without a panic, with every finding
//! inside the text, and what is understood is printed as the same again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use skep_lint::finding::Finding;
use skep_lint::lint;
use skep_manifest::parse::parse;
use skep_manifest::set::{ManifestSet, Source};

/// What the reader, the resolution and 44 rules may find in each byte of a text, and in an empty
/// one: more is a finding that begets others.
const FINDINGS_PER_BYTE_MAX: usize = 4;
const FINDINGS_MAX: usize = 100;

fn read(text: &[u8]) -> ManifestSet {
    parse(vec![Source {
        name: "skep.yaml".to_owned(),
        text: text.to_vec(),
    }])
}

fuzz_target!(|text: &[u8]| {
    let set = read(text);
    let findings = lint(&set);
    assert!(findings.len() <= FINDINGS_MAX + text.len() * FINDINGS_PER_BYTE_MAX);
    findings.iter().for_each(|finding| check_places(&set, finding));
    for document in &set.documents {
        let printed = read(document.object.to_yaml().as_bytes());
        let objects: Vec<_> = printed.documents.iter().map(|printed| &printed.object).collect();
        assert_eq!(objects, [&document.object]);
    }
});

/// Everything a finding points at is inside its text, on the edges of its characters.
fn check_places(set: &ManifestSet, finding: &Finding) {
    let related = finding.related.iter().map(|(span, _)| *span);
    for span in related.chain([finding.span]) {
        let text = set.text(span.source).expect("it was read").text();
        assert!(text.get(span.start..span.end).is_some(), "{finding:?}");
    }
    assert!(!finding.message.is_empty());
}
