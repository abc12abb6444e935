//! Who takes over, when, and why: several routers, one clock.

use std::time::Duration;

use skep_vrrp::action::{Reason, State};
use skep_vrrp::configuration::Preemption;
use skep_vrrp::identity::Priority;
use skep_vrrp::time::Instant;
use skep_vrrp::virtual_router::VirtualRouter;

use crate::segment::{Event, Segment, at, configuration, version_2, version_3};

fn v2(priorities: &[u8]) -> Segment {
    Segment::started(
        priorities
            .iter()
            .map(|priority| configuration(version_2(), *priority)),
    )
}

fn micros(since: Instant, then: Instant) -> u128 {
    then.saturating_duration_since(since).as_micros()
}

/// Takeover in microseconds after the last advertisement, and after a release.
const TAKEOVER: [(u8, u128, u128); 6] = [
    (100, 3_609_375, 609_375),
    (90, 3_648_437, 648_437),
    (80, 3_687_500, 687_500),
    (75, 3_707_031, 707_031),
    (70, 3_726_562, 726_562),
    (50, 3_804_687, 804_687),
];

#[test]
fn silence_and_release_are_waited_for_exactly_as_long_as_the_priority_says() {
    for (priority, down_interval, skew_time) in TAKEOVER {
        let mut segment = v2(&[254, priority]);
        segment.run_until(at(10_300));
        segment.nodes[0].connected = false;
        let last = segment.last_sent_at(0).expect("node 0 is active");
        segment.run_until(at(20_000));
        let taken = segment.became_active_at(1).expect("node 1 took over");
        assert_eq!(
            micros(last, taken),
            down_interval,
            "silence, priority {priority}"
        );

        let mut segment = v2(&[254, priority]);
        segment.run_until(at(10_300));
        segment.stop(0);
        segment.run_until(at(20_000));
        let taken = segment.became_active_at(1).expect("node 1 took over");
        assert_eq!(
            micros(at(10_300), taken),
            skew_time,
            "release, priority {priority}"
        );
    }
}

#[test]
fn four_nodes_take_over_in_the_order_of_their_priorities() {
    let mut segment = v2(&[100, 90, 80, 70]);
    segment.run_until(at(9_000));
    assert_eq!(
        micros(at(0), segment.became_active_at(0).expect("cold start")),
        3_609_375
    );
    for (gone, down_interval) in [(0, 3_648_437), (1, 3_687_500), (2, 3_726_562)] {
        let last = segment.last_sent_at(gone).expect("it was active");
        segment.nodes[gone].connected = false;
        segment.run_until(segment.now + Duration::from_secs(8));
        let taken = segment
            .became_active_at(gone + 1)
            .expect("the next one took over");
        assert_eq!(micros(last, taken), down_interval);
    }
}

#[test]
fn a_returning_better_node_preempts_after_its_down_interval() {
    let mut segment = v2(&[100, 75, 50]);
    segment.run_until(at(5_000));
    segment.stop(0);
    segment.run_until(at(10_000));
    assert_eq!(
        segment.states(),
        [State::Initialize, State::Active, State::Backup]
    );
    segment.start(0);
    segment.run_until(at(14_500));
    assert_eq!(
        micros(
            at(10_000),
            segment.became_active_at(0).expect("it preempts")
        ),
        3_609_375
    );
    let address = segment.nodes[0].address;
    let out_ranked = Reason::OutRanked {
        by: address,
        priority: Priority::new(100),
    };
    assert_eq!(
        segment.states(),
        [State::Active, State::Backup, State::Backup]
    );
    assert!(segment.log.iter().any(|(_, node, event)| {
        *node == 1 && *event == Event::Became(State::Leaving, out_ranked)
    }));
}

#[test]
fn without_preemption_the_active_router_stays_and_is_succeeded() {
    let mut better = configuration(version_2(), 100);
    better.preemption = Preemption::Disabled;
    let mut segment = Segment::new([better, configuration(version_2(), 75)]);
    segment.start(1);
    segment.run_until(at(5_000));
    segment.start(0);
    segment.run_until(at(60_000));
    assert_eq!(segment.states(), [State::Backup, State::Active]);
    segment.stop(1);
    segment.run_until(at(62_000));
    assert_eq!(segment.states(), [State::Active, State::Initialize]);
}

#[test]
fn a_farewell_after_a_release_is_no_claim() {
    for (priority, skew_time) in [(100, 609_375), (1, 996_093)] {
        for from in ["10.0.0.9", "10.0.0.99"] {
            let mut patient = configuration(version_2(), priority);
            patient.preemption = Preemption::Disabled;
            let mut segment = Segment::started([patient, configuration(version_2(), 200)]);
            segment.run_until(at(10_300));
            segment.stop(1);
            segment.run_until(at(10_310));
            let left = VirtualRouter::new(configuration(version_2(), 254));
            segment.act(0, |router| {
                let farewell = left.advertisement(Priority::FAREWELL);
                let from = from.parse().expect("it is an address");
                let heard = router.handle_advertisement(from, &farewell, at(10_310));
                assert_eq!(heard, Ok(()));
            });
            segment.run_until(at(20_000));
            let taken = segment.became_active_at(0).expect("node 0 took over");
            let waited = micros(at(10_300), taken);
            assert_eq!(waited, skew_time, "{priority}, farewell of {from}");
        }
    }
}

#[test]
fn who_sleeps_through_a_succession_hears_a_successor_of_priority_1() {
    let mut patient = configuration(version_2(), 100);
    patient.preemption = Preemption::Disabled;
    let others = [200, 1].map(|priority| configuration(version_2(), priority));
    let mut segment = Segment::started([vec![patient], others.to_vec()].concat());
    segment.run_until(at(10_300));
    segment.stop(1);
    segment.run_until(at(10_310));
    segment.nodes[0].frozen = true;
    segment.run_until(at(20_000));
    segment.thaw(0);
    segment.run_until(at(30_000));
    assert_eq!(
        segment.states(),
        [State::Backup, State::Initialize, State::Active]
    );
}

#[test]
fn an_active_router_of_priority_1_yields_to_an_equal_and_not_to_a_farewell() {
    let mut segment = v2(&[1]);
    segment.run_until(at(10_300));
    let left = VirtualRouter::new(configuration(version_2(), 254));
    let farewell = left.advertisement(Priority::FAREWELL);
    let from = "10.0.0.99".parse().expect("it is an address");
    let hear = |segment: &mut Segment| {
        let now = segment.now;
        segment.act(0, |router| {
            let heard = router.handle_advertisement(from, &farewell, now);
            assert_eq!(heard, Ok(()));
        });
    };
    hear(&mut segment);
    assert_eq!(segment.states(), [State::Active]);
    assert_eq!(
        segment.last_sent_at(0),
        Some(at(10_300)),
        "an equal that lives is asked to say so"
    );
    segment.run_until(at(14_000));
    hear(&mut segment);
    assert_eq!(segment.states(), [State::Active], "another farewell");
    segment.run_until(at(14_500));
    hear(&mut segment);
    assert_eq!(segment.states(), [State::Leaving], "it says so again");
}

/// Both let the other's first word be, for it might be a farewell.
#[test]
fn of_two_with_priority_1_the_higher_address_follows_a_release() {
    let mut segment = v2(&[1, 200, 1]);
    segment.run_until(at(10_300));
    segment.stop(1);
    segment.run_until(at(12_000));
    assert_eq!(
        segment.states(),
        [State::Backup, State::Initialize, State::Active]
    );
}

#[test]
fn a_preemption_delay_lets_the_active_router_be_and_still_notices_its_death() {
    let mut better = configuration(version_2(), 100);
    better.preemption = Preemption::After(Duration::from_secs(30));
    let mut segment = Segment::new([better, configuration(version_2(), 75)]);
    segment.start(1);
    segment.run_until(at(5_000));
    segment.start(0);
    segment.run_until(at(30_000));
    assert_eq!(segment.states(), [State::Backup, State::Active]);
    let mut dies = segment;
    dies.run_until(at(31_000));
    let last = dies.last_sent_at(1).expect("it is active");
    dies.nodes[1].connected = false;
    dies.run_until(at(36_000));
    assert_eq!(
        micros(last, dies.became_active_at(0).expect("it took over")),
        3_609_375
    );
    assert!(dies.log.contains(&(
        dies.became_active_at(0).expect("it took over"),
        0,
        Event::Became(State::Active, Reason::Silence)
    )));
}

#[test]
fn a_preemption_delay_ends() {
    let mut better = configuration(version_2(), 100);
    better.preemption = Preemption::After(Duration::from_secs(30));
    let mut segment = Segment::new([better, configuration(version_2(), 75)]);
    segment.start(1);
    segment.run_until(at(5_000));
    segment.start(0);
    segment.run_until(at(45_000));
    assert_eq!(segment.states(), [State::Active, State::Backup]);
    // First heard within a second, let be for 30 s, then a down interval.
    let taken = segment.became_active_at(0).expect("it preempts");
    assert!(taken > at(35_000) && taken < at(40_000), "{taken:?}");
}

#[test]
fn of_equal_priorities_the_higher_address_wins_a_cold_start() {
    let mut segment = v2(&[100, 100, 100]);
    segment.run_until(at(10_000));
    assert_eq!(
        segment.states(),
        [State::Backup, State::Backup, State::Active]
    );
}

#[test]
fn a_lowered_priority_hands_over_after_the_successors_down_interval() {
    let mut segment = v2(&[100, 90]);
    segment.run_until(at(10_000));
    let last = segment.last_sent_at(0).expect("it is active");
    segment.act(0, |router| {
        router.handle_priority(Priority::new(70), at(10_000))
    });
    assert_eq!(
        segment.last_sent_at(0),
        Some(at(10_000)),
        "the new priority is said at once"
    );
    segment.run_until(at(20_000));
    assert_eq!(segment.states(), [State::Backup, State::Active]);
    assert_eq!(
        micros(last, segment.became_active_at(1).expect("it took over")),
        3_648_437
    );
}

#[test]
fn a_healed_partition_leaves_the_better_router_active() {
    let mut segment = v2(&[100, 90]);
    segment.run_until(at(10_000));
    segment.nodes[1].connected = false;
    segment.run_until(at(20_000));
    assert_eq!(segment.states(), [State::Active, State::Active]);
    segment.nodes[1].connected = true;
    segment.run_until(at(21_000));
    assert_eq!(segment.states(), [State::Active, State::Backup]);
}

#[test]
fn a_frozen_active_router_finds_its_successor_when_it_thaws() {
    let mut segment = v2(&[100, 90]);
    segment.run_until(at(10_000));
    segment.nodes[0].frozen = true;
    segment.run_until(at(20_000));
    assert_eq!(segment.states(), [State::Active, State::Active]);
    segment.thaw(0);
    let successor = segment.nodes[1].address;
    assert_eq!(segment.states(), [State::Backup, State::Active]);
    let log = segment.log.iter().rev().take(3).rev();
    let events: Vec<_> = log.map(|(_, node, event)| (*node, *event)).collect();
    let overslept = Reason::Overslept { successor };
    let handed_over = Reason::HandedOver { to: successor };
    let expected = [
        Event::Became(State::Leaving, overslept),
        Event::Became(State::Backup, handed_over),
        Event::Sent(Priority::FAREWELL),
    ];
    assert_eq!(events, expected.map(|event| (0, event)));
    segment.run_until(at(30_000));
    let preempted = segment.became_active_at(0).expect("it is the better one");
    assert_eq!(
        micros(at(20_000), preempted),
        3_609_375,
        "it waits as after a start"
    );
}

#[test]
fn a_frozen_active_router_without_successor_carries_on() {
    let mut segment = v2(&[100]);
    segment.run_until(at(10_000));
    segment.nodes[0].frozen = true;
    segment.run_until(at(20_000));
    segment.thaw(0);
    assert_eq!(segment.states(), [State::Active]);
    assert_eq!(segment.last_sent_at(0), Some(at(20_000)));
}

#[test]
fn a_frozen_backup_does_not_take_over_from_a_living_router() {
    let mut segment = v2(&[100, 90]);
    segment.run_until(at(10_000));
    segment.nodes[1].frozen = true;
    segment.run_until(at(60_000));
    segment.thaw(1);
    segment.run_until(at(70_000));
    assert_eq!(segment.states(), [State::Active, State::Backup]);
    assert_eq!(segment.became_active_at(1), None);
}

#[test]
fn version_3_ranks_backups_by_parts_of_the_active_routers_interval() {
    let mut segment =
        Segment::started([200, 100].map(|priority| configuration(version_3(100), priority)));
    segment.run_until(at(1_050));
    segment.nodes[0].connected = false;
    let last = segment.last_sent_at(0).expect("it is active");
    segment.run_until(at(2_000));
    assert_eq!(
        micros(last, segment.became_active_at(1).expect("it took over")),
        360_937
    );
}
