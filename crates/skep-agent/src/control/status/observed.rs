//! What control knows of the data plane, each thing with its age.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::num::NonZeroU8;
use std::time::Duration;

use skep_manifest::name::Name;
use skep_vip::configuration::{HmacMode, RouterConfiguration, RouterKey};
use skep_vip::message::{
    Authenticated, Health, Heard, ProcessReport, Report, RouterReport, Transition,
};
use skep_vrrp::time::Instant;

use crate::control::status::router::because;

/// The data plane reports twice a second; after this long it is silent.
const SILENT: Duration = Duration::from_secs(3);

/// For so long a data plane may still be telling what it runs: hundreds of routers take less.
const TELLING: Duration = Duration::from_secs(5);

/// How many intervals without an advertisement make its sender dead: the down interval and the
/// second that a report of it may be late.
pub(super) const DOWN_INTERVALS: u32 = 4;
const REPORT_LATE: Duration = Duration::from_secs(1);

/// An id that was not heard for this long is free: routers are away for repairs that long, and no
/// interval is longer.
const OVERHEARD: Duration = Duration::from_secs(10 * 60);

/// What the data plane last reported.
#[derive(Default)]
pub(in crate::control) struct Observed {
    process: Option<(ProcessReport, Instant)>,
    /// Since when that process is known.
    known_since: Instant,
    routers: BTreeMap<RouterKey, (RouterReport, Instant)>,
}

/// What is known of one virtual router of this node.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) report: &'a RouterReport,
    /// When the data plane was last known to be alive: until then the report is true.
    pub(super) heard_at: Instant,
}

impl Observed {
    /// Takes note of `report`; whether it comes from a data plane that has just started.
    pub(in crate::control) fn handle_report(&mut self, report: Report, now: Instant) -> bool {
        match report {
            Report::Process(process) => {
                let started = process.started;
                let before = self.process.replace((*process, now));
                let is_new = before.is_none_or(|(before, _)| before.started != started);
                if is_new {
                    self.known_since = now;
                    self.routers.clear();
                }
                return is_new;
            }
            Report::Router(router) => {
                self.log_transitions(&router);
                self.routers.insert(router.key.clone(), (*router, now));
            }
            Report::Removed(key) => {
                self.routers.remove(&key);
            }
            // It says nothing of what runs.
            Report::Trial(_) => {}
        }
        false
    }

    /// Whether `report` is of a router whose state was another one.
    pub(in crate::control) fn is_transition(&self, report: &Report) -> bool {
        match report {
            Report::Router(router) => {
                let known = self.routers.get(&router.key);
                known.is_none_or(|(before, _)| before.state != router.state)
            }
            Report::Removed(_) => true,
            Report::Process(_) | Report::Trial(_) => false,
        }
    }

    /// The changes of state that are new in `report`.
    pub(in crate::control) fn new_transitions<'a>(
        &self,
        report: &'a RouterReport,
    ) -> impl Iterator<Item = &'a Transition> {
        let known = self
            .routers
            .get(&report.key)
            .map(|(before, _)| before.transitions.as_slice());
        let last = known.and_then(<[_]>::last).map(|transition| transition.at);
        let transitions = report.transitions.iter();
        transitions.filter(move |transition| last.is_none_or(|last| transition.at > last))
    }

    /// Logs the changes of state that are new in `report`.
    fn log_transitions(&self, report: &RouterReport) {
        for Transition {
            from, to, reason, ..
        } in self.new_transitions(report)
        {
            let because = because(reason);
            tracing::info!(
                group = report.key.group,
                ?from,
                ?to,
                because,
                "state changed"
            );
        }
    }

    pub(super) fn process(&self) -> Option<&ProcessReport> {
        self.process.as_ref().map(|(process, _)| process)
    }

    /// When the data plane started.
    pub(super) fn started(&self) -> Instant {
        self.process()
            .map_or_else(Instant::default, |process| process.started)
    }

    pub(in crate::control) const fn has_heard_of_data_plane(&self) -> bool {
        self.process.is_some()
    }

    /// The address that this node's advertisements come from.
    pub(in crate::control) fn own_address(&self) -> Option<IpAddr> {
        self.routers.values().find_map(|(report, _)| report.source)
    }

    /// Since when the data plane listens on `interface`.
    pub(in crate::control) fn listening_since(&self, interface: &str) -> Option<Instant> {
        let mut segments = self.process()?.segments.iter();
        let segment = segments.find(|segment| segment.interface == interface)?;
        Some(segment.listening_since)
    }

    /// The virtual router ids that others were lately heard to use.
    pub(in crate::control) fn overheard(&self, now: Instant) -> BTreeSet<NonZeroU8> {
        let process = self.process().into_iter();
        let heard = process.flat_map(|process| &process.segments);
        let heard = heard.flat_map(|segment| &segment.ids);
        let since_ms = now.since_boot().saturating_sub(OVERHEARD).as_millis();
        heard
            .filter(|heard| u128::from(heard.last_ms) >= since_ms)
            .filter_map(|heard| NonZeroU8::new(heard.id.number()))
            .collect()
    }

    /// Whether the data plane lets nobody count in this group who does not sign.
    pub(in crate::control) fn enforces(&self, group: &Name) -> bool {
        let enforces = |(key, (report, _)): (&RouterKey, &(RouterReport, Instant))| {
            key.group == group.as_str()
                && report.authentication == Authenticated::Hmac(HmacMode::Enforce)
        };
        self.routers.iter().any(enforces)
    }

    /// Whether the data plane runs `router` with the keys that it was given.
    pub(super) fn runs_with_keys_of(&self, router: &RouterConfiguration) -> bool {
        let running = self.routers.get(&router.key);
        running.is_some_and(|(report, _)| report.keys == router.authentication.key_ids())
    }

    pub(super) fn is_data_plane_alive(&self, now: Instant) -> bool {
        let age = |(_, at): &(ProcessReport, Instant)| now.saturating_duration_since(*at);
        self.process
            .as_ref()
            .is_some_and(|process| age(process) < SILENT)
    }

    /// What the data plane knows of the input `name`, unless it may know more than it has said.
    pub(in crate::control) fn health(&self, name: &str, now: Instant) -> Option<Health> {
        let mut inputs = self.routers().flat_map(|report| &report.inputs);
        if let Some(input) = inputs.find(|input| input.name == name) {
            return Some(input.health);
        }
        // None of its routers tracks it, as far as they are known.
        let (process, _) = self.process.as_ref()?;
        let has_told = now.saturating_duration_since(self.known_since) >= TELLING;
        (process.revision == 0 || has_told).then_some(Health::Unknown)
    }

    /// The virtual routers of this node.
    pub(in crate::control) fn routers(&self) -> impl Iterator<Item = &RouterReport> {
        self.routers.values().map(|(report, _)| report)
    }

    /// The virtual routers of the group `name` on this node.
    pub(super) fn routers_of(&self, name: &Name) -> impl Iterator<Item = Known<'_>> {
        let alive_at = self.process.as_ref().map(|(_, at)| *at);
        self.routers
            .iter()
            .filter(move |(key, _)| key.group == name.as_str())
            .map(move |(_, (report, at))| {
                let heard_at = alive_at.map_or(*at, |alive_at| alive_at.max(*at));
                Known { report, heard_at }
            })
    }
}

impl Known<'_> {
    /// The last advertisement of another router, when it is so young that its sender lives.
    pub(super) fn living_active(&self, now: Instant) -> Option<&Heard> {
        let heard = self.report.heard.as_ref()?;
        let silent = now.saturating_duration_since(heard.at);
        let is_leaving = heard.priority == skep_vrrp::identity::Priority::RELEASE;
        (!is_leaving && silent < heard.interval * DOWN_INTERVALS + REPORT_LATE).then_some(heard)
    }
}
