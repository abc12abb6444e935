use skep_manifest::parse::parse;
use skep_manifest::resolve::resolve;
use skep_manifest::set::Source;

use super::*;

const GROUP: &str = "apiVersion: skep/v1
kind: VipGroup
metadata: {name: ingress}
spec:
  virtualRouterId: 51
  interface: eth0
  addresses: [10.0.0.70]
  members: 
    - {node: c, priority: 10}
    - {node: a, priority: 100}
    - {external: old, address: 10.0.0.9, priority: 50}
    - {node: b, priority: 20}
  tracking: [TRACKING]
";

fn at(seconds: u64) -> Instant {
    Instant::from_boot(Duration::from_secs(seconds))
}

fn group(tracking: &str) -> (Name, VipGroup) {
    let text = GROUP.replace("TRACKING", tracking).into_bytes();
    let name = "skep.yaml".to_owned();
    let (desired, _problems) = resolve(&parse(vec![Source { name, text }]));
    desired.vip_groups.into_iter().next().expect("a group")
}

/// That no task runs.
static NOTHING: BTreeMap<String, Instant> = BTreeMap::new();

/// That a task of `web` runs since then.
fn running(since: u64) -> &'static BTreeMap<String, Instant> {
    Box::leak(Box::new(BTreeMap::from([("web".to_owned(), at(since))])))
}

/// That a task of `web` ran when the engine fell silent.
fn ran_before() -> &'static BTreeSet<String> {
    Box::leak(Box::new(BTreeSet::from(["web".to_owned()])))
}

/// A node on which all is well, at 100 s.
fn well() -> Facts<'static> {
    Facts {
        known_since: at(10),
        answered_at: Some(at(100)),
        answering_since: Some(at(11)),
        running: running(20),
        ran_before: Box::leak(Box::default()),
        declared: Availability::Active,
        availability: Some((Availability::Active, at(100))),
        quorum_at: Some(at(100)),
        is_manager: true,
    }
}

fn check(tracking: &str, facts: &Facts<'_>, now: u64, expected: Health) {
    let (name, group) = group(tracking);
    let judged = judge(&name, &group, facts, at(now));
    let health: Vec<Health> = judged.iter().map(|judged| judged.health).collect();
    assert_eq!(
        health,
        [expected],
        "{tracking} at {now}: {judged:?} {facts:?}"
    );
    let complains = judged.iter().all(|judged| judged.complaint.is_some());
    assert_eq!(complains, expected != Health::Passing, "{judged:?}");
}

const SWARM: &str = "{swarm: [engine, availability, quorum]}";
const WEB: &str = "{external: {service: web}}";

#[test]
fn what_is_well_passes() {
    for tracking in [SWARM, WEB] {
        check(tracking, &well(), 100, Health::Passing);
        check(tracking, &well(), 110, Health::Passing);
    }
}

#[test]
fn an_engine_that_is_restarted_fails_nothing_and_one_that_is_down_does() {
    for (now, expected) in [
        (111, Health::Unknown),
        (129, Health::Unknown),
        (130, Health::Failing),
    ] {
        check("{swarm: [engine]}", &well(), now, expected);
    }
    let strange = Facts {
        answered_at: None,
        answering_since: None,
        ..well()
    };
    check("{swarm: [engine]}", &strange, 39, Health::Unknown);
    check("{swarm: [engine]}", &strange, 40, Health::Failing);
    let patient = "{swarm: [engine], staleAfter: 1m}";
    check(patient, &well(), 159, Health::Passing);
    check(patient, &well(), 161, Health::Failing);
    let back = Facts {
        answering_since: Some(at(98)),
        ..well()
    };
    check("{swarm: [engine]}", &back, 102, Health::Unknown);
    check("{swarm: [engine]}", &back, 103, Health::Passing);
}

#[test]
fn a_node_that_gets_no_tasks_fails_as_soon_as_somebody_says_so() {
    for availability in [Availability::Pause, Availability::Drain] {
        let declared = Facts {
            declared: availability,
            availability: None,
            ..well()
        };
        check("{swarm: [availability]}", &declared, 100, Health::Failing);
        check(SWARM, &declared, 100, Health::Failing);
        let observed = Facts {
            availability: Some((availability, at(100))),
            ..well()
        };
        check("{swarm: [availability]}", &observed, 100, Health::Failing);
        check("{swarm: [availability]}", &observed, 111, Health::Unknown);
    }
}

#[test]
fn a_quorum_is_lost_for_a_manager_whose_engine_answers_and_cannot_tell() {
    let lost = |is_manager| Facts {
        answered_at: Some(at(140)),
        is_manager,
        ..well()
    };
    check("{swarm: [quorum]}", &lost(true), 129, Health::Unknown);
    check("{swarm: [quorum]}", &lost(true), 140, Health::Failing);
    check("{swarm: [quorum]}", &lost(false), 140, Health::Unknown);
    check("{swarm: [quorum]}", &well(), 140, Health::Unknown);
    let never = Facts {
        quorum_at: None,
        ..lost(true)
    };
    check("{swarm: [quorum]}", &never, 140, Health::Unknown);
}

#[test]
fn a_service_without_a_healthy_task_here_fails_unless_the_engine_is_about_to_start_it_again() {
    let gone = Facts {
        running: &NOTHING,
        ..well()
    };
    check(WEB, &gone, 100, Health::Failing);
    let strange = Facts {
        answering_since: Some(at(99)),
        ..gone.clone()
    };
    check(WEB, &strange, 100, Health::Failing);
    let back = Facts {
        answering_since: Some(at(95)),
        ran_before: ran_before(),
        ..gone
    };
    check(WEB, &back, 104, Health::Unknown);
    check(WEB, &back, 105, Health::Failing);
    let started = Facts {
        running: running(96),
        ..well()
    };
    check(WEB, &started, 100, Health::Unknown);
    check(WEB, &started, 101, Health::Passing);
}

#[test]
fn what_a_silent_engine_said_of_a_service_counts_until_it_is_stale() {
    let declared = "{external: {service: web}, staleAfter: 20s, whenStale: WHEN}";
    for (word, expected) in [("healthy", Health::Unknown), ("unhealthy", Health::Failing)] {
        let declared = declared.replace("WHEN", word);
        check(&declared, &well(), 120, Health::Passing);
        check(&declared, &well(), 121, expected);
    }
}

#[test]
fn a_demotion_begins_while_another_member_passes_and_lasts_until_this_one_does() {
    use Health::{Failing, Passing, Unknown};
    let demotes = Influence::Effect(Effect::Demote);
    for (health, known, others_pass, expected) in [
        (Failing, Passing, true, Some(Failing)),
        (Failing, Unknown, true, Some(Failing)),
        (Failing, Passing, false, None),
        (Failing, Unknown, false, None),
        (Failing, Failing, false, Some(Failing)),
        (Unknown, Failing, true, None),
        (Unknown, Passing, true, None),
        (Passing, Failing, false, Some(Passing)),
    ] {
        let judged = |influence| Judged {
            name: "swarm/engine@ingress".to_owned(),
            influence,
            health,
            is_unseen: false,
            complaint: None,
        };
        assert_eq!(counts(&judged(demotes), known, others_pass), expected);
        // Who asks for a fault gets one, whoever else there is.
        let told = (health != Unknown).then_some(health);
        let fault = Influence::Effect(Effect::Fault);
        assert_eq!(counts(&judged(fault), known, others_pass), told);
    }
}

#[test]
fn a_node_that_starts_anew_takes_nothing_from_a_member_with_a_task_until_its_engine_answers() {
    let told = |tracking: &str, answered_at, known, others_pass| {
        let facts = Facts {
            answered_at,
            known_since: at(99),
            running: &NOTHING,
            ..well()
        };
        let (name, group) = group(tracking);
        let judged = judge(&name, &group, &facts, at(100));
        counts(&judged[0], known, others_pass)
    };
    use Health::{Failing, Passing, Unknown};
    assert_eq!(told(WEB, None, Unknown, true), Some(Failing));
    assert_eq!(told(WEB, None, Unknown, false), None, "nobody does better");
    assert_eq!(told(WEB, None, Passing, true), None, "it had one before");
    let fault = "{external: {service: web}, effect: fault}";
    assert_eq!(told(fault, None, Unknown, true), None);
    let engine = "{swarm: [engine]}";
    assert_eq!(told(engine, None, Unknown, true), None);
    assert_eq!(told(WEB, Some(at(100)), Unknown, true), Some(Failing));
}

#[test]
fn demoted_members_keep_their_order_and_do_not_tie() {
    let (_, group) = group("{swarm: [engine]}");
    let ranks = ["a", "b", "c"].map(|node| rank_from_below(&group, &node.parse().expect("a name")));
    assert_eq!(ranks, [3, 2, 1]);
}

#[test]
fn inputs_are_told_apart_by_group() {
    let (name, group) = group(&format!(
        "{SWARM}, {WEB}, {{swarm: []}}, {{interface: eth1}}"
    ));
    let names: Vec<_> = group.tracking.iter().map(|it| input(&name, it)).collect();
    let swarm = Some("swarm/engine+availability+quorum@ingress".to_owned());
    let web = Some("service/web@ingress".to_owned());
    assert_eq!(names, [swarm, web, None, None]);
    assert!(leaves_drained(&group));
}
