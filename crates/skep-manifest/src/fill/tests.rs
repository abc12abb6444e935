use super::*;
use crate::object::Object;
use crate::parse::parse;
use crate::set::Source;

const HEAD: &str = "apiVersion: skep/v1\nkind: VipGroup\nmetadata: {name: ingress}\nspec:\n  addresses: [10.0.0.70]\n  members: [a, b]\n  version: 2\n";

fn set_of(text: &str) -> ManifestSet {
    let set = parse(vec![Source {
        name: "skep.yaml".to_owned(),
        text: text.as_bytes().to_vec(),
    }]);
    assert!(set.problems.is_empty(), "{:?}\n{text}", set.problems);
    set
}

/// The text with every value read as `value`.
fn filled(text: &str, value: &str) -> String {
    let values: Vec<_> = unread(&set_of(text))
        .into_iter()
        .map(|unread| (unread.at, Filling::Value(value.to_owned())))
        .collect();
    fill(text, 0, &values)
}

#[test]
fn where_a_value_comes_from_is_replaced_by_the_value_and_nothing_else_moves() {
    for (from, to) in [
        (
            "  authentication: {simple: {password: {fromFile: a/b.key}}} # why\n",
            "  authentication: {simple: {password: {value: \"secret\"}}} # why\n",
        ),
        (
            "  authentication:\n    simple:\n      password:\n        \"fromEnv\":   'KEY'\n",
            "  authentication:\n    simple:\n      password:\n        value:   \"secret\"\n",
        ),
        (
            "  authentication: {simple: {password: {fromNodeFile: /etc/key}}}\n",
            "  authentication: {simple: {password: {fromNodeFile: /etc/key}}}\n",
        ),
    ] {
        assert_eq!(
            filled(&format!("{HEAD}{from}"), "secret"),
            format!("{HEAD}{to}")
        );
    }
}

#[test]
fn every_value_is_read_back_as_it_was() {
    let text = format!("{HEAD}  authentication: {{simple: {{password: {{fromEnv: KEY}}}}}}\n");
    for value in [
        "",
        "a\"b\\c",
        "line\nbreak\ttab",
        "größe 🐝 \u{85}\u{2028}\u{7f}",
        "# no: comment",
    ] {
        let set = set_of(&filled(&text, value));
        let Object::VipGroup(group) = &set.documents[0].object else {
            panic!("a group");
        };
        let values = group.spec.authentication.as_ref().unwrap().values();
        assert_eq!(values, [&ValueSource::Value(value.to_owned())]);
        assert_eq!(unread(&set), []);
    }
}

#[test]
fn an_anchor_is_filled_once_for_all_that_name_it() {
    let keys = "  authentication: {hmac: {activeKey: 1, keys: [{id: 1, key: &k {fromEnv: KEY}}, {id: 2, key: *k}]}}\n";
    let text = format!("{HEAD}{keys}").replace("version: 2", "version: 3");
    let set = set_of(&filled(&text, "secret"));
    assert_eq!(unread(&set), []);
}

#[test]
fn what_is_secret_is_sealed_in_its_place_and_what_everyone_may_read_stays() {
    let secret = "apiVersion: skep/v1\nkind: Secret\nmetadata: {name: key}\nspec: {data: {value: hidden}} # why\n---\n";
    let config = "apiVersion: skep/v1\nkind: Config\nmetadata: {name: site}\nspec: {data: {value: shown}}\n---\n";
    let group = format!("{HEAD}  authentication: {{simple: {{password: {{value: hidden}}}}}}\n");
    let text = format!("{secret}{config}{group}");
    let seal = "skep1.AAAA".parse::<Sealed>().unwrap();
    let found = revealed(&set_of(&text));
    let fillings: Vec<_> = found
        .iter()
        .map(|(at, _)| (*at, Filling::Sealed(seal.clone())))
        .collect();
    let kept = fill(&text, 0, &fillings);
    assert_eq!(
        kept,
        text.replace("value: hidden", "sealed: \"skep1.AAAA\"")
    );
    let found = sealed(&set_of(&kept));
    assert_eq!(found.len(), 2);
    let fillings: Vec<_> = found
        .iter()
        .map(|(at, _)| (*at, Filling::Value("hidden".to_owned())))
        .collect();
    let opened = fill(&kept, 0, &fillings);
    assert_eq!(opened, text.replace("hidden", "\"hidden\""));
}

#[test]
fn a_secret_of_several_lines_is_sealed_and_opened_on_its_lines_however_it_is_written() {
    let seal = "skep1.AAAA".parse::<Sealed>().unwrap();
    for (written, content) in [
        ("\n    value: |\n      one\n      two\n", "one\ntwo\n"),
        (
            "\n    value: |-  # why\n      one\n      two\n\n",
            "one\ntwo",
        ),
        ("\n    value: >\n      one\n      two\n", "one two\n"),
        ("\n    value: # a | b\n      one\n      two\n", "one two"),
        (" {value: \"one\n    two\"}\n", "one two"),
        (" {value: 'one'}\n", "one"),
    ] {
        let secret = format!(
            "apiVersion: skep/v1\nkind: Secret\nmetadata: {{name: key}}\nspec:\n  data:{written}  labels: {{of: web}}\n"
        );
        let network = "apiVersion: skep/v1\nkind: Network\nmetadata: {name: front}\nspec: {}\n";
        let text = format!("{secret}---\n{network}");
        let [(at, found)] = &revealed(&set_of(&text))[..] else {
            panic!("one secret: {text}");
        };
        assert_eq!(found, content, "{text}");
        let kept = fill(&text, 0, &[(*at, Filling::Sealed(seal.clone()))]);
        let set = set_of(&kept);
        let place = |set: &ManifestSet| set.location(set.documents[1].whole()).line;
        assert_eq!(place(&set), place(&set_of(&text)), "{kept}");
        let [(at, found)] = &sealed(&set)[..] else {
            panic!("one sealed secret: {kept}");
        };
        assert_eq!(*found, seal);
        let opened = fill(&kept, 0, &[(*at, Filling::Value(content.to_owned()))]);
        assert_eq!(revealed(&set_of(&opened))[0].1, content, "{opened}");
    }
}
