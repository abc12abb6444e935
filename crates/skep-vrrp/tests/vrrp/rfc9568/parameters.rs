//! §6.1: the times that follow from the parameters of a router.

use std::time::Duration;

use skep_vrrp::action::State;
use skep_vrrp::configuration::Preemption;
use skep_vrrp::dialect::{Authentication, Dialect};
use skep_vrrp::virtual_router::VirtualRouter;

use super::{HIGHER, LOWER, OWN, backup, due_ms, hear};
use crate::segment::{at, configuration, version_2, version_3};

#[test]
fn s6_1_the_down_interval_is_three_intervals_and_the_skew_time() {
    for (dialect, priority, down_interval_ms) in [
        (version_2(), 100, 3_609.375),
        (version_2(), 254, 3_007.812_5),
        (version_2(), 1, 3_996.093_75),
        (version_3(1000), 100, 3_609.375),
        (version_3(100), 100, 360.937_5),
        (version_3(10), 200, 32.187_5),
        (version_3(40_950), 1, 163_640.039_062),
    ] {
        let router = backup(configuration(dialect, priority));
        let difference = due_ms(&router) - down_interval_ms;
        assert!(
            difference.abs() < 0.001,
            "{dialect:?} {priority}: {}",
            due_ms(&router)
        );
    }
}

#[test]
fn rfc3768_s6_1_the_skew_time_is_parts_of_a_second_whatever_the_interval() {
    let three_seconds = Dialect::v2(Duration::from_secs(3), Authentication::None);
    let router = backup(configuration(three_seconds.expect("three seconds"), 128));
    assert_eq!(router.poll_timeout(), Some(at(9_500)));
}

#[test]
fn s6_1_the_owner_preempts_even_when_preemption_is_off() {
    let mut polite = configuration(version_2(), 255);
    polite.preemption = Preemption::Disabled;
    let mut router = VirtualRouter::new(polite);
    router.handle_startup(OWN, at(0));
    hear(&mut router, HIGHER, 255, 100);
    router.handle_timeout(at(600));
    assert_eq!(router.state(), State::Backup);
    hear(&mut router, LOWER, 200, 1_000);
    assert_eq!(due_ms(&router).floor(), 3_103.0);
}
