use serde_json::Value;
use skep_lint::finding::Summary;
use skep_lint::render::{github, junit, sarif};
use skep_lint::{lint, rule};
use skep_manifest::set::{ManifestSet, Source};

use crate::support::{path, read, text, written};

/// Sets with findings of every kind, in files whose names need care.
fn sets() -> Vec<ManifestSet> {
    let fixtures = rule::all().iter().map(|rule| {
        let folder = path("tests/fixtures").join(rule.id);
        read(&folder.join("fails.yaml"))
    });
    let hostile = skep_manifest::parse::parse(vec![
        Source {
            name: "/a b/100%,:\u{e4}<&>\"'.yaml".to_owned(),
            text: "kind: \"\\u001b]]><x>&%0A::error::\\n\"\nspec: {\u{1}: 1}\n".into(),
        },
        Source {
            name: "clean.yaml".to_owned(),
            text: Vec::new(),
        },
    ]);
    fixtures.chain([hostile]).collect()
}

#[test]
fn sarif_is_valid_by_its_schema() {
    let schema = text(&path("tests/schemas/sarif-2.1.0.json"));
    let schema: Value = serde_json::from_str(&schema).expect("the schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    for set in sets() {
        let findings = lint(&set);
        let log: Value = serde_json::from_str(&sarif::render(&set, &findings)).expect("JSON");
        let errors: Vec<String> = validator
            .iter_errors(&log)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert_eq!(errors, Vec::<String>::new());
        let results = log["runs"][0]["results"].as_array().expect("a list");
        assert_eq!(results.len(), findings.len());
        for (result, finding) in results.iter().zip(&findings) {
            let index = result["ruleIndex"].as_u64().expect("every rule is listed");
            let index = usize::try_from(index).expect("a place in a list");
            let rules = &log["runs"][0]["tool"]["driver"]["rules"];
            assert_eq!(rules[index]["id"], finding.rule);
            assert_eq!(
                result.get("suppressions").is_some(),
                finding.suppressed.is_some()
            );
        }
    }
}

#[test]
fn the_schema_of_sarif_refuses_what_is_no_sarif() {
    let schema = text(&path("tests/schemas/sarif-2.1.0.json"));
    let schema: Value = serde_json::from_str(&schema).expect("the schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    let set = &sets()[0];
    let log: Value = serde_json::from_str(&sarif::render(set, &lint(set))).expect("JSON");
    for (pointer, value) in [
        ("/version", Value::from("2.0.0")),
        ("/runs/0/results/0/level", "fatal".into()),
        ("/runs/0/results/0/message", "plain".into()),
        (
            "/runs/0/results/0/locations/0/physicalLocation/region/startLine",
            0.into(),
        ),
        (
            "/runs/0/results/0/locations/0/physicalLocation/artifactLocation/uri",
            7.into(),
        ),
        ("/runs/0/columnKind", "bytes".into()),
        ("/runs/0/tool", Value::Null),
    ] {
        let mut broken = log.clone();
        *broken.pointer_mut(pointer).expect("it is there") = value;
        assert!(!validator.is_valid(&broken), "{pointer}");
    }
}

#[test]
fn names_of_files_are_references_in_sarif() {
    let sets = sets();
    let set = sets.last().expect("the hostile one");
    let log: Value = serde_json::from_str(&sarif::render(set, &lint(set))).expect("JSON");
    assert_eq!(
        log.pointer("/runs/0/results/0/locations/0/physicalLocation/artifactLocation/uri"),
        Some(&"file:///a%20b/100%25%2C%3A%C3%A4%3C%26%3E%22%27.yaml".into())
    );
}

#[test]
fn a_junit_report_is_well_formed_and_counts_right() {
    for set in sets() {
        let findings = lint(&set);
        let report = junit::render(&set, &findings);
        let document = roxmltree::Document::parse(&report).expect("well-formed");
        let root = document.root_element();
        assert_eq!(root.tag_name().name(), "testsuites");
        let count = |name: &str| {
            let elements = root.descendants();
            elements.filter(|it| it.has_tag_name(name)).count()
        };
        let said = |name: &str| root.attribute(name).map(|it| it.parse().expect("a number"));
        let summary = Summary::of(&findings);
        assert_eq!(said("tests"), Some(count("testcase")));
        assert_eq!(said("failures"), Some(count("failure")));
        assert_eq!(said("failures"), Some(summary.errors + summary.warnings));
        assert_eq!(said("skipped"), Some(summary.suppressed));
        assert_eq!(count("system-out"), summary.notes);
        assert_eq!(count("testsuite"), set.sources.len());
        let failures = root.descendants().filter(|it| it.has_tag_name("failure"));
        let messages = findings
            .iter()
            .filter(|it| it.suppressed.is_none())
            .filter(|it| it.severity > skep_manifest::problem::Severity::Note);
        for (failure, finding) in failures.zip(messages) {
            let printable: String = finding
                .message
                .chars()
                .map(|c| match c {
                    '\n' | '\t' | '\r' => c,
                    c if c < ' ' => '\u{fffd}',
                    c => c,
                })
                .collect();
            assert_eq!(failure.attribute("message"), Some(&*printable));
        }
    }
}

#[test]
fn every_annotation_of_github_is_one_line_that_reads_back() {
    for set in sets() {
        let findings = lint(&set);
        let text = github::render(&set, &findings);
        let mut standing = findings.iter().filter(|it| it.suppressed.is_none());
        for line in text.lines().filter(|line| line.starts_with("::")) {
            let finding = standing.next().expect("a finding for each line");
            let (head, message) = line[2..].split_once("::").expect("a command");
            let (name, properties) = head.split_once(' ').expect("properties");
            assert!(["error", "warning", "notice"].contains(&name), "{line}");
            let properties: Vec<(&str, String)> = properties
                .split(',')
                .map(|it| it.split_once('=').expect("key and value"))
                .map(|(key, value)| (key, unescaped(value)))
                .collect();
            let file = set.location(finding.span).file;
            assert_eq!(properties[0], ("file", file));
            assert!(properties.contains(&("title", finding.rule.to_owned())));
            assert!(unescaped(message).starts_with(&finding.message), "{line}");
        }
        assert_eq!(standing.count(), 0);
    }
}

/// As the runner of GitHub reads it.
fn unescaped(text: &str) -> String {
    text.replace("%2C", ",")
        .replace("%3A", ":")
        .replace("%0A", "\n")
        .replace("%0D", "\r")
        .replace("%25", "%")
}

/// Nobody reads more than the first hundreds; what is left out is counted, and no worse than those.
#[test]
fn the_worst_are_listed_and_the_rest_is_counted() {
    let unused = (0..1_500).map(|at| {
        format!(
            "---\napiVersion: skep/v1\nkind: HealthCheck\nmetadata: {{name: h{at}}}\nspec: {{tcp: \
             {{port: 80}}}}\n"
        )
    });
    let last =
        "---\napiVersion: skep/v1\nkind: Service\nmetadata: {name: web}\nspec: {image: nginx}\n";
    let set = written(&format!("{}{last}", unused.collect::<String>()));
    let findings = lint(&set);
    let summary = Summary::of(&findings);
    assert_eq!((findings.len(), summary.errors), (501, 1), "{summary}");
    let rest = findings.iter().find(|it| it.rule == "too-many-problems");
    let rest = rest.expect("what is left out is counted");
    assert_eq!(rest.severity, skep_manifest::problem::Severity::Warning);
    assert!(
        rest.message
            .starts_with("1001 findings: 0 errors, 1001 warnings"),
        "{}",
        rest.message
    );
    let human =
        skep_lint::render::human::render(&set, &findings, skep_lint::render::human::Colour::Never);
    let json = skep_lint::render::json::render(&set, &findings);
    for text in [
        human,
        json,
        github::render(&set, &findings),
        junit::render(&set, &findings),
        sarif::render(&set, &findings),
    ] {
        assert!(text.contains("more than the 500 that are listed"));
    }
}
