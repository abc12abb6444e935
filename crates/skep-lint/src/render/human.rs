//! Findings for people: the lines of the manifest with the exact place, and what to do.

use std::collections::BTreeMap;
use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Element, Level, Origin, Renderer, Snippet};
use skep_manifest::problem::Severity;
use skep_manifest::set::{ManifestSet, SourceText};
use skep_manifest::span::Span;

use crate::finding::{Finding, Summary};

/// Whether the text is coloured. What it says is the same without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// With the escape sequences of a terminal.
    Always,
    /// Plain text.
    Never,
}

/// The findings that are not suppressed, and at the end how many there are of each kind.
#[must_use]
pub fn render(set: &ManifestSet, findings: &[Finding], colour: Colour) -> String {
    let renderer = match colour {
        Colour::Always => Renderer::styled(),
        Colour::Never => Renderer::plain(),
    };
    let mut text = String::new();
    for finding in findings {
        if finding.suppressed.is_none() {
            text.push_str(&render_finding(set, finding, &renderer));
            text.push_str("\n\n");
        }
    }
    text.push_str(&format!("{}\n", Summary::of(findings)));
    text
}

fn render_finding(set: &ManifestSet, finding: &Finding, renderer: &Renderer) -> String {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let group = level
        .primary_title(finding.message.as_str())
        .id(finding.rule)
        .elements(excerpts(set, finding))
        .elements(
            finding
                .help
                .as_deref()
                .map(|help| Level::HELP.message(help)),
        );
    renderer.render(&[group])
}

/// One excerpt per source, that of the finding itself first.
fn excerpts<'a>(set: &'a ManifestSet, finding: &'a Finding) -> Vec<Element<'a>> {
    let primary = Mark {
        span: finding.span,
        label: None,
        kind: AnnotationKind::Primary,
    };
    let related = finding.related.iter().map(|(span, label)| Mark {
        span: *span,
        label: Some(label),
        kind: AnnotationKind::Context,
    });
    let mut by_source: BTreeMap<(bool, usize), Vec<Mark<'_>>> = BTreeMap::new();
    for mark in std::iter::once(primary).chain(related) {
        let is_other = mark.span.source != finding.span.source;
        by_source
            .entry((is_other, mark.span.source))
            .or_default()
            .push(mark);
    }
    by_source
        .into_iter()
        .filter_map(|((_, source), marks)| Some(excerpt(set.text(source)?, &marks)))
        .flatten()
        .collect()
}

struct Mark<'a> {
    span: Span,
    label: Option<&'a str>,
    kind: AnnotationKind,
}

/// The most bytes that are shown around the marks of a finding.
const EXCERPT_BYTES_MAX: usize = 2 << 10;

/// The lines from the first mark to the last. Only these are handed over, because the renderer
/// looks at every line it is given. Marks that are far from each other have an excerpt each; of a
/// line that nobody can look at there is only the place.
fn excerpt<'a>(source: &'a SourceText, marks: &[Mark<'a>]) -> Vec<Element<'a>> {
    let text = source.text();
    let ranges: Vec<Range<usize>> = marks.iter().map(|mark| shown(text, mark.span)).collect();
    let first = ranges.iter().map(|range| range.start).min().unwrap_or(0);
    let last = ranges.iter().map(|range| range.end).max().unwrap_or(0);
    let mut start = text[..first].rfind('\n').map_or(0, |at| at + 1);
    if start == 0 && text.starts_with('\u{feff}') {
        start = '\u{feff}'.len_utf8().min(first);
    }
    let end = text[last..].find('\n').map_or(text.len(), |at| last + at);
    let at = source.location(first);
    if end - start > EXCERPT_BYTES_MAX {
        if let [_, _, ..] = marks {
            return marks
                .chunks(1)
                .flat_map(|mark| excerpt(source, mark))
                .collect();
        }
        let place = Origin::path(source.name()).line(at.line);
        return vec![place.char_column(at.column).into()];
    }
    let annotations = marks.iter().zip(ranges).map(|(mark, range)| {
        mark.kind
            .span(range.start - start..range.end - start)
            .label(mark.label)
    });
    let snippet: Snippet<'_, Annotation<'_>> = Snippet::source(&text[start..end])
        .path(source.name())
        .line_start(at.line)
        .annotations(annotations);
    vec![snippet.into()]
}

/// What is underlined: of something that goes over several lines, the first.
fn shown(text: &str, span: Span) -> Range<usize> {
    let floor = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = floor(span.start);
    let end = floor(span.end).max(start);
    let shown = &text[start..end];
    let first_line = shown.split('\n').next().unwrap_or(shown);
    start..start + first_line.trim_end().len()
}
