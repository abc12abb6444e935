use std::collections::BTreeMap;

use skep_api::status::{
    AgentStatus, AnomalyStatus, DataPlaneStatus, DesiredStatus, LatenessStatus, Mode,
    NotificationStatus, RouterStatus, VipGroupStatus,
};

use skep_manifest::condition::Reason;

use super::render;

fn router() -> RouterStatus {
    RouterStatus {
        family: "ipv4".to_owned(),
        virtual_router_id: 51,
        interface: "eth0".to_owned(),
        state: "Active".to_owned(),
        because: "nobody advertised".to_owned(),
        since_ms: 0,
        base_priority: 100,
        effective_priority: 90,
        inputs: Vec::new(),
        heard: None,
        holding: vec!["10.0.0.70".to_owned()],
        transitions: Vec::new(),
        counters: BTreeMap::from([("sent".to_owned(), 7)]),
        authentication: "enforce".to_owned(),
        anomalies: vec![AnomalyStatus {
            from: [10, 0, 0, 9].into(),
            reason: Reason::ForeignAdvertisements,
            message: "a stranger".to_owned(),
            count: 3,
            since_ms: 3_000,
            last_ms: 10,
        }],
    }
}

fn status() -> AgentStatus {
    let lateness = LatenessStatus {
        bounds_us: vec![100, 1_000],
        counts: vec![5, 1, 1],
        sum_us: 3_500,
        max_us: 2_500,
    };
    AgentStatus {
        version: "0.1.0".to_owned(),
        node: None,
        mode: Mode::Standalone,
        conditions: Vec::new(),
        desired: DesiredStatus {
            source: "dir".to_owned(),
            accepted: None,
            rejected: None,
            paused: Vec::new(),
        },
        data_plane: DataPlaneStatus {
            running: true,
            generation: 1,
            restrictions: Vec::new(),
            wire_lateness: lateness,
            hand_lateness: LatenessStatus::default(),
        },
        vip_groups: vec![VipGroupStatus {
            name: "ingress".to_owned(),
            addresses: Vec::new(),
            members: Vec::new(),
            active: None,
            moved: None,
            refused: None,
            routers: vec![router()],
            conditions: Vec::new(),
            notifications: vec![NotificationStatus {
                notifier: "mail".to_owned(),
                waiting: 2,
                delivered: 5,
                failed_attempts: 4,
                given_up: 1,
                dropped: 0,
                error: None,
            }],
        }],
        cluster: None,
    }
}

#[test]
fn a_scrape_has_the_routers_and_the_lateness_in_base_units() {
    let text = render(status());
    for line in [
        "skep_build_info{version=\"0.1.0\"} 1",
        "skep_data_plane_up 1",
        "skep_vip_active{group=\"ingress\",family=\"ipv4\"} 1",
        "skep_vip_priority{group=\"ingress\",family=\"ipv4\"} 90",
        "skep_vrrp_events_total{group=\"ingress\",family=\"ipv4\",event=\"sent\"} 7",
        "skep_notifications_total{group=\"ingress\",notifier=\"mail\",outcome=\"given_up\"} 1",
        "skep_notification_failures_total{group=\"ingress\",notifier=\"mail\"} 4",
        "skep_notifications_waiting{group=\"ingress\",notifier=\"mail\"} 2",
        "skep_vrrp_anomalies{group=\"ingress\",family=\"ipv4\",reason=\"ForeignAdvertisements\"} 1",
        "skep_vrrp_timer_lateness_seconds_bucket{le=\"0.0001\"} 5",
        "skep_vrrp_timer_lateness_seconds_bucket{le=\"0.001\"} 6",
        "skep_vrrp_timer_lateness_seconds_bucket{le=\"+Inf\"} 7",
        "skep_vrrp_timer_lateness_seconds_sum 0.0035",
        "# EOF",
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "{line} is missing in:\n{text}"
        );
    }
}
