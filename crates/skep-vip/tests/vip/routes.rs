//! Routes that move with the addresses, and announcements while nothing changes.

use std::time::Duration;

use skep_vip::configuration::VirtualRoute;

use crate::segment::Event::{Added, Announced, Removed, RouteAdded, RouteRemoved};
use crate::segment::{Event, Segment, at, ip, router};

fn route(destination: &str) -> VirtualRoute {
    VirtualRoute {
        destination: ip(destination),
        prefix_length: 24,
        via: Some(ip("10.0.0.1")),
        interface: None,
        table: None,
    }
}

fn placements(events: &[Event]) -> Vec<Event> {
    let is_placement = |event: &&Event| {
        matches!(
            event,
            Added(_) | Removed(_) | RouteAdded(_) | RouteRemoved(_)
        )
    };
    events.iter().filter(is_placement).copied().collect()
}

#[test]
fn routes_come_after_the_addresses_and_go_before_them() {
    let mut group = router("ingress", 51, &["10.0.0.70"], 100);
    group.routes = vec![route("192.0.2.0")];
    let mut segment = Segment::running([group.clone()]);
    segment.run_for(5_000);
    let (address, first) = (ip("10.0.0.70"), ip("192.0.2.0"));
    let so_far = placements(&segment.events_since(0, at(0)));
    assert_eq!(so_far, [Added(address), RouteAdded(first)]);

    segment.run_for(1);
    let changed = segment.now;
    group.routes = vec![route("198.51.100.0")];
    segment.commit(0, 2, &[group]);
    let second = ip("198.51.100.0");
    let change = placements(&segment.events_since(0, changed));
    assert_eq!(change, [RouteRemoved(first), RouteAdded(second)]);

    segment.run_for(1);
    let stopped = segment.now;
    segment.commit(0, 3, &[]);
    segment.run_for(20_000);
    let end = placements(&segment.events_since(0, stopped));
    assert_eq!(end, [RouteRemoved(second), Removed(address)]);
}

#[test]
fn addresses_are_announced_again_and_again_while_they_are_here() {
    let mut group = router("ingress", 51, &["10.0.0.70", "10.0.0.71"], 100);
    group.announcements.refresh = Duration::from_secs(60);
    group.announcements.refresh_count = 2;
    let mut segment = Segment::running([group]);
    let is_announcement = |event: &&Event| matches!(event, Announced(_));
    segment.run_until(at(60_000));
    let bursts = segment.events_since(0, at(0));
    assert_eq!(bursts.iter().filter(is_announcement).count(), 2 * 2 * 5);
    segment.run_until(at(190_000));
    let refreshes = segment.events_since(0, at(60_000));
    assert_eq!(refreshes.iter().filter(is_announcement).count(), 3 * 2 * 2);
}
