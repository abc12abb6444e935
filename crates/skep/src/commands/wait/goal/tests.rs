use serde_json::{Value, json};

use super::*;

/// What an agent knows of a node that holds a group and runs a service which has one task of two.
fn look() -> Look {
    let node = |name: &str, holds: Value| {
        json!({"name": name, "address": "10.0.0.60", "role": "manager", "agent": "0.1.0",
               "heardMs": 0, "engine": "up", "availability": "active", "holds": holds})
    };
    let status = json!({
        "version": "0.1.0", "node": "cube01", "mode": "clustered", "conditions": [],
        "desired": {"source": "apply", "accepted": null, "rejected": null},
        "dataPlane": {
            "running": true, "generation": 1, "restrictions": [],
            "wireLateness": {"boundsUs": [], "counts": [], "sumUs": 0, "maxUs": 0},
            "handLateness": {"boundsUs": [], "counts": [], "sumUs": 0, "maxUs": 0},
        },
        "vipGroups": [{"name": "ingress", "addresses": [], "members": [], "active": null,
                       "routers": [], "conditions": []}],
        "cluster": {
            "name": "cube", "writer": "cube01", "managersReachable": 1, "managers": 1,
            "nodes": [node("cube01", json!(["ingress"])), node("cube02", json!([]))],
            "services": [], "blocked": [],
        },
    });
    let object = |object: &str, state, message: &str| ObjectProgress {
        object: object.to_owned(),
        state,
        message: message.to_owned(),
        remedy: None,
    };
    Look {
        status: serde_json::from_value(status).unwrap(),
        objects: vec![
            object("node/cube01", Progress::Done, "is ready"),
            object("service/web", Progress::Working, "1 of 2 tasks run"),
            object(
                "vipgroup/ingress",
                Progress::Done,
                "cube01 holds the addresses",
            ),
        ],
    }
}

/// Checks what is said of waiting for this.
fn check(goal: &str, kind: Kind, name: &str, expected: &Met) {
    let goal: Goal = goal.parse().unwrap();
    goal.check(kind).unwrap();
    assert_eq!(
        goal.is_met(kind, name, &look()),
        *expected,
        "{goal:?} {name}"
    );
}

fn yes(how: &str) -> Met {
    Met::Yes(how.to_owned())
}

fn not_yet(how: &str) -> Met {
    Met::NotYet(how.to_owned())
}

#[test]
fn a_condition_is_read_from_how_far_the_thing_is() {
    let done = "node/cube01 is ready";
    check("condition=Ready", Kind::Node, "cube01", &yes(done));
    check(
        "condition=ready=false",
        Kind::Node,
        "cube01",
        &not_yet(done),
    );
    let working = "service/web 1 of 2 tasks run";
    check("condition=Ready", Kind::Service, "web", &not_yet(working));
    check("condition=Reconciling", Kind::Service, "web", &yes(working));
    check(
        "condition=Stalled=False",
        Kind::Service,
        "web",
        &yes(working),
    );
    let held = "vipgroup/ingress cube01 holds the addresses";
    check(
        "condition=Degraded=False",
        Kind::VipGroup,
        "ingress",
        &yes(held),
    );
    check(
        "condition=Degraded",
        Kind::VipGroup,
        "ingress",
        &not_yet(held),
    );
}

#[test]
fn who_holds_a_group_is_what_the_nodes_say() {
    let held = "vipgroup/ingress is held by cube01";
    check("active=cube01", Kind::VipGroup, "ingress", &yes(held));
    check("active=cube02", Kind::VipGroup, "ingress", &not_yet(held));
}

#[test]
fn an_agent_that_is_alone_waits_for_whom_it_can_tell() {
    let mut look = look();
    look.status.mode = Mode::Standalone;
    look.status.cluster = None;
    look.objects = Vec::new();
    let group = json!({
        "name": "ingress", "addresses": [], "routers": [], "conditions": [],
        "members": [
            {"name": "cube01", "priority": 100},
            {"name": "cube02", "priority": 90},
            {"name": "cube03", "priority": 80, "address": "10.0.0.62"},
        ],
        "active": {"node": null, "address": "10.0.0.61", "heardMs": 0},
    });
    look.status.vip_groups = vec![serde_json::from_value(group).unwrap()];
    let met = |node: &str| {
        let goal: Goal = format!("active={node}").parse().unwrap();
        goal.is_met(Kind::VipGroup, "ingress", &look)
    };
    let held = "vipgroup/ingress is held by 10.0.0.61";
    assert_eq!(met("10.0.0.61"), yes(held));
    assert_eq!(met("cube01"), not_yet(held));
    assert_eq!(met("cube03"), not_yet(held));
    let Met::Never(why) = met("cube02") else {
        panic!("nobody will ever know");
    };
    assert!(why.ends_with("wait here for `active=ADDRESS`"), "{why}");
}

#[test]
fn what_is_not_there_is_gone_and_nothing_else() {
    let gone = "service/old is gone";
    check("delete", Kind::Service, "old", &yes(gone));
    let left = "service/web 1 of 2 tasks run";
    check("delete", Kind::Service, "web", &not_yet(left));
    let absent = "service/old is not there";
    check("condition=Ready", Kind::Service, "old", &not_yet(absent));
    // It is declared and nobody said how far it is.
    let declared = "node/cube02 is declared";
    check("condition=Ready", Kind::Node, "cube02", &not_yet(declared));
}

#[test]
fn what_is_not_declared_is_said_with_what_is_as_soon_as_something_is_declared() {
    let mut look = look();
    let group = json!({
        "name": "ingress", "addresses": [], "active": null, "routers": [], "conditions": [],
        "members": [{"name": "cube01", "priority": 100}, {"name": "router", "priority": 90}],
    });
    look.status.vip_groups = vec![serde_json::from_value(group).unwrap()];
    let met = |look: &Look, goal: &str, kind, name| {
        let goal: Goal = goal.parse().unwrap();
        match goal.is_met(kind, name, look) {
            Met::Undeclared(what) => what,
            Met::Yes(_) | Met::NotYet(_) | Met::Never(_) => String::new(),
        }
    };
    // Nothing was applied yet.
    assert_eq!(met(&look, "active=cube01", Kind::VipGroup, "egress"), "");
    let accepted = json!({"generation": 1, "documents": 1, "ageMs": 0});
    look.status.desired.accepted = serde_json::from_value(accepted).unwrap();
    let missing = "vipgroup/egress is not declared: of its kind there is ingress";
    for goal in ["active=cube01", "condition=Ready"] {
        assert_eq!(met(&look, goal, Kind::VipGroup, "egress"), missing);
    }
    assert_eq!(met(&look, "delete", Kind::VipGroup, "egress"), "");
    assert_eq!(
        met(&look, "condition=Ready", Kind::Node, "cube03"),
        "node/cube03 is not declared: of its kind there is cube01, cube02"
    );
    assert_eq!(
        met(&look, "condition=Stalled", Kind::Service, "old"),
        "service/old is not declared: of its kind there is none"
    );
    assert_eq!(
        met(&look, "active=cube02", Kind::VipGroup, "ingress"),
        "cube02 is no member of vipgroup/ingress: it has cube01, router"
    );
    // Who is external is a member, and an address may be anybody's.
    for holder in ["router", "10.0.0.9"] {
        let goal = format!("active={holder}");
        assert_eq!(met(&look, &goal, Kind::VipGroup, "ingress"), "");
    }
    look.status.mode = Mode::Standalone;
    look.status.cluster = None;
    assert_eq!(
        met(&look, "condition=Ready", Kind::Service, "old"),
        "service/old is not declared: an agent that is alone has VIP groups only"
    );
    let absent = met(&look, "condition=Ready", Kind::VipGroup, "egress");
    assert_eq!(absent, missing);
}

#[test]
fn what_cannot_be_waited_for_is_said_with_what_can() {
    let error = |goal: &str| goal.parse::<Goal>().unwrap_err().to_string();
    assert!(error("ready").starts_with("one of `condition="));
    assert!(error("condition=Good").starts_with("the conditions are Ready,"));
    assert!(error("condition=Ready=maybe").ends_with("True or False"));
    let active: Goal = "active=cube01".parse().unwrap();
    active.check(Kind::Service).unwrap_err();
}
