//! Compose files: what they come to, and what is wrong with them, at its place in the file.

use std::fs;

use skep_manifest::fill::{Filling, fill, unread_stacks};
use skep_manifest::parse::parse;
use skep_manifest::resolve::resolve;
use skep_manifest::set::{ManifestSet, Source};
use skep_manifest::stack::ReadCompose;
use skep_manifest::value_source::ValueSource;

use crate::fixture::{compare, folder, report};

/// The manifest `name` of the fixtures with its compose file and these files read into it.
fn read(name: &str, files: &[(&str, &str)], secrets: &[(&str, &str)]) -> ManifestSet {
    let read = |name: &str| {
        let bytes = fs::read(folder("stacks").join(name)).expect("a fixture can be read");
        String::from_utf8(bytes).expect("fixtures are text")
    };
    let text = read(name);
    let source = |text: &str| {
        vec![Source {
            name: format!("manifests/{name}"),
            text: text.as_bytes().to_vec(),
        }]
    };
    let values = |files: &[(&str, &str)]| {
        let entry = |(path, text): &(&str, &str)| {
            ((*path).to_owned(), ValueSource::Value((*text).to_owned()))
        };
        files.iter().map(entry).collect()
    };
    let compose = name.replace(".yaml", ".compose.yaml");
    let read = ReadCompose {
        text: read(&compose),
        name: Some(compose),
        files: values(files),
        secrets: values(secrets),
    };
    let unread = unread_stacks(&parse(source(&text)));
    let fillings = unread
        .iter()
        .map(|unread| (unread.at, Filling::Compose(read.clone())));
    let filled = fill(&text, 0, &fillings.collect::<Vec<_>>());
    assert_eq!(filled.lines().count(), text.lines().count(), "{filled}");
    parse(source(&filled))
}

#[test]
fn a_compose_file_comes_to_what_docker_stack_makes_of_it() {
    let files = [
        ("./site.conf", "listen 80;"),
        ("./web.env", "WORKERS=2\nLEVEL=info\n"),
    ];
    let set = read("shop.yaml", &files, &[("secrets/db.txt", "hive\n")]);
    let (desired, problems) = resolve(&set);
    assert_eq!(
        report(&set, &[set.problems.as_slice(), &problems].concat()),
        ""
    );
    assert_eq!(set.documents.len(), 2);
    let parts: Vec<String> = set.parts.iter().map(|part| part.object.to_yaml()).collect();
    compare("stacks/shop.expected", &parts.join("---\n"));
    let web = &desired.services["shop_web"];
    assert_eq!(
        (web.origin.file.as_str(), web.origin.line),
        ("manifests/shop.compose.yaml", 10)
    );
}

#[test]
fn what_cannot_be_honoured_is_told_at_its_place_in_the_compose_file() {
    let set = read("wrong.yaml", &[], &[]);
    let (_, problems) = resolve(&set);
    compare(
        "stacks/wrong.expected",
        &report(&set, &[set.problems.as_slice(), &problems].concat()),
    );
    assert_eq!(set.suppressions.len(), 1);
}

#[test]
fn no_compose_file_is_too_strange_to_be_read() {
    let pieces = [
        "services:",
        "\n",
        "  ",
        " ",
        "web:",
        "image: a",
        "- ",
        "{",
        "}",
        "[",
        "]",
        "&a ",
        "*a",
        "<<: *a",
        "$",
        "${A:-b}",
        "ports: ",
        "80:80",
        "networks: ",
        "null",
        "deploy:",
        "x-y:",
        "volumes: ",
        "secrets: ",
        "a",
        ":",
        "\"",
        "---\n",
        "configs: ",
        "file: ",
        "external: true",
    ];
    let manifest =
        "apiVersion: skep/v1\nkind: Stack\nmetadata: {name: shop}\nspec: {compose: {value: XX}}\n";
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..4000 {
        let mut text = String::new();
        for _ in 0..24 {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            let index = usize::try_from(seed % pieces.len() as u64).expect("small");
            text.push_str(pieces[index]);
        }
        let quoted = serde_json::to_string(&text).expect("text");
        let set = parse(vec![Source {
            name: "skep.yaml".to_owned(),
            text: manifest.replace("XX", &quoted).into_bytes(),
        }]);
        let (_, problems) = resolve(&set);
        for problem in set.problems.iter().chain(&problems) {
            assert_ne!(set.location(problem.span).file, "?", "{text}");
        }
    }
}
