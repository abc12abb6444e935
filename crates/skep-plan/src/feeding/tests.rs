use super::*;

/// One file `NAME.yaml` with these objects: `swarm`, `vip/NAME`, `elsewhere/NAME` for a group with
/// another address, or `web/WORD`, a service.
fn file(name: &str, objects: &[&str]) -> Manifest {
    let text = objects.iter().map(|object| {
        let (kind, spec) = match object.split_once('/') {
            None => ("Swarm", "nodes: [{name: a, address: 10.0.0.1, role: manager}]".to_owned()),
            Some(("vip", _)) => ("VipGroup", "virtualRouterId: 5, addresses: [10.0.0.9], members: [a]".to_owned()),
            Some(("elsewhere", _)) => ("VipGroup", "virtualRouterId: 5, addresses: [10.0.0.8], members: [a]".to_owned()),
            Some((_, word)) => ("Service", format!("image: {word}")),
        };
        let called = match object.split_once('/') {
            None => "cube",
            Some(("vip" | "elsewhere", name)) => name,
            Some((service, _)) => service,
        };
        format!("apiVersion: skep/v1\nkind: {kind}\nmetadata: {{name: {called}}}\nspec: {{{spec}}}\n---\n")
    });
    Manifest {
        name: format!("{name}.yaml"),
        text: text.collect(),
    }
}

fn feeding(feeder: &str, documents: &[Manifest]) -> Feeding {
    Feeding {
        feeder: feeder.to_owned(),
        documents: documents.to_vec(),
        prune: false,
        take_over: false,
        source: None,
        confirmed: false,
    }
}

/// What is kept after `feeding`, which must be allowed.
fn fed(kept: &Kept, feeding: Feeding) -> Kept {
    change(kept, &Change::Feed(feeding)).expect("it is allowed")
}

fn refused(kept: &Kept, feeding: Feeding) -> Refused {
    change(kept, &Change::Feed(feeding)).expect_err("it is refused")
}

/// Each object with its feeder, by what it is.
fn owners(kept: &Kept) -> Vec<String> {
    let shelf = Shelf::read(&kept.documents);
    let owner = |key| {
        format!(
            "{key} {}",
            shelf.owner(shelf.find(key).expect("it is there"))
        )
    };
    shelf.index.keys().map(owner).collect()
}

fn of_directory(documents: &[Manifest], from: Option<&[Manifest]>) -> Feeding {
    Feeding {
        prune: true,
        source: Some(SourceChange {
            to: digest(documents),
            from: from.map(digest),
            origin: None,
        }),
        ..feeding(DIRECTORY, documents)
    }
}

/// How a directory that holds `documents`, and held `last` when it was in step, stands.
fn directory_state(
    kept: Option<&Kept>,
    documents: &[Manifest],
    last: Option<&[Manifest]>,
) -> SourceState {
    let ancestors: Vec<String> = last.map(digest).into_iter().collect();
    let watched = Watched {
        feeder: DIRECTORY,
        documents,
        digest: &digest(documents),
        ancestors: &ancestors,
    };
    source_state(kept, &watched)
}

#[test]
fn who_applies_one_object_leaves_the_others_and_their_lines() {
    let all = file("all", &["swarm", "web/one", "db/one"]);
    let kept = fed(&Kept::default(), feeding(APPLY, std::slice::from_ref(&all)));
    let kept = fed(&kept, feeding(APPLY, &[file("web", &["web/two"])]));
    assert_eq!(
        owners(&kept),
        ["swarm/cube apply", "service/db apply", "service/web apply"]
    );
    let texts: Vec<&str> = kept
        .documents
        .iter()
        .map(|it| it.manifest.text.as_str())
        .collect();
    assert!(!texts[0].contains("one}\n---\n\n\n\n\n\napi"), "{texts:?}");
    assert_eq!(texts[0].lines().count(), all.text.lines().count());
    assert!(texts[1].contains("image: two"));
    // Again, alone or with others: nothing changes.
    let both = file("both", &["web/two", "db/one"]);
    assert_eq!(fed(&kept, feeding(APPLY, &[both])), kept);
    assert_eq!(
        fed(&kept, feeding(APPLY, &[file("web", &["web/two"])])),
        kept
    );
}

#[test]
fn what_a_feeder_leaves_out_goes_when_it_prunes_and_what_others_fed_stays() {
    let own = [file("all", &["swarm", "web/one", "db/one"])];
    let kept = fed(&Kept::default(), of_directory(&own, None));
    let kept = fed(&kept, feeding(APPLY, &[file("mine", &["cache/one"])]));
    let less = [file("all", &["swarm", "web/one"])];
    let kept = fed(&kept, of_directory(&less, Some(&own)));
    assert_eq!(
        owners(&kept),
        [
            "swarm/cube directory",
            "service/cache apply",
            "service/web directory"
        ]
    );
}

#[test]
fn an_object_of_another_feeder_is_refused_with_its_place_unless_it_is_taken_over_or_the_same() {
    let kept = fed(
        &Kept::default(),
        of_directory(&[file("all", &["swarm", "web/one"])], None),
    );
    let same = feeding(APPLY, &[file("web", &["web/one", "db/one"])]);
    let kept = fed(&kept, same);
    assert_eq!(
        owners(&kept),
        [
            "swarm/cube directory",
            "service/db apply",
            "service/web directory"
        ]
    );
    let other = feeding(APPLY, &[file("web", &["web/two"])]);
    let line = "service/web was fed by `directory` (all.yaml:6): change it there, or take it over \
                with --take-over";
    assert_eq!(
        refused(&kept, other.clone()),
        Refused::Errors(vec![line.to_owned()])
    );
    let taken = Feeding {
        take_over: true,
        ..other
    };
    assert!(owners(&fed(&kept, taken)).contains(&"service/web apply".to_owned()));
}

#[test]
fn a_source_is_fed_only_from_what_was_fed_last() {
    let [one, two, three] =
        ["one", "two", "three"].map(|it| [file("a", &["swarm", &format!("web/{it}")])]);
    let kept = fed(&Kept::default(), of_directory(&one, None));
    let kept = fed(&kept, of_directory(&two, Some(&one)));
    // Last week's directory, changed or not, and one that was never fed.
    for from in [Some(&one[..]), None] {
        let told = refused(&kept, of_directory(&three, from));
        assert!(matches!(told, Refused::SourceDiffers(_)), "{told:?}");
    }
    let confirmed = Feeding {
        confirmed: true,
        ..of_directory(&three, None)
    };
    let after = fed(&kept, confirmed);
    let stands = directory_state(Some(&after), &three, None);
    assert_eq!(stands, SourceState::InStep);

    let applied = fed(&Kept::default(), feeding(APPLY, &one));
    let told = refused(&applied, of_directory(&one, None));
    assert!(matches!(told, Refused::SourceDiffers(_)), "{told:?}");
}

#[test]
fn how_a_directory_stands_to_what_it_fed() {
    let [one, two, old] =
        ["one", "two", "old"].map(|it| [file("a", &["swarm", &format!("web/{it}")])]);
    let check =
        |kept: Option<&Kept>, documents: &[Manifest], last: Option<&[Manifest]>, expected| {
            assert_eq!(directory_state(kept, documents, last), expected);
        };
    check(None, &one, None, SourceState::Changed);
    let kept = fed(&Kept::default(), of_directory(&one, None));
    check(Some(&kept), &one, None, SourceState::InStep);
    check(Some(&kept), &two, Some(&one), SourceState::Changed);
    check(Some(&kept), &two, Some(&old), SourceState::Differs);
    check(Some(&kept), &two, None, SourceState::Differs);

    let taken = Feeding {
        take_over: true,
        ..feeding(APPLY, &two)
    };
    check(
        Some(&fed(&kept, taken)),
        &one,
        Some(&one),
        SourceState::Overruled,
    );
    let newer = fed(&kept, of_directory(&two, Some(&one)));
    let back = change(&newer, &Change::Recall(kept.documents.clone())).expect("it is allowed");
    check(Some(&back), &two, Some(&two), SourceState::Paused);
    let resumed = change(&back, &Change::Resume(None)).expect("it is allowed");
    check(Some(&resumed), &two, Some(&two), SourceState::Overruled);
    check(Some(&resumed), &old, Some(&two), SourceState::Changed);

    let applied = fed(&Kept::default(), feeding(APPLY, &one));
    check(Some(&applied), &one, Some(&one), SourceState::Differs);
}

#[test]
fn an_object_with_a_mistake_in_it_is_not_one_that_was_left_out() {
    let own = [file("all", &["swarm", "vip/in", "web/one"])];
    let kept = fed(&Kept::default(), of_directory(&own, None));
    let mut slip = own.clone();
    slip[0].text = slip[0].text.replace("members:", "membres:");
    let after = fed(&kept, of_directory(&slip, Some(&own)));
    assert!(after.documents[0].manifest.text.contains("membres:"));
}

#[test]
fn a_branch_is_fed_from_any_of_its_commits_and_never_from_another_line() {
    let [one, two] = ["one", "two"].map(|it| [file("a", &["swarm", &format!("web/{it}")])]);
    let feed = |kept: &Kept, documents: &[Manifest], from: Option<&str>, to: &str| {
        let source = SourceChange {
            to: to.to_owned(),
            from: from.map(str::to_owned),
            origin: Some(Origin {
                branch: "main".to_owned(),
                commit: format!("{to}0123456789"),
                author: "Ada".to_owned(),
                message: "web".to_owned(),
            }),
        };
        let feeding = Feeding {
            prune: true,
            source: Some(source),
            ..feeding(GIT, documents)
        };
        fed(kept, feeding)
    };
    let check = |kept: &Kept, documents: &[Manifest], line: &[&str], expected| {
        let line: Vec<String> = line.iter().map(|commit| (*commit).to_owned()).collect();
        let watched = Watched {
            feeder: GIT,
            documents,
            digest: &line[0],
            ancestors: &line,
        };
        assert_eq!(source_state(Some(kept), &watched), expected, "{line:?}");
    };
    let kept = feed(&Kept::default(), &one, None, "a");
    let origin = kept.feeders[GIT].origin.as_ref().expect("it is noted");
    assert_eq!(origin.to_string(), "main@a012345 \"web\" (Ada)");
    check(&kept, &one, &["a"], SourceState::InStep);
    // The one between was pushed while nobody looked; one about something else is no change.
    check(&kept, &two, &["c", "b", "a"], SourceState::Changed);
    check(&kept, &one, &["c", "b", "a"], SourceState::InStep);
    // A server that lags behind, and a branch that was written anew.
    let newer = feed(&kept, &two, Some("a"), "b");
    check(&newer, &one, &["a"], SourceState::Differs);
    check(&newer, &one, &["x", "a"], SourceState::Differs);

    let paused = change(&newer, &Change::Pause(None)).expect("it is allowed");
    assert_eq!(paused.paused(), [DIRECTORY, GIT]);
    check(&paused, &one, &["c", "b"], SourceState::Paused);
    let back = change(&newer, &Change::Recall(kept.documents)).expect("it is allowed");
    assert_eq!(back.paused(), [GIT]);
}

#[test]
fn too_much_at_once_waits_for_a_word() {
    let own = [file("all", &["swarm", "vip/in", "web/one", "db/one"])];
    let kept = fed(&Kept::default(), of_directory(&own, None));
    for (left, waits) in [
        (&["swarm", "vip/in", "web/one"][..], None),
        (&["swarm", "vip/in"], None),
        (
            &["swarm", "web/one", "db/one"],
            Some("every VIP group (vipgroup/in)"),
        ),
        (
            &["vip/in", "web/one", "db/one"],
            Some("swarm/cube (swarm/cube)"),
        ),
        (&["vip/other", "swarm", "web/one", "db/one"], None),
        (&["vip/other", "swarm", "web/one"], None),
        (&["vip/other", "vip/third", "swarm", "web/one"], None),
        (
            &["elsewhere/other", "swarm", "web/one", "db/one"],
            Some("every VIP group (vipgroup/in)"),
        ),
        (&["vip/other", "web/one", "db/one"], Some("swarm/cube")),
        (&["new/one", "vip/in"], Some("swarm/cube")),
    ] {
        let less = of_directory(&[file("all", left)], Some(&own));
        let outcome = change(&kept, &Change::Feed(less.clone()));
        match (outcome, waits) {
            (Ok(_), None) => {}
            (Err(Refused::AwaitsConfirmation(told)), Some(expected)) => {
                assert!(told.contains(expected), "{told}");
            }
            (outcome, _) => panic!("{left:?}: {outcome:?}"),
        }
        let confirmed = Feeding {
            confirmed: true,
            ..less
        };
        fed(&kept, confirmed);
    }
    let many = [file(
        "all",
        &["swarm", "vip/in", "a/x", "b/x", "c/x", "d/x"],
    )];
    let kept = fed(&Kept::default(), of_directory(&many, None));
    let half = of_directory(&[file("all", &["swarm", "vip/in", "a/x"])], Some(&many));
    fed(&kept, half);
    let more = of_directory(&[file("all", &["swarm", "vip/in"])], Some(&many));
    assert_eq!(
        refused(&kept, more),
        Refused::AwaitsConfirmation(
            "it would remove 4 of its 6 objects (service/a, service/b, service/c, service/d)"
                .to_owned()
        )
    );
    let nothing = of_directory(&[], Some(&many));
    assert!(matches!(refused(&kept, nothing), Refused::Errors(_)));
}

#[test]
fn who_is_paused_feeds_nothing_until_it_is_resumed() {
    let own = [file("all", &["swarm"])];
    let kept = fed(&Kept::default(), of_directory(&own, None));
    let paused = change(&kept, &Change::Pause(None)).expect("it is allowed");
    let more = of_directory(&[file("all", &["swarm", "web/one"])], Some(&own));
    let told = format!("{:?}", refused(&paused, more.clone()));
    assert!(told.contains("`skep resume directory`"), "{told}");
    fed(&paused, feeding(APPLY, &[file("web", &["web/one"])]));
    let resumed = change(&paused, &Change::Resume(Some(DIRECTORY.to_owned())));
    let resumed = resumed.expect("it is allowed");
    assert_eq!(resumed, kept);
    fed(&resumed, more);

    let nobody = change(&kept, &Change::Pause(Some("gti".to_owned())));
    let told = format!("{:?}", nobody.expect_err("there is none"));
    assert!(told.contains("no feeder `gti`"), "{told}");
    let early = change(&Kept::default(), &Change::Pause(None));
    assert!(early.is_err());
}

#[test]
fn an_object_is_removed_by_name_by_its_own_feeder() {
    let kept = fed(
        &Kept::default(),
        of_directory(&[file("all", &["swarm", "web/one"])], None),
    );
    let kept = fed(
        &kept,
        feeding(APPLY, &[file("db", &["db/one", "cache/one"])]),
    );
    let delete = |name: &str, take_over| {
        let deletion = Deletion {
            objects: vec![ObjectKey {
                kind: skep_manifest::object::Kind::Service,
                name: name.parse().expect("a name"),
            }],
            take_over,
        };
        change(&kept, &Change::Delete(deletion))
    };
    let left = delete("db", false).expect("it is allowed");
    assert_eq!(
        owners(&left),
        [
            "swarm/cube directory",
            "service/cache apply",
            "service/web directory"
        ]
    );
    let theirs = format!(
        "{:?}",
        delete("web", false).expect_err("it is the directory's")
    );
    assert!(theirs.contains("all.yaml:6"), "{theirs}");
    assert_eq!(
        owners(&delete("web", true).expect("it is allowed")).len(),
        3
    );
    assert!(delete("nobody", true).is_err());
}
