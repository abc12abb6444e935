//! What is secret in a desired state: it is kept sealed, and open only where it is used.

use std::collections::BTreeMap;

use skep_api::trust::value_keys::ValueKeys;
use skep_manifest::fill::{self, Filling, Written};
use skep_manifest::object::Object;
use skep_manifest::parse::parse;
use skep_manifest::set::{ManifestSet, Source};
use skep_manifest::value_source::Sealed;
use skep_plan::feeding::{Change, Fed, Feeding, Manifest};

/// What stands for a sealed value that a node is not to have, not even sealed.
const WITHHELD: &str = "skep1.withheld";

/// Who opens what is sealed.
pub(super) enum Opening {
    /// Nobody: there is no cluster.
    Nobody,
    /// This agent, with the keys of the cluster.
    Here(ValueKeys),
    /// Agents with the cluster's key, which hand out what this node needs open and the rest sealed.
    Elsewhere,
}

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

/// `documents` as they are handed to a node without the cluster's key: what it needs of the objects
/// that are `needed` stands open, of everything else sealed nothing is told.
pub(super) fn hand_out(
    documents: Vec<Fed>,
    keys: &ValueKeys,
    needed: impl Fn(&Object) -> bool,
) -> Vec<Fed> {
    let set = parse(documents.iter().map(|fed| fed.manifest.source()).collect());
    let withheld: Sealed = WITHHELD.parse().expect("it has the form of a sealed value");
    let needed = fill::sealed_of(&set, needed).into_iter();
    let opened: BTreeMap<Written, String> = needed
        .filter_map(|(at, sealed)| Some((at, keys.open(&sealed).ok()?)))
        .collect();
    let sealed = fill::sealed(&set).into_iter();
    let fillings: Vec<(Written, Filling)> = sealed
        .map(|(at, _)| match opened.get(&at) {
            Some(value) => (at, Filling::Value(value.clone())),
            None => (at, Filling::Sealed(withheld.clone())),
        })
        .collect();
    let texts = documents.into_iter().enumerate();
    texts
        .map(|(index, Fed { feeder, manifest })| Fed {
            manifest: Manifest {
                text: fill::fill(&manifest.text, index, &fillings),
                name: manifest.name,
            },
            feeder,
        })
        .collect()
}

/// What `sources` say with everything in them open that was sealed, or what cannot be opened, a
/// line each.
pub(super) fn open(sources: Vec<Source>, opening: &Opening) -> Result<ManifestSet, Vec<String>> {
    let set = parse(sources);
    let sealed = fill::sealed(&set);
    if sealed.is_empty() {
        return Ok(set);
    }
    let mut errors = Vec::new();
    let mut fillings = Vec::new();
    for (at, sealed) in sealed {
        let opened = match opening {
            Opening::Here(keys) => keys.open(&sealed).map_err(|error| error.to_string()),
            Opening::Nobody => {
                Err("a sealed value needs a cluster.key, and this agent has none".to_owned())
            }
            Opening::Elsewhere => continue,
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
        let set = open(
            kept.iter().map(Manifest::source).collect(),
            &Opening::Here(keys(1)),
        )
        .expect("it is opened");
        assert_eq!(fill::revealed(&set)[0].1, "hidden \"word");
    }

    #[test]
    fn a_node_without_the_key_is_handed_what_it_needs_and_of_the_rest_nothing() {
        let fed = |manifest: Manifest| Fed {
            feeder: "apply".to_owned(),
            manifest,
        };
        let kept = || hidden().into_iter().map(fed).collect::<Vec<Fed>>();
        let hand_out_for = |needed| {
            let handed_out = hand_out(kept(), &keys(1), |_object| needed);
            handed_out[0].manifest.text.clone()
        };
        let needed = hand_out_for(true);
        assert!(needed.contains("value: \"hidden"), "{needed}");
        let withheld = hand_out_for(false);
        let expected = SECRET.replace("value: \"hidden \\\"word\"", "sealed: \"skep1.withheld\"");
        assert_eq!(withheld, expected);
        let set = open(vec![fed_source(&withheld)], &Opening::Elsewhere).expect("it is read");
        assert_eq!(fill::sealed(&set).len(), 1);
    }

    fn fed_source(text: &str) -> Source {
        Source {
            name: "skep.yaml".to_owned(),
            text: text.as_bytes().to_vec(),
        }
    }

    #[test]
    fn what_cannot_be_opened_is_named_with_its_place() {
        let sources = || hidden().iter().map(Manifest::source).collect();
        let others = open(sources(), &Opening::Here(keys(2))).expect_err("another key");
        assert!(
            others[0].starts_with("skep.yaml:5:18: no key"),
            "{others:?}"
        );
        let nobody = open(sources(), &Opening::Nobody).expect_err("no key");
        assert!(nobody[0].contains("needs a cluster.key"), "{nobody:?}");
    }
}
