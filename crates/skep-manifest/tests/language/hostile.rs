//! Inputs that are made to hurt: they are refused, in bounded time and memory, without a panic.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use skep_manifest::parse::parse;
use skep_manifest::problem::Problem;
use skep_manifest::resolve::resolve;
use skep_manifest::set::{ManifestSet, Source};

/// Far above what any of these takes in a debug build on a busy machine, far below what an
/// exponential reader would take.
const TIME_MAX: Duration = Duration::from_secs(20);

const HEAD: &str = "apiVersion: skep/v1\nkind: Config\nmetadata: {name: site}\n";

#[test]
fn an_alias_bomb_is_refused() {
    let mut text = format!("{HEAD}spec:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..30 {
        let before = format!("*a{}, ", level - 1).repeat(10);
        text += &format!("  a{level}: &a{level} [{before}]\n");
    }
    let set = read(text);
    assert!(set.documents.is_empty());
    assert!(!set.problems.is_empty() && ids(&set).iter().all(|id| *id == "too-large"));
}

#[test]
fn a_chain_of_aliases_cannot_be_nested_without_end() {
    let mut text = format!("{HEAD}spec:\n  a0: &a0 [x]\n");
    for level in 1..5_000 {
        text += &format!("  a{level}: &a{level} [*a{}]\n", level - 1);
    }
    assert!(ids(&read(text)).contains(&"too-large"));
}

#[test]
fn deep_nesting_is_refused() {
    for text in [
        "[".repeat(50_000),
        "{a: ".repeat(50_000),
        "- ".repeat(50_000),
    ] {
        assert_eq!(ids(&read(text)), ["syntax"]);
    }
    let lines: String = (0..2_000)
        .map(|depth| format!("{}a:\n", " ".repeat(depth)))
        .collect();
    assert_eq!(ids(&read(lines)), ["syntax"]);
}

#[test]
fn a_value_of_ten_megabytes_is_refused() {
    let text = format!(
        "{HEAD}spec: {{data: {{value: \"{}\"}}}}\n",
        "x".repeat(10_000_000)
    );
    assert_eq!(ids(&read(text)), ["too-large"]);
    assert_eq!(ids(&read("x".repeat(100_000_000))), ["too-large"]);
}

#[test]
fn bytes_that_are_no_text_are_findings() {
    let nul = read(format!("{HEAD}spec: {{data: {{value: a\0b}}}}\n"));
    assert!(!nul.problems.is_empty());
    let invalid = read([HEAD.as_bytes(), b"spec: {data: {value: \"\xff\xfe\"}}\n"].concat());
    assert_eq!(ids(&invalid), ["invalid-utf-8"]);
    assert_eq!(place(&invalid, 0), "hostile.yaml:4:23");
    let binary = read([HEAD.as_bytes(), &[0xff; 1_000]].concat());
    assert_eq!(ids(&binary), ["invalid-utf-8"]);
    let utf_16: Vec<u8> = HEAD.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(
        !read([b"\xff\xfe".to_vec(), utf_16].concat())
            .problems
            .is_empty()
    );
}

#[test]
fn a_byte_order_mark_and_carriage_returns_change_no_place() {
    let text = format!("\u{feff}{HEAD}spec: {{date: 1}}\n").replace('\n', "\r\n");
    let set = read(text);
    assert_eq!(ids(&set), ["unknown-field"]);
    assert_eq!(place(&set, 0), "hostile.yaml:4:8");
    let set = read("\u{feff}kinds: x\n");
    assert_eq!(place(&set, 0), "hostile.yaml:1:1");
}

#[test]
fn nothing_is_no_mistake() {
    for text in [
        "",
        "\n",
        "# only\n# comments\n",
        "---\n",
        "---\n---\n...\n",
        "\u{feff}",
    ] {
        let set = read(text);
        assert_eq!(
            (set.documents.len(), ids(&set)),
            (0, Vec::new()),
            "{text:?}"
        );
    }
}

#[test]
fn many_mistakes_are_cut_off_and_it_is_said() {
    let mut text = format!("{HEAD}spec:\n");
    for field in 0..5_000 {
        text += &format!("  field{field}: 1\n");
    }
    let set = read(text);
    assert_eq!(set.problems.len(), 1001);
    assert!(ids(&set).contains(&"too-many-problems"));
    let twice = read(format!("{HEAD}spec:\n{}", "  a: 1\n".repeat(5_000)));
    assert!(twice.problems.len() <= 2001, "{}", twice.problems.len());
    let broken = read("a: [\n---\n".repeat(5_000));
    assert_eq!(broken.problems.len(), 100);
}

#[test]
fn what_never_ends_is_given_up() {
    let values = format!("{HEAD}spec: {{data: [\n{}]}}\n", "x,\n".repeat(1_100_000));
    assert_eq!(ids(&read(values)), ["too-large"]);
    let documents = read("---\nx\n".repeat(60_000));
    assert!(ids(&documents).contains(&"too-many-problems"));
    assert_eq!(documents.problems.len(), 2001);
}

#[test]
fn documents_of_nothing_are_counted_too() {
    for text in ["---\n", "---\n# x\n", "---\n...\n", "--- # x\n"] {
        let set = read(text.repeat(20_000));
        assert_eq!(ids(&set), ["too-large"], "{text:?}");
        assert!(set.problems[0].message.contains("documents"));
    }
}

/// Each compose file is read on its own, so what all of them hold is counted.
#[test]
fn alias_bombs_cannot_be_spread_over_stacks() {
    let stack = |at: usize, services: &str| {
        format!(
            "---\napiVersion: skep/v1\nkind: Stack\nmetadata: {{name: s{at}}}\nspec:\n  compose:\n\
             \x20   value: \"{services}\"\n"
        )
    };
    let list = "x, ".repeat(100);
    let lists = "*a, ".repeat(250);
    let bomb = format!("services: {{a: {{image: nginx, x-a: &a [{list}], x-b: [{lists}]}}}}");
    let bombs: String = (0..400).map(|at| stack(at, &bomb)).collect();
    let set = read(bombs);
    assert_eq!(ids(&set).iter().filter(|id| **id == "too-large").count(), 1);
    let small: String = (0..600)
        .map(|at| stack(at, "services: {a: {image: nginx}}"))
        .collect();
    assert_eq!(ids(&read(small)), ["too-large"]);
}

/// A rule of a comment costs a comparison with all rules, and a copy of the reason.
#[test]
fn a_comment_cannot_name_more_rules_than_anybody_reads() {
    let rules = vec!["some-rule"; 200_000].join(", ");
    let long = read(format!("# skep: ignore[{rules}] why\n"));
    assert_eq!(ids(&long), ["malformed-suppression"]);
    let reason = read(format!("# skep: ignore[a] {}\n", "x".repeat(2_000)));
    assert_eq!(ids(&reason), ["malformed-suppression"]);
    let many = format!("# skep: ignore[{}] why\n", vec!["a"; 500].join(", "));
    let many = read(many.repeat(500));
    assert_eq!(ids(&many), ["too-large"]);
    assert!(many.suppressions.len() < 1_600);
}

/// Neither the names of what is missing nor the nodes that a selector selects multiply.
#[test]
fn what_refers_to_others_costs_what_is_written() {
    let nodes = |count: usize| {
        let nodes = (0..count).map(|node| {
            let (high, low) = (node / 250, node % 250);
            format!("  - {{name: n{node}, address: 10.0.{high}.{low}, role: worker}}\n")
        });
        let nodes: String = nodes.collect();
        format!("apiVersion: skep/v1\nkind: Swarm\nmetadata: {{name: s}}\nspec:\n  nodes:\n{nodes}")
    };
    let group = |at: usize, members: &str| {
        let high = at / 250;
        format!(
            "---\napiVersion: skep/v1\nkind: VipGroup\nmetadata: {{name: g{at}}}\nspec: {{interface: \
             eth{high}, addresses: [10.1.{high}.{}], {members}}}\n",
            at % 250
        )
    };
    let groups = (0..1_000).map(|at| group(at, "selector: {role: worker}"));
    let text = format!("{}{}", nodes(1_000), groups.collect::<String>());
    let set = parsed(text);
    let (desired, problems) = resolve(&set);
    assert_eq!((set.documents.len(), problems.len()), (1_001, 1_000));
    assert!(problems.iter().all(|it| it.id == "too-many-entries"));
    let members = desired.vip_groups.values().map(|group| group.members.len());
    assert!(members.sum::<usize>() <= 50_000);

    let members: Vec<String> = (0..200).map(|at| format!("x{at}")).collect();
    let members = format!("members: [{}]", members.join(", "));
    let groups = (0..100).map(|at| group(at, &members));
    let set = parsed(format!("{}{}", nodes(1_000), groups.collect::<String>()));
    let (_, problems) = resolve(&set);
    assert_eq!(problems.len(), 2_000);
}

/// Documents that are as long as they may be, and wrong, are given up as well.
#[test]
fn what_is_wrong_again_and_again_is_given_up() {
    let list = |entry: &str, count| vec![entry; count].join(", ");
    let document = format!(
        "---\n{HEAD}spec:\n  a: &a [{}]\n  b: &b [{}]\n  c: [{}]\n",
        list("x", 100),
        list("*a", 100),
        list("*b", 1)
    );
    let each = read(document.clone()).problems.len();
    let set = read(document.repeat(100));
    assert!(ids(&set).contains(&"too-many-problems"));
    assert!(set.problems.len() <= 3 * each, "{}", set.problems.len());
}

#[test]
fn many_comments_are_no_mistake() {
    let comments = "# skep: ignore[some-rule] because\n".repeat(1_000) + &"# x\n".repeat(50_000);
    let set = read(format!("{comments}{HEAD}spec: {{data: {{value: x}}}}\n"));
    assert_eq!((set.documents.len(), ids(&set)), (1, Vec::new()));
    assert_eq!(set.suppressions.len(), 1_000);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_can_be_read(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        check_places(&read(bytes));
    }

    #[test]
    fn any_text_of_yaml_characters_can_be_read(text in "[-a-c:{}\\[\\]&*!|>'\"#%@`,? \n\t0-9~<.]{0,120}") {
        check_places(&read(text));
    }

    #[test]
    fn any_mutated_manifest_can_be_read(
        cuts in proptest::collection::vec((any::<prop::sample::Index>(), 0..40usize, "[-a-z:{}\\[\\]&*'\"# \n0-9~]{0,6}"), 1..6)
    ) {
        for source in crate::fixture::read_all("manifests") {
            let mut text = source.text;
            for (index, length, insert) in &cuts {
                let at = index.index(text.len());
                let end = (at + length).min(text.len());
                text.splice(at..end, insert.bytes());
                text.push(b'\n');
            }
            check_places(&read(text));
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the test measures, the crate does not"
)]
fn read(text: impl Into<Vec<u8>>) -> ManifestSet {
    let begin = Instant::now();
    let set = parse(vec![Source {
        name: "hostile.yaml".to_owned(),
        text: text.into(),
    }]);
    let (_, problems) = resolve(&set);
    check_each(&set, &problems);
    assert!(begin.elapsed() < TIME_MAX, "took {:?}", begin.elapsed());
    set
}

fn parsed(text: String) -> ManifestSet {
    let text = text.into_bytes();
    let name = "hostile.yaml".to_owned();
    parse(vec![Source { name, text }])
}

fn check_places(set: &ManifestSet) {
    check_each(set, &set.problems);
    for suppression in &set.suppressions {
        assert!(suppression.line >= set.location(suppression.span).line);
    }
}

/// Every place is inside the text, on the edges of its characters.
fn check_each(set: &ManifestSet, problems: &[Problem]) {
    for problem in problems {
        for span in problem
            .related
            .iter()
            .map(|(span, _)| *span)
            .chain([problem.span])
        {
            let text = set.sources[span.source].text();
            assert!(text.get(span.start..span.end).is_some(), "{problem:?}");
        }
        assert!(!problem.message.is_empty());
    }
}

fn ids(set: &ManifestSet) -> Vec<&str> {
    set.problems.iter().map(|problem| problem.id).collect()
}

fn place(set: &ManifestSet, problem: usize) -> String {
    set.location(set.problems[problem].span).to_string()
}
