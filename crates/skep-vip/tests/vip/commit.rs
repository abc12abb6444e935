//! What a changed configuration does to what runs.

use std::time::Duration;

use skep_vip::acceptance::{Refused, Unfit};
use skep_vip::brain::Brain;
use skep_vip::configuration::{Authentication, RouterConfiguration};
use skep_vip::message::{Command, Reason, State};
use skep_vrrp::identity::{Family, Priority, Version};

use crate::segment::{Event, Segment, at, configure, ip, key, router};

fn web() -> RouterConfiguration {
    router("web", 51, &["10.0.0.70"], 100)
}

fn mail() -> RouterConfiguration {
    router("mail", 52, &["10.0.0.80"], 128)
}

/// One host that runs web and mail, both Active since a while.
fn settled() -> Segment {
    let mut segment = Segment::of_hosts(1);
    segment.commit(0, 1, &[web(), mail()]);
    segment.run_until(at(20_100));
    segment
}

/// What happened to one virtual router's advertisements and addresses.
fn of(events: &[Event], id: u8, address: &str) -> Vec<Event> {
    let wanted = |event: &&Event| match event {
        Event::Sent(sender, _) => *sender == id,
        Event::Added(held) | Event::Removed(held) | Event::Announced(held) => *held == ip(address),
        Event::RouteAdded(_) | Event::RouteRemoved(_) => false,
    };
    events.iter().filter(wanted).copied().collect()
}

#[test]
fn a_changed_group_leaves_the_others_timers_alone() {
    let mut undisturbed = settled();
    let mut disturbed = settled();
    let changed = RouterConfiguration {
        priority: Priority::new(60),
        ..web()
    };
    disturbed.commit(0, 2, &[changed.clone(), mail()]);
    disturbed.run_until(at(20_400));
    disturbed.commit(0, 3, &[mail()]);
    disturbed.run_until(at(20_700));
    disturbed.commit(
        0,
        4,
        &[mail(), changed, router("new", 53, &["10.0.0.90"], 10)],
    );
    disturbed.run_until(at(40_000));
    undisturbed.run_until(at(40_000));
    let mail_of = |segment: &Segment| -> Vec<_> {
        let log = segment.log.iter().map(|(when, _, event)| (*when, *event));
        log.filter(|(_, event)| !of(&[*event], 52, "10.0.0.80").is_empty())
            .collect()
    };
    assert_eq!(mail_of(&disturbed), mail_of(&undisturbed));
    assert!(mail_of(&disturbed).len() > 30);
}

#[test]
fn an_unchanged_configuration_changes_nothing_but_the_revision() {
    let mut segment = settled();
    let due = segment.hosts[0].brain.poll_timeout();
    segment.commit(0, 2, &[web(), mail()]);
    assert_eq!(segment.events_since(0, at(20_100)), []);
    assert_eq!(segment.hosts[0].brain.poll_timeout(), due);
    assert_eq!(segment.hosts[0].brain.revision(), 2);
    assert_eq!(segment.hosts[0].reports[&key("web")].revision, 2);
}

#[test]
fn a_removed_group_gives_up_first_and_releases_when_nobody_takes_over() {
    let mut segment = settled();
    segment.commit(0, 2, &[mail()]);
    let given_up = [Event::Sent(51, 0), Event::Sent(51, 0)];
    assert_eq!(segment.events_since(0, at(20_100)), given_up);
    let leaving = &segment.hosts[0].reports[&key("web")];
    assert_eq!(
        (leaving.state, leaving.reason.clone()),
        (State::Leaving, Reason::Removed)
    );
    segment.run_until(at(24_100));
    let removed = segment.last(0, |event| event == Event::Removed(ip("10.0.0.70")));
    assert_eq!(removed, Some(at(24_100)));
    assert_eq!(segment.hosts[0].state("web"), None);
}

#[test]
fn an_address_that_moves_between_active_groups_is_never_removed() {
    let mut segment = settled();
    let fewer = RouterConfiguration {
        addresses: Vec::new(),
        ..web()
    };
    let more = router("mail", 52, &["10.0.0.80", "10.0.0.70"], 128);
    segment.commit(0, 2, &[fewer, more]);
    segment.run_for(60_000);
    let events = segment.events_since(0, at(20_100));
    let changes = |event: &&Event| matches!(event, Event::Added(_) | Event::Removed(_));
    assert_eq!(events.iter().filter(changes).count(), 0, "{events:?}");
    assert_eq!(segment.holders("10.0.0.70"), [0]);
    let mail = &segment.hosts[0].reports[&key("mail")];
    assert_eq!(mail.holding.len(), 2);
}

#[test]
fn a_renamed_group_is_the_same_router() {
    let mut segment = settled();
    let renamed = RouterConfiguration {
        key: key("shop"),
        ..web()
    };
    segment.commit(0, 2, &[renamed, mail()]);
    assert_eq!(segment.events_since(0, at(20_100)), []);
    assert_eq!(segment.hosts[0].state("web"), None);
    assert_eq!(segment.hosts[0].state("shop"), Some(State::Active));
}

#[test]
fn groups_that_swap_their_ids_lose_no_address() {
    let mut segment = settled();
    let web = RouterConfiguration {
        virtual_router_id: mail().virtual_router_id,
        ..web()
    };
    let mail = RouterConfiguration {
        virtual_router_id: self::web().virtual_router_id,
        ..mail()
    };
    segment.commit(0, 2, &[web, mail]);
    let events = segment.events_since(0, at(20_100));
    let changes = |event: &&Event| matches!(event, Event::Added(_) | Event::Removed(_));
    assert_eq!(events.iter().filter(changes).count(), 0, "{events:?}");
}

#[test]
fn another_id_is_another_router_and_the_address_stays() {
    let mut segment = settled();
    segment.commit(0, 2, &[router("web", 77, &["10.0.0.70"], 100), mail()]);
    let given_up = [Event::Sent(51, 0), Event::Sent(51, 0)];
    assert_eq!(segment.events_since(0, at(20_100)), given_up);
    assert_eq!(segment.hosts[0].state("web"), Some(State::Backup));
    segment.run_for(10_000);
    assert_eq!(segment.hosts[0].state("web"), Some(State::Active));
    let events = segment.events_since(0, at(20_101));
    assert!(events.contains(&Event::Sent(77, 100)));
    let removed = |event: &Event| matches!(event, Event::Removed(_));
    assert!(!events.iter().any(removed), "{events:?}");
}

#[test]
fn another_version_ends_the_router_before_the_new_one_starts() {
    let mut segment = settled();
    let changed = RouterConfiguration {
        version: Version::V3,
        ..web()
    };
    segment.commit(0, 2, &[changed, mail()]);
    let expected = [
        Event::Sent(51, 0),
        Event::Sent(51, 0),
        Event::Removed(ip("10.0.0.70")),
    ];
    assert_eq!(segment.events_since(0, at(20_100)), expected);
    assert_eq!(segment.hosts[0].state("web"), Some(State::Backup));
    segment.run_for(4_000);
    assert_eq!(segment.hosts[0].state("web"), Some(State::Active));
    let events = segment.events_since(0, at(20_101));
    assert!(events.contains(&Event::Sent(51, 100)));
}

#[test]
fn an_added_address_is_advertised_held_and_announced_at_once() {
    let mut segment = settled();
    segment.commit(
        0,
        2,
        &[router("web", 51, &["10.0.0.70", "10.0.0.71"], 100), mail()],
    );
    let events = of(&segment.events_since(0, at(20_100)), 51, "10.0.0.71");
    let mut expected = vec![Event::Sent(51, 100), Event::Added(ip("10.0.0.71"))];
    expected.extend([Event::Announced(ip("10.0.0.71")); 5]);
    assert_eq!(events, expected);
}

#[test]
fn another_prefix_length_replaces_the_address() {
    let mut segment = settled();
    let mut wider = web();
    wider.addresses[0].prefix_length = 24;
    segment.commit(0, 2, &[wider, mail()]);
    let events = segment.events_since(0, at(20_100));
    let address = ip("10.0.0.70");
    assert_eq!(
        events[..2],
        [Event::Removed(address), Event::Added(address)]
    );
}

#[test]
fn nothing_changes_before_the_commit() {
    let mut segment = settled();
    let router = Box::new(router("new", 53, &["10.0.0.90"], 255));
    segment.act(0, |brain| {
        brain
            .handle_command(
                Command::Configure {
                    revision: 2,
                    router,
                },
                at(20_100),
            )
            .expect("the router can run");
    });
    assert_eq!(segment.events_since(0, at(20_100)), []);
    assert_eq!(segment.hosts[0].brain.revision(), 1);
}

#[test]
fn an_incomplete_configuration_is_refused_and_forgotten() {
    let mut segment = settled();
    let refused = segment.hosts[0].brain.handle_command(
        Command::Commit {
            revision: 2,
            routers: 1,
        },
        at(20_100),
    );
    assert_eq!(
        refused,
        Err(Refused::Incomplete {
            revision: 2,
            announced: 1,
            arrived: 0
        })
    );
    let router = Box::new(web());
    let brain = &mut segment.hosts[0].brain;
    brain
        .handle_command(
            Command::Configure {
                revision: 3,
                router,
            },
            at(20_100),
        )
        .expect("the router can run");
    // The first message of another revision drops what was collected.
    let refused = configure(brain, 4, &[], at(20_100));
    assert_eq!(refused, Ok(()));
    assert_eq!(brain.revision(), 4);
}

/// The configuration is refused, and what ran before runs on.
fn check_refused(routers: &[RouterConfiguration], expected: &Refused) {
    let mut segment = settled();
    let refused = configure(&mut segment.hosts[0].brain, 2, routers, at(20_100));
    assert_eq!(refused.as_ref(), Err(expected));
    segment.run_for(5_000);
    assert_eq!(segment.hosts[0].brain.revision(), 1);
    assert_eq!(segment.holders("10.0.0.70"), [0]);
    assert_eq!(segment.holders("10.0.0.80"), [0]);
}

#[test]
fn what_cannot_be_told_apart_is_refused() {
    let twin = RouterConfiguration {
        virtual_router_id: mail().virtual_router_id,
        ..web()
    };
    let address = |address: &str| ip(address);
    let twice = Refused::AddressTwice {
        address: address("10.0.0.70"),
        interface: "eth0".to_owned(),
    };
    let namesake = RouterConfiguration {
        priority: Priority::new(9),
        ..web()
    };
    check_refused(&[web(), namesake], &Refused::KeyTwice(key("web")));
    check_refused(&[router("mail", 52, &["10.0.0.70"], 9), web()], &twice);
    let id = twin.virtual_router_id;
    let id_twice = Refused::IdTwice {
        id,
        interface: "eth0".to_owned(),
    };
    check_refused(&[twin, mail()], &id_twice);
}

#[test]
fn a_configuration_that_is_begun_again_is_one_configuration() {
    let mut segment = settled();
    let brain = &mut segment.hosts[0].brain;
    let revision = 2;
    let router = Box::new(mail());
    let begun = Command::Configure { revision, router };
    assert_eq!(brain.handle_command(begun, at(20_100)), Ok(()));
    assert_eq!(
        configure(brain, revision, &[mail(), web()], at(20_100)),
        Ok(())
    );
    assert_eq!(brain.revision(), revision);
}

#[test]
fn routers_that_cannot_run_are_refused() {
    let seconds = Duration::from_millis(1_500);
    let ipv6 = skep_vip::configuration::RouterKey {
        family: Family::Ipv6,
        ..key("web")
    };
    let mut too_long = web();
    too_long.addresses[0].prefix_length = 33;
    for (unfit, router) in [
        (
            Unfit::PriorityZero,
            RouterConfiguration {
                priority: Priority::RELEASE,
                ..web()
            },
        ),
        (
            Unfit::Interval(skep_vrrp::dialect::IntervalUnfit::V2(seconds)),
            RouterConfiguration {
                advertisement_interval: seconds,
                ..web()
            },
        ),
        (
            Unfit::PasswordInVersion3,
            RouterConfiguration {
                version: Version::V3,
                authentication: Authentication::Simple([1; 8]),
                ..web()
            },
        ),
        (
            Unfit::Version2OverIpv6,
            RouterConfiguration { key: ipv6, ..web() },
        ),
        (
            Unfit::NoAddress,
            RouterConfiguration {
                version: Version::V3,
                addresses: Vec::new(),
                ..web()
            },
        ),
        (Unfit::Prefix(ip("10.0.0.70")), too_long),
        (
            Unfit::Source(ip("fe80::1")),
            RouterConfiguration {
                source: Some(ip("fe80::1")),
                ..web()
            },
        ),
    ] {
        let key = router.key.clone();
        check_refused(&[router], &Refused::Router { key, unfit });
    }
}

#[test]
fn a_refusal_names_the_router_and_its_source_says_why() {
    let refused = Refused::Router {
        key: key("web"),
        unfit: Unfit::PriorityZero,
    };
    let why = std::error::Error::source(&refused).map(ToString::to_string);
    assert_eq!(refused.to_string(), "virtual router web/ipv4 cannot run");
    assert_eq!(why.as_deref(), Some("priority is 0"));
}

#[test]
fn a_brain_without_knowledge_of_the_interface_waits_in_fault() {
    let mut brain = Brain::new();
    configure(&mut brain, 1, &[web()], at(0)).expect("the configuration can run");
    assert_eq!(brain.poll_timeout(), None);
    assert_eq!(brain.poll_action(), None);
    let Some(skep_vip::message::Report::Router(report)) = brain.poll_report() else {
        panic!("the router is reported");
    };
    let interface = "eth0".to_owned();
    assert_eq!(
        (report.state, report.reason),
        (State::Fault, Reason::InterfaceMissing { interface })
    );
}
