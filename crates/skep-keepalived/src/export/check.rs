//! Health checks as scripts and processes.

use std::collections::BTreeSet;

use skep_manifest::duration::Interval;
use skep_manifest::health_check::{HealthCheckSpec, Initially, Probe};
use skep_manifest::name::Name;
use skep_manifest::vip_group::tracking::Tracking;

use super::page::{Page, whole_seconds};
use super::{Own, Site};
use crate::probe;
use crate::program::Program;

/// The checks that `own` tracks.
pub(super) fn tracked<'a>(own: &Own<'a>) -> impl Iterator<Item = &'a Name> {
    let tracking = own.group.declared.spec.tracking.iter();
    tracking.filter_map(|tracking| match tracking {
        Tracking::Check(tracked) => Some(&tracked.check),
        Tracking::Interface(_)
        | Tracking::Service(_)
        | Tracking::External(_)
        | Tracking::Swarm(_) => None,
    })
}

/// How keepalived looks at a check.
pub(super) enum Kind {
    Process,
    Script(String),
}

/// How keepalived looks at the check `name`; nothing when it cannot.
pub(super) fn kind(site: &Site<'_>, name: &Name) -> Option<Kind> {
    let check = &site.desired.health_checks.get(name)?.spec;
    let argv = match &check.probe {
        Probe::Process(process) => {
            return super::page::word(&process.name).map(|_| Kind::Process);
        }
        Probe::Exec(exec) => Program::run_as(&exec.user, &probe::program(&check.probe)?),
        probe => probe::program(probe)?,
    };
    Some(Kind::Script(Program::quoted(&argv)?))
}

pub(super) fn write(site: &Site<'_>, runs: &[Own<'_>], page: &mut Page) {
    let names: BTreeSet<&Name> = runs.iter().flat_map(tracked).collect();
    for name in names {
        let Some(check) = site.desired.health_checks.get(name) else {
            continue;
        };
        match kind(site, name) {
            Some(Kind::Process) => process(name, &check.spec, page),
            Some(Kind::Script(line)) => script(name, &check.spec, &line, page),
            None => page.leave_out(format!(
                "HealthCheck {name}: keepalived cannot be given a program that does this; what tracks it is left out too"
            )),
        }
    }
}

fn process(name: &Name, check: &HealthCheckSpec, page: &mut Page) {
    let Probe::Process(process) = &check.probe else {
        return;
    };
    page.open(&format!("vrrp_track_process {name}"));
    let runs = super::page::word(&process.name).unwrap_or_default();
    page.line(format!("process {runs}"));
    page.line(format!("quorum {}", process.minimum));
    page.close();
    if check.interval != Interval::from_secs(1)
        || (check.fall, check.rise) != (1, 1)
        || check.timeout.is_some()
    {
        page.leave_out(format!(
            "HealthCheck {name}: keepalived hears of processes at once; interval, timeout, fall and rise do not apply"
        ));
    }
}

fn script(name: &Name, check: &HealthCheckSpec, line: &str, page: &mut Page) {
    page.open(&format!("vrrp_script {name}"));
    page.line(format!("script \"{line}\""));
    page.line(format!("interval {}", whole_seconds(check.interval.time())));
    if let Some(timeout) = check.timeout {
        page.line(format!("timeout {}", whole_seconds(timeout.time())));
    }
    page.line(format!("fall {}", check.fall));
    page.line(format!("rise {}", check.rise));
    match check.initially {
        Initially::Failing => page.line("init_fail"),
        Initially::Passing => {
            page.leave_out(format!(
                "HealthCheck {name}: `initially: passing`: keepalived waits for the first result"
            ));
        }
    }
    page.close();
    let times = [Some(check.interval), check.timeout];
    if times
        .iter()
        .flatten()
        .any(|time| time.time().subsec_nanos() > 0)
    {
        page.leave_out(format!(
            "HealthCheck {name}: fractions of a second, rounded up"
        ));
    }
    if let Probe::Http(_) = check.probe {
        page.leave_out(format!(
            "HealthCheck {name}: curl accepts every status below 400"
        ));
    }
}
