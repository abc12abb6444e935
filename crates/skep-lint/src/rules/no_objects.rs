//! A file declares nothing.
//!
//! ## What it does
//!
//! Looks for a file without a single document that says something: it is empty, or all of it is
//! comments.
//!
//! ## Why is this bad?
//!
//! A file that was emptied by mistake, or whose objects are all commented out, looks like one that is
//! right. What it declared before is removed when the others are applied with `--prune`, or fed by a
//! directory or a branch. When no file declares anything it is a warning, otherwise a note.
//!
//! ## Example
//!
//! ```yaml
//! # kind: Service
//! # metadata: {name: web}
//! ```
//!
//! Use instead:
//!
//! ```yaml
//! apiVersion: skep/v1
//! kind: Service
//! metadata: {name: web}
//! spec: {image: "nginx:1.27"}
//! ```

use skep_manifest::problem::Severity;
use skep_manifest::span::Span;

use crate::finding::Finding;
use crate::manifests::Manifests;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule {
    id: "no-objects",
    severity: Severity::Warning,
    source: include_str!("no_objects.rs"),
    inspect,
};

fn inspect(manifests: &Manifests<'_>, findings: &mut Vec<Finding>) {
    let set = manifests.set;
    let mut said = vec![false; set.sources.len()];
    let places = set.problems.iter().map(|problem| problem.span);
    let documents = set.documents.iter().map(|document| document.whole());
    for span in places.chain(documents) {
        if let Some(said) = said.get_mut(span.source) {
            *said = true;
        }
    }
    let severity = match set.documents.is_empty() {
        true => Severity::Warning,
        false => Severity::Note,
    };
    for (source, text) in set.sources.iter().enumerate() {
        if !said[source] {
            let start = Span {
                source,
                start: 0,
                end: 0,
            };
            let message = format!("there are no objects in `{}`", text.name());
            findings.push(
                Finding::new(&RULE, start, message)
                    .severity(severity)
                    .help("declare one, or remove the file"),
            );
        }
    }
}
