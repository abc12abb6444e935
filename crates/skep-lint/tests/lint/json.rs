use skep_lint::finding::Summary;
use skep_lint::lint;
use skep_lint::render::json::{self, Place, Report};
use skep_manifest::set::ManifestSet;

use crate::support::{path, read, written};

#[test]
fn the_report_says_everything_a_program_needs_and_keeps_its_form() {
    let set = read(&path(
        "tests/fixtures/suppression-without-reason/fails.yaml",
    ));
    insta::assert_snapshot!(json::render(&set, &lint(&set)));
}

#[test]
fn the_report_reads_back_and_its_places_are_exactly_the_spans() {
    for rule in skep_lint::rule::all() {
        let set = read(&path("tests/fixtures").join(rule.id).join("fails.yaml"));
        let findings = lint(&set);
        let report: Report =
            serde_json::from_str(&json::render(&set, &findings)).expect("a report");
        assert_eq!(report.summary, Summary::of(&findings));
        assert_eq!(report.findings.len(), findings.len());
        for (reported, finding) in report.findings.iter().zip(&findings) {
            let span = finding.span;
            let text = set.sources[span.source].text();
            assert_eq!(
                cut(&set, &reported.place),
                &text[span.start..span.end],
                "{}",
                reported.message
            );
            assert_eq!(reported.related.len(), finding.related.len());
        }
    }
}

#[test]
fn columns_count_characters_and_not_bytes() {
    let set = written(
        "apiVersion: skep/v1\nkind: Config\nmetadata: {annotations: {wörd: x}, nane: site}\nspec: {data: {value: x}}\n",
    );
    let report = Report::new(&set, &lint(&set));
    let unknown = report
        .findings
        .iter()
        .find(|finding| finding.rule == "unknown-field")
        .expect("`nane` is no field");
    assert_eq!((unknown.place.line, unknown.place.column), (3, 36));
}

/// What stands at a place, found the way an editor would.
fn cut(set: &ManifestSet, place: &Place) -> String {
    let source = set
        .sources
        .iter()
        .find(|source| source.name() == place.file);
    let text = source.expect("the place names a source").text();
    let offset = |line: usize, column: usize| {
        let lines = text.split_inclusive('\n');
        let before: usize = lines.clone().take(line - 1).map(str::len).sum();
        let line = lines.clone().nth(line - 1).unwrap_or_default();
        before
            + line
                .chars()
                .take(column - 1)
                .map(char::len_utf8)
                .sum::<usize>()
    };
    text[offset(place.line, place.column)..offset(place.end_line, place.end_column)].to_owned()
}
