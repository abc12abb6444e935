//! The health checks of this node: those that its groups track, each a task of its own.

use std::collections::BTreeMap;
use std::net::IpAddr;

use skep_manifest::desired::Desired;
use skep_manifest::health_check::HealthCheckSpec;
use skep_manifest::name::Name;
use skep_plan::configure::check_input;
use skep_probe::check::{self, Finding};
use skep_probe::judge::{Basis, Judge, Outcome, Verdict};
use skep_vip::configuration::RouterConfiguration;
use skep_vip::message::{Command, Health};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::control::LAUNCH;

/// Findings that may wait for the loop; a check waits with its next look while they do.
pub(super) const FINDINGS_WAITING: usize = 64;

/// The checks that run.
pub(super) struct Checks {
    findings: mpsc::Sender<Finding>,
    own_address: watch::Sender<Option<IpAddr>>,
    running: BTreeMap<Name, Running>,
}

struct Running {
    spec: HealthCheckSpec,
    task: JoinHandle<()>,
    latest: Option<Finding>,
}

impl Checks {
    /// No checks; what they will find goes to `findings`.
    pub(super) fn new(findings: mpsc::Sender<Finding>) -> Self {
        Self {
            findings,
            own_address: watch::Sender::new(None),
            running: BTreeMap::new(),
        }
    }

    /// Runs exactly the checks of `desired` that `routers` track. One that did not change keeps
    /// what it knows.
    pub(super) fn follow(&mut self, desired: &Desired, routers: &[RouterConfiguration]) {
        let is_tracked = |name: &Name| {
            let input = check_input(name);
            let mut tracking = routers.iter().flat_map(|router| &router.tracking);
            tracking.any(|tracked| tracked.name == input)
        };
        let checks = desired
            .health_checks
            .iter()
            .filter(|(name, _)| is_tracked(name));
        let wanted: BTreeMap<&Name, &HealthCheckSpec> = checks
            .map(|(name, declared)| (name, &declared.spec))
            .collect();
        self.running
            .retain(|name, running| wanted.get(name) == Some(&&running.spec));
        for (name, spec) in wanted {
            if !self.running.contains_key(name) {
                let running = self.start(name.clone(), spec.clone());
                self.running.insert(name.clone(), running);
            }
        }
    }

    fn start(&self, name: Name, spec: HealthCheckSpec) -> Running {
        let own_address = self.own_address.subscribe();
        let looks = check::run(
            name,
            spec.clone(),
            own_address,
            self.findings.clone(),
            LAUNCH,
        );
        Running {
            spec,
            task: tokio::spawn(looks),
            latest: None,
        }
    }

    /// The address that this node's advertisements come from.
    pub(super) fn set_own_address(&self, address: Option<IpAddr>) {
        self.own_address.send_if_modified(|known| {
            let is_new = *known != address;
            *known = address;
            is_new
        });
    }

    /// Takes note of `finding`; what the data plane, which knows `known` of it, has to be told.
    pub(super) fn handle_finding(
        &mut self,
        finding: Finding,
        known: impl Fn(&str) -> Option<Health>,
    ) -> Option<Command> {
        let running = self.running.get_mut(&finding.check)?;
        let before = running.latest.as_ref().map(|latest| latest.verdict);
        if before != Some(finding.verdict) {
            log(&finding);
        }
        let name = finding.check.clone();
        running.latest = Some(finding);
        running.input(&name, known)
    }

    /// What the data plane, which knows `known` of the checks, has to be told about them.
    pub(super) fn inputs(&self, known: impl Fn(&str) -> Option<Health>) -> Vec<Command> {
        self.running
            .iter()
            .filter_map(|(name, running)| running.input(name, &known))
            .collect()
    }

    /// The same about those of which it knows nothing: it must not wait for a look, or it takes
    /// part with a check that has not passed.
    pub(super) fn unheard(&self, known: impl Fn(&str) -> Option<Health>) -> Vec<Command> {
        self.running
            .iter()
            .filter(|(name, _)| known(&check_input(name)) == Some(Health::Unknown))
            .filter_map(|(name, running)| running.input(name, &known))
            .collect()
    }

    /// Why the check whose input is called `input` fails, if it does.
    pub(super) fn complaint(&self, input: &str) -> Option<&str> {
        let (_, running) = self
            .running
            .iter()
            .find(|(name, _)| check_input(name) == input)?;
        match &running.latest.as_ref()?.outcome {
            Outcome::Passed => None,
            Outcome::Failed(reason) => Some(reason),
        }
    }
}

impl Drop for Running {
    /// A look that is under way ends with everything it started.
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Running {
    /// What the data plane has to be told. What is only presumed is for a data plane that knows
    /// nothing yet: a control that has just started, or a check that was edited, must not take a
    /// healthy member out of the election.
    fn input(&self, check: &Name, known: impl Fn(&str) -> Option<Health>) -> Option<Command> {
        let name = check_input(check);
        let (verdict, basis) = self.latest.as_ref().map_or_else(
            || (Judge::new(&self.spec).verdict(), Basis::Presumed),
            |latest| (latest.verdict, latest.basis),
        );
        match (basis, known(&name)) {
            (Basis::Confirmed, _) | (Basis::Presumed, Some(Health::Unknown)) => {}
            (Basis::Presumed, Some(Health::Passing | Health::Failing) | None) => return None,
        }
        let health = match verdict {
            Verdict::Passing => Health::Passing,
            Verdict::Failing => Health::Failing,
        };
        Some(Command::Input { name, health })
    }
}

fn log(finding: &Finding) {
    let check = &finding.check;
    match (finding.verdict, &finding.outcome) {
        (Verdict::Passing, _) => tracing::info!(%check, "check passes"),
        (Verdict::Failing, Outcome::Failed(reason)) => {
            tracing::warn!(%check, reason, "check fails");
        }
        (Verdict::Failing, Outcome::Passed) => {
            tracing::info!(%check, "check fails until it has passed often enough");
        }
    }
}

#[cfg(test)]
mod tests;
