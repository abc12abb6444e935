//! Objects taken out of the text they stand in.

use std::collections::BTreeSet;

use crate::set::{Document, ManifestSet};

/// The text of the source `source` of `set` without the documents that `is_gone` picks. Every line
/// stays where it is, so what is said about the others stays true.
#[must_use]
pub fn without(set: &ManifestSet, source: usize, is_gone: impl Fn(&Document) -> bool) -> String {
    let Some(text) = set.sources.get(source).map(|source| source.text()) else {
        return String::new();
    };
    let starts = document_starts(text);
    let here = set.documents_of(source).iter();
    let gone: BTreeSet<usize> = here
        .filter(|document| is_gone(document))
        .map(|document| starts.partition_point(|start| *start <= document.whole().start) - 1)
        .collect();
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let mut left = String::with_capacity(text.len());
    for (index, (start, end)) in starts.iter().zip(ends).enumerate() {
        let stretch = text.get(*start..end).unwrap_or_default();
        if gone.contains(&index) {
            left.extend(stretch.chars().filter(|char| *char == '\n'));
        } else {
            left.push_str(stretch);
        }
    }
    left
}

/// Where each document of `text` begins: at the start, and at every line that is a marker.
fn document_starts(text: &str) -> Vec<usize> {
    let mut starts = vec![0];
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if at > 0 && is_marker(line) {
            starts.push(at);
        }
        at += line.len();
    }
    starts
}

/// YAML 1.2 §9.1.2: `---` begins a document and `...` ends one, wherever a line begins with them.
fn is_marker(line: &str) -> bool {
    let rest = line
        .strip_prefix("---")
        .or_else(|| line.strip_prefix("..."));
    rest.is_some_and(|rest| rest.chars().next().is_none_or(char::is_whitespace))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::parse;
    use crate::set::Source;

    fn check(name: &str) -> String {
        format!(
            "apiVersion: skep/v1\nkind: HealthCheck\nmetadata: {{name: {name}}}\nspec: {{tcp: {{port: 80}}}}\n"
        )
    }

    /// Takes every object of the name `b` out of `text`; what is left, and its objects by name with
    /// the lines they begin on.
    fn left(text: &str) -> (String, Vec<(String, usize)>) {
        let read = |text: &str| {
            parse(vec![Source {
                name: "skep.yaml".to_owned(),
                text: text.as_bytes().to_vec(),
            }])
        };
        let set = read(text);
        assert!(set.problems.is_empty(), "{:?}", set.problems);
        let left = without(&set, 0, |document| document.object.name().as_str() == "b");
        let again = read(&left);
        assert!(again.problems.is_empty(), "{left}: {:?}", again.problems);
        let objects = again.documents.iter().map(|document| {
            let line = again.location(document.whole()).line;
            (document.object.name().to_string(), line)
        });
        (left.clone(), objects.collect())
    }

    #[test]
    fn the_others_stay_on_their_lines() {
        let [a, b, c] = ["a", "b", "c"].map(check);
        let one = |name: &str, line| (name.to_owned(), line);
        for (text, expected) in [
            (b.clone(), vec![]),
            (format!("{a}---\n{b}"), vec![one("a", 1)]),
            (format!("{b}---\n{a}"), vec![one("a", 6)]),
            (
                format!("---\n{a}---\n# skep: ignore[x] y\n{b}--- # last\n{c}"),
                vec![one("a", 2), one("c", 13)],
            ),
            (format!("{a}...\n---\n{b}...\n---\n{c}"), vec![one("a", 1), one("c", 13)]),
            (format!("{b}...\n{c}"), vec![one("c", 6)]),
            (
                "--- {apiVersion: skep/v1, kind: HealthCheck, metadata: {name: b}, spec: {tcp: {port: 1}}}\n"
                    .to_owned(),
                vec![],
            ),
            (format!("{}---\r\n{}", a.replace('\n', "\r\n"), b.replace('\n', "\r\n")), vec![one("a", 1)]),
            (format!("{a}---\n{b}---\n{b}"), vec![one("a", 1)]),
        ] {
            let (left, objects) = left(&text);
            assert_eq!(objects, expected, "{text}");
            assert_eq!(left.matches('\n').count(), text.matches('\n').count());
            assert!(!left.contains("ignore"), "{left}");
        }
    }
}
