//! Files as they are found on real hosts, one directory a set of nodes.

use std::collections::BTreeSet;
use std::fs;

use skep_keepalived::import::count;
use skep_keepalived::language::{self, Texts};
use skep_keepalived::ledger::Fate;
use skep_manifest::problem::Severity;

use crate::fixture::{Beside, directory, import_directory, ledger, lint, node_files, problems};

fn shapes() -> Vec<String> {
    let entries = fs::read_dir(directory("shapes")).expect("the fixtures are there");
    let names: BTreeSet<String> = entries
        .map(|entry| {
            entry
                .expect("it can be listed")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.into_iter().collect()
}

#[test]
fn every_shape_is_seen_as_it_was_reviewed() {
    let shapes = shapes();
    assert!(shapes.len() >= 30);
    for shape in shapes {
        let import = import_directory(&directory("shapes").join(&shape));
        let seen = format!(
            "{}\n{}\n{}",
            problems(&import),
            import.text,
            ledger(&import)
        );
        insta::assert_snapshot!(shape.as_str(), seen);
    }
}

#[test]
fn every_keyword_that_is_met_stands_in_the_ledger() {
    for set in ["seeds/000", "seeds/001", "seeds/002", "seeds/003"]
        .into_iter()
        .map(str::to_owned)
        .chain(shapes().iter().map(|shape| format!("shapes/{shape}")))
    {
        let directory = directory(&set);
        let import = import_directory(&directory);
        for file in node_files(&directory) {
            let id = file.node.as_str().to_owned();
            let mut texts = Texts::default();
            let statements =
                language::read(file.source, &id, &mut Beside(directory.clone()), &mut texts);
            let met = count(&statements);
            let entered = import
                .ledger
                .entries
                .iter()
                .filter(|entry| entry.node == file.node);
            assert!(
                entered.count() >= met,
                "{set}: {met} keywords\n{}",
                ledger(&import)
            );
        }
        // What is unknown or wrong is told as well; the rest has a reason.
        for entry in import.ledger.left_out() {
            if entry.fate == Fate::Unknown {
                assert!(
                    !import.texts.problems.is_empty(),
                    "{set}: {}",
                    entry.keyword
                );
            }
        }
    }
}

#[test]
fn what_has_no_errors_gives_a_manifest_without_errors() {
    for shape in shapes() {
        let import = import_directory(&directory("shapes").join(&shape));
        let problems_of_import = &import.texts.problems;
        if problems_of_import
            .iter()
            .all(|problem| problem.severity < Severity::Error)
        {
            assert_eq!(
                lint(&import, Severity::Error),
                "",
                "{shape}:\n{}",
                import.text
            );
        }
    }
}
