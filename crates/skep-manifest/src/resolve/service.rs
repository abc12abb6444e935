//! What the engine would refuse, or what could never run, said where it stands.

mod container;
mod ports;

pub(super) use ports::Ports;

use super::{PROBLEMS_MAX, Resolver};
use crate::problem::Problem;
use crate::service::ServiceSpec;
use crate::service::container::RestartCondition;
use crate::service::mode::Mode;
use crate::service::resources::Cpus;
use crate::set::Document;
use crate::size::Size;

/// The engine refuses less than a thousandth of a processor.
const NANOS_MIN: u64 = 1_000_000;
/// The engine refuses to reserve less memory.
const RESERVATION_MIN: u64 = 4 << 20;
/// The engine starts no container with less memory.
const LIMIT_MIN: u64 = 6 << 20;

impl<'a> Resolver<'a> {
    pub(super) fn check_service(&mut self, document: &'a Document, spec: &'a ServiceSpec) {
        let mut checker = Checker {
            document,
            problems: &mut self.problems,
        };
        checker.check_container(spec);
        checker.check_resources(spec);
        checker.check_mode(spec);
        self.ports.check(document, spec, &mut self.problems);
    }
}

/// A service, and what is found wrong with it.
struct Checker<'a> {
    document: &'a Document,
    problems: &'a mut Vec<Problem>,
}

impl Checker<'_> {
    /// Whether nobody wants to know of another problem.
    const fn is_full(&self) -> bool {
        self.problems.len() >= PROBLEMS_MAX
    }

    /// Says what is wrong with the value at `pointer`, or with what is around it.
    fn refuse(&mut self, id: &'static str, pointer: &str, message: String, help: &str) {
        let span = self.document.span(pointer);
        self.problems
            .push(Problem::error(id, span, message).help(help));
    }

    /// Says what is wrong with the key at `pointer`.
    fn refuse_key(&mut self, id: &'static str, pointer: &str, message: String, help: &str) {
        let span = self.document.key_span(pointer);
        self.problems
            .push(Problem::error(id, span, message).help(help));
    }

    fn check_resources(&mut self, spec: &ServiceSpec) {
        let (limits, reservations) = (&spec.resources.limits, &spec.resources.reservations);
        for (field, cpus) in [("limits", limits.cpus), ("reservations", reservations.cpus)] {
            if cpus.is_some_and(|cpus| cpus.nanos() < NANOS_MIN) {
                let pointer = format!("/spec/resources/{field}/cpus");
                let message = "the engine counts no less than 0.001 processors".to_owned();
                let help = "write at least `\"0.001\"`, or leave it out: then there is no bound";
                self.refuse("out-of-range", &pointer, message, help);
            }
        }
        for (field, memory, least) in [
            ("limits", limits.memory, LIMIT_MIN),
            ("reservations", reservations.memory, RESERVATION_MIN),
        ] {
            if memory.is_some_and(|memory| memory.bytes() < least) {
                let pointer = format!("/spec/resources/{field}/memory");
                let message = format!("the engine takes no less than {}Mi here", least >> 20);
                let help = "write more, or leave it out: then there is no bound";
                self.refuse("out-of-range", &pointer, message, help);
            }
        }
        let above = |reserved: Option<u64>, limit: Option<u64>| {
            reserved
                .zip(limit)
                .is_some_and(|(reserved, limit)| reserved > limit)
        };
        let nanos = |cpus: Option<Cpus>| cpus.map(Cpus::nanos);
        let bytes = |size: Option<Size>| size.map(Size::bytes);
        for (field, above) in [
            ("cpus", above(nanos(reservations.cpus), nanos(limits.cpus))),
            (
                "memory",
                above(bytes(reservations.memory), bytes(limits.memory)),
            ),
        ] {
            if above {
                let pointer = format!("/spec/resources/reservations/{field}");
                let message = format!("more `{field}` is reserved than may be used");
                let help = "reserve at most what `limits` says";
                self.refuse("conflicting-fields", &pointer, message, help);
            }
        }
    }

    /// A job runs to its end: the engine never rolls it out.
    fn check_mode(&mut self, spec: &ServiceSpec) {
        match spec.mode {
            Mode::Replicated(_) | Mode::Global(_) => return,
            Mode::ReplicatedJob(_) | Mode::GlobalJob(_) => {}
        }
        for field in ["update", "rollback"] {
            let pointer = format!("/spec/{field}");
            if self.document.key_span_of(&pointer).is_some() {
                let message = format!("a job has no `{field}`: its tasks run once");
                self.refuse_key("conflicting-fields", &pointer, message, "remove it");
            }
        }
        let written = self.document.span_of("/spec/restart/condition");
        if written.is_some() && spec.restart.condition == RestartCondition::Any {
            let message = "a job that has ended well is not restarted".to_owned();
            let help = "write `on-failure` or `none`";
            self.refuse(
                "conflicting-fields",
                "/spec/restart/condition",
                message,
                help,
            );
        }
    }
}
