//! What is secret in a desired state: it is kept sealed, and open only where it is used.

use skep_api::trust::value_keys::ValueKeys;
use skep_manifest::fill::{self, Filling, Written};
use skep_manifest::parse::parse;
use skep_manifest::set::{ManifestSet, Source};
use skep_plan::feeding::{Change, Feeding, Manifest};

/// `change` with everything secret in what it feeds sealed.
pub(super) fn sealed(change: &Change, keys: &ValueKeys) -> Change {
    match change {
        Change::Feed(feeding) => Change::Feed(Feeding {
            documents: seal(feeding.documents.clone(), keys),
            ..feeding.clone()
        }),
        // What is recalled was sealed when it was fed.
        Change::Delete(_)
        | Change::Pause(_)
        | Change::Resume(_)
        | Change::Recall(_)
        | Change::SetAvailability(_) => change.clone(),
    }
}

/// `documents` with everything secret in them sealed.
pub(super) fn seal(documents: Vec<Manifest>, keys: &ValueKeys) -> Vec<Manifest> {
    let set = parse(documents.iter().map(Manifest::source).collect());
    let revealed = fill::revealed(&set).into_iter();
    let fillings: Vec<(Written, Filling)> = revealed
        .map(|(at, value)| (at, Filling::Sealed(keys.seal(&value))))
        .collect();
    if fillings.is_empty() {
        return documents;
    }
    let texts = documents.into_iter().enumerate();
    texts
        .map(|(index, Manifest { name, text })| Manifest {
            text: fill::fill(&text, index, &fillings),
            name,
        })
        .collect()
}

/// What `sources` say with everything in them open that was sealed, or what cannot be opened, a
/// line each. Without keys nothing can.
pub(super) fn open(
    sources: Vec<Source>,
    keys: Option<&ValueKeys>,
) -> Result<ManifestSet, Vec<String>> {
    let set = parse(sources);
    let sealed = fill::sealed(&set);
    if sealed.is_empty() {
        return Ok(set);
    }
    let mut errors = Vec::new();
    let mut fillings = Vec::new();
    for (at, sealed) in sealed {
        let opened = match keys {
            Some(keys) => keys.open(&sealed).map_err(|error| error.to_string()),
            None => Err("a sealed value needs a cluster.key, and this agent has none".to_owned()),
        };
        match opened {
            Ok(value) => fillings.push((at, Filling::Value(value))),
            Err(error) => errors.push(format!("{}: {error}", set.location(at.span))),
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let texts = set.sources.iter().enumerate();
    let opened = texts.map(|(index, source)| Source {
        name: source.name().to_owned(),
        text: fill::fill(source.text(), index, &fillings).into_bytes(),
    });
    Ok(parse(opened.collect()))
}

#[cfg(test)]
mod tests {
    use skep_api::trust::key::ClusterKeys;

    use super::*;

    const SECRET: &str = "apiVersion: skep/v1\nkind: Secret\nmetadata: {name: key}\nspec:\n  data: {value: \"hidden \\\"word\"}\n";

    fn keys(byte: u8) -> ValueKeys {
        let digits = format!("{byte:02x}").repeat(32);
        let text = format!("# skep cluster.key, version 1\n{digits}\n");
        let keys = ClusterKeys::parse(text.as_bytes()).expect("a key");
        keys.value_keys()
    }

    fn hidden() -> Vec<Manifest> {
        let manifest = Manifest {
            name: "skep.yaml".to_owned(),
            text: SECRET.to_owned(),
        };
        seal(vec![manifest], &keys(1))
    }

    #[test]
    fn what_is_sealed_hides_the_secret_and_says_the_same_when_it_is_opened() {
        let kept = hidden();
        assert!(!kept[0].text.contains("hidden"), "{}", kept[0].text);
        assert_eq!(kept, hidden());
        assert_eq!(seal(kept.clone(), &keys(1)), kept);
        let set = open(kept.iter().map(Manifest::source).collect(), Some(&keys(1)))
            .expect("it is opened");
        assert_eq!(fill::revealed(&set)[0].1, "hidden \"word");
    }

    #[test]
    fn what_cannot_be_opened_is_named_with_its_place() {
        let sources = || hidden().iter().map(Manifest::source).collect();
        let others = open(sources(), Some(&keys(2))).expect_err("another key");
        assert!(
            others[0].starts_with("skep.yaml:5:18: no key"),
            "{others:?}"
        );
        let nobody = open(sources(), None).expect_err("no key");
        assert!(nobody[0].contains("needs a cluster.key"), "{nobody:?}");
    }
}
