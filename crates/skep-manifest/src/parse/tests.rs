use super::*;

fn set(text: &str) -> ManifestSet {
    parse(vec![Source {
        name: "test.yaml".to_owned(),
        text: text.into(),
    }])
}

#[test]
fn a_field_tells_whether_and_where_it_was_written() {
    let text = "\
apiVersion: skep/v1
kind: VipGroup
metadata: {name: g, labels: {a/b: c}}
spec:
  virtualRouterId: 1
  addresses: [10.0.0.70]
  members: [a]
";
    let set = set(text);
    assert_eq!(set.problems, []);
    let document = &set.documents[0];
    assert_eq!(document.span_of("/spec/virtualMac"), None);
    let at = |span| set.location(span).to_string();
    assert_eq!(
        document.span_of("/spec/virtualRouterId").map(at).unwrap(),
        "test.yaml:5:20"
    );
    assert_eq!(
        document
            .key_span_of("/spec/virtualRouterId")
            .map(at)
            .unwrap(),
        "test.yaml:5:3"
    );
    assert_eq!(
        document.span_of("/metadata/labels/a~1b").map(at).unwrap(),
        "test.yaml:3:35"
    );
    assert_eq!(at(document.span("/spec/members/0/node")), "test.yaml:7:13");
    assert_eq!(at(document.key_span("/spec/notify/0")), "test.yaml:4:1");
    assert_eq!(at(document.whole()), "test.yaml:1:1");
}

#[test]
fn sources_keep_their_names_and_their_order() {
    let source = |name: &str, text: &str| Source {
        name: name.to_owned(),
        text: text.into(),
    };
    let set = parse(vec![
        source("a.yaml", "kind: Nothing\n"),
        source("b.yaml", "x: [\n"),
    ]);
    let places: Vec<String> = set
        .problems
        .iter()
        .map(|problem| set.location(problem.span).file)
        .collect();
    assert_eq!(places, ["a.yaml", "b.yaml"]);
}

#[test]
fn a_priority_of_255_can_be_read_without_owner() {
    let text = "\
apiVersion: skep/v1
kind: VipGroup
metadata: {name: g}
spec: {virtualRouterId: 1, addresses: [10.0.0.70], members: [{node: a, priority: 255}]}
";
    assert_eq!(set(text).problems, []);
}

#[test]
fn secrets_do_not_show_in_debug_output() {
    let text = "\
apiVersion: skep/v1
kind: Secret
metadata: {name: s}
spec: {data: {value: hunter2}}
";
    let set = set(text);
    assert!(!format!("{:?}", set.documents[0].object).contains("hunter2"));
}

#[test]
fn a_place_in_a_long_line_is_the_character_that_it_is() {
    let line = "aä€😀".repeat(3_000);
    let text = format!("\u{feff}x: 1\n{line}\n{line}{line}");
    let source = SourceText::new("long.yaml".to_owned(), text.clone());
    for (offset, _) in text.char_indices().step_by(97) {
        let before = &text[..offset];
        let line = before.rsplit('\n').next().unwrap();
        let expected = line.chars().filter(|c| *c != '\u{feff}').count() + 1;
        assert_eq!(source.location(offset).column, expected, "{offset}");
    }
    assert_eq!(source.location(text.len()).column, 24_001);
}

#[test]
fn a_list_that_is_too_long_is_one_mistake() {
    let long = |entry: &str| entry.repeat(15_000);
    let check = |addresses: &str, members: &str| {
        let set = set(&format!(
            "apiVersion: skep/v1\nkind: VipGroup\nmetadata: {{name: g}}\nspec: \
             {{virtualRouterId: 1, members: [{members}], addresses: [{addresses}]}}\n"
        ));
        let ids: Vec<&str> = set.problems.iter().map(|problem| problem.id).collect();
        assert_eq!(ids, ["too-many-entries"]);
        assert!(set.documents.is_empty());
    };
    check(&long("10.0.0.1, "), "a");
    check("10.0.0.1", &long("a, "));
}
