//! Who leaves because somebody else shall hold the address.

use skep_vip::configuration::{Preemption, Relocation};

use super::*;

fn away(router: RouterConfiguration, relocation: Relocation) -> RouterConfiguration {
    RouterConfiguration {
        relocation,
        ..router
    }
}

#[test]
fn a_move_there_and_back_loses_nothing_with_and_without_preemption() {
    for enabled in [true, false] {
        let preemption = Preemption {
            enabled,
            delay: Duration::from_secs(60),
        };
        let member = |priority, relocation| RouterConfiguration {
            preemption,
            ..away(web(priority), relocation)
        };
        let mut segment = settled([100, 90, 80].map(|priority| member(priority, Relocation::None)));
        let now = segment.now;
        segment.commit(2, 2, &[member(80, Relocation::Here)]);
        segment.commit(1, 2, &[member(90, Relocation::Away)]);
        segment.commit(0, 2, &[member(100, Relocation::Away)]);
        assert_eq!(reason(&segment, 0), (State::Leaving, Reason::Moved));
        run_held(&mut segment, 1_000);
        assert_eq!(segment.holders(VIP), [2]);
        assert!(segment.events_since(2, now).contains(&Event::Sent(51, 254)));
        segment.commit(0, 3, &[member(100, Relocation::Here)]);
        segment.commit(1, 3, &[member(90, Relocation::Away)]);
        segment.commit(2, 3, &[member(80, Relocation::Away)]);
        run_held(&mut segment, 1_000);
        assert_eq!(segment.holders(VIP), [0]);
    }
}

#[test]
fn a_move_to_a_dead_member_leaves_the_address_where_it_is() {
    let mut segment = Segment::running([web(100)]);
    segment.run_until(at(10_000));
    segment.commit(0, 2, &[away(web(100), Relocation::Away)]);
    run_held(&mut segment, 4_000);
    assert_eq!(reason(&segment, 0), (State::Active, Reason::NoSuccessor));
    let tried = segment.now;
    for _ in 0..5 {
        let now = segment.now;
        standby(&mut segment, 0, 254, now);
        run_held(&mut segment, 1_000);
    }
    let again = segment.events_since(0, tried);
    assert!(!again.contains(&Event::Sent(51, 0)), "{again:?}");
    run_held(&mut segment, 5_000);
    let now = segment.now;
    standby(&mut segment, 0, 254, now);
    assert_eq!(reason(&segment, 0), (State::Leaving, Reason::Moved));
}

#[test]
fn the_owner_can_be_moved_away_from() {
    let mut segment = settled([web(255), web(90)]);
    let now = segment.now;
    segment.commit(0, 2, &[away(web(255), Relocation::Away)]);
    segment.commit(1, 2, &[away(web(90), Relocation::Here)]);
    run_held(&mut segment, 2_000);
    assert_eq!(segment.holders(VIP), [1]);
    check_handed_over(&segment, now);
}

#[test]
fn a_lowered_priority_is_given_up_at_once_only_for_a_member_that_is_known_to_live() {
    // Without preemption nobody else would end it.
    let polite = |priority| RouterConfiguration {
        preemption: Preemption {
            enabled: false,
            delay: Duration::ZERO,
        },
        ..tracking(Effect::Weight(-50), priority)
    };
    for (better, age_ms, leaves) in [(90, 1_000, true), (50, 1_000, false), (90, 4_000, false)] {
        let mut segment = settled([polite(100), polite(90)]);
        let heard_at = segment.now;
        standby(&mut segment, 0, better, heard_at);
        run_held(&mut segment, age_ms);
        let now = segment.now;
        fail_check(&mut segment, 0, Health::Failing);
        if leaves {
            let priority = Priority::new(50);
            let better = Priority::new(better);
            let lowered = Reason::Lowered { priority, better };
            assert_eq!(reason(&segment, 0), (State::Leaving, lowered));
            run_held(&mut segment, 2_000);
            check_handed_over(&segment, now);
        } else {
            assert_eq!(segment.events_since(0, now)[0], Event::Sent(51, 50));
            run_held(&mut segment, 5_000);
            assert_eq!(segment.holders(VIP), [0]);
        }
    }
}

#[test]
fn a_lowered_router_leaves_when_a_better_member_is_heard_of_later() {
    let mut segment = settled([tracking(Effect::Weight(-50), 100), web(90)]);
    fail_check(&mut segment, 0, Health::Failing);
    let now = segment.now;
    standby(&mut segment, 0, 90, now);
    run_held(&mut segment, 1_500);
    check_handed_over(&segment, now);
}

#[test]
fn a_report_of_a_better_member_moves_nothing_that_was_not_lowered() {
    let mut segment = Segment::running([web(80)]);
    segment.run_until(at(10_000));
    let now = segment.now;
    standby(&mut segment, 0, 200, now);
    assert_eq!(segment.hosts[0].state("web"), Some(State::Active));
}
