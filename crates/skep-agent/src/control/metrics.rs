//! What the agent knows, as OpenMetrics for Prometheus.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};
use skep_api::status::{AgentStatus, LatenessStatus, RouterStatus};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::control::admission::Room;
use crate::control::question::Question;
use crate::control::routes::Questions;
use crate::control::serving::{self, Bounds};

/// The media type of OpenMetrics.
const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What a reader of metrics gets; there are few of them, and each asks now and then.
const BOUNDS: Bounds = Bounds {
    room: Room {
        overall: 64,
        each: 8,
    },
    questions: serving::Questions::One,
    exchange: Duration::from_secs(10),
};

/// Serves `/metrics` on `address`.
pub(super) async fn serve(address: SocketAddr, questions: Questions) -> anyhow::Result<()> {
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot serve metrics on {address}"))?;
    let router = Router::new()
        .route("/metrics", get(metrics))
        .with_state(questions);
    tokio::spawn(serving::serve(listener, router, BOUNDS));
    Ok(())
}

async fn metrics(State(questions): State<Questions>) -> Response {
    let (answer, answered) = oneshot::channel();
    let asked = questions.send(Question::Status(answer)).await;
    match (asked, answered.await) {
        (Ok(()), Ok(Ok(status))) => {
            ([(header::CONTENT_TYPE, CONTENT_TYPE)], render(status)).into_response()
        }
        _ => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// The text of all metrics.
fn render(status: AgentStatus) -> String {
    let mut registry = Registry::with_prefix("skep");
    registry.register_collector(Box::new(Snapshot(status)));
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _infallible = encode(&mut text, &registry);
    text
}

/// The agent at one moment.
#[derive(Debug)]
struct Snapshot(AgentStatus);

impl Collector for Snapshot {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.encode_agent(&mut encoder)?;
        self.encode_peers(&mut encoder)?;
        self.encode_routers(&mut encoder)?;
        self.encode_notifications(&mut encoder)?;
        let lateness = &self.0.data_plane;
        encode_lateness(
            &mut encoder,
            "vrrp_timer_lateness",
            "How late the wire thread acted on its timers",
            &lateness.wire_lateness,
        )?;
        encode_lateness(
            &mut encoder,
            "vip_kernel_wait",
            "How long the hand thread waited for the kernel to change an address",
            &lateness.hand_lateness,
        )
    }
}

/// The labels of a virtual router.
type RouterLabels<'a> = [(&'static str, &'a str); 2];

impl Snapshot {
    fn encode_agent(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let status = &self.0;
        let labels = [("version", status.version.as_str())];
        encoder
            .encode_descriptor("build", "The version of the agent", None, MetricType::Info)?
            .encode_info(&labels)?;
        let generation = status
            .desired
            .accepted
            .as_ref()
            .map_or(0, |known| known.generation);
        gauge(
            encoder,
            "generation",
            "The desired state the agent works towards",
            generation,
        )?;
        let rejected = u64::from(status.desired.rejected.is_some());
        gauge(
            encoder,
            "rejected",
            "Whether the source holds what the agent refuses",
            rejected,
        )?;
        let up = u64::from(status.data_plane.running);
        gauge(
            encoder,
            "data_plane_up",
            "Whether the process that speaks VRRP answers",
            up,
        )
    }

    fn encode_peers(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let Some(cluster) = &self.0.cluster else {
            return Ok(());
        };
        let help = "How often the agent asked others how they are";
        encoder
            .encode_descriptor("peer_questions", help, None, MetricType::Counter)?
            .encode_counter::<NoLabelSet, u64, u64>(&cluster.questions, None)
    }

    fn encode_routers(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        self.family(
            encoder,
            "vip_active",
            "Whether this node holds the group",
            |router| u64::from(router.state == "Active"),
        )?;
        self.family(
            encoder,
            "vip_fault",
            "Whether this node cannot take part",
            |router| u64::from(router.state == "Fault"),
        )?;
        self.family(
            encoder,
            "vip_priority",
            "The priority, given the inputs",
            |router| u64::from(router.effective_priority),
        )?;
        let help = "What the virtual router counted since it started, by what it counted";
        let mut family =
            encoder.encode_descriptor("vrrp_events", help, None, MetricType::Counter)?;
        for (group, router) in self.routers() {
            for (event, count) in &router.counters {
                let labels = [
                    ("group", group),
                    ("family", &router.family),
                    ("event", event),
                ];
                family
                    .encode_family(&labels)?
                    .encode_counter::<NoLabelSet, u64, u64>(count, None)?;
            }
        }
        self.encode_anomalies(encoder)
    }

    /// What goes on, by its word in conditions; a sender has no series of its own, for anybody
    /// can invent senders.
    fn encode_anomalies(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "How many senders do something that does not fit, by what they do";
        let mut family =
            encoder.encode_descriptor("vrrp_anomalies", help, None, MetricType::Gauge)?;
        for (group, router) in self.routers() {
            let mut senders: BTreeMap<String, u64> = BTreeMap::new();
            for anomaly in &router.anomalies {
                *senders.entry(format!("{:?}", anomaly.reason)).or_default() += 1;
            }
            for (reason, count) in senders {
                let labels = [
                    ("group", group),
                    ("family", &router.family),
                    ("reason", &reason),
                ];
                family.encode_family(&labels)?.encode_gauge(&count)?;
            }
        }
        Ok(())
    }

    fn encode_notifications(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let all = || {
            self.0.vip_groups.iter().flat_map(|group| {
                let notifications = group.notifications.iter();
                notifications.map(|known| (group.name.as_str(), known))
            })
        };
        let help = "What became of notices: delivered, given up after all attempts, or dropped \
                    because too many waited";
        let mut family =
            encoder.encode_descriptor("notifications", help, None, MetricType::Counter)?;
        for (group, known) in all() {
            for (outcome, count) in [
                ("delivered", known.delivered),
                ("given_up", known.given_up),
                ("dropped", known.dropped),
            ] {
                let labels = [
                    ("group", group),
                    ("notifier", &known.notifier),
                    ("outcome", outcome),
                ];
                family
                    .encode_family(&labels)?
                    .encode_counter::<NoLabelSet, u64, u64>(&count, None)?;
            }
        }
        let help = "Attempts to deliver a notice that failed";
        let mut family =
            encoder.encode_descriptor("notification_failures", help, None, MetricType::Counter)?;
        for (group, known) in all() {
            let labels = [("group", group), ("notifier", &known.notifier)];
            family
                .encode_family(&labels)?
                .encode_counter::<NoLabelSet, u64, u64>(&known.failed_attempts, None)?;
        }
        let help = "Notices that wait to be delivered";
        let mut family =
            encoder.encode_descriptor("notifications_waiting", help, None, MetricType::Gauge)?;
        for (group, known) in all() {
            let labels = [("group", group), ("notifier", &known.notifier)];
            let waiting = u64::try_from(known.waiting).unwrap_or(u64::MAX);
            family.encode_family(&labels)?.encode_gauge(&waiting)?;
        }
        Ok(())
    }

    /// One gauge per virtual router.
    fn family(
        &self,
        encoder: &mut DescriptorEncoder<'_>,
        name: &str,
        help: &str,
        value: impl Fn(&RouterStatus) -> u64,
    ) -> fmt::Result {
        let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (group, router) in self.routers() {
            let labels: RouterLabels<'_> = [("group", group), ("family", &router.family)];
            family
                .encode_family(&labels)?
                .encode_gauge(&value(router))?;
        }
        Ok(())
    }

    fn routers(&self) -> impl Iterator<Item = (&str, &RouterStatus)> {
        self.0.vip_groups.iter().flat_map(|group| {
            group
                .routers
                .iter()
                .map(|router| (group.name.as_str(), router))
        })
    }
}

fn gauge(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> fmt::Result {
    encoder
        .encode_descriptor(name, help, None, MetricType::Gauge)?
        .encode_gauge(&value)
}

fn encode_lateness(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    lateness: &LatenessStatus,
) -> fmt::Result {
    let mut metric: MetricEncoder<'_> =
        encoder.encode_descriptor(name, help, Some(&Unit::Seconds), MetricType::Histogram)?;
    let seconds = |microseconds: u64| microseconds as f64 / 1e6;
    let bounds = lateness
        .bounds_us
        .iter()
        .map(|bound| seconds(*bound))
        .chain([f64::INFINITY]);
    let buckets: Vec<(f64, u64)> = bounds.zip(lateness.counts.iter().copied()).collect();
    let count = lateness.counts.iter().sum();
    metric.encode_histogram::<NoLabelSet>(seconds(lateness.sum_us), count, &buckets, None)
}

#[cfg(test)]
mod tests;
