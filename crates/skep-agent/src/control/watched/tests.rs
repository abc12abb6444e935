use std::path::PathBuf;
use std::time::Duration;

use skep_api::trust::key::ClusterKeys;
use skep_manifest::set::Source;
use skep_plan::feeding::change;

use super::*;
use crate::control::sealing::sealed;

const SECRET: &str =
    "apiVersion: skep/v1\nkind: Secret\nmetadata: {name: key}\nspec:\n  data: {value: hive}\n";

fn keys() -> ValueKeys {
    let text = format!("# skep cluster.key, version 1\n{}\n", "01".repeat(32));
    let keys = ClusterKeys::parse(text.as_bytes()).expect("a key");
    keys.value_keys()
}

#[test]
fn a_directory_with_a_secret_is_in_step_with_what_is_kept_of_it() {
    let state = tempfile::tempdir().expect("a directory");
    let store = Store::open(state.path()).expect("it can be written");
    let place = Place::Directory(PathBuf::from("/manifests"));
    let mut watched = Watched::new(place, &store);
    let now = Instant::from_boot(Duration::ZERO);
    let source = Source {
        name: "/manifests/skep.yaml".to_owned(),
        text: SECRET.as_bytes().to_vec(),
    };
    let contents = Contents {
        sources: Ok(vec![source]),
        commit: None,
    };
    watched.handle_read(contents, &keys(), now);
    let fed = watched.feeding(None, false).expect("it holds something");
    let kept = change(&Kept::default(), &sealed(&fed, &keys())).expect("it is accepted");
    assert!(!kept.documents[0].manifest.text.contains("hive"));
    assert_eq!(watched.judge(Some(&kept), &store, now), SourceState::InStep);
    assert_eq!(watched.complaint(), None);
}

#[test]
fn a_directory_that_lost_everything_removes_nothing_and_says_so() {
    let state = tempfile::tempdir().expect("a directory");
    let store = Store::open(state.path()).expect("it can be written");
    let mut watched = Watched::new(Place::Directory(PathBuf::from("/manifests")), &store);
    let now = Instant::from_boot(Duration::ZERO);
    let read = |watched: &mut Watched, sources: Vec<Source>| {
        let contents = Contents {
            sources: Ok(sources),
            commit: None,
        };
        watched.handle_read(contents, &keys(), now);
    };
    let source = Source {
        name: "/manifests/skep.yaml".to_owned(),
        text: SECRET.as_bytes().to_vec(),
    };
    // Whoever never fed anything has an empty directory for good.
    read(&mut watched, Vec::new());
    watched.handle_emptiness(Some(&Kept::default()), now);
    assert_eq!(watched.complaint(), None);
    read(&mut watched, vec![source.clone()]);
    let fed = watched.feeding(None, false).expect("it holds something");
    let kept = change(&Kept::default(), &sealed(&fed, &keys())).expect("it is accepted");
    watched.handle_submitted(&Ok(Submitted::Acceptable), now);
    watched.judge(Some(&kept), &store, now);

    read(&mut watched, Vec::new());
    assert!(watched.due().is_none(), "there is nothing to feed");
    watched.handle_emptiness(Some(&kept), now);
    let complaint = watched.complaint().expect("it says so");
    assert_eq!(complaint.reason, Reason::SourceRefused);
    assert!(!watched.waits(), "no word lets it remove everything");
    read(&mut watched, vec![source]);
    assert_eq!(watched.judge(Some(&kept), &store, now), SourceState::InStep);
    assert_eq!(watched.complaint(), None);
}
