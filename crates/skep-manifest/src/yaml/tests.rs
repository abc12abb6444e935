use super::*;

#[test]
fn a_node_reaches_from_its_first_to_its_last_character() {
    let text = "spec:\n  list:\n    - a: 1   # comment\n      b: \"ä\"\n  flow: {x: [1, 2] }\n";
    let source = SourceText::new("test.yaml".to_owned(), text.to_owned());
    let (documents, _) = read(0, &source, Dialect::Manifest);
    let tree = &documents[0].tree;
    for (pointer, expected) in [
        ("/spec/list/0/a", "1"),
        ("/spec/list/0/b", "\"ä\""),
        ("/spec/list/0", "a: 1   # comment\n      b: \"ä\""),
        ("/spec/flow", "{x: [1, 2] }"),
        ("/spec/flow/x", "[1, 2]"),
    ] {
        let span = tree.closest(pointer);
        assert_eq!(&text[span.start..span.end], expected, "{pointer}");
    }
    assert_eq!(
        source.location(text.find("b:").unwrap()).to_string(),
        "test.yaml:4:7"
    );
    assert_eq!(tree.closest("/spec/list/7/c"), tree.closest("/spec/list"));
}

#[test]
fn an_alias_is_what_its_anchor_is() {
    let source = SourceText::new("t".to_owned(), "a: &x {b: [1]}\nc: *x\n".to_owned());
    let (documents, _) = read(0, &source, Dialect::Manifest);
    let tree = &documents[0].tree;
    assert_eq!(
        tree.to_json(tree.root()),
        serde_json::json!({"a": {"b": [1]}, "c": {"b": [1]}})
    );
    assert_eq!(tree.closest("/a"), tree.closest("/c"));
}

#[test]
fn a_suppression_is_for_its_own_line_or_for_the_next_one_with_content() {
    let text = "\
# skep: ignore[first-rule, second-rule] both are meant

# another comment
a: 1
b: 2 # skep: ignore[third-rule] this line
";
    let source = SourceText::new("t".to_owned(), text.to_owned());
    let found: Vec<_> = read(0, &source, Dialect::Manifest)
        .1
        .suppressions
        .into_iter()
        .map(|suppression| (suppression.rule, suppression.reason, suppression.line))
        .collect();
    let expected = [
        ("first-rule", "both are meant", 4),
        ("second-rule", "both are meant", 4),
        ("third-rule", "this line", 5),
    ];
    assert_eq!(
        found,
        expected.map(|(rule, why, line)| (rule.to_owned(), why.to_owned(), line))
    );
}

#[test]
fn a_broken_document_does_not_hide_the_others() {
    let text = "a: 1\n---\nb: [\n---\nc: 3\n---\nd: }\n---\ne: 5\n";
    let source = SourceText::new("t".to_owned(), text.to_owned());
    let (documents, reading) = read(0, &source, Dialect::Manifest);
    let whole: Vec<_> = documents
        .iter()
        .filter(|document| document.whole)
        .map(|document| document.tree.to_json(document.tree.root()).to_string())
        .collect();
    assert_eq!(whole, [r#"{"a":1}"#, r#"{"c":3}"#, r#"{"e":5}"#]);
    let places: Vec<_> = reading
        .problems
        .iter()
        .map(|problem| source.location(problem.span.start).line)
        .collect();
    assert_eq!(places.len(), 2, "{:?}", reading.problems);
}

/// Whatever a source holds, it is given up after so much work: the events of as many comments as
/// there may be, or of a document as long as one may be, and those of its ends.
#[test]
fn what_is_refused_took_no_more_work_than_the_longest_document() {
    const EVENTS_MAX: usize = COMMENTS_MAX + COMMENTS_MAX / 100;
    const BYTES: usize = 800_000;
    let many = |text: &str| text.repeat(BYTES / text.len());
    let keys: String = (0..BYTES / 9).map(|key| format!("{key:06}: \n")).collect();
    for (what, text) in [
        ("lists in lists", many("[")),
        ("maps in maps", many("{a: ")),
        ("blocks in blocks", many("- ")),
        ("a list", many("- x\n")),
        ("a list in one line", format!("[{}]", many("x,"))),
        ("keys", keys),
        ("one key", many("a: \n")),
        ("keys without values", many("? a\n")),
        ("anchors inside themselves", many("- &a *a\n")),
        ("aliases of nothing", many("- *a\n")),
        ("tags", many("- !x y\n")),
        ("comments", many("#\n")),
        ("suppressions", many("# skep: ignore[a] b\n")),
        ("malformed suppressions", many("# skep: x\n")),
        ("a word", many("x").repeat(2)),
        ("a text in quotes", format!("\"{}\"", many("x").repeat(2))),
        ("quotes", many("\"")),
        ("blocks of text", many("- |\n x\n")),
        ("no bytes", many("\0")),
        ("directives", many("%YAML 1.2\n")),
        ("documents that break", many("a: [\n---\n")),
    ] {
        let source = SourceText::new("t".to_owned(), text);
        let (_, reading) = read(0, &source, Dialect::Manifest);
        assert!(!reading.problems.is_empty(), "{what}");
        assert!(reading.events <= EVENTS_MAX, "{what}: {}", reading.events);
    }
}

#[test]
fn aliases_count_in_every_document_as_what_they_stand_for() {
    let list = |entry: &str, count| vec![entry; count].join(", ");
    let document = format!(
        "---\na: &a [{}]\nb: &b [{}]\nc: [{}]\n",
        list("x", 100),
        list("*a", 100),
        list("*b", 1)
    );
    let source = SourceText::new("t".to_owned(), document.repeat(100));
    let (documents, reading) = read(0, &source, Dialect::Manifest);
    let ids: Vec<_> = reading.problems.iter().map(|problem| problem.id).collect();
    assert_eq!(ids, ["too-large"]);
    assert!(documents.len() < 3, "{}", documents.len());
}
