//! Any bytes as a file of keepalived that may include itself: an import ends, has every keyword in
//! its ledger, and prints what it made.
#![no_main]

use libfuzzer_sys::fuzz_target;
use skep_keepalived::import::{NodeFile, count, import};
use skep_keepalived::language::{self, Files, Include, Texts};
use skep_manifest::parse::parse;
use skep_manifest::set::Source;

/// How often a file includes itself: what the limit of includes holds is a test's affair, and an
/// iteration that runs into it is a thousand others.
const INCLUDES_MAX: usize = 2;

struct Itself<'a> {
    text: &'a [u8],
    left: usize,
}

impl<'a> Itself<'a> {
    const fn new(text: &'a [u8]) -> Self {
        Self {
            text,
            left: INCLUDES_MAX,
        }
    }
}

impl Files for Itself<'_> {
    fn include(&mut self, _: Include<'_>) -> Result<Vec<Source>, String> {
        let left = self.left.checked_sub(1).ok_or("it was included before")?;
        self.left = left;
        Ok(vec![source(self.text)])
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
    let import = import(vec![file], &mut Itself::new(text));
    let statements = language::read(source(text), "cube01", &mut Itself::new(text), &mut Texts::default());
    assert!(import.ledger.entries.len() >= count(&statements));
    let printed = parse(vec![source(import.text.as_bytes())]);
    let objects: Vec<_> = printed.documents.into_iter().map(|document| document.object).collect();
    assert_eq!(objects, import.objects);
});
