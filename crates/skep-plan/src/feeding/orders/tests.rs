use skep_manifest::parse::parse;
use skep_manifest::resolve::resolve;
use skep_manifest::set::Source;
use skep_manifest::swarm::Role;

use super::*;
use crate::feeding::{APPLY, Change, Deletion, Fed, Manifest, change};
use crate::observed::{Active, Engine, Membership};

const MANIFEST: &str = "apiVersion: skep/v1
kind: Swarm
metadata: {name: cube}
spec:
  nodes:
    - {name: a, address: 10.0.0.60, role: manager}
    - {name: b, address: 10.0.0.61, role: worker, availability: pause}
    - {name: c, address: 10.0.0.62, role: worker}
---
apiVersion: skep/v1
kind: VipGroup
metadata: {name: ingress}
spec: {virtualRouterId: 51, interface: eth0, addresses: [10.0.0.70], members: [a, b]}
---
apiVersion: skep/v1
kind: Service
metadata: {name: web}
spec: {image: nginx}
";

fn desired(text: &str) -> Desired {
    let text = text.as_bytes().to_vec();
    let name = "skep.yaml".to_owned();
    resolve(&parse(vec![Source { name, text }])).0
}

fn name(name: &str) -> NodeName {
    name.parse().expect("a name")
}

fn order(node: &str, availability: Availability) -> NodeOrder {
    NodeOrder {
        node: name(node),
        availability,
        force: false,
    }
}

fn applied() -> Kept {
    let manifest = Manifest {
        name: "skep.yaml".to_owned(),
        text: MANIFEST.to_owned(),
    };
    let feeder = APPLY.to_owned();
    Kept {
        documents: vec![Fed { feeder, manifest }],
        ..Kept::default()
    }
}

fn ordered(kept: &Kept, order: NodeOrder) -> Kept {
    change(kept, &Change::SetAvailability(order)).expect("it can be kept")
}

fn availability(kept: &Kept) -> Vec<Availability> {
    let mut desired = desired(MANIFEST);
    kept.order(&mut desired);
    let nodes = nodes(&desired).iter();
    nodes.map(|node| node.availability).collect()
}

/// That the engines of these nodes work.
fn at_work(nodes: &[&str]) -> Observed {
    let engine = Engine {
        membership: Membership::Active(Active {
            swarm_id: None,
            node_id: "n".to_owned(),
            role: Role::Worker,
            advertised: None,
        }),
        remembers: None,
        refused: None,
        is_stuck: false,
        keeps_unlock_key: false,
        is_certified: false,
    };
    Observed {
        engines: nodes
            .iter()
            .map(|node| (name(node), engine.clone()))
            .collect(),
        ..Observed::default()
    }
}

#[test]
fn of_what_is_ordered_and_what_is_declared_the_stricter_counts_until_it_is_taken_back() {
    use Availability::{Active, Drain, Pause};
    let kept = applied();
    assert_eq!(availability(&kept), [Active, Pause, Active]);
    let drained = ordered(&kept, order("b", Drain));
    assert_eq!(availability(&drained), [Active, Drain, Active]);
    let both = ordered(&drained, order("a", Pause));
    assert_eq!(availability(&both), [Pause, Drain, Active]);
    let back = ordered(&both, order("b", Active));
    assert_eq!(availability(&back), [Pause, Pause, Active]);
}

#[test]
fn what_is_ordered_outlives_other_changes_and_goes_with_the_node() {
    let kept = ordered(&applied(), order("b", Availability::Drain));
    let recalled = change(&kept, &Change::Recall(Vec::new())).expect("it can be kept");
    assert_eq!(recalled.availability, kept.availability);
    let nothing = Deletion {
        objects: Vec::new(),
        take_over: false,
    };
    let mut kept = change(&kept, &Change::Delete(nothing)).expect("it can be kept");
    kept.forget_strangers(&desired(MANIFEST));
    assert_eq!(kept.availability.len(), 1);
    kept.forget_strangers(&desired(&MANIFEST.replace("name: b,", "name: d,")));
    assert_eq!(kept.availability.len(), 0);
}

#[test]
fn nothing_is_ordered_where_nothing_was_applied() {
    let drain = order("b", Availability::Drain);
    let early = change(&Kept::default(), &Change::SetAvailability(drain));
    let told = format!("{:?}", early.expect_err("there are no nodes"));
    assert!(told.contains("begin with `skep apply`"), "{told}");
}

/// Checks what stands against draining `a`.
fn check_drain(text: &str, working: &[&str], objections: &[&str]) {
    let drain = order("a", Availability::Drain);
    let (desired, observed) = (desired(text), at_work(working));
    let refused = match check(&drain, &desired, &observed) {
        Ok(()) => Vec::new(),
        Err(Refused::Errors(lines)) => lines,
        Err(other) => panic!("{other:?}"),
    };
    assert_eq!(refused.len(), objections.len(), "{refused:?}");
    for (line, objection) in refused.iter().zip(objections) {
        assert!(line.contains(objection), "{line}");
    }
    let forced = NodeOrder {
        force: true,
        ..drain
    };
    assert_eq!(check(&forced, &desired, &observed), Ok(()));
}

/// Checks what stands against draining `a`, the only node in the east, while all others get tasks
/// and `web` has a constraint.
fn check_bound(constraint: &str, objections: &[&str]) {
    let text = MANIFEST
        .replace(", availability: pause", ", labels: {zone: north}")
        .replace("role: manager", "role: manager, labels: {zone: east}");
    let bound = format!("{{image: nginx, placement: {{constraints: [\"{constraint}\"]}}}}");
    let text = text.replace("{image: nginx}", &bound);
    check_drain(&text, &["a", "b", "c"], objections);
    let none = bound.replace("{image", "{mode: {replicated: {replicas: 0}}, image");
    check_drain(&text.replace(&bound, &none), &["a", "b", "c"], &[]);
}

#[test]
fn a_drain_that_leaves_something_without_a_place_is_refused_unless_it_is_forced() {
    let all_active = MANIFEST.replace(", availability: pause", "");
    check_drain(&all_active, &["a", "b", "c"], &[]);
    check_drain(&all_active, &["a", "c"], &["vipgroup/ingress"]);
    check_drain(&all_active, &["a"], &["vipgroup/ingress", "no other node"]);
    check_drain(MANIFEST, &["a", "b", "c"], &["vipgroup/ingress"]);
    let external =
        "members: [{node: a, priority: 100}, {external: old, address: 10.0.0.9, priority: 50}]";
    let shared = all_active.replace("members: [a, b]", external);
    check_drain(&shared, &["a", "b", "c"], &[]);
    let stays = all_active.replace(
        "members: [a, b]",
        "tracking: [{swarm: []}], members: [a, b]",
    );
    check_drain(&stays, &["a", "c"], &[]);
    check_bound(
        "node.role == manager",
        &["service/web (node.role == manager)"],
    );
    check_bound("node.labels.disk == ssd", &[]);
    check_bound(
        "node.labels.zone == east",
        &["service/web (node.labels.zone == east)"],
    );
    check_bound("node.labels.zone == north", &[]);
    check_bound("node.hostname != c", &[]);
    // What no manifest says may fit elsewhere.
    check_bound("node.platform.os == linux", &[]);
    let stranger = order("x", Availability::Active);
    assert!(check(&stranger, &desired(MANIFEST), &Observed::default()).is_err());
}
