//! Any bytes as a file of keepalived that includes itself: an import ends, has every keyword in
//! its ledger, and prints what it made.
#![no_main]

use libfuzzer_sys::fuzz_target;
use skep_keepalived::import::{NodeFile, count, import};
use skep_keepalived::language::{self, Files, Include, Texts};
use skep_manifest::parse::parse;
use skep_manifest::set::Source;

struct Itself<'a>(&'a [u8]);

impl Files for Itself<'_> {
    fn include(&mut self, _: Include<'_>) -> Result<Vec<Source>, String> {
        Ok(vec![source(self.0)])
    }
}

fn source(text: &[u8]) -> Source {
    Source {
        name: "keepalived.conf".to_owned(),
        text: text.to_vec(),
    }
}

fuzz_target!(|text: &[u8]| {
    let node = "cube01".parse().expect("it is a name");
    let file = NodeFile {
        node,
        source: source(text),
    };
    let import = import(vec![file], &mut Itself(text));
    let statements = language::read(source(text), "cube01", &mut Itself(text), &mut Texts::default());
    assert!(import.ledger.entries.len() >= count(&statements));
    let printed = parse(vec![source(import.text.as_bytes())]);
    let objects: Vec<_> = printed.documents.into_iter().map(|document| document.object).collect();
    assert_eq!(objects, import.objects);
});
