//! The manifest as a person would keep it: with comments that say where each line comes from.

use std::collections::{BTreeMap, BTreeSet};

use skep_manifest::parse::parse;
use skep_manifest::set::{ManifestSet, SOURCE_BYTES_MAX, Source};
use skep_manifest::span::Span;

use super::group::Document;
use super::model::Node;
use crate::language::Texts;
use crate::ledger::{Fate, Ledger};

/// What editors read to know the language; `skep schema` prints that file.
const MODELINE: &str = "# yaml-language-server: $schema=skep.v1.json\n";
/// The most lines about what is left out: with more, the ledger is the place to look.
const LEFT_OUT_MAX: usize = 50;

/// The manifest; nothing when it is more than what is read of a file.
pub(super) fn manifest(
    nodes: &[Node],
    documents: &[Document],
    texts: &Texts,
    ledger: &Ledger,
) -> Option<String> {
    let mut text = head(nodes, texts, ledger);
    for (at, document) in documents.iter().enumerate() {
        if at > 0 {
            text.push_str("---\n");
        }
        text.push_str(MODELINE);
        text.push_str(&annotated(document, texts));
        if text.len() > SOURCE_BYTES_MAX {
            return None;
        }
    }
    (read(&text).documents.len() == documents.len()).then_some(text)
}

/// What stands above the documents.
pub(super) fn head(nodes: &[Node], texts: &Texts, ledger: &Ledger) -> String {
    let mut text = String::new();
    let names: Vec<&str> = nodes.iter().map(|node| node.name.as_str()).collect();
    text.push_str(&format!(
        "# From keepalived.conf of {}.\n",
        names.join(", ")
    ));
    text.push_str(&left_out(texts, ledger));
    text
}

fn read(manifest: &str) -> ManifestSet {
    let source = Source {
        name: String::new(),
        text: manifest.as_bytes().to_vec(),
    };
    parse(vec![source])
}

fn left_out(texts: &Texts, ledger: &Ledger) -> String {
    // A keyword that is left out with its block is told with that.
    let is_told_with_its_block = |reason: &str| reason.ends_with("` is left out");
    let mut reasons: BTreeMap<(String, String), Span> = BTreeMap::new();
    for entry in ledger.left_out() {
        let reason = match &entry.fate {
            Fate::LeftOut(reason) if is_told_with_its_block(reason) => continue,
            Fate::LeftOut(reason) => reason.clone(),
            Fate::Unknown => "keepalived has no such keyword there".to_owned(),
            Fate::Taken(_) => continue,
        };
        let keyword = plain(entry.keyword.rsplit('/').next().unwrap_or_default());
        reasons.entry((keyword, reason)).or_insert(entry.span);
    }
    let mut text = String::new();
    if !reasons.is_empty() {
        text.push_str("# Left out, the first place of each:\n");
    }
    for ((keyword, reason), span) in reasons.iter().take(LEFT_OUT_MAX) {
        let place = place(*span, texts);
        text.push_str(&format!("#   {place} {keyword}: {}\n", plain(reason)));
    }
    if reasons.len() > LEFT_OUT_MAX {
        text.push_str(&format!("#   and {} more\n", reasons.len() - LEFT_OUT_MAX));
    }
    text
}

/// Without what would end a comment, or may not stand in YAML.
fn plain(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => '?',
            _ if c.is_control() => '?',
            _ => c,
        })
        .collect()
}

fn place(span: Span, texts: &Texts) -> String {
    match texts.sources.get(span.source) {
        Some(source) => {
            let location = source.location(span.start);
            plain(&format!("{}:{}", location.file, location.line))
        }
        None => "?".to_owned(),
    }
}

/// The document with the places of its fields behind them.
fn annotated(document: &Document, texts: &Texts) -> String {
    let text = document.object.to_yaml();
    let set = read(&text);
    let Some(read) = set.documents.first() else {
        return text;
    };
    let mut comments: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    for (pointer, span) in &document.notes {
        if let Some(written) = read.key_span_of(pointer) {
            let line = set.location(written).line;
            comments
                .entry(line)
                .or_default()
                .insert(place(*span, texts));
        }
    }
    let mut annotated = String::new();
    for (number, line) in (1..).zip(text.lines()) {
        annotated.push_str(line);
        if let Some(places) = comments.get(&number) {
            let places: Vec<&str> = places.iter().map(String::as_str).collect();
            annotated.push_str(&format!(" # {}", places.join(", ")));
        }
        annotated.push('\n');
    }
    annotated
}
