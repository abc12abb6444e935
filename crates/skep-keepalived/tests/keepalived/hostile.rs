//! Files that nobody wrote for keepalived: whatever they say, an import ends soon, and what it
//! makes is a manifest.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::Index;
use skep_keepalived::import::{Import, NodeFile, import};
use skep_keepalived::language::{Files, Include};
use skep_manifest::parse::parse;
use skep_manifest::set::Source;

use crate::fixture::{directory, ids, node_files};

/// Every include is the file that includes.
struct Itself(Vec<u8>);

impl Files for Itself {
    fn include(&mut self, include: Include<'_>) -> Result<Vec<Source>, String> {
        Ok(vec![Source {
            name: include.pattern.to_owned(),
            text: self.0.clone(),
        }])
    }
}

fn read(text: &[u8]) -> Import {
    let source = Source {
        name: "k.conf".to_owned(),
        text: text.to_vec(),
    };
    let node = "cube01".parse().expect("it is a name");
    import(vec![NodeFile { node, source }], &mut Itself(text.to_vec()))
}

/// What is made is read again as the objects it was made of.
fn check(text: &[u8]) {
    let import = read(text);
    let set = parse(vec![Source {
        name: "skep.yaml".to_owned(),
        text: import.text.clone().into_bytes(),
    }]);
    let objects: Vec<_> = set
        .documents
        .into_iter()
        .map(|document| document.object)
        .collect();
    assert_eq!(objects, import.objects, "{}", import.text);
}

fn corpus() -> Vec<Vec<u8>> {
    let shapes = std::fs::read_dir(directory("shapes")).expect("the fixtures are there");
    let files = shapes.flat_map(|shape| node_files(&shape.expect("it can be listed").path()));
    files.map(|file| file.source.text).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_bytes_come_to_an_end(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        check(&bytes);
    }

    #[test]
    fn any_words_of_the_language_come_to_an_end(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "vrrp_instance", "virtual_ipaddress", "track_script", "{", "}", "\n", "10.0.0.1/24",
                "$A=", "$A", "${A}", "\\\n", "~SEQ(N, 1, 9)", "~LST(A, 1, 2)", "@cube01", "@^x",
                "include k.conf", "\"", "'", "#", "!", "dev", "eth0", "priority", "255", "notify",
                "virtual_routes", "via", "global_defs", "smtp_alert", "unicast_peer", "weight", "-3",
            ]),
            0..60,
        ),
    ) {
        check(words.join(" ").as_bytes());
    }

    #[test]
    fn a_real_file_with_a_change_comes_to_an_end(
        file in any::<Index>(), at in any::<Index>(), length in 0_usize..40, with in "[ -~\n]{0,12}",
    ) {
        let corpus = corpus();
        let mut text = file.get(&corpus).clone();
        let start = at.index(text.len() + 1);
        let end = (start + length).min(text.len());
        text.splice(start..end, with.into_bytes());
        check(&text);
    }
}

#[test]
fn what_asks_for_too_much_is_refused() {
    let line = |text: &str, count: usize| text.repeat(count).into_bytes();
    let mut bomb = b"$A0=xxxxxxxxxx\n".to_vec();
    for level in 1..40 {
        let below = level - 1;
        bomb.extend(format!("$A{level}=${{A{below}}}${{A{below}}}\n").bytes());
    }
    bomb.extend(b"${A39}\n");
    for (what, text, expected) in [
        (
            "a definition of itself",
            b"$A=${A}${A}\n${A}\n".to_vec(),
            "too-much",
        ),
        ("definitions that double", bomb, "too-much"),
        (
            "an include of itself",
            b"include k.conf\n".to_vec(),
            "include-failed",
        ),
        ("nested blocks", line("a {\n", 10_000), "too-deep"),
        (
            "a long sequence",
            b"~SEQ(N, 1, 4000000000) $N\n".to_vec(),
            "bad-sequence",
        ),
        (
            "sequences in sequences",
            line("~SEQ(N, 1, 4000) ", 20)
                .into_iter()
                .chain(*b"x\n")
                .collect(),
            "too-much",
        ),
        ("many lines", line("x\n", 300_000), "too-much"),
        ("a long file", line("priority 1\n", 2_000_000), "too-much"),
        ("a long line", line("@cube01 ", 10_000), "unreadable-line"),
    ] {
        assert!(
            ids(&read(&text)).contains(expected),
            "{what}: {:?}",
            ids(&read(&text))
        );
    }
}

/// Instances whose names differ only where a manifest's names have a `-`.
fn alike(count: usize) -> Vec<u8> {
    let name = |number: usize| format!("{number:011b}").replace('0', "_").replace('1', ":");
    let instances = (0..count).map(|number| format!("vrrp_instance V{} {{\n}}\n", name(number)));
    instances.collect::<String>().into_bytes()
}

/// Found by the fuzzer: names were counted from the first for each.
#[test]
fn thousands_of_instances_of_one_name_have_a_name_each() {
    const COUNT: usize = 1_500;
    let import = read(&alike(COUNT));
    let names: BTreeSet<_> = import.objects.iter().map(|object| object.name()).collect();
    assert_eq!(names.len(), COUNT);
}

/// Found by the fuzzer: behind each `$` the rest of the line was searched for its end.
#[test]
fn a_line_full_of_dollars_is_read_once() {
    let import = read(&b"$x]${".repeat(400_000));
    assert!(import.objects.is_empty());
}

/// Found by the fuzzer: what stood in a comment of the manifest made all of it unreadable.
#[test]
fn characters_that_yaml_has_not_stay_out_of_the_comments() {
    for character in [
        '\u{7f}', '\u{85}', '\u{2028}', '\u{feff}', '\u{fffe}', '\u{ffff}',
    ] {
        check(format!("global_defs {{\n x{character}y 1\n}}\nvrrp_instance V {{\n}}\n").as_bytes());
    }
}

/// Found by the fuzzer: a sequence made a manifest that has too many entries to be read again.
#[test]
fn more_than_a_group_can_have_is_left_out() {
    for entries in [
        "virtual_ipaddress {\n~SEQ(N, 0, 255) 10.0.0.$N\n}",
        "unicast_peer {\n~SEQ(N, 1, 255) 10.0.0.$N\n}",
    ] {
        let text = format!("vrrp_instance V {{\n{entries}\n}}\n");
        check(text.as_bytes());
        assert!(ids(&read(text.as_bytes())).contains("not-expressible"));
    }
}

/// Found by the fuzzer: a manifest was made that is too large to be read.
#[test]
fn a_manifest_that_could_not_be_read_is_not_made() {
    let routes = "10.0.0.0/24 via 10.0.0.1\n".repeat(40_000);
    let text = format!("vrrp_instance V {{\nvirtual_routes {{\n{routes}}}\n}}\n");
    check(text.as_bytes());
    let import = read(text.as_bytes());
    assert!(import.objects.is_empty());
    assert!(ids(&import).contains("too-much"));
    assert!(import.ledger.left_out().count() > 40_000);
}

/// What lint takes of one file is what an import may make.
#[test]
fn a_manifest_of_more_than_a_file_is_not_made() {
    let scripts = |count: usize| {
        let argument = "x".repeat(40_000);
        let script =
            |number| format!("vrrp_script s{number} {{\nscript \"/bin/a {argument}\"\n}}\n");
        read((0..count).map(script).collect::<String>().as_bytes())
    };
    let import = scripts(90);
    assert!(import.objects.is_empty());
    assert!(ids(&import).contains("too-much"));
    assert_eq!(scripts(70).objects.len(), 70);
}

#[test]
fn lines_full_of_braces_are_read_as_far_as_keywords_go() {
    let import = read(format!("{}\n", "}{".repeat(20_000)).repeat(10).as_bytes());
    assert!(import.ledger.entries.len() < 150_000);
}

#[test]
fn a_file_and_a_script_of_one_name_do_not_write_over_each_other() {
    let import = read(
        b"vrrp_script a {\n script /bin/true\n}\ntrack_file a {\n file /run/a\n}\nvrrp_instance V \
          {\n track_script {\n  a\n }\n}\n",
    );
    assert!(ids(&import).contains("name-twice"));
    assert_eq!(import.objects.len(), 2, "{}", import.text);
    let lost: Vec<&str> = import
        .ledger
        .left_out()
        .map(|it| it.keyword.as_str())
        .collect();
    assert_eq!(lost, ["track_file", "track_file/file"]);
}

#[test]
fn instances_beyond_what_is_read_are_left_out() {
    let import = read(&alike(1_510));
    assert_eq!(import.objects.len(), 1_500);
    assert_eq!(import.ledger.left_out().count(), 10);
}
